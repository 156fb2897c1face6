"""Who did what and when, for a page and for whoever asks later. Only ever added to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.history.contents import Place
from app.history.database import EVENTS, Database, now
from app.history.tables import audit_events

_HIGHEST_NUMBER = 2**63 - 1


@dataclass(frozen=True)
class AuditEvent:
    """Something that somebody did in the console.

    :ivar what: ``signed_in``, ``signed_out``, ``draft_saved``, ``published``, …
    :ivar about: what it was done to; of words the former and the new ones
    """

    number: int
    done_at: datetime
    done_by: str
    what: str
    about: Mapping[str, Any]


def note(connection: sa.Connection, by: str, what: str, /, *, done_at: datetime | None = None, **about: Any) -> None:
    """Add an event within a transaction, so that what is done and what is noted are there together.

    :param done_at: when it was done, if that is known already.
    """
    connection.execute(
        audit_events.insert().values(done_at=done_at or now(connection), done_by=by, what=what, about=about)
    )
    connection.info[EVENTS].append((by, what, about))


class Audit:
    """All that was done in the console."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, by: str, what: str, /, **about: Any) -> None:
        """Add an event that changes no words.

        :raises HistoryUnavailable: it could not be kept.
        """
        with self._database.writing() as connection:
            note(connection, by, what, **about)

    def read(
        self,
        *,
        before: int | None = None,
        count: int = 50,
        by: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        about: Place = (),
    ) -> list[AuditEvent]:
        """The newest events.

        :param before: only those with a smaller number.
        :param by: only those of somebody, in any case of letters.
        :param since: aware; only those from then on.
        :param until: aware; only those before it.
        :param about: only those whose place ends with these names: an entry, whatever the language.
        :raises HistoryUnavailable: they cannot be read.
        """
        events = audit_events.c
        wanted = sa.select(audit_events).order_by(events.number.desc()).limit(count)
        if before is not None:
            wanted = wanted.where(events.number < min(before, _HIGHEST_NUMBER))
        if by:
            wanted = wanted.where(sa.func.lower(events.done_by) == by.lower())
        if since:
            wanted = wanted.where(events.done_at >= since)
        if until:
            wanted = wanted.where(events.done_at < until)
        if about:
            names = json.dumps(list(about), separators=(",", ":"))[1:]  # as the column holds them, its end included
            wanted = wanted.where(sa.type_coerce(events.about, sa.Text).contains(f",{names}", autoescape=True))
        with self._database.reading() as connection:
            return [AuditEvent(**row) for row in connection.execute(wanted).mappings()]
