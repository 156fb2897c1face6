"""What every store promises, checked on each engine."""

import time

import pytest

from app.store import Claim, Decrement, Put, PutAndRelease
from tests.store.conftest import LONG, PAST_SHORT, SHORT, ends_by_time
from tests.stores import count_one, number_of


def test_a_record_is_given_back_until_it_is_deleted(store):
    store.put("s:{a}", b"value", LONG)
    assert store.get("s:{a}") == [b"value"]
    store.delete("s:{a}")
    assert store.get("s:{a}") == [None]


def test_records_come_in_the_order_of_their_keys_and_none_stands_for_an_absent_one(store):
    store.put("s:{a}", b"session", LONG)
    store.put("t:{a}", b"tokens", LONG)
    store.put("t:{b}", b"others", LONG)
    assert store.get("t:{b}", "t:{a}", "s:{b}", "s:{a}", "t:{a}") == [b"others", b"tokens", None, b"session", b"tokens"]


@pytest.mark.parametrize("value", [b"", b"\n", b"owner\nvalue\n", bytes(range(256)) * 40, b"\x00\xff"])
def test_a_value_may_be_any_bytes(store, value):
    for owner in (None, "guest"):
        store.put("s:{a}", value, LONG, owner)
        assert store.get("s:{a}") == [value]
        assert store.replace("s:{a}", value, b"new" + value, LONG)
        assert store.get("s:{a}") == [b"new" + value]


@ends_by_time
def test_records_that_are_put_together_have_their_owner_and_their_end(store):
    store.write(Put({"s:{a}": b"session", "t:{a}": b"tokens", "s:{b}": b"other"}, LONG, "guest"))
    store.write(Put({"s:{c}": b"session", "t:{c}": b"tokens"}, SHORT, "guest"))
    assert store.get("s:{a}", "t:{a}", "s:{b}", "t:{c}") == [b"session", b"tokens", b"other", b"tokens"]

    time.sleep(PAST_SHORT)
    assert store.get("s:{c}", "t:{c}") == [None, None]
    assert store.delete_owned("guest") == 3
    assert store.get("s:{a}", "t:{a}", "s:{b}") == [None, None, None]


def test_put_overwrites(store):
    store.put("s:{a}", b"old", LONG)
    store.put("s:{a}", b"new", LONG)
    assert store.get("s:{a}") == [b"new"]


@ends_by_time
def test_a_record_ends_by_itself(store):
    store.put("s:{a}", b"value", SHORT)
    assert store.get("s:{a}") == [b"value"]
    time.sleep(PAST_SHORT)
    assert store.get("s:{a}") == [None]
    assert not store.extend("s:{a}", ttl_seconds=LONG)
    assert not store.replace("s:{a}", b"value", b"new", LONG)
    assert store.get("s:{a}") == [None]


def test_a_record_with_no_time_to_live_left_ends_at_once(store):
    store.put("s:{a}", b"value", 0)
    store.put("s:{b}", b"value", LONG)
    store.extend("s:{b}", ttl_seconds=-1)
    time.sleep(0.01)
    assert store.get("s:{a}", "s:{b}") == [None, None]


def test_replace_changes_a_record_only_if_it_still_holds_the_old_value(store):
    store.put("t:{a}", b"one", LONG)
    assert store.replace("t:{a}", b"one", b"two", LONG)
    assert not store.replace("t:{a}", b"one", b"three", LONG)
    assert store.get("t:{a}") == [b"two"]


def test_replacing_a_record_by_what_it_holds_counts_as_done(store):
    store.put("t:{a}", b"one", LONG)
    assert store.replace("t:{a}", b"one", b"two", LONG)
    assert store.replace("t:{a}", b"one", b"two", LONG)


@ends_by_time
def test_replace_moves_the_end(store):
    store.put("t:{a}", b"one", SHORT)
    store.replace("t:{a}", b"one", b"two", LONG)
    store.put("t:{b}", b"one", LONG)
    store.replace("t:{b}", b"one", b"two", SHORT)
    time.sleep(PAST_SHORT)
    assert store.get("t:{a}", "t:{b}") == [b"two", None]


@ends_by_time
def test_extend_moves_the_end_to_later_or_earlier(store):
    store.put("s:{a}", b"value", SHORT)
    store.put("s:{b}", b"value", LONG)
    assert store.extend("s:{a}", ttl_seconds=LONG)
    assert store.extend("s:{b}", ttl_seconds=SHORT)
    time.sleep(PAST_SHORT)
    assert store.get("s:{a}", "s:{b}") == [b"value", None]


