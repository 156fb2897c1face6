"""How revisions are kept: one in fifty holds all of its words, the others where they differ from the one before.

Ten thousand revisions of 500 codes in two languages would fill 500 MB if each held all, and fill 15 MB so. What is
here works within a transaction of somebody else's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.history.contents import ABSENT, Change, Contents, Place, differences, with_changes
from app.history.database import HistoryUnavailable, now
from app.history.tables import revisions

LONGEST_CHAIN = 50  # revisions that are read for one
MOST_CHANGES = 50  # above that a revision holds all: a chain of long ones would be slow to read
HIGHEST_NUMBER = 2**31 - 1


@dataclass(frozen=True)
class Heading:
    """What is to be said of a revision without its words.

    :ivar based_on: the revision that was published before it
    :ivar restores: the revision whose words it has again
    :ivar effective_at: from when on guests read it
    :ivar withdrawn_at: when it was taken back before anybody read it
    :ivar changed: in how many places it differs from the one that it is based on
    """

    number: int
    based_on: int | None
    restores: int | None
    made_by: str
    made_at: datetime
    comment: str
    effective_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    changed: int


@dataclass(frozen=True)
class Revision(Heading):
    """A whole set of words."""

    contents: Contents


_HEADING = [column for column in revisions.c if column.name not in {"contents", "changes"}]


def headings(connection: sa.Connection, *, before: int | None, count: int) -> list[Heading]:
    """The newest revisions, only those with a smaller number than one."""
    wanted = sa.select(*_HEADING).order_by(revisions.c.number.desc()).limit(count)
    if before is not None:
        wanted = wanted.where(revisions.c.number < min(before, HIGHEST_NUMBER))
    return [Heading(**row) for row in connection.execute(wanted).mappings()]


def newest(connection: sa.Connection) -> Heading | None:
    """The last one that was not withdrawn: guests read it, or it waits."""
    wanted = sa.select(*_HEADING).where(revisions.c.withdrawn_at.is_(None)).order_by(revisions.c.number.desc()).limit(1)
    return _heading(connection, wanted)


def waiting(connection: sa.Connection) -> Heading | None:
    """The one that waits for its time. There is one at most, and it is the newest: whatever follows withdraws it."""
    last = newest(connection)
    is_late = last is not None and last.made_at < last.effective_at and now(connection) < last.effective_at
    return last if is_late else None


def published(connection: sa.Connection, at: datetime | None = None) -> Heading | None:
    """The one that guests read, now or at another moment.

    Revisions count in the order of their numbers. Only of one that was scheduled does a clock decide.
    """
    is_live = revisions.c.effective_at <= (at or now(connection))
    if at is None:
        is_live = is_live | (revisions.c.effective_at <= revisions.c.made_at)
    wanted = sa.select(*_HEADING).where(revisions.c.withdrawn_at.is_(None), is_live)
    return _heading(connection, wanted.order_by(revisions.c.number.desc()).limit(1))


def _heading(connection: sa.Connection, wanted: sa.Select[Any]) -> Heading | None:
    row = connection.execute(wanted).mappings().first()
    return Heading(**row) if row else None


def revision(connection: sa.Connection, number: int) -> Revision | None:
    """A revision with its words; None when there is none of that number."""
    if not 0 < number <= HIGHEST_NUMBER:
        return None
    heading = _heading(connection, sa.select(*_HEADING).where(revisions.c.number == number))
    return with_contents(connection, heading) if heading else None


def with_contents(connection: sa.Connection, heading: Heading) -> Revision:
    """A revision with its words.

    :raises HistoryUnavailable: they are damaged.
    """
    return Revision(**vars(heading), contents=contents_of(connection, heading)[0])


def contents_of(connection: sa.Connection, heading: Heading | None) -> tuple[Contents, int]:
    """The words of a revision, and how many rows they were put together from; nothing of the folder, and 0, of none.

    :raises HistoryUnavailable: they are damaged.
    """
    if heading is None:
        return {}, 0
    wanted = sa.select(revisions.c.number, revisions.c.based_on, revisions.c.contents, revisions.c.changes)
    chain = wanted.where(revisions.c.number == heading.number).cte("chain", recursive=True)
    chain = chain.union_all(wanted.where(revisions.c.number == chain.c.based_on, chain.c.contents.is_(None)))
    rows = connection.execute(sa.select(chain.c.contents, chain.c.changes).order_by(chain.c.number)).all()
    contents: Contents | None = rows[0].contents
    if contents is None:
        raise HistoryUnavailable("A revision in the database of the words is damaged: one that it is based on is gone.")
    for row in rows[1:]:
        contents = with_changes(contents, _unpacked(row.changes))
    return contents, len(rows)


def contents_to_edit(connection: sa.Connection) -> Contents:
    """What the draft is compared with: the words that guests read or, if one waits, will read next."""
    return contents_of(connection, newest(connection))[0]


def add(
    connection: sa.Connection,
    contents: Contents,
    *,
    by: str,
    comment: str,
    at: datetime | None = None,
    restores: int | None = None,
) -> Heading:
    """Publish contents as the next revision.

    :param at: from when on they are read, if that is later than now.
    """
    live = published(connection)
    try:
        before, length = contents_of(connection, live)
    except HistoryUnavailable:  # damaged words must not stand in the way of good ones: these are kept whole
        before, length = {}, 0
    changes = {place: new for place, (_, new) in differences(before, contents).items()}
    is_whole = not 0 < length < LONGEST_CHAIN or len(changes) > MOST_CHANGES
    made_at = now(connection)
    number: int = (connection.execute(sa.select(sa.func.max(revisions.c.number))).scalar_one() or 0) + 1
    connection.execute(
        revisions.insert().values(
            number=number,
            based_on=live.number if live else None,
            restores=restores,
            made_by=by,
            made_at=made_at,
            comment=comment,
            effective_at=max(at, made_at) if at else made_at,
            changed=len(changes),
            contents=contents if is_whole else None,
            changes=None if is_whole else packed(changes),
        )
    )
    [added] = headings(connection, before=None, count=1)
    return added


def packed(changes: Mapping[Place, Change]) -> list[list[Any]]:
    """Changes as JSON can hold them: a place that goes back to the folder's stands alone."""
    return [[list(place)] if value is ABSENT else [list(place), value] for place, value in changes.items()]


def _unpacked(changes: list[list[Any]]) -> dict[Place, Change]:
    return {tuple(place): value[0] if value else ABSENT for place, *value in changes}
