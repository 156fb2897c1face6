"""Stops calling a Paytronix that is down, so that guests are told at once, and finds out by itself when it is back.

Calls are stopped only when those of several guests have failed one right after the other, and none succeeded in
between: one guest whose account makes Paytronix fail shuts nobody else out.
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

# What says that Paytronix is down. Being throttled, at our own limit or refused as an integration says something else.
DOWN = frozenset(Reason) - {Reason.THROTTLED, Reason.BUSY, Reason.CREDENTIALS}


@dataclass
class _Failing:
    """An operation whose latest calls all failed, for so many guests (counted up to what is enough)."""

    reason: Reason
    failures: int = 0
    guests: set[int] = field(default_factory=set)
    failed_at: float = 0.0
    next_try_at: float = 0.0

    @property
    def is_down(self) -> bool:
        return self.failures >= FAILURES and len(self.guests) >= GUESTS


class Breaker:
    """One for a process; each operation counts for itself.

    :param clock: monotonic seconds
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failing: dict[str, _Failing] = {}

    @contextmanager
    def watch(self, operation: str, *, guest: str) -> Iterator[None]:
        """Make a call within the block, unless it would only fail.

        :param guest: whose call it is: a name or a token, of which nothing is kept.
        :raises Unavailable: for the reason that the last call met; this one was not made.
        """
        self._let_through(operation)
        try:
            yield
        except Unavailable as error:
            if error.reason in DOWN:
                self._failed(operation, error.reason, guest)
            raise
        except PaytronixError:
            self._answered(operation)  # with a refusal: it is there
            raise
        self._answered(operation)

    def _let_through(self, operation: str) -> None:
        failing = self._failing.get(operation)
        if failing is None or not failing.is_down:
            return
        with self._lock:
            now = self._clock()
            if now < failing.next_try_at:
                raise Unavailable(operation, failing.reason, detail="not called: the calls before failed")
            failing.next_try_at = now + PAUSE_SECONDS

    def _answered(self, operation: str) -> None:
        if operation in self._failing:
            with self._lock:
                self._failing.pop(operation, None)

    def _failed(self, operation: str, reason: Reason, guest: str) -> None:
        with self._lock:
            now = self._clock()
            failing = self._failing.get(operation)
            if failing is None or (now - failing.failed_at > TOGETHER_SECONDS and not failing.is_down):
                failing = self._failing[operation] = _Failing(reason)
            failing.reason, failing.failed_at, failing.next_try_at = reason, now, now + PAUSE_SECONDS
            failing.failures += 1
            if len(failing.guests) < GUESTS:
                failing.guests.add(hash(guest))