def test_a_deleted_record_is_revived_by_nothing_but_put(store):
    store.put("s:{a}", b"value", LONG, "guest")
    store.delete("s:{a}")
    assert not store.replace("s:{a}", b"value", b"new", LONG)
    assert not store.replace("s:{a}", b"", b"new", LONG)
    assert not store.extend("s:{a}", ttl_seconds=LONG)
    assert store.get("s:{a}") == [None]


def test_records_can_be_deleted_together_and_again(store):
    for key in ("s:{a}", "t:{a}", "s:{b}"):
        store.put(key, b"value", LONG)
    store.delete("s:{a}", "t:{a}", "never")
    store.delete("s:{a}", "t:{a}")
    assert store.get("s:{a}", "t:{a}", "s:{b}") == [None, None, b"value"]


def test_an_owner_s_records_end_together_and_no_others(store):
    for name in "abc":
        store.put(f"s:{{{name}}}", b"value", LONG, "guest")
        store.put(f"t:{{{name}}}", b"value", LONG, "guest")
    store.put("s:{d}", b"other", LONG, "another guest")
    store.put("s:{e}", b"nobody's", LONG)
    assert store.delete_owned("guest") == 6
    assert store.get("s:{a}", "t:{b}", "s:{c}", "s:{d}", "s:{e}") == [None, None, None, b"other", b"nobody's"]
    assert store.delete_owned("guest") == 0
    assert store.delete_owned("a stranger") == 0


@ends_by_time
def test_only_live_records_are_counted_as_ended(store):
    store.put("s:{a}", b"value", SHORT, "guest")
    store.put("s:{b}", b"value", LONG, "guest")
    store.put("s:{c}", b"value", LONG, "guest")
    store.delete("s:{c}")
    time.sleep(PAST_SHORT)
    assert store.delete_owned("guest") == 1


def test_a_record_belongs_to_whom_it_was_put_for_last(store):
    store.put("s:{a}", b"value", LONG, "first")
    store.put("s:{a}", b"value", LONG, "second")
    store.put("s:{b}", b"value", LONG, "first")
    store.put("s:{b}", b"value", LONG)
    assert store.delete_owned("first") == 0
    assert store.get("s:{a}", "s:{b}") == [b"value", b"value"]
    assert store.delete_all() == 1
    assert store.get("s:{a}", "s:{b}") == [None, b"value"]


@pytest.mark.parametrize("prolong", ["extend", "replace"])
@ends_by_time
def test_an_owner_is_found_by_records_that_were_prolonged(store, prolong):
    store.put("s:{a}", b"value", SHORT, "guest")
    if prolong == "extend":
        store.extend("s:{a}", ttl_seconds=LONG)
    else:
        store.replace("s:{a}", b"value", b"new", LONG)
    time.sleep(PAST_SHORT)
    for number in range(5):  # these clear away what is past its end
        store.put(f"s:{{{number}}}", b"value", LONG, "guest")
    assert store.delete_owned("guest") == 6
    assert store.get("s:{a}") == [None]


@ends_by_time
def test_an_owner_s_live_records_are_listed_with_those_first_that_end_first(store):
    store.put("s:{a}", b"value", 3 * LONG, "guest")
    store.put("s:{b}", b"value", LONG, "guest")
    store.put("s:{c}", b"value", 2 * LONG, "guest")
    store.put("s:{d}", b"value", SHORT, "guest")
    store.put("s:{e}", b"value", LONG, "another")
    assert store.owned("guest") == ["s:{d}", "s:{b}", "s:{c}", "s:{a}"]
    time.sleep(PAST_SHORT)
    store.extend("s:{b}", ttl_seconds=4 * LONG)
    assert store.owned("guest") == ["s:{c}", "s:{a}", "s:{b}"]
    store.delete("s:{a}")
    assert store.owned("guest") == ["s:{c}", "s:{b}"]
    assert store.owned("a stranger") == []


def test_whoever_puts_records_hears_how_many_the_owner_has(store):
    assert store.write(Put({"s:{x}": b"nobody's"}, LONG)) == 0
    for number in range(1, 4):
        names = {f"s:{{{number}}}": b"session", f"t:{{{number}}}": b"tokens"}
        assert store.write(Put(names, LONG, "guest"), Decrement(["one"])) == 2 * number
    assert store.write(Put({"s:{y}": b"other"}, LONG, "another")) == 1
    store.delete("s:{1}", "t:{1}", owner="guest")
    assert store.write(Put({"s:{2}": b"again"}, LONG, "guest")) == 4
    store.delete_owned("guest")
    assert store.write(Put({"s:{4}": b"session"}, LONG, "guest")) == 1


