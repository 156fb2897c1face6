"""How many calls to Paytronix may be under way at once, in all and for one guest."""

import threading
from collections import Counter
from collections.abc import Callable
from types import TracebackType

from app.paytronix.errors import Reason, Unavailable

ONE_GUESTS_SHARE, ONE_GUESTS_LEAST = 4, 4  # a quarter of the places, but four: a page can be open in several tabs


class Places:
    """The places of one process.

    :param count: how many there are; who finds none is refused, and does not queue
    :param observe: told 1 when a place is taken, -1 when it is given back
    """

    def __init__(self, count: int, observe: Callable[[int], None]) -> None:
        self._free = count
        self._places_of_one = max(count // ONE_GUESTS_SHARE, ONE_GUESTS_LEAST)
        self._taken_by: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._observe = observe
        self.of_thread = threading.local()

    def take(self, operation: str, guest: str | None) -> None:
        """Take a place.

        :raises Unavailable: all are taken, or all that this guest may have.
        """
        with self._lock:
            if guest is not None and self._taken_by[guest] >= self._places_of_one:
                raise Unavailable(operation, Reason.BUSY, detail="one guest's share of the calls under way")
            if self._free <= 0:
                raise Unavailable(operation, Reason.BUSY)
            self._free -= 1
            if guest is not None:
                self._taken_by[guest] += 1
        self._observe(1)

    def give_back(self, guest: str | None) -> None:
        """Give a place back that was taken for the same guest."""
        self._observe(-1)
        with self._lock:
            self._free += 1
            if guest is not None:
                self._taken_by[guest] -= 1
                if not self._taken_by[guest]:
                    del self._taken_by[guest]


class Place:
    """One of the places, held by a thread for the length of a block. A thread that holds one needs no second."""

    __slots__ = ("_guest", "_is_taken", "_operation", "_places")

    def __init__(self, places: Places, operation: str, guest: str | None) -> None:
        self._places = places
        self._operation = operation
        self._guest = guest
        self._is_taken = False

    def __enter__(self) -> None:
        of_thread = self._places.of_thread
        if not getattr(of_thread, "holds_one", False):
            self._places.take(self._operation, self._guest)
            self._is_taken = of_thread.holds_one = True

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._is_taken:
            self._is_taken = self._places.of_thread.holds_one = False
            self._places.give_back(self._guest)
