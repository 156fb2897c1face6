"""Every set of words that was ever published: only added to."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from app.history import queries
from app.history.audit import note
from app.history.contents import Change, Contents, Place, differences, with_changes
from app.history.database import Database, now
from app.history.drafts import (
    Draft,
    DraftChanged,
    draft_tag,
    put_drafts,
    read_drafts,
    take_draft_away,
    take_idle_drafts_away,
)
from app.history.queries import Heading, Revision
from app.history.tables import revisions


class NothingToPublish(Exception):
    """There is no change in the draft."""


class Revisions:
    """The revisions. Publishing is one transaction: a process that dies in it has published nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def published_heading(self, at: datetime | None = None) -> Heading | None:
        """Which revision guests read; None when nothing was published. Cheap.

        :param at: at another moment than this one.
        :raises HistoryUnavailable: that cannot be known now.
        """
        with self._database.reading() as connection:
            return queries.published(connection, at)

    def published_number(self, at: datetime | None = None) -> int:
        """Its number; 0 when nothing was published.

        :raises HistoryUnavailable: as above.
        """
        found = self.published_heading(at)
        return found.number if found else 0

    def published(self, at: datetime | None = None) -> Revision | None:
        """The revision that guests read.

        :param at: at another moment than this one.
        :raises HistoryUnavailable: it cannot be read.
        """
        with self._database.reading() as connection:
            found = queries.published(connection, at)
            return queries.with_contents(connection, found) if found else None

    def waiting(self) -> list[Heading]:
        """The revisions that wait for their time, in the order in which it comes.

        :raises HistoryUnavailable: that cannot be known now.
        """
        with self._database.reading() as connection:
            return queries.waiting(connection)

    def moved_to(self, heading: Heading) -> int | None:
        """The number that a scheduled revision has now; None if nothing was published meanwhile that it had to follow.

        :raises HistoryUnavailable: that cannot be known now.
        """
        with self._database.reading() as connection:
            return queries.moved_to(connection, heading)

    def get(self, number: int) -> Revision | None:
        """A revision; None when there is none of that number.

        :raises HistoryUnavailable: it cannot be read.
        """
        with self._database.reading() as connection:
            return queries.revision(connection, number)

    def read(self, *, before: int | None = None, count: int = 50) -> list[Heading]:
        """The newest revisions, without their words.

        :param before: only those with a smaller number.
        :raises HistoryUnavailable: they cannot be read.
        """
        with self._database.reading() as connection:
            return queries.headings(connection, before=before, count=count)

    def publish(
        self,
        *,
        by: str,
        comment: str,
        seen: str,
        follows: int | None = None,
        at: datetime | None = None,
        leave_out: Collection[Place] = (),
    ) -> int:
        """Publish the draft, or a part of it.

        :param seen: ``draft_tag`` of the draft that was shown to whoever publishes it.
        :param follows: the number of the revision that it was compared with; 0 for the folder alone.
        :param at: aware; when guests are to read it, if not now.
        :param leave_out: what stays in the draft.
        :returns: the number of the new revision.
        :raises NothingToPublish: the draft is empty, or all of it is left out.
        :raises DraftChanged: it is not the one that was seen, or compared with something else.
        :raises HistoryUnavailable: it was not published, or at least nobody can say that it was.
        """
        with self._database.writing() as connection:
            draft = {place: each.value for place, each in read_drafts(connection).items()}
            changes = {place: value for place, value in draft.items() if place not in leave_out}
            if not changes:
                raise NothingToPublish
            if draft_tag(draft) != seen:
                raise DraftChanged
            present = queries.published(connection)
            if follows not in (None, present.number if present else 0):
                raise DraftChanged
            added = _publish(connection, partial(_changed, connection, changes), by=by, comment=comment, at=at)
            for place in changes:
                take_draft_away(connection, place)
            what = "scheduled" if added.effective_at > added.made_at else "published"
            note(connection, by, what, revision=added.number, changes=added.changed, comment=comment)
            return added.number

    def publish_changes(self, changes: Mapping[Place, Change], *, by: str, comment: str, seen: int) -> int:
        """Publish changes of one's own, now. The draft of the others stays.

        :param seen: the number of the revision that was published when they were made; 0 for none.
        :returns: the number of the new revision.
        :raises NothingToPublish: there are no changes.
        :raises DraftChanged: another revision has been published meanwhile.
        :raises HistoryUnavailable: it was not published, or at least nobody can say that it was.
        """
        if not changes:
            raise NothingToPublish
        with self._database.writing() as connection:
            live = queries.published(connection)
            if (live.number if live else 0) != seen:
                raise DraftChanged
            added = _publish(connection, partial(_changed, connection, changes), by=by, comment=comment)
            take_idle_drafts_away(connection, queries.contents_of(connection, added))
            note(connection, by, "published", revision=added.number, changes=added.changed, comment=comment)
            return added.number

    def roll_back(self, to: int, *, by: str, comment: str) -> int:
        """Publish the words of a former revision again, now. 0 stands for the folder alone.

        What waits for its time goes on waiting, but for the one whose words these are. The draft stays.

        :returns: the number of the new revision.
        :raises LookupError: there is no such revision.
        :raises HistoryUnavailable: it was not published, or at least nobody can say that it was.
        """
        with self._database.writing() as connection:
            former = queries.revision(connection, to)
            if former is None and to != 0:
                raise LookupError(to)
            contents = former.contents if former else {}
            if to in {each.number for each in queries.waiting(connection)}:
                _mark_withdrawn(connection, to, by)
            added = _publish(connection, lambda _: contents, by=by, comment=comment, restores=to or None)
            take_idle_drafts_away(connection, contents)
            note(connection, by, "rolled_back", revision=added.number, to=to, comment=comment)
            return added.number

    def withdraw(self, number: int, *, by: str) -> list[Place]:
        """Take a revision back that waits for its time; its changes are in the draft again, where there is none newer.

        :returns: where there is a newer one.
        :raises LookupError: it does not wait.
        :raises HistoryUnavailable: it was not withdrawn.
        """
        with self._database.writing() as connection:
            waiting = queries.waiting(connection)
            heading = next((each for each in waiting if each.number == number), None)
            if heading is None:
                raise LookupError(number)
            present, changes = read_drafts(connection), _own_changes(connection, heading)
            mine = [
                Draft(place, value, heading.made_by, heading.made_at)
                for place, value in changes.items()
                if place not in present
            ]
            put_drafts(connection, mine)
            live = queries.published(connection)
            take_idle_drafts_away(connection, queries.contents_of(connection, live))
            _mark_withdrawn(connection, number, by)
            before = queries.revision(connection, heading.based_on or 0)
            _move_behind(connection, before, [each for each in waiting if each.number > number], by)
            note(connection, by, "withdrawn", revision=number)
            return [place for place in changes if place in present]


