"""The database of the words, if the console publishes any: reached, up to date, and what guests read of it."""

import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from typing import TYPE_CHECKING

from app.doctor.findings import Finding, fault, note, ok
from app.messages import Overlay
from app.messages.editing import Folder
from app.services import Services

if TYPE_CHECKING:
    from app.history import Database, Revisions

AREA = "history"
PINGS = 5
SLOW_SECONDS = 0.1
MOST_SECONDS_APART = 30.0


def check_history(services: Services) -> Iterator[Finding]:
    """Step by step; the first step that fails makes the next ones pointless."""
    url = services.settings.messages_url
    if url is None:
        yield ok(AREA, "MESSAGES_URL is not set: guests read the folder alone")
        return
    if find_spec("sqlalchemy") is None:
        how = "pip install --require-hashes -r requirements-console.lock"
        yield fault(AREA, "MESSAGES_URL is set, but what reads a database is not installed", f"Install it: {how}")
        return
    from app.history import Database, HistoryUnavailable  # noqa: PLC0415 - of an extra that need not be installed

    with closing(Database(url.reveal())) as database:
        try:
            yield from _check(services, database)
        except HistoryUnavailable as error:
            yield fault(
                AREA,
                f"{database.place}: {str(error).rstrip('.')}",
                "Guests read the last good words, and a process that starts now has the folder alone. "
                "Check MESSAGES_URL and the server; for a new database: flask --app wsgi console migrate",
            )


def _check(services: Services, database: "Database") -> Iterator[Finding]:
    from app.history import Pictures, Revisions, is_current, may_write  # noqa: PLC0415
    from app.history.live import Overlays  # noqa: PLC0415

    revisions = Revisions(database)
    if not is_current(database):
        yield fault(
            AREA,
            f"{database.place} lacks tables that this release needs",
            "Run: flask --app wsgi console migrate",
        )
        return
    taken = [_seconds_of_ping(revisions) for _ in range(PINGS)]
    typical = statistics.median(taken)
    if typical > SLOW_SECONDS:
        todo = "No guest waits for it, but whoever works in the console does. Keep the database near."
        yield note(AREA, f"{database.place} answers, but takes {typical * 1000:.0f} ms for it", todo)
    else:
        yield ok(AREA, f"{database.place} answers in {typical * 1000:.1f} ms and is up to date")
    if not may_write(database):
        yield ok(AREA, "this user of it may only read: whoever takes over the site can publish nothing")
    else:
        how = "SQLite's file is for both; PostgreSQL can give" if database.path else "Give"
        yield note(
            AREA,
            "this user of it may write too, so whoever takes over the site can publish",
            f"{how} the site a user that may only read: docs/operations.md, Services and console apart.",
        )
    apart = database.seconds_ahead()
    if abs(apart) > MOST_SECONDS_APART:
        yield fault(
            AREA,
            f"this machine's clock is {abs(apart):.0f} seconds {'ahead of' if apart > 0 else 'behind'} the database's",
            "Have NTP set both clocks. The database's decides when a revision that waits is read.",
        )
    live, waiting = revisions.published(), revisions.waiting()
    if live is None:
        yield ok(AREA, "nothing is published: guests read the folder alone")
    else:
        yield ok(AREA, f"guests read revision {live.number}, of {live.effective_at:%Y-%m-%d %H:%M} UTC")
        overlays = Overlays(Pictures(database))
        yield from _check_words(services, overlays.overlay(f"revision {live.number}", live.contents))
    for each in waiting:
        yield ok(AREA, f"revision {each.number} waits until {each.effective_at:%Y-%m-%d %H:%M} UTC")


def _check_words(services: Services, overlay: Overlay) -> Iterator[Finding]:
    """What is wrong in what is published; the folder's own faults are told elsewhere."""
    folder = Folder(services.settings.merchant_dir)
    folder.poll()
    faults = [each for each in folder.catalogue(overlay).problems if each.file.startswith(overlay.label)]
    for each in faults:
        yield fault(AREA, f"{each.file}: {each.description}", f"{each.suggestion} Or roll back, in the console.")
    if not faults:
        yield ok(AREA, "no faults in what is published")


def _seconds_of_ping(revisions: "Revisions") -> float:
    started = time.monotonic()
    revisions.published_number()
    return time.monotonic() - started
