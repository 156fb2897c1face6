"""Gives back leases that could not be given back at once.

When the store goes away in the middle of things, leases stay whose holder is done, or never learnt that it had them.
Once the store is back, guests would wait for the ends of these.
"""

import threading
import time
from contextlib import suppress

from app.store import Store, StoreUnavailable

TRY_AGAIN_SECONDS = 0.2


class LateReleases:
    """Tries again for as long as such a lease may stay, in one thread that ends when nothing is left.

    :param seconds: how long the leases live at most
    """

    def __init__(self, store: Store, *, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self._lock = threading.Lock()
        self._left: dict[tuple[str, str], float] = {}  # lease and holder → when to give up

    def add(self, lease: str, holder: str) -> None:
        """Give a lease back as soon as the store takes it, unless somebody else has it by then."""
        with self._lock:
            is_idle = not self._left
            self._left[lease, holder] = time.monotonic() + self._seconds
        if is_idle:
            threading.Thread(target=self._work, name="late-releases", daemon=True).start()

    def _work(self) -> None:
        while True:
            time.sleep(TRY_AGAIN_SECONDS)
            with self._lock:
                left = list(self._left.items())
            done = []
            with suppress(StoreUnavailable):  # the others will not fare better now
                for (lease, holder), give_up_at in left:
                    if time.monotonic() < give_up_at:
                        self._store.release(lease, holder)
                    done.append((lease, holder))
            with self._lock:
                for each in done:
                    self._left.pop(each, None)
                if not self._left:
                    return
