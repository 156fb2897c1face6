"""Brings the tables to what this release needs, and back to what an older one needs. Nothing in them is lost upwards.

Each step is a module in ``versions``: see 0001, and write the next one as its successor. A step runs within one
transaction, on SQLite as on PostgreSQL: a process that dies in it leaves the tables as they were.
"""

from pathlib import Path

import sqlalchemy as sa

from app.history.database import Database, HistoryUnavailable

VERSION_TABLE = "history_version"
NEWEST, EMPTY = "head", "base"
_FOLDERS = [str(Path(__file__).with_name("versions"))]


class UnknownStep(LookupError):
    """There is no step of that name. The text names those that there are."""


def migrate(database: Database, to: str = NEWEST) -> tuple[str, str]:
    """Change the tables. Several processes may ask at once: one does it, the others find it done.

    :param to: the newest step, ``base`` for no tables at all, or a step's name, such as ``0001``.
    :returns: the step before and the step after; ``base`` when there are no tables.
    :raises UnknownStep: there is no such step.
    :raises HistoryUnavailable: the database cannot be used, or it is of a newer release than this one. It is as it was.
    """
    from alembic import command  # noqa: PLC0415 - who only reads words does without Alembic
    from alembic.config import Config  # noqa: PLC0415

    order = _order()
    if to == NEWEST:
        to = order[-1]
    if to not in order:
        raise UnknownStep(f"There is no step {to}. There are: {', '.join(order)}.")
    if _present_step(database, order) == to:  # without the lock, which somebody may hold who works
        return to, to
    config = Config()
    config.set_main_option("script_location", _here())
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(_FOLDERS).replace("%", "%%"))
    with database.migrating() as connection:
        before = _step(connection, order)  # another process may have done it meanwhile
        config.attributes["connection"] = connection
        if order.index(before) < order.index(to):
            command.upgrade(config, to)
        elif before != to:
            command.downgrade(config, to)
        if database.is_file and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise HistoryUnavailable("The database of the words stays as it was: a step would leave loose ends in it.")
    return before, to


def is_current(database: Database) -> bool:
    """Whether the tables are what this release needs. Changes nothing.

    :raises HistoryUnavailable: that cannot be known now, or they are of a newer release.
    """
    order = _order()
    return _present_step(database, order) == order[-1]


def _here() -> str:
    return str(Path(__file__).parent).replace("%", "%%")


def _order() -> list[str]:
    """The names of the steps, from no tables at all to the newest."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory(str(Path(__file__).parent), version_locations=_FOLDERS)
    return [EMPTY, *reversed([step.revision for step in scripts.walk_revisions()])]


def _present_step(database: Database, order: list[str]) -> str:
    if not database.is_there:
        return EMPTY
    with database.looking() as connection:
        return _step(connection, order)


def _step(connection: sa.Connection, order: list[str]) -> str:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return EMPTY
    found = connection.execute(sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE))).scalar()
    if found and found not in order:
        raise HistoryUnavailable(
            f"The database of the words is at step {found}, and this release knows none after {order[-1]}: a newer "
            "release has used it. Start that release, or go back with it: flask --app wsgi console migrate --to "
            f"{order[-1]}"
        )
    return found or EMPTY
