"""What Alembic runs: the steps, on a connection whose transaction is somebody else's (``migrate``)."""

from alembic import context

from app.history.migrations import VERSION_TABLE
from app.history.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite changes a column by copying the table
)
context.run_migrations()
