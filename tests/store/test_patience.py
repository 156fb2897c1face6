"""A request waits for the store only so long in all, however many operations it makes."""

import sys
import threading
from types import SimpleNamespace

import pytest

from app.store import Reason, StoreUnavailable, check_patience, patience, renew_patience
from app.store.patience import HEALTHY_SECONDS, longest_wait, operation

module = sys.modules["app.store.patience"]


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """What operations are measured with: it stands until one of them takes its time."""
    clock = SimpleNamespace(now=0.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(module, "time", clock)
    return clock


def take(seconds):
    with operation("the store"):
        module.time.now += seconds


def fail_after(seconds):
    with operation("the store"):
        module.time.now += seconds
        raise ValueError("slow, and then a failure")


def test_slow_operations_use_patience_up_and_the_next_fails_at_once():
    with patience(0.1):
        take(HEALTHY_SECONDS + 0.06)
        take(HEALTHY_SECONDS + 0.06)
        began = module.time.now
        with pytest.raises(StoreUnavailable, match="took too long together") as caught:
            take(1)
    assert caught.value.reason is Reason.TIMEOUT
    assert module.time.now == began


def test_operations_of_a_healthy_store_use_nothing_up():
    with patience(0.1):
        for _ in range(30):
            take(HEALTHY_SECONDS / 10)
        assert longest_wait(10) == pytest.approx(0.1 + HEALTHY_SECONDS)


def test_an_operation_that_fails_counts_too():
    with patience(0.01):
        with pytest.raises(ValueError, match="slow"):
            fail_after(HEALTHY_SECONDS + 0.02)
        with pytest.raises(StoreUnavailable):
            take(0)


def test_no_operation_may_take_longer_than_what_is_left():
    assert longest_wait(0.9) == 0.9
    with patience(0.2):
        assert longest_wait(0.9) == pytest.approx(0.2 + HEALTHY_SECONDS)
        assert longest_wait(0.1) == 0.1


def test_after_a_pause_that_was_not_the_stores_doing_it_is_counted_anew():
    with patience(0.02):
        take(HEALTHY_SECONDS + 0.03)
        renew_patience()
        take(0)


def test_threads_that_serve_no_request_have_no_limit():
    failures = []

    def work():
        try:
            take(HEALTHY_SECONDS + 0.05)
            renew_patience()
            take(0)
        except StoreUnavailable as failure:
            failures.append(failure)

    with patience(0.01):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    take(0)
    assert not failures


def test_what_cannot_be_repeated_is_begun_only_while_a_third_of_the_patience_is_left():
    with patience(0.2):
        take(HEALTHY_SECONDS + 0.08)
        check_patience()
        take(HEALTHY_SECONDS + 0.08)
        with pytest.raises(StoreUnavailable, match="too slow to keep"):
            check_patience()
        renew_patience()
        check_patience()
    check_patience()


def test_a_lease_is_given_back_though_the_patience_is_used_up(store, monkeypatch):
    store.acquire("l:{a}", "first", 60)
    with patience(0.01):
        take(HEALTHY_SECONDS + 0.05)
        with pytest.raises(StoreUnavailable):
            store.get("s:{a}")
        monkeypatch.setattr(module, "HEALTHY_SECONDS", 1)  # a moment that a busy machine keeps to
        store.release("l:{a}", "first")
    assert store.acquire("l:{a}", "second", 60)
