"""Keeps leases alive while their holders are at work, so that the end of one tells of a process that died.

A lease that nobody prolonged would have to live for as long as the slowest call can take, and after a process was
killed guests would wait for that.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from app.store import Store, StoreUnavailable

LEASE_SECONDS = 6  # from the last beat to the end; a process that is paused for longer loses what it holds
BEAT_SECONDS = 1


class Heartbeat:
    """Prolongs leases in one thread, which ends when nobody holds one any more."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._held: dict[object, tuple[str, str]] = {}  # what a block is known by → lease and holder
        self._seen: set[object] = set()  # those that were held at the last beat
        self._is_beating = False

    @contextmanager
    def kept(self, lease: str, holder: str) -> Iterator[None]:
        """Within the block, keep a lease that this holder has taken for ``LEASE_SECONDS``.

        It is not given back. When it has ended meanwhile, because the store was away, it is not taken again. A thread
        may begin a block of its own before that of another one ends, and so take the lease over from it.
        """
        block = object()
        with self._lock:
            self._held[block] = lease, holder
            is_first, self._is_beating = not self._is_beating, True
        try:
            if is_first:
                self._start()
            yield
        finally:
            with self._lock:
                del self._held[block]

    def _start(self) -> None:
        try:
            threading.Thread(target=self._work, name="heartbeat", daemon=True).start()
        except RuntimeError:  # the machine has no thread left; the next block tries again
            with self._lock:
                self._is_beating = False

    def beat(self) -> bool:
        """Prolong what was held at the beat before too: most leases are given back sooner. Whether anything is held."""
        with self._lock:
            due = {held for block, held in self._held.items() if block in self._seen}
            self._seen = set(self._held)
            if not self._held:
                self._is_beating = False
                return False
        with suppress(StoreUnavailable):  # the next beat may fare better
            if due:
                self._store.prolong(due, LEASE_SECONDS)
        return True

    def _work(self) -> None:
        while True:
            time.sleep(BEAT_SECONDS)
            if not self.beat():
                return
