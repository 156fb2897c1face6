"""Stops calling a Paytronix that is down, so that guests are told at once, and finds out by itself when it is back.

Calls are stopped only when those of several guests have failed one right after the other, and none succeeded in
between: one guest whose account makes Paytronix fail shuts nobody else out. Sign-ins and refreshes are the same call
of Paytronix and count apart, so that refreshes that fail keep nobody from signing in.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.paytronix.errors import PaytronixError, Reason, Unavailable

FAILURES, GUESTS = 10, 3
TOGETHER_SECONDS = 15.0  # failures further apart are no outage that guests would queue up for
PAUSE_SECONDS = 2.0  # one call is let through after each pause, to see whether Paytronix is back

# Being throttled, at our own limit or refused as an integration does not say that Paytronix is down.
_NOT_DOWN = frozenset({Reason.THROTTLED, Reason.BUSY, Reason.CREDENTIALS})

_Kind = tuple[str, str | None]  # an operation, and the grant of a token call


@dataclass
class _Failing:
    """Calls of one kind, the latest of which all failed, for so many guests (counted up to what is enough)."""

    reason: Reason
    failures: int = 0
    guests: set[int] = field(default_factory=set)
    failed_at: float = 0.0
    next_try_at: float = 0.0

    @property
    def is_down(self) -> bool:
        return self.failures >= FAILURES and len(self.guests) >= GUESTS


class Breaker:
    """One for a process; calls of each kind count for themselves.

    :param clock: monotonic seconds
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failing: dict[_Kind, _Failing] = {}

    @contextmanager
    def watch(self, operation: str, *, grant: str | None = None, guest: str) -> Iterator[None]:
        """Make a call within the block, unless it would only fail.

        :param grant: the grant of a token call.
        :param guest: whose call it is, by a name that stays the same; it is not kept.
        :raises Unavailable: for the reason that the last call met; this one was not made.
        """
        kind = operation, grant
        self._let_through(kind)
        try:
            yield
        except Unavailable as error:
            if _says_down(error):
                self._failed(kind, error.reason, guest)
            raise
        except PaytronixError:
            self._answered(kind)  # with a refusal: it is there
            raise
        self._answered(kind)

    def _let_through(self, kind: _Kind) -> None:
        failing = self._failing.get(kind)
        if failing is None or not failing.is_down:
            return
        with self._lock:
            now = self._clock()
            if now < failing.next_try_at:
                raise Unavailable(kind[0], failing.reason, detail="not called: the calls before failed")
            failing.next_try_at = now + PAUSE_SECONDS

    def _answered(self, kind: _Kind) -> None:
        if kind in self._failing:
            with self._lock:
                self._failing.pop(kind, None)

    def _failed(self, kind: _Kind, reason: Reason, guest: str) -> None:
        with self._lock:
            now = self._clock()
            failing = self._failing.get(kind)
            if failing is None or (now - failing.failed_at > TOGETHER_SECONDS and not failing.is_down):
                failing = self._failing[kind] = _Failing(reason)
            failing.reason, failing.failed_at, failing.next_try_at = reason, now, now + PAUSE_SECONDS
            failing.failures += 1
            if len(failing.guests) < GUESTS:
                failing.guests.add(hash(guest))


def _says_down(error: Unavailable) -> bool:
    """No answer, a 5xx, or nonsense with a status of success.

    A firewall in front of Paytronix refuses what looks like an attack with a 403 or the like. That says nothing of
    the calls of others: a scanner that tries usernames must not stop them.
    """
    return error.reason not in _NOT_DOWN and (error.status in {None, 200, 201} or error.status >= 500)
