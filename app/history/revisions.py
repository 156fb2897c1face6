"""Every set of words that was ever published: only added to."""

from collections.abc import Mapping
from datetime import datetime

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
    take_idle_drafts_away,
)
from app.history.queries import Heading, Revision
from app.history.tables import drafts, revisions


class NothingToPublish(Exception):
    """There is no change in the draft."""


class AnotherWaits(Exception):
    """A revision waits for its time. Withdraw it, or let its time come.

    :ivar number: which
    """

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"Revision {number} waits for its time.")


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

    def to_edit(self) -> Contents:
        """What the draft is compared with: the words that guests read or, if one waits, will read next.

        :raises HistoryUnavailable: that cannot be read.
        """
        with self._database.reading() as connection:
            return queries.contents_to_edit(connection)

    def waiting(self) -> Heading | None:
        """The revision that waits for its time.

        :raises HistoryUnavailable: that cannot be known now.
        """
        with self._database.reading() as connection:
            return queries.waiting(connection)

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
        self, *, by: str, comment: str, seen: str, follows: int | None = None, at: datetime | None = None
    ) -> int:
        """Publish the draft.

        :param seen: ``draft_tag`` of the draft that was shown to whoever publishes it.
        :param follows: the number of the revision that it was compared with; 0 for the folder alone.
        :param at: aware; when guests are to read it, if not now.
        :returns: the number of the new revision.
        :raises NothingToPublish: the draft is empty.
        :raises DraftChanged: it is not the one that was seen, or compared with something else.
        :raises AnotherWaits: one waits for its time already.
        :raises HistoryUnavailable: it was not published, or at least nobody can say that it was.
        """
        with self._database.writing() as connection:
            if waiting := queries.waiting(connection):
                raise AnotherWaits(waiting.number)
            changes = {place: draft.value for place, draft in read_drafts(connection).items()}
            if not changes:
                raise NothingToPublish
            if draft_tag(changes) != seen:
                raise DraftChanged
            present = queries.published(connection)
            if follows not in (None, present.number if present else 0):
                raise DraftChanged
            contents = with_changes(queries.contents_to_edit(connection), changes)
            added = queries.add(connection, contents, by=by, comment=comment, at=at)
            connection.execute(drafts.delete())
            what = "scheduled" if added.effective_at > added.made_at else "published"
            note(connection, by, what, revision=added.number, changes=added.changed, comment=comment)
            return added.number

    def publish_changes(self, changes: Mapping[Place, Change], *, by: str, comment: str, seen: int) -> int:
        """Publish changes of one's own, now. The draft of the others stays.

        :param seen: the number of the revision that was published when they were made; 0 for none.
        :returns: the number of the new revision.
        :raises NothingToPublish: there are no changes.
        :raises DraftChanged: another revision has been published meanwhile.
        :raises AnotherWaits: one waits for its time.
        :raises HistoryUnavailable: it was not published, or at least nobody can say that it was.
        """
        if not changes:
            raise NothingToPublish
        with self._database.writing() as connection:
            if waiting := queries.waiting(connection):
                raise AnotherWaits(waiting.number)
            live = queries.published(connection)
            if (live.number if live else 0) != seen:
                raise DraftChanged
            contents = with_changes(queries.contents_to_edit(connection), changes)
            added = queries.add(connection, contents, by=by, comment=comment)
            take_idle_drafts_away(connection, contents)
            note(connection, by, "published", revision=added.number, changes=added.changed, comment=comment)
            return added.number

    def roll_back(self, to: int, *, by: str, comment: str, withdraws: int | None = None) -> int:
        """Publish the words of a former revision again, now. 0 stands for the folder alone.

        A revision that waits for its time is withdrawn: it holds what is being taken back. The draft stays.

        :param withdraws: the number of the one that was shown to wait, the only one to withdraw; 0 for none.
        :returns: the number of the new revision.
        :raises LookupError: there is no such revision.
        :raises AnotherWaits: one waits that was not shown.
        :raises HistoryUnavailable: it was not published, or at least nobody can say that it was.
        """
        with self._database.writing() as connection:
            former = queries.revision(connection, to)
            if former is None and to != 0:
                raise LookupError(to)
            if waiting := queries.waiting(connection):
                if withdraws not in (None, waiting.number):
                    raise AnotherWaits(waiting.number)
                _withdraw(connection, waiting.number, by)
            contents = former.contents if former else {}
            added = queries.add(connection, contents, by=by, comment=comment, restores=to or None)
            take_idle_drafts_away(connection, contents)
            note(connection, by, "rolled_back", revision=added.number, to=to, comment=comment)
            return added.number

    def withdraw(self, number: int, *, by: str) -> None:
        """Take a revision back that waits for its time; its changes are in the draft again, where there is none newer.

        :raises LookupError: it does not wait.
        :raises HistoryUnavailable: it was not withdrawn.
        """
        with self._database.writing() as connection:
            waiting = queries.waiting(connection)
            if waiting is None or waiting.number != number:
                raise LookupError(number)
            _withdraw(connection, number, by)


def _withdraw(connection: sa.Connection, number: int, by: str) -> None:
    """Its changes go back into the draft; a change that is there is newer and stays."""
    taken_back = queries.revision(connection, number)
    if taken_back is None:
        raise LookupError(number)
    before = queries.revision(connection, taken_back.based_on or 0)
    contents = before.contents if before else {}
    present = read_drafts(connection)
    changes = differences(contents, taken_back.contents)
    made_by, made_at = taken_back.made_by, taken_back.made_at
    put_drafts(
        connection,
        [Draft(place, value, made_by, made_at) for place, (_, value) in changes.items() if place not in present],
    )
    take_idle_drafts_away(connection, contents)
    connection.execute(
        revisions.update().where(revisions.c.number == number).values(withdrawn_by=by, withdrawn_at=now(connection))
    )
    note(connection, by, "withdrawn", revision=number)
