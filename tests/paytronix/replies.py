"""Replies of Paytronix, and what each call makes of them."""

import json
from datetime import UTC, datetime

import pytest

from app.paytronix import (
    RefreshRefused,
    Refused,
    TokenRejected,
    Unavailable,
)
from tests.paytronix.conftest import GivenReply, make_client

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TOKEN = {
    "result": "success",
    "access_token": "A",
    "expires_in": 1800,
    "refresh_token": "R",
    "scope": "account_write user_write user_read account_read",
    "token_type": "bearer",
    "username": "guest@example.com",
}
USER = {
    "result": "success",
    "accountIds": [123456789],
    "addresses": [{"addressId": 1, "label": "Primary Address"}],
    "fields": {"username": "guest@example.com", "emailVerified": True, "firstName": "Ana", "lastName": "Lee"},
    "primaryCardNumbers": ["6000000000410017", "6000000000410018"],
}

CALLS = {
    "sign-in": lambda client: client.token_by_password("ana", "secret"),
    "refresh": lambda client: client.token_by_refresh_token("R"),
    "user": lambda client: client.user_information("A", "ana"),
    "account": lambda client: client.account_information("A", "6000000000410017"),
    "edit": lambda client: client.post("enrollment/editAccount", "A", lambda body: None),
}
EVERY_CALL = list(CALLS)
DATA_CALLS = ["user", "account", "edit"]


def meet(call, body, status=200, headers=(), **options):
    """Make a call that meets this reply."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return CALLS[call](make_client(GivenReply(body, status, headers), now=lambda: NOW, **options))


def error_of(call, body, status=200, headers=(), **options):
    """What a call raises that meets this reply."""
    with pytest.raises((Refused, TokenRejected, RefreshRefused, Unavailable)) as caught:
        meet(call, body, status, headers, **options)
    return caught.value


def reason_of(call, body, status=200, headers=()):
    error = error_of(call, body, status, headers)
    assert type(error) is Unavailable, repr(error)
    return error.reason


def failure(code, **fields):
    return {"result": "failure", "errorCode": code, "errorMessage": "In their words", **fields}
