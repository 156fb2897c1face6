"""How often a wrong password may be tried, without ever locking a guest out because somebody else tries.

What counts is who was tried from where. A guest's own failures at one address use up that guest's tries there, and
nobody else's. When strangers try one guest from many addresses, each new address gets a single try: enough for the
guest, who knows the password, and too little for them (ASVS 5.0 V6.3.1; NIST SP 800-63B-4, 3.2.2).
"""

import ipaddress
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from app.auth.pseudonyms import Pseudonyms
from app.paytronix import Reason, Unavailable
from app.paytronix.client import TOKEN_CALL
from app.store import Store, StoreUnavailable, renew_patience

POLL_SECONDS = 0.05
TURN_RESERVE_SECONDS = 10  # what a try may need beyond its call
UNDER_ATTACK_FACTOR = 5  # so many times a guest's own limit, over all addresses


class Throttled(Exception):
    """Too many refused sign-ins. Says nothing about whether the guest exists."""

    def __init__(self, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"too many refused sign-ins; wait {retry_after_seconds} seconds")


@dataclass(frozen=True)
class Tries:
    """So many refusals within so much time."""

    count: int
    window_seconds: int


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
        self._store = store
        self._pseudonyms = pseudonyms
        self._per_guest = per_guest
        self._per_address = per_address

    @contextmanager
    def turn(self, username: str, address: str) -> Iterator[None]:
        """Make a try within the block, when it is this one's turn.

        What is under way might be refused yet, so it holds one of the tries that are left until it is known: tries
        sent all at once are not more than tries sent one by one. Each is a lease and not a count, so that it ends
        with its holder and takes nobody else's back.

        :raises Throttled: with the time after which to try again.
        :raises Unavailable: the tries before did not end in time.
        :raises StoreUnavailable: it is not known how many there were.
        """
        name, holder = f"turn:{self._names(username, address)[0]}", secrets.token_hex(8)
        give_up_at = time.monotonic() + self._call_seconds
        while True:
            number = self._take(name, holder)
            try:
                # Asked only now: who had this one before may have been refused a moment ago.
                if self._tries_left(username, address) > number:
                    yield
                    return
            finally:
                with suppress(StoreUnavailable):  # it ends by itself
                    self._store.release(f"{name}:{number}", holder)
            if time.monotonic() > give_up_at:
                raise Unavailable(TOKEN_CALL, Reason.BUSY)
            time.sleep(POLL_SECONDS)
            renew_patience()

    def _take(self, name: str, holder: str) -> int:
        """Hold the first of a guest's tries that nobody holds; its number, or that of none if all are held."""
        for number in range(self._per_guest.count):
            if self._store.acquire(f"{name}:{number}", holder, self._call_seconds + TURN_RESERVE_SECONDS):
                return number
        return self._per_guest.count

    def _tries_left(self, username: str, address: str) -> int:
        """How many tries there may be under way at once: as many as may be refused. At least one, or Throttled."""
        here, guest, everyone = self._names(username, address)
        tried_here, tried_at_all, tried_by_address = (self._store.count(name) for name in (here, guest, everyone))
        is_under_attack = tried_at_all.number >= self._per_guest.count * UNDER_ATTACK_FACTOR
        allowed_here = 1 if is_under_attack else self._per_guest.count
        for count, allowed in ((tried_here, allowed_here), (tried_by_address, self._per_address.count)):
            if count.number >= allowed:
                raise Throttled(max(1, int(count.seconds_left)))
        return allowed_here - tried_here.number

    def count_refusal(self, username: str, address: str) -> None:
        """Remember that Paytronix refused a username with a password. Nothing else counts: no outage, no stale form.

        :raises StoreUnavailable: it may not have been counted.
        """
        here, guest, everyone = self._names(username, address)
        self._store.increment(here, self._per_guest.window_seconds)
        self._store.increment(guest, self._per_guest.window_seconds)
        self._store.increment(everyone, self._per_address.window_seconds)

    def _names(self, username: str, address: str) -> tuple[str, str, str]:
        guest, network = self._pseudonyms.of(username), self._pseudonyms.of(_network(address))
        return f"tries:{guest}:{network}", f"tries:{guest}", f"tries-at:{network}"


def _network(address: str) -> str:
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
