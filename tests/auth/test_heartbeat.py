"""A lease is prolonged while its holder is at work, and for no longer."""

import threading

import pytest

from app.auth import heartbeat
from app.auth.heartbeat import LEASE_SECONDS, Heartbeat
from app.store import Reason, StoreUnavailable
from tests.stores import until


class Watched:
    """A store that remembers what was prolonged, and can be away."""

    def __init__(self):
        self.prolonged, self.is_away = [], False

    def prolong(self, held, ttl_seconds):
        assert ttl_seconds == LEASE_SECONDS
        if self.is_away:
            raise StoreUnavailable("the store", Reason.UNREACHABLE, "away")
        self.prolonged.append(sorted(held))


def still(monkeypatch):
    """A heartbeat that beats when it is told to."""
    monkeypatch.setattr(Heartbeat, "_work", lambda _: None)
    store = Watched()
    return store, Heartbeat(store)


def work_that_fails_after(step):
    step()
    raise RuntimeError


def test_a_lease_that_is_held_is_prolonged_at_each_beat_but_its_first(monkeypatch):
    store, heart = still(monkeypatch)
    with heart.kept("l:{a}", "one"):
        assert heart.beat()
        assert store.prolonged == []
        with heart.kept("l:{b}", "two"):
            heart.beat()
            heart.beat()
        heart.beat()
    assert not heart.beat()
    assert store.prolonged == [[("l:{a}", "one")], [("l:{a}", "one"), ("l:{b}", "two")], [("l:{a}", "one")]]


def test_what_is_given_back_quickly_costs_the_store_nothing(monkeypatch):
    store, heart = still(monkeypatch)
    for number in range(100):
        with heart.kept(f"l:{{{number}}}", "one"):
            pass
        heart.beat()
    assert store.prolonged == []


def test_a_block_that_ends_with_an_error_ends_the_beat(monkeypatch):
    store, heart = still(monkeypatch)
    with pytest.raises(RuntimeError), heart.kept("l:{a}", "one"):
        work_that_fails_after(heart.beat)
    assert not heart.beat()
    assert store.prolonged == []


def test_a_lease_that_is_handed_on_is_prolonged_until_the_last_lets_go(monkeypatch):
    store, heart = still(monkeypatch)
    first, second = heart.kept("l:{a}", "one"), heart.kept("l:{a}", "one")
    first.__enter__()
    with second:
        first.__exit__(None, None, None)
        heart.beat()
        heart.beat()
    assert not heart.beat()
    assert store.prolonged == [[("l:{a}", "one")]]


def test_a_store_that_is_away_for_a_beat_is_asked_at_the_next(monkeypatch):
    store, heart = still(monkeypatch)
    with heart.kept("l:{a}", "one"):
        heart.beat()
        store.is_away = True
        assert heart.beat()
        store.is_away = False
        heart.beat()
    assert store.prolonged == [[("l:{a}", "one")]]


def test_a_lease_outlives_several_beats_that_fail():
    assert LEASE_SECONDS >= 4 * heartbeat.BEAT_SECONDS


def test_one_thread_beats_for_all_and_ends_with_the_last(monkeypatch):
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.02)
    store = Watched()
    heart = Heartbeat(store)
    of_others = set(threading.enumerate())

    def hearts():
        return [each for each in threading.enumerate() if each.name == "heartbeat" and each not in of_others]

    for _ in range(2):
        with heart.kept("l:{a}", "one"), heart.kept("l:{b}", "two"):
            before = len(store.prolonged)
            until(lambda: len(store.prolonged) > before + 2)  # noqa: B023
            assert len(hearts()) == 1
        until(lambda: not hearts())


def test_a_machine_without_a_thread_left_costs_one_block_its_beats_and_no_other(monkeypatch):
    _store, heart = still(monkeypatch)
    started = []

    def start(thread):
        started.append(thread.name)
        if len(started) == 1:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    with heart.kept("l:{a}", "one"):
        assert started == ["heartbeat"]
    with heart.kept("l:{b}", "two"):
        assert started == ["heartbeat", "heartbeat"]
