"""Tries are counted before they are made: sent at once they are not more, and who is attacked still comes in."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.auth.pseudonyms import Pseudonyms
from app.auth.rate_limit import KNOWN_SECONDS, RateLimit, RateLimited, RateLimiter
from app.store import Put, StoreUnavailable
from app.store import Reason as StoreReason

HOME = "192.0.2.1"


@pytest.fixture
def limiter(store, clock):
    return make_limiter(store, clock)


def make_limiter(store, clock, *, per_guest=10, per_address=100):
    return RateLimiter(
        store,
        Pseudonyms(["key"]),
        per_guest=RateLimit(per_guest, 900),
        per_address=RateLimit(per_address, 900),
        now=clock,
    )


def wrong(limiter, username="ana", address=HOME):
    """Try a wrong password; why and how long one has to wait, or nothing if Paytronix was asked."""
    try:
        limiter.reserve(username, address)
    except RateLimited as limited:
        return limited.limit, limited.retry_after_seconds


def right(limiter, store, username="ana", address=HOME):
    """Try the right password; whether Paytronix was asked."""
    try:
        store.write(*limiter.reserve(username, address).succeeded())
    except RateLimited:
        return False
    return True


def strangers(limiter, count, tries=1, username="ana"):
    """Strangers at so many addresses, each with as many tries; how many reached Paytronix."""
    asked = [
        wrong(limiter, username, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
        for _ in range(tries)
        for number in range(count)
    ]
    return asked.count(None)


def test_the_eleventh_wrong_password_waits_for_the_end_of_the_window(limiter, store, clock):
    assert [wrong(limiter) for _ in range(10)] == [None] * 10
    clock.seconds += 300
    assert wrong(limiter) == ("guest", 600)
    assert not right(limiter, store)
    clock.seconds += 600
    assert right(limiter, store)


def test_tries_sent_all_at_once_are_not_more_than_one_guest_s_limit(limiter):
    start = threading.Barrier(40)

    def guess(_):
        start.wait(10)
        return wrong(limiter)

    with ThreadPoolExecutor(40) as pool:
        assert list(pool.map(guess, range(40))).count(None) == 10


def test_tries_of_many_guests_sent_all_at_once_are_not_more_than_an_address_may(limiter):
    start = threading.Barrier(16)  # more of them would make SQLite's lock the matter

    def guess(number):
        start.wait(10)
        return [wrong(limiter, f"guest-{number}-{each}") for each in range(15)]

    with ThreadPoolExecutor(16) as pool:
        tries = [each for thread in pool.map(guess, range(16)) for each in thread]
    assert tries.count(None) == 100
    assert {each[0] for each in tries if each} == {"address"}


def test_right_passwords_never_use_up_the_tries(limiter, store):
    assert all(right(limiter, store) for _ in range(30))
    assert [wrong(limiter) for _ in range(11)].count(None) == 10


def test_no_outage_counts(limiter, store):
    for _ in range(30):
        store.write(*limiter.reserve("ana", HOME).cancelled())
    assert [wrong(limiter) for _ in range(9)].count(None) == 9
    assert right(limiter, store)


def test_what_is_given_back_late_is_taken_from_no_other_window(limiter, store, clock):
    late = limiter.reserve("ana", HOME)
    clock.seconds += 900
    assert [wrong(limiter) for _ in range(11)].count(None) == 10
    store.write(*late.cancelled())
    assert wrong(limiter) == ("guest", 900)


def test_what_a_killed_worker_has_left_ends_with_its_window(limiter, store, clock):
    for _ in range(10):
        limiter.reserve("ana", HOME)
    assert not right(limiter, store)
    assert right(limiter, store, address="192.0.2.2")
    clock.seconds += 900
    assert right(limiter, store)


def test_a_stranger_at_one_address_locks_nobody_out_elsewhere(limiter, store):
    assert [wrong(limiter) for _ in range(50)].count(None) == 10
    assert right(limiter, store, address="192.0.2.2")


def test_strangers_at_many_addresses_use_up_what_they_have_in_common_and_then_take_turns(limiter, clock):
    assert strangers(limiter, 5, tries=10) == 50
    assert strangers(limiter, 300) == 1  # of them all, in nine seconds
    for _ in range(5):
        clock.seconds += 9
        assert strangers(limiter, 300) == 1


def test_in_turn_a_network_gets_two_tries_so_that_one_slip_does_not_end_it(limiter, store, clock):
    strangers(limiter, 5, tries=10)
    waits = []
    for _ in range(3):
        waits.append(wrong(limiter))
        clock.seconds += 9
    assert waits[:2] == [None, None]
    assert waits[2] == ("guest", 900 - 18)
    assert right(limiter, store, address="198.51.100.7")


def test_the_wait_for_a_turn_is_short(limiter, clock):
    strangers(limiter, 60)
    clock.seconds += 2
    assert wrong(limiter, address="198.51.100.7") == ("guest", 7)
    clock.seconds += 0.5
    assert wrong(limiter, address="198.51.100.7") == ("guest", 7)  # after six it would be told to wait once more


def test_a_guest_under_attack_signs_in_where_the_guest_has_signed_in_before(limiter, store, clock):
    changes = limiter.reserve("ana", HOME).succeeded()
    assert [change.ttl_seconds for change in changes if isinstance(change, Put)] == [KNOWN_SECONDS]
    store.write(*changes)
    for _ in range(3):
        strangers(limiter, 200, tries=2)
        assert [wrong(limiter) for _ in range(9)] == [None] * 9
        assert right(limiter, store)
        assert wrong(limiter) is None
        assert wrong(limiter)[0] == "guest"
        clock.seconds += 900


def test_a_phone_that_has_signed_in_is_known_in_the_neighbourhood_of_its_address(limiter, store):
    assert right(limiter, store, address="2001:db8:7:1::5")
    strangers(limiter, 60, tries=10)
    assert right(limiter, store, address="2001:db8:7:ffff::1")


def test_a_guest_under_attack_signs_in_at_a_fresh_address_when_it_is_the_turn(limiter, store, clock):
    strangers(limiter, 300)
    clock.seconds += 9
    assert right(limiter, store)
    strangers(limiter, 300)
    assert right(limiter, store)  # it is known by now


@pytest.mark.parametrize(
    ("networks", "asked"),
    [
        (["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"], 10),  # one /64
        ([f"2001:db8:1:{number:x}::1" for number in range(0x100, 0x200)], 20),  # one /56
        ([f"2001:db8:1:{number:x}::1" for number in range(0, 0x4000, 64)], 40),  # one /48
        (["::ffff:192.0.2.7", "192.0.2.7", "64:ff9b::192.0.2.7", "2002:c000:207:5::1"], 10),
        (["64:ff9b:1::c000:207", "64:ff9b::192.0.2.7"], 10),
        (["64:ff9b::192.0.2.7", "64:ff9b::198.51.100.7"], 20),
        (["64:ff9b:1::192.0.2.7", "64:ff9b:1::198.51.100.7"], 20),
        (["2002:c000:207::1", "2002:c633:6407::1"], 20),
        (["2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:0:4136:e378:8000:63bf:3fff:fdd3"], 20),  # Teredo
    ],
)
def test_a_network_of_ipv6_may_little_more_than_one_address(limiter, networks, asked):
    tries = [wrong(limiter, address=address) for _ in range(11) for address in networks]
    assert tries.count(None) == asked


def test_a_48_may_four_times_what_one_address_may_whoever_is_tried(limiter):
    tries = [
        wrong(limiter, f"guest-{number}-{each}", f"2001:db8:1:{number:x}::1")
        for number in range(0, 0x5000, 256)
        for each in range(25)
    ]
    assert tries.count(None) == 400


def test_what_is_no_address_is_not_one_bucket_for_all(limiter, store):
    for number in range(200):
        assert wrong(limiter, f"guest-{number}", "unknown") is None
    assert right(limiter, store, "ana", "unknown")


def test_sign_ins_of_one_address_have_a_generous_limit(store, clock):
    limiter = make_limiter(store, clock, per_address=3)
    assert [right(limiter, store, f"guest-{number}") for number in range(31)].count(True) == 30
    assert right(limiter, store, "ana", "192.0.2.2")
    clock.seconds += 900
    assert right(limiter, store)


@pytest.mark.parametrize(
    "spellings",
    [
        ["ana", "ANA", " aNa ", "ａｎａ"],
        ["ana", "ána", "a\u0301na", "ãňå", "a\u200bna", "a\u2063n\u00ada", "a\ufe0fna", "an\u115fa"],
        ["İSTANBUL", "istanbul", "ıstanbul".replace("ı", "i"), "İstanbul"],
        ["straße", "STRASSE", "strasse"],
        ["josé@example.com", "JOSE@EXAMPLE.COM", "jose\u0301 @example.com"],
        ["łódź@example.com", "lodz@example.com", "ŁØDZ@example.com", "ⱡọđɀ@example.com"],
        ["ıgor", "igor", "IGOR"],
        ["5550100199", "(555) 010-0199", "555.010.0199", "5-5-5-0100199", "٥٥٥٠١٠٠١٩٩", "555–010 – 0199"],
        ["6000 0000 0000 0001", "6000-0000-0000-0001", "6000000000000001"],
    ],
)
def test_names_that_a_vendor_may_take_for_one_share_a_limit(limiter, spellings):
    assert [wrong(limiter, name) for _ in range(11) for name in spellings].count(None) == 10


@pytest.mark.parametrize(
    "names",
    [
        ["ana", "anna"],
        ["\u0301", "\u0308"],
        ["محمد", "احمد"],
        ["用户一", "用户二"],
        ["a-555", "a555"],
        ["555.1@a.example", "5551@a.example"],
        ["5550100199", "+15550100199"],
        ["--", "()"],
    ],
)
def test_names_that_differ_have_limits_of_their_own(limiter, names):
    assert [wrong(limiter, name) for _ in range(11) for name in names].count(None) == 20


def test_a_store_that_answers_too_late_costs_one_try_at_most(limiter, store, monkeypatch):
    count_up = store.count_up

    def late(limits):
        count_up(limits)
        raise StoreUnavailable("the store", StoreReason.TIMEOUT, "late")

    with monkeypatch.context() as patched:
        patched.setattr(store, "count_up", late)
        with pytest.raises(StoreUnavailable):
            limiter.reserve("ana", HOME)
    assert [wrong(limiter) for _ in range(11)].count(None) in {9, 10}
