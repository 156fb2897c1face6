"""How often a wrong password may be tried, without ever locking a guest out because somebody else tries.

What counts is who was tried from where. A guest's own failures at one address use up that guest's tries there, and
nobody else's. When strangers try one guest from many addresses, each new address gets a single try: enough for the
guest, who knows the password, and too little for them (ASVS 5.0 V6.3.1; NIST SP 800-63B-4, 3.2.2).
"""

import ipaddress
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from app.auth.late_releases import LateReleases
from app.auth.pseudonyms import Pseudonyms
from app.paytronix import Reason, Unavailable
from app.paytronix.client import TOKEN_CALL
from app.store import Count, Release, Store, StoreUnavailable, renew_patience

POLL_SECONDS = 0.05
TRY_RESERVE_SECONDS = 10  # what a try may need beyond its call
UNDER_ATTACK_FACTOR = 5  # so many times a guest's own limit, over all addresses


class Throttled(Exception):
    """Too many refused sign-ins. Says nothing about whether the guest exists.

    :ivar limit: whose tries are used up: ``guest`` or ``address``
    """

    def __init__(self, retry_after_seconds: int, limit: str) -> None:
        self.retry_after_seconds = retry_after_seconds
        self.limit = limit
        super().__init__(f"too many refused sign-ins; wait {retry_after_seconds} seconds")


@dataclass(frozen=True)
class Tries:
    """So many refusals within so much time."""

    count: int
    window_seconds: int


class _Names(NamedTuple):
    """Under which names refusals are counted: of a guest at an address, of a guest, at an address."""

    here: str
    guest: str
    address: str


class Try:
    """One try that is under way. Made by :meth:`Throttle.turn`.

    :ivar release: what gives it back, for whoever has something else to write anyway
    :ivar is_over: it needs not be given back: it is spent, or ``release`` was written
    """

    def __init__(
        self, store: Store, late_releases: LateReleases, windows_seconds: Mapping[str, int], own: Release
    ) -> None:
        self._store, self._late_releases = store, late_releases
        self._windows_seconds = windows_seconds
        self.release = own
        self.is_over = False

    def refused(self) -> None:
        """Remember that Paytronix refused it. Nothing else counts: no outage, no stale form.

        :raises StoreUnavailable: it may not have been counted.
        """
        self.is_over = True  # also if it cannot be counted: then it stays until its lease ends
        counts = self._store.increment_all(self._windows_seconds)
        self._store.acquire(*self.release, counts[0].seconds_left)

    def give_back(self) -> None:
        """Let somebody else have it, unless it was refused."""
        if not self.is_over:
            try:
                self._store.release(*self.release)
            except StoreUnavailable:
                self._late_releases.add(*self.release)


class Throttle:
    """Counts refused sign-ins in the store, under names that tell nobody who tried whom.

    :param per_guest: refusals of one guest at one address
    :param per_address: refusals at one address, whoever was tried. Guests of one restaurant may share an address.
    :param call_seconds: the longest that a password call can take
    """

    def __init__(
        self, store: Store, pseudonyms: Pseudonyms, *, per_guest: Tries, per_address: Tries, call_seconds: float
    ) -> None:
        self._call_seconds = call_seconds
        self._lease_seconds = call_seconds + TRY_RESERVE_SECONDS
        self._windows_seconds = (per_guest.window_seconds, per_guest.window_seconds, per_address.window_seconds)
        self._store = store
        self._late_releases = LateReleases(store, seconds=self._lease_seconds)
        self._pseudonyms = pseudonyms
        self._per_guest = per_guest
        self._per_address = per_address

    @contextmanager
    def turn(self, username: str, address: str) -> Iterator[Try]:
        """Make a try within the block, when it is this one's turn; whoever is refused says so to what is given.

        A guest has so many tries at an address, each of them a lease. One that is under way holds its lease, one that
        was refused keeps it to the end of the window, and any other gives it back. So tries sent all at once are not
        more than tries sent one by one, and a try that ends late takes nobody else's back.

        :raises Throttled: with the time after which to try again.
        :raises Unavailable: the tries before did not end in time.
        :raises StoreUnavailable: it is not known how many there were.
        """
        names = self._names(username, address)
        give_up_at = time.monotonic() + self._call_seconds
        while (own := self._take(names)) is None:
            if time.monotonic() > give_up_at:
                raise Unavailable(TOKEN_CALL, Reason.BUSY)
            time.sleep(POLL_SECONDS)
            renew_patience()
        try:
            yield own
        finally:
            own.give_back()

    def _take(self, names: _Names) -> Try | None:
        """A try that nobody holds, if there is one now."""
        holder = secrets.token_hex(8)
        # Nearly always the first one is free and may be had, so it is taken before it is known whether it may.
        own = self._try(names, 0, holder)
        with self._late_releases.cover(*own.release):
            is_held, _, counts = self._store.claim(*own.release, self._lease_seconds, counters=names)
        try:
            allowed = self._allowed(counts)
        except Throttled:
            if is_held:
                own.give_back()
            raise
        if is_held:
            return own
        for number in range(allowed):
            # Those that were refused hold the first ones, as a rule.
            own = self._try(names, (counts[0].number + number) % allowed, holder)
            with self._late_releases.cover(*own.release):
                if self._store.acquire(*own.release, self._lease_seconds):
                    return own
        return None

    def _allowed(self, counts: Sequence[Count]) -> int:
        """How many refusals this guest may meet at this address.

        :raises Throttled: there were as many, or too many at this address whoever was tried.
        """
        tried_here, tried_at_all, tried_by_address = counts
        is_under_attack = tried_at_all.number >= self._per_guest.count * UNDER_ATTACK_FACTOR
        allowed_here = 1 if is_under_attack else self._per_guest.count
        for limit, count, allowed in (
            ("guest", tried_here, allowed_here),
            ("address", tried_by_address, self._per_address.count),
        ):
            if count.number >= allowed:
                raise Throttled(max(1, int(count.seconds_left)), limit)
        return allowed_here

    def _try(self, names: _Names, number: int, holder: str) -> Try:
        own = Release(f"{names.here}:{number}", holder)
        windows_seconds = dict(zip(names, self._windows_seconds, strict=True))
        return Try(self._store, self._late_releases, windows_seconds, own)

    def _names(self, username: str, address: str) -> _Names:
        guest, network = self._pseudonyms.of(username), self._pseudonyms.of(network_of(address))
        return _Names(f"tries:{guest}:{network}", f"tries:{guest}", f"tries-at:{network}")


def network_of(address: str) -> str:
    """What one household or one attacker has: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
