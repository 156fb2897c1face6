"""The token keeper: one refresh, and nothing lost when the store fails at the wrong moment."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from app.auth import refresh
from app.auth.pseudonyms import Pseudonyms
from app.auth.refresh import TokenKeeper
from app.auth.sign_ins import SignInEnded, SignIns, Tokens
from app.paytronix import PaytronixClient, Reason, RefreshRefused, Token, TokenRejected, Transport, Unavailable
from app.paytronix.client import TOKEN_CALL
from app.store import StoreUnavailable
from app.store.interface import Reason as StoreReason
from app.store.observed import observed
from tests.stores import until


class FakePaytronix(PaytronixClient):
    """Gives a new pair of tokens for each refresh token, once, as the strictest vendor would."""

    def __init__(self):
        transport = Transport("http://127.0.0.1:9", client_id="c", client_secret="s")
        super().__init__(transport, merchant_id=1, client_id="c", client_secret="s", scope=["user_read"])
        self.spent, self.seconds, self.trouble, self.during = [], 0.0, None, lambda: None

    def token_by_refresh_token(self, refresh_token, *, guest):
        time.sleep(self.seconds)
        self.during()
        if self.trouble:
            raise self.trouble
        if refresh_token in self.spent:
            raise RefreshRefused(TOKEN_CALL, "invalid_grant")
        self.spent.append(refresh_token)
        return token(len(self.spent))


def token(number):
    return Token(
        access_token=f"access-{number}",
        refresh_token=f"refresh-{number}",
        ends_at=datetime.now(UTC) + timedelta(seconds=1800),
        lifetime_seconds=1800,
    )


@pytest.fixture
def paytronix():
    return FakePaytronix()


@pytest.fixture
def sign_ins(store):
    return SignIns(store, Pseudonyms(["key"]), idle_seconds=60, max_seconds=600, most_of_guest=20)


@pytest.fixture
def keeper(store, sign_ins, paytronix):
    return TokenKeeper(store, sign_ins, paytronix, call_seconds=5, margin_seconds=30)


@pytest.fixture
def sign_in(sign_ins):
    return sign_ins.keep(sign_ins.new({"username": "ana"}, Tokens.of(token(0), margin_seconds=30)))


def accepts_only(good):
    def operation(access_token):
        if access_token != good:
            raise TokenRejected("guest/accountInformation", "invalid_token")
        return access_token

    return operation


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


def test_a_token_near_its_end_is_used_on_when_it_cannot_be_renewed_early(keeper, sign_ins, sign_in, paytronix):
    soon = Tokens(
        access_token="a",
        refresh_token="r",
        ends_at=datetime.now(UTC) + timedelta(seconds=20),
        refresh_at=datetime.now(UTC) - timedelta(seconds=1),
    )
    assert sign_ins.save_tokens(sign_in, soon)
    paytronix.trouble = Unavailable(TOKEN_CALL, Reason.TIMEOUT)
    assert keeper.usable_token(sign_in) == "a"


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


class Cuttable:
    """One process's way to the store, which can be cut."""

    def __init__(self, store):
        self._store, self.is_cut = store, False

    def __getattr__(self, name):
        def operation(*args, **kwargs):
            if self.is_cut:
                raise StoreUnavailable("test", StoreReason.UNREACHABLE, "cut for this test")
            return getattr(self._store, name)(*args, **kwargs)

        return operation


def process(store, paytronix, *, call_seconds=0.5):
    """What one process has: its way to the store, its sign-ins, its keeper."""
    way = Cuttable(store)
    sign_ins = SignIns(way, Pseudonyms(["key"]), idle_seconds=60, max_seconds=600, most_of_guest=20)
    return way, sign_ins, TokenKeeper(way, sign_ins, paytronix, call_seconds=call_seconds, margin_seconds=30)


def cut_while_it_renews(paytronix, *ways):
    """Cut these ways to the store as soon as Paytronix has given the next new tokens."""
    give = paytronix.token_by_refresh_token

    def give_and_cut(refresh_token, *, guest):
        new = give(refresh_token, guest=guest)
        for way in ways:
            way.is_cut = True
        paytronix.token_by_refresh_token = give
        return new

    paytronix.token_by_refresh_token = give_and_cut


@pytest.fixture
def short_lease(monkeypatch):
    monkeypatch.setattr(refresh, "LEASE_SECONDS", 1)
    monkeypatch.setattr("app.auth.heartbeat.LEASE_SECONDS", 1)
    monkeypatch.setattr("app.auth.heartbeat.BEAT_SECONDS", 0.2)


