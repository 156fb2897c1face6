"""Each revision holds its whole contents. Before, most held only their differences from the one they are based on.

The column ``changes`` stays, empty: a site of the release before still reads all revisions. A console of that release
which still runs can publish no more, because a row without contents is refused.
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

REVISIONS = sa.table(
    "revisions",
    sa.column("number", sa.Integer),
    sa.column("based_on", sa.Integer),
    sa.column("contents", sa.LargeBinary),
    sa.column("changes", sa.LargeBinary),
)
HELD_ONCE = "(contents IS NULL) <> (changes IS NULL)"
BASED = "contents IS NOT NULL OR based_on IS NOT NULL"
DAMAGED = b""  # what cannot be read: as before, whoever reads this revision is told that it is damaged


def upgrade() -> None:
    _expand(op.get_bind())
    with op.batch_alter_table("revisions") as table:
        table.drop_constraint(op.f("ck_revisions_held_once"), type_="check")
        table.drop_constraint(op.f("ck_revisions_based"), type_="check")
        table.alter_column("contents", existing_type=sa.LargeBinary, nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("revisions") as table:
        table.alter_column("contents", existing_type=sa.LargeBinary, nullable=True)
        table.create_check_constraint(op.f("ck_revisions_held_once"), HELD_ONCE)
        table.create_check_constraint(op.f("ck_revisions_based"), BASED)


def _expand(connection: sa.Connection) -> None:
    """Write out one revision after the other, in the order of their numbers: what it is based on is whole by then."""
    number = 0
    wanted = sa.select(REVISIONS).where(REVISIONS.c.contents.is_(None)).order_by(REVISIONS.c.number).limit(1)
    while row := connection.execute(wanted.where(REVISIONS.c.number > number)).first():
        number = row.number
        base = sa.select(REVISIONS.c.contents).where(REVISIONS.c.number == row.based_on)
        try:
            contents = _unpacked(connection.execute(base).scalar() or DAMAGED)
            for path, *value in _unpacked(row.changes):
                contents = _with_change(contents, path, value)
            packed = zlib.compress(json.dumps(contents, separators=(",", ":")).encode())
        except (zlib.error, ValueError, TypeError):
            packed = DAMAGED
        update = REVISIONS.update().where(REVISIONS.c.number == number)
        connection.execute(update.values(contents=packed, changes=None))


def _unpacked(value: bytes) -> Any:
    return json.loads(zlib.decompress(value))


def _with_change(table: Any, path: list[str], value: list[Any]) -> dict[str, Any]:
    """The table with another value at a path, or, if none is given, without it. A table that becomes empty goes."""
    name, *rest = path
    copy = dict(table) if isinstance(table, Mapping) else {}
    if rest:
        inner = _with_change(copy.get(name), rest, value)
        value = [inner] if inner else []
    if value:
        copy[name] = value[0]
    else:
        copy.pop(name, None)
    return copy
