"""How often signing in may be refused from one address before it has to wait.

Nobody guesses a link, which is 256 random bits, and the identity provider counts passwords itself. This keeps
whoever tries nonetheless from keeping the database and the provider busy.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from app.auth.networks import networks_of
from app.auth.pseudonyms import Pseudonyms
from app.auth.rate_limit import RateLimit, reserve
from app.store import Store, StoreUnavailable

LIMIT = RateLimit(20, 15 * 60)


class SignInRefused(Exception):
    """Nobody was signed in, and the attempt counts.

    :ivar reason: a word for the log
    :ivar trouble: what the page says of it
    :ivar status: of the page
    :ivar name: who it was, if that is known
    """

    def __init__(self, reason: str, *, trouble: str, status: int, name: str = "") -> None:
        self.reason, self.trouble, self.status, self.name = reason, trouble, status, name
        super().__init__(f"nobody was signed in ({reason})")


class Attempts:
    """Counts refusals in the store, under names that tell nobody the address.

    :param now: the clock, seconds since 1970.
    """

    def __init__(self, store: Store, pseudonyms: Pseudonyms, *, now: Callable[[], float] = time.time) -> None:
        self._store, self._pseudonyms, self._now = store, pseudonyms, now

    @contextmanager
    def counted(self, address: str) -> Iterator[None]:
        """Within it somebody tries to sign in. It is counted beforehand, and taken back unless it is refused.

        :raises RateLimited: this address has to wait.
        :raises StoreUnavailable: it is not known how often it was refused.
        """
        widest = networks_of(address)[-1:]
        name = f"staff-tries:{self._pseudonyms.of(widest[0].name if widest else '')}"
        reservation = reserve(self._store, LIMIT.counter(name, now=self._now()))
        is_refused = False
        try:
            yield
        except SignInRefused:
            is_refused = True
            raise
        finally:
            if not is_refused:
                with suppress(StoreUnavailable):  # then it stays counted until the window ends
                    self._store.write(*reservation.cancelled())