def test_an_outage_longer_than_the_lease_loses_no_sign_in_and_spends_no_token_twice(
    store, sign_in, paytronix, short_lease
):
    (way, sign_ins, keeper), (other_way, others, other) = process(store, paytronix), process(store, paytronix)
    mine, theirs = sign_ins.find(sign_in.session_id), others.find(sign_in.session_id)
    cut_while_it_renews(paytronix, way, other_way)
    assert keeper.call(mine, accepts_only("access-1")) == "access-1"
    time.sleep(1.2)  # the lease has ended
    other_way.is_cut = False
    threading.Timer(0.3, lambda: setattr(way, "is_cut", False)).start()
    theirs.began_at = time.monotonic()
    assert other.call(theirs, accepts_only("access-1")) == "access-1"
    assert paytronix.spent == ["refresh-0"]
    assert others.find(sign_in.session_id).tokens.access_token == "access-1"


def test_a_process_out_of_reach_that_saves_before_it_counts_as_dead_keeps_the_guest_signed_in(
    store, sign_in, paytronix, short_lease
):
    (way, sign_ins, keeper), (_, others, other) = process(store, paytronix), process(store, paytronix, call_seconds=5)
    cut_while_it_renews(paytronix, way)
    assert keeper.call(sign_ins.find(sign_in.session_id), accepts_only("access-1")) == "access-1"
    threading.Timer(2.5, lambda: setattr(way, "is_cut", False)).start()  # its lease has run out
    assert other.call(others.find(sign_in.session_id), accepts_only("access-1")) == "access-1"
    assert paytronix.spent == ["refresh-0"]


def dies_while_it_renews(store, sign_in, paytronix, *, has_spent):
    """What a process leaves that was killed in the middle of a refresh: two leases, and nobody who prolongs them."""
    for lease, seconds in ((f"l:{{{sign_in.name}}}", refresh.LEASE_SECONDS), (f"x:{{{sign_in.name}}}", 135)):
        assert store.acquire(lease, "a process that was killed", seconds)
    if has_spent:
        paytronix.spent.append("refresh-0")


def test_a_guest_whose_process_died_with_the_renewed_tokens_signs_in_anew(
    store, sign_in, paytronix, short_lease, monkeypatch
):
    monkeypatch.setattr(refresh, "LATE_SECONDS", 0.5)
    dies_while_it_renews(store, sign_in, paytronix, has_spent=True)
    _, sign_ins, keeper = process(store, paytronix)
    with pytest.raises(SignInEnded):
        keeper.call(sign_ins.find(sign_in.session_id), accepts_only("access-1"))
    assert sign_ins.find(sign_in.session_id) is None


def test_a_guest_whose_process_died_before_the_refresh_token_was_spent_goes_on(
    store, sign_in, paytronix, short_lease, monkeypatch
):
    monkeypatch.setattr(refresh, "LATE_SECONDS", 0.5)
    dies_while_it_renews(store, sign_in, paytronix, has_spent=False)
    _, sign_ins, keeper = process(store, paytronix)
    assert keeper.call(sign_ins.find(sign_in.session_id), accepts_only("access-1")) == "access-1"


def test_within_twenty_seconds_a_guest_whose_process_died_has_an_answer():
    """From the kill: the lease's end, the wait for who may be late, the pauses between looks."""
    assert (
        refresh.LEASE_SECONDS + refresh.LATE_SECONDS + 2 * refresh.LONGEST_PAUSE_SECONDS < 15
    )  # the rest is the call's


@pytest.mark.parametrize(("call_seconds", "least_seconds"), [(5, 8), (10, 8), (20, 14 + 4), (60, 54 + 4)])
def test_nobody_counts_as_dead_while_the_call_may_still_be_under_way(call_seconds, least_seconds):
    assert refresh.late_seconds(call_seconds) == least_seconds


def test_nobody_waits_for_who_may_be_late_while_the_token_is_good(store, near_its_end, paytronix, short_lease):
    store.acquire(f"x:{{{near_its_end.name}}}", "a process that was killed", 135)
    _, sign_ins, keeper = process(store, paytronix)
    assert keeper.usable_token(sign_ins.find(near_its_end.session_id)) == "a"
    assert paytronix.spent == []


