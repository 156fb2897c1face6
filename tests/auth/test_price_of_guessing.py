"""What the documents say that guessing costs is what the code's limits make of it."""

import re
from collections import Counter
from dataclasses import fields
from functools import cache
from itertools import count

import pytest

from app.auth.pseudonyms import Pseudonyms
from app.auth.rate_limit import RateLimit, RateLimited, RateLimiter
from config import Settings
from tests.sites import ROOT

DOCUMENTS = ("docs/decisions/0006-guessing-passwords.md", "docs/security.md")
DEFAULTS = {
    each.name: each.metadata["parse"](each.metadata["default"])
    for each in fields(Settings)
    if each.name.startswith("login_failures_")
}
HOUR_SECONDS = 3600
BEGINS_AT = 1_780_000_000 // HOUR_SECONDS * HOUR_SECONDS
LONGEST_TURN_SECONDS = 9


class Counters:
    """As much of a store as a rate limiter needs when nobody signs in. A window's number is in each counter's name."""

    def __init__(self):
        self.numbers = Counter()

    def count_up(self, limits):
        full = next((key for key, limit in limits.items() if self.numbers[key] >= limit.number), None)
        if full is None:
            self.numbers.update(limits.keys())
        return full

    def get(self, *keys):
        return [None for _ in keys]


class Attacker:
    """Tries as much as can be tried in an hour from so many addresses."""

    def __init__(self, addresses):
        per_guest, per_address = DEFAULTS["login_failures_per_guest"], DEFAULTS["login_failures_per_address"]
        assert per_guest.window_seconds == per_address.window_seconds
        self._window_seconds = per_guest.window_seconds
        self._addresses, self._seconds = addresses, BEGINS_AT
        self._limiter = RateLimiter(
            Counters(),
            Pseudonyms(["key"]),
            per_guest=RateLimit(per_guest.count, per_guest.window_seconds),
            per_address=RateLimit(per_address.count, per_address.window_seconds),
            now=lambda: self._seconds,
        )

    def _wait_seconds(self, username, address):
        """Nothing when the try reached Paytronix, else how long it would have to wait."""
        try:
            self._limiter.reserve(username, address)
        except RateLimited as limited:
            return limited.retry_after_seconds
        return 0

    def on_one_guest(self):
        reached = 0
        for _ in range(HOUR_SECONDS // self._window_seconds):
            fresh = list(self._addresses)
            for _ in range(self._window_seconds):
                while fresh:
                    wait_seconds = self._wait_seconds("ana", fresh[-1])
                    reached += wait_seconds == 0
                    if wait_seconds > LONGEST_TURN_SECONDS:
                        fresh.pop()
                    elif wait_seconds:
                        break
                self._seconds += 1
        return reached

    def on_all_guests(self):
        reached, names = 0, map(str, count())
        for _ in range(HOUR_SECONDS // self._window_seconds):
            for address in self._addresses:
                while not self._wait_seconds(next(names), address):
                    reached += 1
            self._seconds += self._window_seconds
        return reached


def ipv4(number):
    return [f"10.0.{each >> 8}.{each & 255}" for each in range(number)]


def ipv6(first, step, number):
    """An address in each of so many /64."""
    return [f"2001:db8:1:{each:x}::1" for each in range(first, first + step * number, step)]


ATTACKERS = {
    "one IPv4 address, or one /64": [ipv4(1), ["2001:db8:1:2::1", "2001:db8:1:2::2"]],
    "one /56": [ipv6(0x100, 1, 64)],
    "one /48": [ipv6(0, 64, 512)],
    "100 IPv4 addresses": [ipv4(100)],
    "10,000 IPv4 addresses": [ipv4(10_000)],
}


@cache
def worked_out(who):
    found = set()
    for addresses in ATTACKERS[who]:
        some = addresses[:100] if len(addresses) > 512 else addresses  # addresses of IPv4 have nothing in common
        of_all = Attacker(some).on_all_guests() * len(addresses) // len(some)
        found.add((Attacker(addresses).on_one_guest(), of_all))
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("who", ATTACKERS)
def test_the_documents_say_what_a_try_costs(document, who):
    text = (ROOT / document).read_text()
    (row,) = re.findall(rf"\| {re.escape(who)} \| ([0-9,]+) \| ([0-9,]+) \|", text)
    on_one, on_all = (int(number.replace(",", "")) for number in row)
    assert worked_out(who) == {(on_one, on_all)}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_documents_name_every_attacker_that_is_worked_out(document):
    text = (ROOT / document).read_text()
    table = text.partition("| Who tries | one guest |")[2].partition("\n\n")[0]
    assert [line.split("|")[1].strip() for line in table.splitlines()[2:]] == list(ATTACKERS)