def _publish(
    connection: sa.Connection,
    contents_after: Callable[[Heading | None], Contents],
    *,
    by: str,
    comment: str,
    at: datetime | None = None,
    restores: int | None = None,
) -> Heading:
    """Add a revision. What waits for a later time than it comes behind it, with its own changes.

    :param contents_after: its contents, given the revision that guests read before it.
    :param at: from when on guests are to read it, if not now.
    """
    waiting = queries.waiting(connection)
    earlier = [each for each in waiting if at and each.effective_at <= at]
    follows = earlier[-1] if earlier else queries.published(connection)
    contents = contents_after(follows)
    added = queries.add(connection, contents, follows=follows, by=by, comment=comment, at=at, restores=restores)
    _move_behind(connection, added, waiting[len(earlier) :], by)
    return added


def _changed(connection: sa.Connection, changes: Mapping[Place, Change], follows: Heading | None) -> Contents:
    return with_changes(queries.contents_of(connection, follows), changes)


def _move_behind(connection: sa.Connection, follows: Heading | None, waiting: Iterable[Heading], by: str) -> None:
    """Give revisions that wait new numbers, and the contents that their changes make of those before them.

    Guests read the highest number whose time has come, so what waits longer has to have a higher one.
    """
    moved = [(each, _own_changes(connection, each)) for each in waiting]
    for each, changes in moved:
        _mark_withdrawn(connection, each.number, by)
        follows = queries.add(
            connection,
            _changed(connection, changes, follows),
            follows=follows,
            by=each.made_by,
            comment=each.comment,
            at=each.effective_at,
            made_at=each.made_at,
        )


def _own_changes(connection: sa.Connection, heading: Heading) -> dict[Place, Change]:
    """What a revision changes of the one before it."""
    before = queries.revision(connection, heading.based_on or 0)
    after = queries.contents_of(connection, heading)
    return {place: new for place, (_, new) in differences(before.contents if before else {}, after).items()}


def _mark_withdrawn(connection: sa.Connection, number: int, by: str) -> None:
    row = revisions.update().where(revisions.c.number == number)
    connection.execute(row.values(withdrawn_by=by, withdrawn_at=now(connection)))
