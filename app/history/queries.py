"""Queries on revisions, within a transaction of the caller's. Each row holds the whole contents of its revision."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.history.contents import Contents, differences
from app.history.database import HistoryUnavailable, now
from app.history.tables import revisions

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
    """The newest revisions, only those with a smaller number than one; without those that have another number now."""
    later = revisions.alias()
    is_moved = sa.exists().where(_is_same_one(later, revisions), later.c.number > revisions.c.number)
    wanted = sa.select(*_HEADING).where(revisions.c.withdrawn_at.is_(None) | ~is_moved)
    wanted = wanted.order_by(revisions.c.number.desc()).limit(count)
    if before is not None:
        wanted = wanted.where(revisions.c.number < min(before, HIGHEST_NUMBER))
    return [Heading(**row) for row in connection.execute(wanted).mappings()]


def moved_to(connection: sa.Connection, heading: Heading) -> int | None:
    """The number that a scheduled revision has now; None if nothing was published meanwhile that it had to follow."""
    if heading.withdrawn_at is None:
        return None
    former = sa.select(revisions).where(revisions.c.number == heading.number).subquery()
    wanted = sa.select(sa.func.max(revisions.c.number)).where(
        _is_same_one(revisions, former), revisions.c.number > heading.number
    )
    return connection.execute(wanted).scalar()


def _is_same_one(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether somebody has scheduled two rows at once: the later is the earlier with another number."""
    return sa.and_(one.c.made_at == other.c.made_at, one.c.made_by == other.c.made_by)


def waiting(connection: sa.Connection) -> list[Heading]:
    """Those that wait for their time, in the order in which it comes, which is that of their numbers."""
    at = now(connection)
    is_late = sa.and_(revisions.c.effective_at > revisions.c.made_at, revisions.c.effective_at > at)
    wanted = sa.select(*_HEADING).where(revisions.c.withdrawn_at.is_(None), is_late)
    return [Heading(**row) for row in connection.execute(wanted.order_by(revisions.c.number)).mappings()]


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
    return Revision(**vars(heading), contents=contents_of(connection, heading))


def contents_of(connection: sa.Connection, heading: Heading | None) -> Contents:
    """The words of a revision; nothing, so that all is as the folder has it, when there is none.

    :raises HistoryUnavailable: they are damaged.
    """
    if heading is None:
        return {}
    wanted = sa.select(revisions.c.contents).where(revisions.c.number == heading.number)
    contents: Contents = connection.execute(wanted).scalar_one()
    return contents


def add(
    connection: sa.Connection,
    contents: Contents,
    *,
    follows: Heading | None,
    by: str,
    comment: str,
    at: datetime | None = None,
    made_at: datetime | None = None,
    restores: int | None = None,
) -> Heading:
    """Add contents as the next revision.

    :param follows: the one that guests read before it.
    :param at: from when on they are read, if that is later than now.
    :param made_at: when somebody made it, if that was not now.
    """
    try:
        before = contents_of(connection, follows)
    except HistoryUnavailable:  # damaged words must not stand in the way of good ones
        before = {}
    present = now(connection)
    number: int = (connection.execute(sa.select(sa.func.max(revisions.c.number))).scalar_one() or 0) + 1
    connection.execute(
        revisions.insert().values(
            number=number,
            based_on=follows.number if follows else None,
            restores=restores,
            made_by=by,
            made_at=made_at or present,
            comment=comment,
            effective_at=max(at, present) if at else present,
            changed=len(differences(before, contents)),
            contents=contents,
        )
    )
    [added] = headings(connection, before=None, count=1)
    return added