def renewed_without_a_new_refresh_token(sign_in):
    """Tokens of a vendor whose refresh tokens stay."""
    return Tokens.of(structs.replace(token(1), refresh_token=None), margin_seconds=30, former=sign_in.tokens)


def test_who_is_late_with_tokens_is_seen_where_refresh_tokens_stay(store, sign_in, paytronix, short_lease):
    store.acquire(f"x:{{{sign_in.name}}}", "a process that is late", 135)
    _, sign_ins, keeper = process(store, paytronix, call_seconds=5)
    late = sign_ins.find(sign_in.session_id)
    threading.Timer(0.5, lambda: sign_ins.save_tokens(late, renewed_without_a_new_refresh_token(late))).start()
    assert keeper.call(sign_ins.find(sign_in.session_id), accepts_only("access-1")) == "access-1"
    assert paytronix.spent == []


def test_a_refusal_ends_no_sign_in_that_has_newer_tokens_where_refresh_tokens_stay(
    keeper, sign_ins, sign_in, paytronix
):
    other = sign_ins.find(sign_in.session_id)
    paytronix.during = lambda: sign_ins.save_tokens(other, renewed_without_a_new_refresh_token(other))
    paytronix.trouble = RefreshRefused(TOKEN_CALL, "invalid_grant")
    assert keeper.call(sign_in, accepts_only("access-1")) == "access-1"


def test_a_slow_holder_is_told_from_a_dead_one(store, sign_in, paytronix, short_lease):
    paytronix.seconds = 3  # three times as long as the lease lives without a beat
    (_, sign_ins, keeper), (_, others, other) = (process(store, paytronix, call_seconds=9) for _ in range(2))
    with ThreadPoolExecutor(2) as threads:
        slow = threads.submit(keeper.call, sign_ins.find(sign_in.session_id), accepts_only("access-1"))
        until(lambda: not store.acquire(f"l:{{{sign_in.name}}}", "whoever looks", 0.001))
        waiting = threads.submit(other.call, others.find(sign_in.session_id), accepts_only("access-1"))
        assert [slow.result(), waiting.result()] == ["access-1", "access-1"]
    assert paytronix.spent == ["refresh-0"]


def test_a_process_that_was_paused_beyond_its_lease_signs_nobody_out(
    store, sign_in, paytronix, short_lease, monkeypatch
):
    monkeypatch.setattr("app.auth.heartbeat.Heartbeat.beat", lambda _: True)  # it is paused as a whole
    (_, sign_ins, keeper), (_, others, other) = process(store, paytronix), process(store, paytronix)
    save = sign_ins.save_tokens

    def save_after_a_pause(*args):
        time.sleep(2)
        return save(*args)

    sign_ins.save_tokens = save_after_a_pause
    with ThreadPoolExecutor(2) as threads:
        paused = threads.submit(keeper.call, sign_ins.find(sign_in.session_id), accepts_only("access-1"))
        until(lambda: paytronix.spent)
        taking_over = threads.submit(other.call, others.find(sign_in.session_id), accepts_only("access-1"))
        assert [paused.result(), taking_over.result()] == ["access-1", "access-1"]
    assert others.find(sign_in.session_id) is not None


def test_a_process_that_ends_waits_for_tokens_that_are_not_saved_yet(store, sign_in, paytronix):
    way, sign_ins, keeper = process(store, paytronix)
    cut_while_it_renews(paytronix, way)
    assert keeper.finish(0)
    keeper.call(sign_ins.find(sign_in.session_id), accepts_only("access-1"))
    assert not keeper.finish(0.3)
    way.is_cut = False
    assert keeper.finish(5)
    assert sign_ins.find(sign_in.session_id).tokens.access_token == "access-1"


def test_a_process_that_may_wait_no_longer_gives_up(store, sign_in, paytronix):
    way, sign_ins, keeper = process(store, paytronix)
    cut_while_it_renews(paytronix, way)
    keeper.call(sign_ins.find(sign_in.session_id), accepts_only("access-1"))
    keeper.give_up()
    assert keeper.finish(0)
    way.is_cut = False
    assert sign_ins.find(sign_in.session_id).tokens.access_token == "access-0"


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


@pytest.fixture
def near_its_end(sign_ins, sign_in):
    """A sign-in whose token is good for a while, and is to be renewed."""
    now = datetime.now(UTC)
    soon = Tokens(access_token="a", refresh_token="r", ends_at=now + timedelta(seconds=25), refresh_at=now)
    assert sign_ins.save_tokens(sign_in, soon)
    return sign_in


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
