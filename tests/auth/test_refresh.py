"""The token keeper: one refresh, and nothing lost when the store fails at the wrong moment."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from app.auth.pseudonyms import Pseudonyms
from app.auth.refresh import TokenKeeper
from app.auth.sign_ins import SignInEnded, SignIns, Tokens
from app.paytronix import PaytronixClient, Reason, RefreshRefused, Token, TokenRejected, Transport, Unavailable
from app.paytronix.client import TOKEN_CALL
from app.store import StoreUnavailable
from app.store.interface import Reason as StoreReason


class FakePaytronix(PaytronixClient):
    """Gives a new pair of tokens for each refresh token, once, as the strictest vendor would."""

    def __init__(self):
        transport = Transport("http://127.0.0.1:9", client_id="c", client_secret="s")
        super().__init__(transport, merchant_id=1, client_id="c", client_secret="s", scope=["user_read"])
        self.spent, self.seconds, self.trouble = [], 0.0, None

    def token_by_refresh_token(self, refresh_token, *, guest):
        time.sleep(self.seconds)
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
    return SignIns(store, Pseudonyms(["key"]), idle_seconds=60, max_seconds=600)


@pytest.fixture
def keeper(store, sign_ins, paytronix):
    return TokenKeeper(store, sign_ins, paytronix, call_seconds=5, margin_seconds=30)


@pytest.fixture
def sign_in(sign_ins):
    return sign_ins.begin({"username": "ana"}, Tokens.of(token(0), margin_seconds=30))


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
    monkeypatch.setattr("app.auth.refresh.FAILURE_REMEMBERED_SECONDS", 0.3)
    paytronix.trouble = Unavailable(TOKEN_CALL, Reason.TIMEOUT)
    for _ in range(3):
        keeper = TokenKeeper(store, sign_ins, paytronix, call_seconds=5, margin_seconds=30)
        with pytest.raises(Unavailable) as caught:
            keeper.call(sign_ins.find(sign_in.session_id), accepts_only("access-1"))
        assert caught.value.reason is Reason.TIMEOUT
        paytronix.trouble = None
    time.sleep(0.4)
    assert keeper.call(sign_in, accepts_only("access-1")) == "access-1"


def test_a_refusal_ends_the_sign_in_for_all(keeper, sign_ins, sign_in, paytronix):
    paytronix.spent.append("refresh-0")
    with pytest.raises(SignInEnded):
        keeper.call(sign_in, accepts_only("access-1"))
    assert sign_ins.find(sign_in.session_id) is None


def test_who_signed_out_while_the_refresh_was_under_way_stays_signed_out(keeper, sign_ins, sign_in, paytronix):
    paytronix.seconds = 0.4
    threading.Timer(0.1, sign_ins.end, [sign_in]).start()
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


def test_nothing_is_spent_when_the_store_cannot_be_written(store, keeper, sign_in, paytronix, monkeypatch):
    def broken(*args):
        raise StoreUnavailable("test", StoreReason.READONLY, "for this test")

    monkeypatch.setattr(store, "acquire", broken)
    with pytest.raises(StoreUnavailable):
        keeper.call(sign_in, accepts_only("access-1"))
    assert paytronix.spent == []


def test_a_lease_whose_holder_died_is_taken_over_when_it_ends(store, sign_ins, sign_in, paytronix):
    assert store.acquire(f"l:{{{sign_in.name}}}", "a process that was killed", 0.5)
    keeper = TokenKeeper(store, sign_ins, paytronix, call_seconds=5, margin_seconds=30)
    started = time.monotonic()
    assert keeper.call(sign_in, accepts_only("access-1")) == "access-1"
    assert 0.3 < time.monotonic() - started < 3
