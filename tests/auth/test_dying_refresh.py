"""A refresh whose process dies, hangs or loses the store: nobody waits for long, and no token is spent twice."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec import structs

from app.auth import refresh
from app.auth.sign_ins import SignInEnded, Tokens
from app.paytronix import RefreshRefused
from app.paytronix.client import TOKEN_CALL
from tests.auth.conftest import accepts_only, process, token
from tests.stores import until


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
