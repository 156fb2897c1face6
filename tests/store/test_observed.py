"""A store that tells how its operations went, and nothing of what is in them."""

import inspect

import pytest

from app.store import Limit, Put, Store, StoreUnavailable, open_store
from app.store import observed as observed_store

LONG = 60
MARKERS = ("marker-key", "marker-value", "marker-owner", "marker-holder")


@pytest.fixture
def told():
    return []


@pytest.fixture
def observed(store, told):
    return observed_store(store, told.append)


def operations():
    return {
        name
        for name, _ in inspect.getmembers(Store, inspect.isfunction)
        if not name.startswith("_") and name != "close"
    }


def test_every_operation_is_passed_on_and_told_of(observed, told):
    assert observed.put("marker-key", b"marker-value", LONG, "marker-owner") is None
    assert observed.get("marker-key", "other") == [b"marker-value", None]
    assert observed.replace("marker-key", b"marker-value", b"new", LONG)
    assert observed.extend("marker-key", ttl_seconds=LONG)
    assert observed.count_owned(LONG) == 1
    assert observed.count_up({"marker-five": Limit(1, LONG)}) is None
    assert observed.write(Put({"marker-two": b"marker-value"}, LONG, "marker-two-owner")) == 1
    assert observed.owned("marker-two-owner") == ["marker-two"]
    assert observed.acquire("marker-key", "marker-holder", LONG)
    observed.prolong([("marker-key", "marker-holder")], LONG)
    observed.release("marker-key", holder="marker-holder")
    assert observed.claim("marker-key", "marker-holder", LONG, records=["marker-three"]).is_held
    observed.ping()
    observed.facts()
    observed.delete("marker-key", owner="marker-owner")
    assert observed.delete_owned("marker-owner") == 0
    assert observed.delete_all() == 1
    assert {each.name for each in told} == operations()
    assert {each.outcome for each in told} == {"done"}
    assert all(each.seconds >= 0 for each in told)
    assert not any(marker in repr(told) for marker in MARKERS)


def test_an_answer_of_no_is_told_apart(observed, told):
    assert not observed.replace("s:{a}", b"old", b"new", LONG)
    assert not observed.extend("s:{a}", ttl_seconds=LONG)
    observed.acquire("l:{a}", "one", LONG)
    assert not observed.acquire("l:{a}", "another", LONG)
    assert not observed.claim("l:{a}", "another", LONG).is_held
    assert [each.outcome for each in told] == ["declined", "declined", "done", "declined", "declined"]


def test_a_failure_is_told_with_its_reason_and_raised(told):
    store = observed_store(open_store("redis://127.0.0.1:1/0"), told.append)
    with pytest.raises(StoreUnavailable):
        store.get("marker-key")
    assert [(each.name, each.outcome) for each in told] == [("get", "unreachable")]
