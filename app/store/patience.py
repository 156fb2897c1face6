"""How long one request may wait for the store in all, however many operations it makes.

Each operation has a limit of its own. A store that keeps just within it would still hold a request for many times as
long, because a sign-in takes several operations. What an operation takes beyond what a healthy store needs is counted
against the patience of the thread; when that is used up, the next operation fails at once. Only what gives something
back (a lease) is tried all the same, for a moment: what stays taken keeps others waiting.
"""

import threading
import time
from types import TracebackType

from app.store.interface import Reason, StoreUnavailable

PATIENCE_SECONDS = 1.2
HEALTHY_SECONDS = 0.05  # of an operation; so much is not counted


class _Thread(threading.local):
    whole_seconds = left_seconds = float("inf")


_thread = _Thread()


class patience:  # noqa: N801 - as the standard library writes what stands after "with"
    """Within the block, this thread waits for slow operations so long in all. Outside of any, it has no limit."""

    __slots__ = ("_seconds",)

    def __init__(self, seconds: float = PATIENCE_SECONDS) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        _thread.whole_seconds = _thread.left_seconds = self._seconds

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _thread.whole_seconds = _thread.left_seconds = float("inf")


def renew_patience() -> None:
    """Count anew, after a pause that was not the store's doing."""
    _thread.left_seconds = _thread.whole_seconds


def check_patience() -> None:
    """Go on to what cannot be repeated only if the store has been quick enough to keep what comes of it.

    Keeping takes about as many operations as came before, with the patience renewed: a third must be left now, so that
    the whole stays within two and a half seconds.

    :raises StoreUnavailable: the store is too slow for that.
    """
    if _thread.left_seconds < _thread.whole_seconds / 3:
        raise StoreUnavailable("The store", Reason.TIMEOUT, "it is too slow to keep what would come of this request")


class operation:  # noqa: N801
    """Count one operation.

    :param store: engine and address, for the error.
    :param gives_back: it is tried even when the patience is used up: a server does what it was sent, though nobody
        waits for its answer.
    :raises StoreUnavailable: the patience was used up before.
    """

    __slots__ = ("_began",)

    def __init__(self, store: str, *, gives_back: bool = False) -> None:
        if _thread.left_seconds <= 0 and not gives_back:
            raise StoreUnavailable(store, Reason.TIMEOUT, "the operations of this request took too long together")

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        took = time.monotonic() - self._began
        if took > HEALTHY_SECONDS:
            _thread.left_seconds -= took - HEALTHY_SECONDS


def longest_wait(seconds: float) -> float:
    """How long an operation may take that could otherwise take so many seconds."""
    return min(seconds, max(_thread.left_seconds, 0.0) + HEALTHY_SECONDS)
