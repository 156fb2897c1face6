"""The store: whether sign-ins can be kept, how fast, and what would lose them."""

import statistics
import time
from collections.abc import Iterator

from app.doctor.findings import Finding, fault, note, ok
from app.services import Services
from app.store import Facts, Reason, StoreUnavailable

AREA = "store"
PINGS = 5
SLOW_SECONDS = 0.05  # a page asks it two or three times
OLDEST_REDIS = (6, 2)
_REMEDY = {
    Reason.UNREACHABLE: "Check STORE_URL, that the server runs, and that a firewall lets this machine in.",
    Reason.TIMEOUT: "The server is overloaded or frozen, or somebody holds the file. See what it is busy with.",
    Reason.READONLY: "It can be read and not written: a replica, a full disk, or a file that belongs to somebody else.",
    Reason.FULL: "Give it more memory or room. Guests cannot sign in until then.",
    Reason.REFUSED: "Check user and password in STORE_URL, the access list of Redis, or the rights of the file.",
    Reason.ERROR: "The text above is what the engine says.",
}


def check_store(services: Services) -> Iterator[Finding]:
    """Write, read, and ask the engine about itself."""
    try:
        taken = [_seconds_of_ping(services) for _ in range(PINGS)]
    except StoreUnavailable as error:
        yield fault(AREA, str(error), error.todo or _REMEDY[error.reason])
        return
    typical = statistics.median(taken)
    if typical > SLOW_SECONDS:
        yield note(
            AREA,
            f"can be read and written, but takes {typical * 1000:.0f} ms for it",
            "Each page waits for it two or three times. Keep the store near the site.",
        )
    else:
        yield ok(AREA, f"can be read and written, in {typical * 1000:.1f} ms")
    try:
        yield from _check_facts(services.store.facts())
    except StoreUnavailable as error:
        todo = "Its access list may forbid INFO. Then see to eviction and persistence yourself."
        yield note(AREA, f"does not say how it is set up ({error.reason})", todo)


def _seconds_of_ping(services: Services) -> float:
    started = time.monotonic()
    services.store.ping()
    return time.monotonic() - started


def _check_facts(facts: Facts) -> Iterator[Finding]:
    name, _, release = facts.engine.partition(" ")
    if name == "Redis" and tuple(int(part) for part in release.split(".")[:2] if part.isdigit()) < OLDEST_REDIS:
        yield fault(AREA, f"{facts.engine} is too old", "The site needs Redis 6.2 or newer.")
    else:
        yield ok(AREA, facts.engine)
    if not facts.eviction:
        yield ok(AREA, "drops no record to make room")
    elif facts.eviction == "volatile-ttl":
        todo = "Watch its memory: when it is full, the guests whose sign-in would have ended first are signed out."
        yield note(AREA, f"drops records when its memory is full ({facts.eviction})", todo)
    else:
        yield fault(
            AREA,
            f"drops records of its choice when its memory is full ({facts.eviction})",
            "It would sign guests out for no reason. Set maxmemory-policy to noeviction, on a Redis of the site's own.",
        )
    if facts.persistence:
        yield ok(AREA, f"what it keeps outlives its restart: {facts.persistence}")
    else:
        todo = "Its restart signs every guest out. Set appendonly to yes, unless you can live with that."
        yield note(AREA, "keeps nothing over its restart, as far as one can see", todo)
    if not facts.is_encrypted:
        todo = "Records are sealed, but its password and the keyed hashes of guests are not. Use rediss:// if you can."
        yield note(AREA, "what travels to it is not encrypted", todo)
