"""The draft: what has been changed since the words were last published, shared by all who edit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.history.audit import note
from app.history.contents import ABSENT, Change, Contents, Place, etag, value_at
from app.history.database import Database, now
from app.history.queries import contents_of, published
from app.history.tables import drafts, restrictions


@dataclass(frozen=True)
class Draft:
    """One change that nobody has published.

    :ivar value: the new value; None takes away what the folder has; ABSENT goes back to the folder's
    """

    place: Place
    value: Change
    made_by: str
    made_at: datetime


class ChangedMeanwhile(Exception):
    """Somebody else has changed the same since it was shown. Nothing was saved.

    :ivar place: what
    :ivar value: what is there now
    :ivar made_by: whose it is; None when it is published, or the folder's
    """

    def __init__(self, place: Place, value: Change, made_by: str | None) -> None:
        self.place, self.value, self.made_by = place, value, made_by
        super().__init__("Somebody else has changed the same meanwhile.")


class Restricted(Exception):
    """Only publishers may change this. Nothing was saved."""


class DraftChanged(Exception):
    """The draft is not the one that was shown, or compared with something else. Nothing was done."""


class Drafts:
    """The draft, change by change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> dict[Place, Draft]:
        """All changes.

        :raises HistoryUnavailable: they cannot be read.
        """
        with self._database.reading() as connection:
            return read_drafts(connection)

    def save(self, place: Place, value: Change, *, seen: str, by: str, is_publisher: bool) -> None:
        """Change one thing. A value like the published one leaves no change behind.

        :param seen: ``etag`` the value that was shown to whoever changes it.
        :raises ChangedMeanwhile: it is another one by now.
        :raises Restricted: only publishers may change it.
        :raises HistoryUnavailable: it could not be kept.
        """
        with self._database.writing() as connection:
            self._save(connection, {place: value}, seen={place: seen}, by=by, is_publisher=is_publisher)

    def save_all(
        self, changes: Mapping[Place, Change], *, by: str, is_publisher: bool, seen: Mapping[Place, str] | None = None
    ) -> int:
        """Change many things: all of them or none.

        :param seen: for those that were shown to whoever changes them, ``etag`` the value. The others are changed
            whatever is there.
        :returns: how many are different now.
        :raises ChangedMeanwhile: one of them is another one by now than was seen.
        :raises Restricted: only publishers may change one of them.
        :raises HistoryUnavailable: they could not be kept.
        """
        with self._database.writing() as connection:
            return self._save(connection, changes, seen=seen or {}, by=by, is_publisher=is_publisher)

    def _save(
        self,
        connection: sa.Connection,
        changes: Mapping[Place, Change],
        *,
        seen: Mapping[Place, str],
        by: str,
        is_publisher: bool,
    ) -> int:
        if not is_publisher and read_restrictions(connection) & set(map(subject_of, changes)):
            raise Restricted
        live, present, at = contents_of(connection, published(connection)), read_drafts(connection), now(connection)
        different = 0
        for place, value in changes.items():
            draft = present.get(place)
            old = draft.value if draft else value_at(live, place)
            if etag(old) == etag(value):
                continue  # also when a form is sent twice
            if etag(old) != seen.get(place, etag(old)):
                raise ChangedMeanwhile(place, old, draft.made_by if draft else None)
            take_draft_away(connection, place)
            if etag(value) != etag(value_at(live, place)):
                put_drafts(connection, [Draft(place, value, by, at)])
            note(connection, by, "draft_saved", done_at=at, place=list(place), old=shown(old), new=shown(value))
            different += 1
        return different

    def discard_all(self, *, by: str, seen: str | None = None) -> int:
        """Give up every change.

        :param seen: ``draft_tag`` of the draft that was shown to whoever gives it up.
        :returns: how many there were.
        :raises DraftChanged: it is another one by now. Nothing was given up.
        :raises HistoryUnavailable: they could not be given up.
        """
        with self._database.writing() as connection:
            if seen not in (None, draft_tag({place: each.value for place, each in read_drafts(connection).items()})):
                raise DraftChanged
            count: int = connection.execute(drafts.delete()).rowcount
            note(connection, by, "draft_discarded", changes=count)
            return count

    def restrictions(self) -> frozenset[Place]:
        """What only publishers may change, each as :func:`subject_of` has it.

        :raises HistoryUnavailable: that cannot be read.
        """
        with self._database.reading() as connection:
            return read_restrictions(connection)

    def restrict(self, place: Place, *, is_restricted: bool, by: str) -> None:
        """Let only publishers change something in every language, or everybody again.

        :raises HistoryUnavailable: it could not be kept.
        """
        with self._database.writing() as connection:
            for each in connection.execute(sa.select(restrictions.c.place)).scalars().all():
                if subject_of(tuple(each)) == subject_of(place):
                    connection.execute(restrictions.delete().where(restrictions.c.place == each))
            if is_restricted:
                connection.execute(restrictions.insert().values(place=list(place), made_by=by, made_at=now(connection)))
            note(connection, by, "restricted" if is_restricted else "unrestricted", place=list(place))


def subject_of(place: Place) -> Place:
    """What a place is about, whatever the language, and whichever of the two files says it.

    A restriction is of that: languages come and go, and in a new one an editor could say what they like. What a link
    says and where it leads are one, and so is all that decides what the first field of the sign-in page is called.
    """
    file, *names = place
    group = names[0] if names else ""
    if file.startswith("messages/") or (file == "merchant.toml" and group in {"links", "username"}):
        return ("messages", "username") if group == "username" else ("messages", *names)
    return place


def draft_tag(changes: Mapping[Place, Change]) -> str:
    """What tells one draft from another."""
    return etag([[list(place), etag(changes[place])] for place in sorted(changes)])


def shown(value: Change) -> Any:
    """A value as the audit keeps it."""
    return {"absent": True} if value is ABSENT else value


def read_drafts(connection: sa.Connection) -> dict[Place, Draft]:
    """The changes, within a transaction."""
    found = {}
    for place, is_absent, value, made_by, made_at in connection.execute(sa.select(drafts).order_by(drafts.c.place)):
        there = tuple(place)
        found[there] = Draft(there, ABSENT if is_absent else value, made_by, made_at)
    return found


def put_drafts(connection: sa.Connection, changes: Iterable[Draft]) -> None:
    """Add changes at places that have none, within a transaction."""
    rows = [
        {
            "place": list(each.place),
            "is_absent": each.value is ABSENT,
            "value": None if each.value is ABSENT else each.value,
            "made_by": each.made_by,
            "made_at": each.made_at,
        }
        for each in changes
    ]
    if rows:
        connection.execute(drafts.insert(), rows)


def take_draft_away(connection: sa.Connection, place: Place) -> None:
    """Take the change of a place away, within a transaction."""
    connection.execute(drafts.delete().where(drafts.c.place == list(place)))


def take_idle_drafts_away(connection: sa.Connection, contents: Contents) -> None:
    """Take the changes away that would change nothing of these contents, within a transaction."""
    for place, draft in read_drafts(connection).items():
        if etag(draft.value) == etag(value_at(contents, place)):
            take_draft_away(connection, place)


def read_restrictions(connection: sa.Connection) -> frozenset[Place]:
    """What only publishers may change, each as :func:`subject_of` has it, within a transaction."""
    return frozenset(
        subject_of(tuple(place)) for place in connection.execute(sa.select(restrictions.c.place)).scalars()
    )