def test_everybody_s_records_end_together_and_nothing_else(store):
    for number in range(700):
        store.put(f"s:{{{number}}}", b"value", LONG, f"guest {number % 50}")
    store.put("f:{x}", b"nobody's", LONG)
    count_one(store, "failures")
    store.acquire("l:{x}", "holder", LONG)
    assert store.delete_all() == 700
    assert store.get("s:{0}", "s:{699}", "f:{x}") == [None, None, b"nobody's"]
    assert number_of(store, "failures") == 1
    assert not store.acquire("l:{x}", "other", LONG)
    assert store.delete_all() == 0


def test_what_is_live_and_has_an_owner_can_be_counted(store):
    assert store.count_owned(LONG) == 0
    for number in range(20):
        store.put(f"s:{{{number}}}", b"value", LONG, f"guest {number % 7}")
    store.put("j:{x}", b"nobody's", LONG)
    count_one(store, "failures")
    assert store.count_owned(LONG) == 20
    store.extend("s:{0}", ttl_seconds=LONG)
    store.replace("s:{1}", b"value", b"new", LONG)
    assert store.count_owned(LONG) == 20
    store.delete("s:{0}", "s:{1}")
    assert store.count_owned(LONG) == 18
    ended = store.delete_owned("guest 2")
    assert store.count_owned(LONG) == 18 - ended
    store.delete_all()
    assert store.count_owned(LONG) == 0


@ends_by_time
def test_what_is_past_its_end_is_not_counted(store):
    for number in range(5):
        store.put(f"s:{{{number}}}", b"value", SHORT, "guest")
    assert store.count_owned(SHORT) == 5
    time.sleep(PAST_SHORT)
    assert store.count_owned(SHORT) == 0


@ends_by_time
def test_an_end_that_comes_nearer_as_a_sign_in_grows_old_is_counted_to_its_end(store):
    usual = 3.0
    store.put("s:{a}", b"value", usual, "guest")
    time.sleep(1.2)
    store.extend("s:{a}", ttl_seconds=1.8)  # its absolute end is at 3.0
    time.sleep(0.9)
    assert store.count_owned(usual) == 1
    time.sleep(1.2)
    assert store.count_owned(usual) == 0


def test_a_store_says_what_it_is(store):
    facts = store.facts()
    assert facts.engine.startswith(("SQLite 3.", "Redis "))
    assert facts.is_encrypted


def test_changes_are_made_in_their_order(store):
    store.claim("j:{a}", "holder", LONG)
    store.write(
        Put({"s:{a}": b"old", "t:{b}": b"tokens"}, LONG, "guest"),
        Put({"s:{a}": b"new"}, LONG, "guest"),
        PutAndRelease("j:{a}", "holder", b"outcome", LONG),
    )
    assert store.get("s:{a}", "t:{b}", "j:{a}") == [b"new", b"tokens", b"outcome"]
    assert store.acquire("j:{a}", "other", LONG)
    assert store.delete_owned("guest") == 2
    assert store.get("j:{a}") == [b"outcome"]


@ends_by_time
def test_who_settles_too_late_takes_the_lease_from_nobody(store):
    store.claim("j:{a}", "first", 0.01)
    time.sleep(0.05)
    assert store.claim("j:{a}", "second", LONG).is_held
    store.write(PutAndRelease("j:{a}", "first", b"value", SHORT))
    assert store.claim("j:{a}", "third", LONG, records=["j:{a}"]) == Claim(False, [b"value"])
    time.sleep(PAST_SHORT)
    assert store.get("j:{a}") == [None]


def test_records_counters_and_leases_of_one_name_do_not_meet(store):
    store.put("{x}", b"value", LONG)
    count_one(store, "{x}")
    assert store.acquire("{x}", "holder", LONG)
    store.delete("{x}")
    assert store.get("{x}") == [None]
    assert number_of(store, "{x}") == 1
    assert not store.acquire("{x}", "other", LONG)


def test_a_ping_of_a_store_that_works_returns_and_touches_nobody_s_records(store):
    store.put("s:{a}", b"value", LONG, "guest")
    store.ping()
    store.ping()
    assert store.count_owned(LONG) == 1
    assert store.delete_all() == 1


def test_a_closed_store_can_be_used_again(store):
    store.put("s:{a}", b"value", LONG)
    store.close()
    assert store.get("s:{a}") == [b"value"]
    store.close()
    store.close()
