"""How often signing in may fail from one address before it has to wait.

Nobody guesses a link, which is 256 random bits, and the identity provider counts passwords itself. This keeps
whoever tries nonetheless from keeping the database and the provider busy.
"""

import math

from app.auth.networks import networks_of
from app.auth.pseudonyms import Pseudonyms
from app.store import Store

MOST = 20
WINDOW_SECONDS = 15 * 60


class TooManyAttempts(Exception):
    """This address has to wait.

    :ivar retry_after_seconds: how long
    """

    def __init__(self, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"too many failed attempts; wait {retry_after_seconds} seconds")


class Attempts:
    """Counts failures in the store, under names that tell nobody the address."""

    def __init__(self, store: Store, pseudonyms: Pseudonyms) -> None:
        self._store, self._pseudonyms = store, pseudonyms

    def check(self, address: str) -> None:
        """Return if somebody at the address may try. Tries sent all at once are a few more than those one by one.

        :raises TooManyAttempts: there were too many failures.
        :raises StoreUnavailable: it is not known how many there were.
        """
        number, seconds_left = self._store.count(self._key(address))
        if number >= MOST:
            raise TooManyAttempts(math.ceil(seconds_left))

    def failed(self, address: str) -> None:
        """Count one more.

        :raises StoreUnavailable: it may not have been counted.
        """
        self._store.increment(self._key(address), WINDOW_SECONDS)

    def _key(self, address: str) -> str:
        widest = networks_of(address)[-1:]
        return f"staff-tries:{self._pseudonyms.of(widest[0].name if widest else '')}"
