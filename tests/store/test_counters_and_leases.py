"""What every store promises of counters and leases."""

import time

from app.store import Claim, Decrement, Limit, Put
from tests.store.conftest import LONG, PAST_SHORT, SHORT, ends_by_time
from tests.stores import number_of


@ends_by_time
def test_a_counter_counts_within_a_window_that_begins_at_the_first_count(store):
    assert [store.count_up({"failures": Limit(3, SHORT)}) for _ in range(4)] == [None, None, None, "failures"]
    time.sleep(PAST_SHORT / 2)
    assert store.count_up({"failures": Limit(4, LONG)}) is None
    assert store.count_up({"failures": Limit(4, LONG)}) == "failures"
    time.sleep(PAST_SHORT / 2)
    assert [store.count_up({"failures": Limit(1, LONG)}) for _ in range(2)] == [None, "failures"]
    time.sleep(PAST_SHORT)
    assert store.count_up({"failures": Limit(1, SHORT)}) == "failures"


def numbers(store, *keys):
    return [number_of(store, key) for key in keys]


@ends_by_time
def test_several_counters_are_counted_up_until_the_first_of_them_is_full_and_then_none_is(store):
    limits = {"{a}one": Limit(3, LONG), "{b}two": Limit(2, SHORT), "{a}three": Limit(2, LONG)}
    assert [store.count_up(limits) for _ in range(2)] == [None, None]
    assert numbers(store, *limits) == [2, 2, 2]
    assert store.count_up(limits) in {"{b}two", "{a}three"}
    assert store.count_up({"{a}one": Limit(3, LONG), "{a}three": Limit(2, LONG)}) == "{a}three"
    assert store.count_up({"{b}two": Limit(2, LONG), "{a}three": Limit(3, LONG)}) == "{b}two"
    assert numbers(store, *limits) == [2, 2, 2]
    time.sleep(PAST_SHORT)
    assert store.count_up({"{b}two": Limit(2, LONG), "{a}three": Limit(3, LONG)}) is None
    assert numbers(store, *limits) == [2, 1, 3]


@ends_by_time
def test_counts_are_taken_back_and_never_below_nothing(store):
    for _ in range(2):
        store.count_up({"{a}one": Limit(9, SHORT), "{b}two": Limit(9, LONG)})
    store.count_up({"{a}one": Limit(9, LONG)})
    store.write(Decrement(["{a}one", "{b}two", "{b}never"]), Put({"s:{a}": b"session"}, LONG))
    assert numbers(store, "{a}one", "{b}two", "{b}never") == [2, 1, 0]
    for _ in range(3):
        store.write(Decrement(["{b}two"]))
    assert numbers(store, "{b}two") == [0]
    assert store.count_up({"{b}two": Limit(1, LONG)}) is None
    time.sleep(PAST_SHORT)
    store.write(Decrement(["{a}one"]))
    assert numbers(store, "{a}one") == [0]
    assert [store.count_up({"{a}one": Limit(1, LONG)}) for _ in range(2)] == [None, "{a}one"]


def test_a_lease_has_one_holder(store):
    assert store.acquire("l:{a}", "first", LONG)
    assert not store.acquire("l:{a}", "second", LONG)
    assert store.acquire("l:{b}", "second", LONG)


def test_a_lease_is_released_by_its_holder_only(store):
    store.acquire("l:{a}", "first", LONG)
    store.release("l:{a}", holder="second")
    assert not store.acquire("l:{a}", "second", LONG)
    store.release("l:{a}", holder="first")
    assert store.acquire("l:{a}", "second", LONG)
    store.release("l:{a}", holder="first")
    assert not store.acquire("l:{a}", "first", LONG)


@ends_by_time
def test_a_lease_ends_by_itself(store):
    store.acquire("l:{a}", "first", SHORT)
    time.sleep(PAST_SHORT)
    assert store.acquire("l:{a}", "second", LONG)
    store.release("l:{a}", holder="first")
    assert not store.acquire("l:{a}", "first", LONG)


@ends_by_time
def test_its_holder_may_take_a_lease_anew_and_for_longer(store):
    store.acquire("l:{a}", "first", SHORT)
    assert store.acquire("l:{a}", "first", LONG)
    time.sleep(PAST_SHORT)
    assert not store.acquire("l:{a}", "second", LONG)


@ends_by_time
def test_a_lease_is_prolonged_for_its_holder_only_and_never_taken_again(store):
    store.acquire("l:{a}", "first", SHORT)
    store.acquire("l:{b}", "first", SHORT)
    store.acquire("l:{c}", "first", SHORT)
    store.release("l:{c}", holder="first")
    store.prolong([("l:{a}", "first"), ("l:{b}", "another"), ("l:{c}", "first"), ("l:{d}", "first")], LONG)
    assert store.acquire("l:{c}", "second", LONG), "it was given back before"
    assert store.acquire("l:{d}", "second", LONG), "nobody had it"
    time.sleep(PAST_SHORT)
    assert not store.acquire("l:{a}", "second", LONG)
    assert store.acquire("l:{b}", "second", LONG)


@ends_by_time
def test_a_lease_that_has_ended_is_not_prolonged_though_nobody_has_taken_it(store):
    store.acquire("l:{a}", "first", SHORT)
    time.sleep(PAST_SHORT)
    store.prolong([("l:{a}", "first")], LONG)
    assert store.acquire("l:{a}", "second", LONG)


@ends_by_time
def test_a_claim_takes_a_lease_and_reads_what_belongs_to_it(store):
    store.put("j:{a}", b"\nvalue", LONG)
    assert store.claim("j:{a}", "first", LONG) == Claim(True, [])
    second = store.claim("j:{a}", "second", LONG, records=["j:{b}", "j:{a}"])
    assert second == Claim(False, [None, b"\nvalue"])
    assert store.claim("j:{a}", "first", SHORT, records=["j:{a}"]) == Claim(True, [b"\nvalue"])
    time.sleep(PAST_SHORT)
    assert store.claim("j:{a}", "second", LONG).is_held
    assert not store.acquire("j:{a}", "first", LONG)
