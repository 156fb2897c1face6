"""Rate limits: how often a wrong password may be tried, without locking a guest out because somebody else tries.

An attempt is counted before Paytronix is asked, and taken back unless it is refused, so attempts sent all at once are
not more than attempts sent one by one. What is counted, how many attempts that makes for whom, and why:
docs/decisions/0006-guessing-passwords.md.
"""

import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from app.auth.networks import Network, networks_of
from app.auth.pseudonyms import Pseudonyms
from app.auth.usernames import rate_limit_name
from app.store import Change, Decrement, Limit, Put, Store

# Of one guest, over all networks where this guest has not signed in lately; each times a guest's limit in one network.
STRANGERS_ATTEMPTS = 5
STRANGERS_ATTEMPTS_IN_TURN = 10  # after those: so many in a window, one after the other
ATTEMPTS_IN_TURN = 2  # of one network, those before included: one for a slip of the finger
KNOWN_SECONDS = 7 * 86_400  # how long a network where a guest has signed in is known
SIGN_INS_PER_REFUSAL = 10  # a network may sign in so many times as often as it may be refused
_AT_ADDRESS = "tries-at:"


class RateLimited(Exception):
    """Too many attempts. Says nothing about whether the guest exists.

    :ivar counter: the one that is full
    """

    def __init__(self, counter: str, retry_after_seconds: int) -> None:
        self.counter = counter
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"too many attempts; wait {retry_after_seconds} seconds")

    @property
    def limit(self) -> str:
        """Whose attempts are used up: ``address`` or ``guest``."""
        return "address" if self.counter.startswith(_AT_ADDRESS) else "guest"


@dataclass(frozen=True)
class RateLimit:
    """So many attempts within so much time."""

    count: int
    window_seconds: float

    def times(self, factor: int) -> "RateLimit":
        """So many times as many, in the same time."""
        return RateLimit(self.count * factor, self.window_seconds)

    def counter(self, name: str, *, now: float) -> dict[str, Limit]:
        """The counter of this moment. The number of the window is in its name: what is late counts in no other one."""
        number, into_seconds = divmod(now, self.window_seconds)
        return {f"{name}:{int(number)}": Limit(self.count, self.window_seconds - into_seconds)}


@dataclass(frozen=True)
class Reservation:
    """An attempt that is counted. If it is refused it stays so until the windows end.

    :ivar counters: those in which it was counted
    :ivar totals: those of them in which it stays when it succeeds
    :ivar marks: what else to write when it succeeds
    """

    counters: Collection[str]
    totals: Collection[str] = ()
    marks: tuple[Put, ...] = ()

    def succeeded(self) -> tuple[Change, ...]:
        """What to write along with a new sign-in."""
        return Decrement([key for key in self.counters if key not in self.totals]), *self.marks

    def cancelled(self) -> tuple[Change, ...]:
        """What to write when nothing came of it, such as in an outage."""
        return (Decrement(list(self.counters)),)


def reserve(store: Store, limits: Mapping[str, Limit]) -> Reservation:
    """Count an attempt in several counters, or in none if one of them is full.

    :raises RateLimited: nothing was counted.
    :raises StoreUnavailable: it may have been counted.
    """
    full = store.count_up(limits)
    if full is None:
        return Reservation(tuple(limits))
    raise RateLimited(full, math.ceil(limits[full].window_seconds))  # who came back sooner would be too early


class RateLimiter:
    """Counts sign-ins in the store, under names that tell nobody who tried whom.

    :param per_guest: refusals of one guest in one network
    :param per_address: refusals in one network, whoever was tried. Guests of one restaurant may share an address.
    :param now: the clock, seconds since 1970
    """

    def __init__(
        self,
        store: Store,
        pseudonyms: Pseudonyms,
        *,
        per_guest: RateLimit,
        per_address: RateLimit,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._pseudonyms = pseudonyms
        self._per_guest = per_guest
        self._per_address = per_address
        self._now = now

    def reserve(self, username: str, address: str) -> Reservation:
        """Count an attempt before it is made.

        :raises RateLimited: nothing was counted.
        :raises StoreUnavailable: it may have been counted.
        """
        # The braces keep what one script counts on one node of a cluster: what is the guest's, and what the network's.
        who = f"{{{self._pseudonyms.of(rate_limit_name(username))}}}"
        networks = [Network(self._pseudonyms.of(each.name), each.factor) for each in networks_of(address)]
        widest = networks[-1:]
        at = f"{_AT_ADDRESS}{{{widest[0].name}}}" if widest else ""
        sign_ins = self._counters(f"{at}:sign-ins", widest, self._per_address.times(SIGN_INS_PER_REFUSAL))
        at_address = self._counters(at, networks, self._per_address) | sign_ins
        guest = f"tries:{who}"
        here = self._counters(guest, networks, self._per_guest)
        strangers = self._per_guest.times(STRANGERS_ATTEMPTS).counter(guest, now=self._now())
        known = f"known:{who}:{widest[0].name}" if widest else None
        try:
            counted = reserve(self._store, here | at_address | strangers)
        except RateLimited as limited:
            if limited.counter not in strangers:
                raise
            if known is None or self._store.get(known) == [None]:
                here = self._in_turn(guest, networks)
                at_address |= self._turn(guest)
            counted = reserve(self._store, here | at_address)
        marks = (Put({known: b""}, KNOWN_SECONDS),) if known else ()
        return Reservation(counted.counters, tuple(sign_ins), marks)

    def _in_turn(self, guest: str, networks: Iterable[Network]) -> dict[str, Limit]:
        """The guest's counters in these networks, with the limit that holds while strangers take turns."""
        few = RateLimit(min(ATTEMPTS_IN_TURN, self._per_guest.count), self._per_guest.window_seconds)
        return self._counters(guest, networks, few)

    def _turn(self, guest: str) -> dict[str, Limit]:
        turn_seconds = self._per_guest.window_seconds / (self._per_guest.count * STRANGERS_ATTEMPTS_IN_TURN)
        return RateLimit(1, turn_seconds).counter(f"{guest}:in-turn", now=self._now())

    def _counters(self, name: str, networks: Iterable[Network], limit: RateLimit) -> dict[str, Limit]:
        counters: dict[str, Limit] = {}
        for each in networks:
            counters |= limit.times(each.factor).counter(f"{name}:{each.name}", now=self._now())
        return counters
