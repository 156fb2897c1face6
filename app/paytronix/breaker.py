"""Stops calling a Paytronix that is down, so that guests are told at once, and finds out by itself when it is back.

Calls are stopped only when those of several guests have failed one right after the other, and none succeeded in
between: one guest whose account makes Paytronix fail shuts nobody else out. Sign-ins and refreshes are the same call
of Paytronix and count apart, so that refreshes that fail keep nobody from signing in.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from app.paytronix.errors import PaytronixError, Reason, Unavailable, may_be_a_firewall

FAILURES, GUESTS = 10, 3
TOGETHER_SECONDS = 15.0  # failures further apart are no outage that guests would queue up for
PAUSE_SECONDS = 2.0  # one call is let through after each pause, to see whether Paytronix is back

# Being throttled, at our own limit or refused as an integration does not say that Paytronix is down.
_NOT_DOWN = frozenset({Reason.THROTTLED, Reason.BUSY, Reason.CREDENTIALS, Reason.INTEGRATION})

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

    def watch(self, operation: str, *, grant: str | None = None, guest: str) -> "_Watch":
        """Make a call within the block, unless it would only fail.

        :param grant: the grant of a token call.
        :param guest: whose call it is, by a name that stays the same; it is not kept.
        :returns: a context manager. If the call would only fail, it raises Unavailable, for the reason that the last
            one met, in place of entering its block.
        """
        return _Watch(self, (operation, grant), guest)

    def let_through(self, kind: _Kind) -> None:
        """Raise Unavailable if a call of this kind would only fail."""
        failing = self._failing.get(kind)
        if failing is None or not failing.is_down:
            return
        with self._lock:
            now = self._clock()
            if now < failing.next_try_at:
                raise Unavailable(kind[0], failing.reason, detail="not called: the calls before failed")
            failing.next_try_at = now + PAUSE_SECONDS

    def answered(self, kind: _Kind) -> None:
        """Learn that Paytronix is there."""
        if kind in self._failing:
            with self._lock:
                self._failing.pop(kind, None)

    def failed(self, kind: _Kind, reason: Reason, guest: str) -> None:
        """Learn that a guest's call has failed."""
        with self._lock:
            now = self._clock()
            failing = self._failing.get(kind)
            if failing is None or (now - failing.failed_at > TOGETHER_SECONDS and not failing.is_down):
                failing = self._failing[kind] = _Failing(reason)
            failing.reason, failing.failed_at, failing.next_try_at = reason, now, now + PAUSE_SECONDS
            failing.failures += 1
            if len(failing.guests) < GUESTS:
                failing.guests.add(hash(guest))


class _Watch:
    """One call, watched for the length of a block."""

    __slots__ = ("_breaker", "_guest", "_kind")

    def __init__(self, breaker: Breaker, kind: _Kind, guest: str) -> None:
        self._breaker, self._kind, self._guest = breaker, kind, guest

    def __enter__(self) -> None:
        self._breaker.let_through(self._kind)

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        if isinstance(error, Unavailable):
            if _says_down(error):
                self._breaker.failed(self._kind, error.reason, self._guest)
        elif error is None or isinstance(error, PaytronixError):  # a refusal: it is there
            self._breaker.answered(self._kind)


def _says_down(error: Unavailable) -> bool:
    """No answer, a 5xx, nonsense with a status of success, or Paytronix's own word for it at any status."""
    return error.reason not in _NOT_DOWN and not may_be_a_firewall(error.reason, error.status)
