"""What the user that a database was opened with may do there. The guests' site need only read."""

import os

import sqlalchemy as sa

from app.history.database import Database
from app.history.tables import metadata


def may_write(database: Database) -> bool:
    """Whether words could be changed past the console, its draft and its audit.

    :raises HistoryUnavailable: that cannot be known now.
    """
    if database.path:
        return os.access(database.path, os.W_OK) or os.access(database.path.parent, os.W_OK)
    with database.looking() as connection:
        rights = [sa.func.has_table_privilege(name, "INSERT, UPDATE, DELETE, TRUNCATE") for name in metadata.tables]
        return bool(connection.execute(sa.select(sa.or_(*rights))).scalar_one())
