"""One refresh at a time, whoever asks; what was spent is never spent again."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.auth.pseudonyms import Pseudonyms
from app.auth.refresh import TokenKeeper
from app.auth.sign_ins import SignInEnded, SignIns, Tokens
from app.paytronix import Reason, TokenRejected, Unavailable
from app.paytronix.client import TOKEN_CALL
from app.store import StoreUnavailable
from app.store.interface import Reason as StoreReason
from app.store.observed import observed
from tests.auth.conftest import accepts_only, process


def test_many_threads_with_a_rejected_token_cause_one_refresh(keeper, sign_ins, sign_in, paytronix):
    paytronix.seconds = 0.3
    with ThreadPoolExecutor(50) as threads:
        calls = [
            threads.submit(keeper.call, sign_ins.find(sign_in.session_id), accepts_only("access-1")) for _ in range(50)
        ]
    assert {call.result() for call in calls} == {"access-1"}
    assert paytronix.spent == ["refresh-0"]


def test_two_processes_cause_one_refresh(store, sign_ins, sign_in, paytronix):
    paytronix.seconds = 0.3
    keepers = [TokenKeeper(store, sign_ins, paytronix, call_seconds=5, margin_seconds=30) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        calls = [
            threads.submit(keeper.call, sign_ins.find(sign_in.session_id), accepts_only("access-1"))
            for keeper in keepers
        ]
    assert {call.result() for call in calls} == {"access-1"}
    assert paytronix.spent == ["refresh-0"]


def test_who_comes_with_old_tokens_takes_the_renewed_ones_without_a_refresh(keeper, sign_ins, sign_in, paytronix):
    slow = sign_ins.find(sign_in.session_id)
    keeper.call(sign_ins.find(sign_in.session_id), accepts_only("access-1"))
    assert keeper.call(slow, accepts_only("access-1")) == "access-1"
    assert len(paytronix.spent) == 1


def test_a_failure_is_remembered_by_every_process_for_a_moment_and_forgotten_again(
    store, sign_ins, sign_in, paytronix, monkeypatch
):
    monkeypatch.setattr("app.auth.refresh.FAILURE_REMEMBERED_SECONDS", 1.5)
    paytronix.trouble = Unavailable(TOKEN_CALL, Reason.TIMEOUT)
    for _ in range(3):
        keeper = TokenKeeper(store, sign_ins, paytronix, call_seconds=5, margin_seconds=30)
        with pytest.raises(Unavailable) as caught:
            keeper.call(sign_ins.find(sign_in.session_id), accepts_only("access-1"))
        assert caught.value.reason is Reason.TIMEOUT
        paytronix.trouble = None
    time.sleep(1.6)
    assert keeper.call(sign_in, accepts_only("access-1")) == "access-1"


def test_a_refusal_ends_the_sign_in_for_all(keeper, sign_ins, sign_in, paytronix):
    paytronix.spent.append("refresh-0")
    with pytest.raises(SignInEnded):
        keeper.call(sign_in, accepts_only("access-1"))
    assert sign_ins.find(sign_in.session_id) is None


def test_who_signed_out_while_the_refresh_was_under_way_stays_signed_out(keeper, sign_ins, sign_in, paytronix):
    paytronix.during = lambda: sign_ins.end(sign_in)
    with pytest.raises(SignInEnded):
        keeper.call(sign_ins.find(sign_in.session_id), accepts_only("access-1"))
    assert sign_ins.find(sign_in.session_id) is None


def test_a_sign_in_without_a_refresh_token_ends_with_its_access_token(keeper, sign_ins, sign_in):
    bare = Tokens(
        access_token="a",
        refresh_token=None,
        ends_at=datetime.now(UTC) + timedelta(seconds=60),
        refresh_at=datetime.now(UTC) + timedelta(seconds=60),
    )
    sign_ins.save_tokens(sign_in, bare)
    with pytest.raises(SignInEnded):
        keeper.call(sign_in, accepts_only("access-1"))


def test_renewed_tokens_that_the_store_does_not_take_are_used_and_saved_when_it_is_back(
    store, keeper, sign_ins, sign_in, paytronix, monkeypatch
):
    put_back = store.replace

    def broken(*args):
        raise StoreUnavailable("test", StoreReason.UNREACHABLE, "for this test")

    monkeypatch.setattr(store, "replace", broken)
    assert keeper.call(sign_ins.find(sign_in.session_id), accepts_only("access-1")) == "access-1"
    assert sign_ins.find(sign_in.session_id).tokens.access_token == "access-0"

    other = TokenKeeper(store, sign_ins, paytronix, call_seconds=5, margin_seconds=30)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(other.call, sign_ins.find(sign_in.session_id), accepts_only("access-1"))
        time.sleep(0.3)
        assert not waiting.done()
        monkeypatch.setattr(store, "replace", put_back)
        assert waiting.result(10) == "access-1"
    assert paytronix.spent == ["refresh-0"]


@pytest.mark.parametrize("step", ["claim", "acquire"])
def test_nothing_is_spent_when_the_store_cannot_be_written(store, keeper, sign_in, paytronix, monkeypatch, step):
    def broken(*args, **named):
        raise StoreUnavailable("test", StoreReason.READONLY, "for this test")

    monkeypatch.setattr(store, step, broken)
    with pytest.raises(StoreUnavailable):
        keeper.call(sign_in, accepts_only("access-1"))
    assert paytronix.spent == []


def test_a_store_that_takes_nothing_leaves_no_thread_behind(store, keeper, sign_in, monkeypatch):
    """Or an outage in which guests go on asking would fill the machine with threads that try to give leases back."""

    def broken(*args, **named):
        raise StoreUnavailable("test", StoreReason.READONLY, "for this test")

    for name in ("claim", "acquire", "release"):
        monkeypatch.setattr(store, name, broken)
    before = set(threading.enumerate())
    for _ in range(5):
        with pytest.raises(StoreUnavailable):
            keeper.call(sign_in, accepts_only("access-1"))
    assert set(threading.enumerate()) == before


def test_a_refresh_asks_the_store_four_times(store, sign_ins, sign_in, paytronix):
    asked = []
    store = observed(store, lambda operation: asked.append(operation.name))
    sign_ins = SignIns(store, Pseudonyms(["key"]), idle_seconds=60, max_seconds=600, most_of_guest=20)
    keeper = TokenKeeper(store, sign_ins, paytronix, call_seconds=5, margin_seconds=30)
    keeper.call(sign_in, accepts_only("access-1"))
    assert asked == ["claim", "acquire", "replace", "release"]


def test_a_lease_whose_holder_died_is_taken_over_when_it_ends(store, sign_ins, sign_in, paytronix):
    assert store.acquire(f"l:{{{sign_in.name}}}", "a process that was killed", 0.5)
    keeper = TokenKeeper(store, sign_ins, paytronix, call_seconds=5, margin_seconds=30)
    started = time.monotonic()
    assert keeper.call(sign_in, accepts_only("access-1")) == "access-1"
    assert 0.3 < time.monotonic() - started < 3


def test_a_token_that_paytronix_never_accepts_costs_two_calls_and_one_refresh(keeper, sign_ins, sign_in, paytronix):
    tried = []

    def operation(access_token):
        tried.append(access_token)
        raise TokenRejected("guest/accountInformation", "invalid_token")

    with pytest.raises(SignInEnded):
        keeper.call(sign_in, operation)
    assert tried == ["access-0", "access-1"]
    assert paytronix.spent == ["refresh-0"]
    assert sign_ins.find(sign_in.session_id) is None


def test_a_renewed_token_that_was_renewed_again_meanwhile_ends_no_sign_in(keeper, sign_ins, sign_in):
    slow, quick = sign_ins.find(sign_in.session_id), sign_ins.find(sign_in.session_id)
    good, tried = ["access-1"], []

    def operation(access_token):
        return accepts_only(good[-1])(access_token)

    def slow_operation(access_token):
        tried.append(access_token)
        if access_token == "access-1":  # Paytronix drops it just now, and another page of the guest notices first
            good.append("access-2")
            assert keeper.call(quick, operation) == "access-2"
        return operation(access_token)

    assert keeper.call(slow, slow_operation) == "access-2"
    assert tried == ["access-0", "access-1", "access-2"]


def test_somebody_elses_renewed_token_that_is_rejected_is_renewed_once_more(keeper, sign_ins, sign_in, paytronix):
    slow = sign_ins.find(sign_in.session_id)
    keeper.call(sign_in, accepts_only("access-1"))
    assert keeper.call(slow, accepts_only("access-2")) == "access-2"
    assert paytronix.spent == ["refresh-0", "refresh-1"]


def test_who_waited_for_the_renewal_of_an_older_token_renews_its_own(keeper, sign_ins, sign_in, monkeypatch):
    old = sign_ins.find(sign_in.session_id)
    keeper.call(sign_ins.find(sign_in.session_id), accepts_only("access-1"))
    new = sign_ins.find(sign_in.session_id)
    take_over, reading = sign_ins.take_over, threading.Event()

    def read_slowly(sign_in, sealed):
        reading.set()
        time.sleep(0.3)
        take_over(sign_in, sealed)

    monkeypatch.setattr(sign_ins, "take_over", read_slowly)
    with ThreadPoolExecutor(2) as threads:
        leader = threads.submit(keeper.call, old, accepts_only("access-2"))
        assert reading.wait(5)
        follower = threads.submit(keeper.call, new, accepts_only("access-2"))
        assert [leader.result(), follower.result()] == ["access-2", "access-2"]


@pytest.mark.parametrize("processes", [1, 5])
def test_nobody_waits_for_the_early_renewal_of_a_token_that_is_still_good(
    store, sign_ins, near_its_end, paytronix, processes
):
    keepers = [TokenKeeper(store, sign_ins, paytronix, call_seconds=5, margin_seconds=30) for _ in range(processes)]
    paytronix.seconds, paytronix.trouble = 2, Unavailable(TOKEN_CALL, Reason.TIMEOUT)

    def page(number):
        tab, began = sign_ins.find(near_its_end.session_id), time.monotonic()
        assert keepers[number % processes].usable_token(tab) == "a"
        return time.monotonic() - began

    with ThreadPoolExecutor(5) as threads:
        *others, leader = sorted(threads.map(page, range(5)))
    assert max(others) < 1
    assert leader >= 2


def test_a_store_that_fails_during_an_early_renewal_stops_no_page(store, near_its_end, paytronix):
    way, sign_ins, keeper = process(store, paytronix)
    tab = sign_ins.find(near_its_end.session_id)
    way.is_cut = True
    assert keeper.usable_token(tab) == "a"
    assert paytronix.spent == []


def test_a_request_that_has_waited_long_begins_no_further_call(keeper, sign_in):
    late = replace(sign_in, began_at=time.monotonic() - 25)
    with pytest.raises(Unavailable) as caught:
        keeper.call(late, lambda _: pytest.fail("a call was made"))
    assert caught.value.reason is Reason.TIMEOUT
