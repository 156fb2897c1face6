"""What bounds calls to Paytronix: how many are under way at once, and whether any are made while it is down."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.paytronix.errors import PaytronixError, Reason, Unavailable, may_be_a_firewall

ONE_GUESTS_SHARE, ONE_GUESTS_LEAST = 4, 4  # a quarter of the slots, but four: a page can be open in several tabs

FAILURES, GUESTS = 10, 3
TOGETHER_SECONDS = 15.0  # failures further apart are no outage that guests would queue up for
PAUSE_SECONDS = 2.0  # one call is let through after each pause, to see whether Paytronix is back
# Being throttled, at our own limit or refused as an integration does not say that Paytronix is down.
_NOT_DOWN = frozenset({Reason.THROTTLED, Reason.BUSY, Reason.CREDENTIALS, Reason.INTEGRATION})

FAILING_AFTER = 3  # calls in a row; one failure is bad luck
FORGOTTEN_AFTER_SECONDS = 300.0  # nobody has called since, so nobody knows

_Kind = tuple[str, str | None]  # an operation, and the grant of a token call


class CallLimiter:
    """Concurrency slots of one process: who finds none is refused, and does not queue.

    :param count: how many there are
    :param observe_slot: told 1 when a slot is taken, -1 when it is given back
    """

    def __init__(self, count: int, observe_slot: Callable[[int], None] = lambda _: None) -> None:
        self._free = count
        self._most_of_one = max(count // ONE_GUESTS_SHARE, ONE_GUESTS_LEAST)
        self._taken_by: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._observe_slot = observe_slot
        self._of_thread = threading.local()

    @contextmanager
    def slot(self, operation: str, guest: str | None = None) -> Iterator[None]:
        """Hold a slot within the block. A thread that holds one needs no second.

        :param guest: for whom. One guest with many requests must leave slots for others.
        :raises Unavailable: all are taken, or all that this guest may have.
        """
        if getattr(self._of_thread, "holds_one", False):
            yield
            return
        self._take(operation, guest)
        self._of_thread.holds_one = True
        try:
            self._observe_slot(1)
            yield
        finally:
            self._of_thread.holds_one = False
            self._give_back(guest)
            self._observe_slot(-1)

    def _take(self, operation: str, guest: str | None) -> None:
        with self._lock:
            if guest is not None and self._taken_by[guest] >= self._most_of_one:
                raise Unavailable(operation, Reason.BUSY, detail="one guest's share of the calls under way")
            if self._free <= 0:
                raise Unavailable(operation, Reason.BUSY)
            self._free -= 1
            if guest is not None:
                self._taken_by[guest] += 1

    def _give_back(self, guest: str | None) -> None:
        with self._lock:
            self._free += 1
            if guest is not None:
                self._taken_by[guest] -= 1
                if not self._taken_by[guest]:
                    del self._taken_by[guest]


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


class Health:
    """How calls have gone: a circuit breaker for each kind of call, and whether Paytronix is failing as a whole.

    The breaker stops calling a Paytronix that is down, so that guests are told at once, and finds out by itself when it
    is back. It opens only when calls of several guests have failed one right after the other, and none succeeded in
    between: one guest whose account makes Paytronix fail shuts nobody else out. Sign-ins and refreshes are the same
    call of Paytronix and count apart, so that refreshes that fail keep nobody from signing in.

    :param clock: monotonic seconds
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failing: dict[_Kind, _Failing] = {}
        self._failed_at: deque[float] = deque(maxlen=FAILING_AFTER)  # since the last call that was answered

    @contextmanager
    def watch(self, operation: str, *, grant: str | None = None, guest: str) -> Iterator[None]:
        """Make a call within the block, unless it would only fail.

        :param grant: the grant of a token call.
        :param guest: whose call it is, by a name that stays the same; it is not kept.
        :raises Unavailable: the call would only fail, for the reason that the last one met. The block is not entered.
        """
        kind = operation, grant
        self._let_through(kind)
        try:
            yield
        except Unavailable as error:
            self._failed(kind, error, guest)
            raise
        except PaytronixError:  # a refusal: it is there
            self._answered(kind)
            raise
        self._answered(kind)

    def is_failing(self) -> bool:
        """Whether the last calls all failed, and lately."""
        failed_at = list(self._failed_at)
        return len(failed_at) == FAILING_AFTER and self._clock() - failed_at[-1] < FORGOTTEN_AFTER_SECONDS

    def _let_through(self, kind: _Kind) -> None:
        failing = self._failing.get(kind)
        if failing is None or not failing.is_down:
            return
        with self._lock:
            now = self._clock()
            if now < failing.next_try_at:
                self._failed_at.append(now)
                raise Unavailable(kind[0], failing.reason, detail="not called: the calls before failed")
            failing.next_try_at = now + PAUSE_SECONDS

    def _answered(self, kind: _Kind) -> None:
        self._failed_at.clear()
        if kind in self._failing:
            with self._lock:
                self._failing.pop(kind, None)

    def _failed(self, kind: _Kind, error: Unavailable, guest: str) -> None:
        if error.reason is Reason.BUSY or may_be_a_firewall(error.reason, error.status):
            return
        with self._lock:
            now = self._clock()
            self._failed_at.append(now)
            if error.reason in _NOT_DOWN:
                return
            failing = self._failing.get(kind)
            if failing is None or (now - failing.failed_at > TOGETHER_SECONDS and not failing.is_down):
                failing = self._failing[kind] = _Failing(error.reason)
            failing.reason, failing.failed_at, failing.next_try_at = error.reason, now, now + PAUSE_SECONDS
            failing.failures += 1
            if len(failing.guests) < GUESTS:
                failing.guests.add(hash(guest))
