"""Leases that could not be given back are given back when the store is there again."""

import time

import pytest

from app.auth import late_releases
from app.auth.late_releases import LateReleases
from app.store import Reason, StoreUnavailable, open_store
from tests.stores import until

LONG = 60


class Away:
    """A store that is away for as long as one says."""

    def __init__(self, store):
        self.store, self.is_away, self.tries = store, True, 0

    def release(self, lease, holder):
        self.tries += 1
        if self.is_away:
            raise StoreUnavailable("the store", Reason.UNREACHABLE, "away")
        self.store.release(lease, holder)


@pytest.fixture
def away(tmp_path, monkeypatch):
    monkeypatch.setattr(late_releases, "TRY_AGAIN_SECONDS", 0.02)
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    yield Away(store)
    store.close()


def test_a_lease_is_given_back_once_the_store_is_there_again(away):
    away.store.acquire("l:{a}", "one", LONG)
    away.store.acquire("l:{b}", "two", LONG)
    late = LateReleases(away, seconds=LONG)
    late.add("l:{a}", "one")
    late.add("l:{b}", "two")
    until(lambda: away.tries > 3)
    assert not away.store.acquire("l:{a}", "another", LONG)
    away.is_away = False
    until(lambda: away.store.acquire("l:{a}", "another", LONG) and away.store.acquire("l:{b}", "another", LONG))


def test_a_lease_that_somebody_else_has_by_then_stays_theirs(away):
    away.store.acquire("l:{a}", "another", LONG)
    away.is_away = False
    LateReleases(away, seconds=LONG).add("l:{a}", "one")
    until(lambda: away.tries)
    time.sleep(0.05)
    assert not away.store.acquire("l:{a}", "a third", LONG)


def test_nothing_is_tried_any_more_once_the_lease_has_ended_by_itself(away):
    LateReleases(away, seconds=1).add("l:{a}", "one")
    until(lambda: away.tries)
    time.sleep(1.5)  # longer than its life, on a busy machine too
    tries = away.tries
    time.sleep(0.1)
    assert away.tries == tries
