"""What proves signing in runs on SQLite; what depends on the engine is in tests/auth/test_on_redis.py as well."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from app.auth.pseudonyms import Pseudonyms
from app.auth.refresh import TokenKeeper
from app.auth.sign_ins import SignIns, Tokens
from app.paytronix import PaytronixClient, RefreshRefused, Token, TokenRejected, Transport
from app.paytronix.client import TOKEN_CALL
from app.store import StoreUnavailable
from app.store.interface import Reason as StoreReason


@pytest.fixture
def store_url(sqlite_url):
    return sqlite_url


class Clock:
    """Seconds since 1970, moved by the test."""

    def __init__(self):
        self.seconds = float(1_780_000_000 // 900 * 900)  # when a window of 15 minutes begins

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


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


@pytest.fixture
def near_its_end(sign_ins, sign_in):
    """A sign-in whose token is good for a while, and is to be renewed."""
    now = datetime.now(UTC)
    soon = Tokens(access_token="a", refresh_token="r", ends_at=now + timedelta(seconds=25), refresh_at=now)
    assert sign_ins.save_tokens(sign_in, soon)
    return sign_in


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
