"""How often a wrong password may be tried, without ever locking a guest out because somebody else tries.

A try is counted before Paytronix is asked, and taken back when it was no refusal, so tries sent all at once are not
more than tries sent one by one. What is counted: who was tried from which network, who was tried at all, and what came
from a network. How many tries that makes for whom, and why: docs/decisions/0006-guessing-passwords.md.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from app.auth.networks import Network, networks_of
from app.auth.pseudonyms import Pseudonyms
from app.auth.usernames import rate_limit_name
from app.paytronix import Refused
from app.store import Change, Decrement, Limit, Put, Store, StoreUnavailable

# Of one guest, over all networks where this guest has not signed in lately; each times a guest's limit in one network.
STRANGERS_TRIES = 5
STRANGERS_TRIES_IN_TURN = 10  # after those: so many in a window, one after the other
TRIES_IN_TURN = 2  # of one network, those before included: one for a slip of the finger
KNOWN_SECONDS = 7 * 86_400  # how long a network where a guest has signed in is known
SIGN_INS_PER_REFUSAL = 10  # a network may sign in so many times as often as it may be refused


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
    window_seconds: float

    def times(self, factor: int) -> "Tries":
        """So many times as many, in the same time."""
        return Tries(self.count * factor, self.window_seconds)


@dataclass(frozen=True)
class _Counters:
    """The counters of one try, each with how far it may go in what is left of its window.

    :ivar here: the guest, in each of the networks of the address
    :ivar here_in_turn: the same counters, while strangers take turns
    :ivar strangers: the guest, over all networks
    :ivar in_turn: the same, of short windows with one try each
    :ivar network: each of the networks, whoever is tried
    :ivar sign_ins: the widest of the networks, tries that succeeded included
    """

    here: Mapping[str, Limit]
    here_in_turn: Mapping[str, Limit]
    strangers: Mapping[str, Limit]
    in_turn: Mapping[str, Limit]
    network: Mapping[str, Limit]
    sign_ins: Mapping[str, Limit]


class Try:
    """One try. Made by :meth:`Throttle.a_try`.

    :param known: the record that stands for a network where this guest has signed in lately
    """

    def __init__(self, store: Store, counters: _Counters, known: str | None) -> None:
        self._store, self._counters, self._known = store, counters, known
        self._counted: tuple[str, ...] = ()

    def count(self) -> None:
        """Count it, before Paytronix is asked. A try that is refused stays counted until its window ends.

        :raises Throttled: with the time after which to try again; nothing was counted.
        :raises StoreUnavailable: it may have been counted.
        """
        all_ = self._counters
        at_network = {**all_.network, **all_.sign_ins}
        limits = {**all_.here, **at_network, **all_.strangers}
        full = self._store.count_up(limits)
        if full in all_.strangers:
            if self._is_known():
                limits = {**all_.here, **at_network}
            else:
                limits = {**all_.here_in_turn, **at_network, **all_.in_turn}
            full = self._store.count_up(limits)
        if full is not None:
            wait_seconds = math.ceil(limits[full].window_seconds)  # who came back sooner would be too early
            raise Throttled(wait_seconds, "address" if full in at_network else "guest")
        self._counted = tuple(limits)

    def take_back(self) -> None:
        """Count it no longer."""
        with suppress(StoreUnavailable):  # it ends with its window
            if self._counted:
                self._store.write(Decrement(self._counted))

    def succeeded(self) -> Iterable[Change]:
        """What is to be written along with the new sign-in."""
        yield Decrement([key for key in self._counted if key not in self._counters.sign_ins])
        if self._known is not None:
            yield Put({self._known: b""}, KNOWN_SECONDS)

    def _is_known(self) -> bool:
        return self._known is not None and self._store.get(self._known) != [None]


class Throttle:
    """Counts sign-ins in the store, under names that tell nobody who tried whom.

    Each counter has the number of its window in its name: what is taken back late is taken from no other window.

    :param per_guest: refusals of one guest in one network
    :param per_address: refusals in one network, whoever was tried. Guests of one restaurant may share an address.
    :param now: the clock, seconds since 1970
    """

    def __init__(
        self,
        store: Store,
        pseudonyms: Pseudonyms,
        *,
        per_guest: Tries,
        per_address: Tries,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._pseudonyms = pseudonyms
        self._per_guest = per_guest
        self._per_address = per_address
        self._now = now

    @contextmanager
    def a_try(self, username: str, address: str) -> Iterator[Try]:
        """Have a try within the block, which counts it when Paytronix is about to be asked.

        It stays counted if the block ends with a refusal, and is taken back after any other trouble: no outage counts.
        """
        own = Try(self._store, *self._counters(username, address))
        try:
            yield own
        except Refused:
            raise
        except BaseException:
            own.take_back()
            raise

    def _counters(self, username: str, address: str) -> tuple[_Counters, str | None]:
        # The braces keep what one script counts on one node of a cluster: what is the guest's, and what the network's.
        who = f"{{{self._pseudonyms.of(rate_limit_name(username))}}}"
        guest = f"tries:{who}"
        networks = [Network(self._pseudonyms.of(each.name), each.factor) for each in networks_of(address)]
        in_turn = Tries(min(TRIES_IN_TURN, self._per_guest.count), self._per_guest.window_seconds)
        turn_seconds = self._per_guest.window_seconds / (self._per_guest.count * STRANGERS_TRIES_IN_TURN)
        widest = networks[-1:]
        at = f"tries-at:{{{widest[0].name}}}" if widest else ""
        counters = _Counters(
            here=self._limits(guest, networks, self._per_guest),
            here_in_turn=self._limits(guest, networks, in_turn),
            strangers=self._limit(guest, self._per_guest.times(STRANGERS_TRIES)),
            in_turn=self._limit(f"{guest}:in-turn", Tries(1, turn_seconds)),
            network=self._limits(at, networks, self._per_address),
            sign_ins=self._limits(f"{at}:sign-ins", widest, self._per_address.times(SIGN_INS_PER_REFUSAL)),
        )
        known = f"known:{who}:{widest[0].name}" if widest else None
        return counters, known

    def _limits(self, name: str, networks: Iterable[Network], tries: Tries) -> dict[str, Limit]:
        limits: dict[str, Limit] = {}
        for each in networks:
            limits |= self._limit(f"{name}:{each.name}", tries.times(each.factor))
        return limits

    def _limit(self, name: str, tries: Tries) -> dict[str, Limit]:
        number, into_seconds = divmod(self._now(), tries.window_seconds)
        return {f"{name}:{int(number)}": Limit(tries.count, tries.window_seconds - into_seconds)}
