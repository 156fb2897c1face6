"""What each reply of Paytronix means: success, and what is read from it."""

import contextlib
import json
from datetime import timedelta

import pytest

from app.paytronix import (
    Guest,
    PaytronixError,
    Reason,
    Token,
)
from tests.paytronix.conftest import ACCOUNT, GivenReply, make_client
from tests.paytronix.replies import CALLS, EVERY_CALL, NOW, TOKEN, USER, error_of, failure, meet, reason_of

# --- Success ---


def test_a_token_reply_becomes_a_token():
    assert meet("sign-in", TOKEN) == Token(
        access_token="A",
        refresh_token="R",
        ends_at=NOW + timedelta(seconds=1800),
        lifetime_seconds=1800,
        username="guest@example.com",
    )


def test_the_end_of_a_token_is_counted_from_before_the_request():
    moments = iter([NOW, NOW + timedelta(seconds=9)])
    client = make_client(GivenReply(json.dumps(TOKEN).encode()), now=lambda: next(moments))
    assert client.token_by_password("ana", "secret").ends_at == NOW + timedelta(seconds=1800)


@pytest.mark.parametrize(
    ("brought", "kept"),
    [({"refresh_token": "new"}, "new"), ({"refresh_token": ""}, None), ({"refresh_token": None}, None)],
)
def test_a_refresh_brings_another_refresh_token_or_none(brought, kept):
    assert meet("refresh", TOKEN | brought).refresh_token == kept


def test_a_refresh_reply_without_a_refresh_token_has_none():
    token = meet("refresh", {"result": "success", "access_token": "B", "expires_in": 60, "printedCardNumber": 6000})
    assert (token.refresh_token, token.username, token.lifetime_seconds) == (None, None, 60)


@pytest.mark.parametrize(
    "brought",
    [{}, *({"expires_in": odd} for odd in (0, -5, "1800", "soon", None, True, 1800.0, [], {}, 10**12, 10**300))],
)
def test_a_missing_or_odd_lifetime_is_taken_for_the_documented_one(brought):
    token = meet("sign-in", {"result": "success", "access_token": "A"} | brought)
    assert (token.lifetime_seconds, token.odd_fields) == (1800, ("expires_in",))
    assert token.ends_at == NOW + timedelta(seconds=1800)


@pytest.mark.parametrize("lifetime", [1, 5, 1800, 86400])
def test_a_usable_lifetime_is_taken_as_it_is(lifetime):
    token = meet("sign-in", TOKEN | {"expires_in": lifetime})
    assert (token.lifetime_seconds, token.odd_fields) == (lifetime, ())


def test_a_user_reply_becomes_a_guest():
    assert meet("user", USER) == Guest(first_name="Ana", card_number="6000000000410017")


@pytest.mark.parametrize(
    "body",
    [
        {"result": "success"},
        {"result": "success", "fields": {}, "primaryCardNumbers": []},
        {"result": "success", "fields": {"firstName": ""}, "primaryCardNumbers": None},
        {"result": "success", "fields": {"firstName": None}, "primaryCardNumbers": [""]},
    ],
)
def test_a_guest_may_have_no_name_and_no_card(body):
    assert meet("user", body) == Guest(first_name=None, card_number=None)


@pytest.mark.parametrize("call", EVERY_CALL)
def test_unknown_fields_are_ignored(call):
    body = {"sign-in": TOKEN, "refresh": TOKEN, "user": USER, "account": ACCOUNT}.get(call, {"result": "success"})
    assert meet(call, body | {"new": {"deep": [1, 2.5, None]}}) == meet(call, body)


@pytest.mark.parametrize("status", [200, 201, 401, 403, 500, 503])
def test_a_readable_success_counts_before_the_status(status):
    assert meet("user", USER, status).first_name == "Ana"


def test_a_success_with_empty_failure_fields_is_a_success():
    assert meet("user", USER | {"errorCode": "", "errorMessage": None}).first_name == "Ana"


# --- What is told of a call ---


def told_of(call, body, status=200, headers=()):
    told = []
    client = make_client(GivenReply(body, status, headers), observe=told.append)
    with contextlib.suppress(PaytronixError):
        CALLS[call](client)
    (one,) = told
    return one


def test_each_call_is_told_of_once_with_its_shape():
    body = json.dumps(USER).encode()
    told = told_of("user", body, headers={"content-type": "application/json"})
    assert (told.operation, told.outcome, told.status, told.code) == ("guest/userInformation", "success", 200, None)
    assert (told.content_type, told.body_bytes) == ("application/json", len(body))
    assert 0 <= told.seconds < 5


@pytest.mark.parametrize(
    ("call", "body", "status", "outcome", "code"),
    [
        ("sign-in", failure("locked"), 200, "refused", "locked"),
        ("refresh", failure("locked"), 200, "refresh_refused", "locked"),
        ("user", failure("invalid_token"), 200, "token_rejected", "invalid_token"),
        ("user", b"<html>", 521, "error", "http:5xx"),
        ("user", b"<html>", 200, "protocol", "bad_response"),
        ("user", b"", 429, "throttled", "http:429"),
        ("user", failure("invalid_client"), 401, "credentials", "credentials"),
    ],
)
def test_each_failure_is_told_of_by_its_kind(call, body, status, outcome, code):
    told = told_of(call, body if isinstance(body, bytes) else json.dumps(body).encode(), status)
    assert (told.outcome, told.status, told.code) == (outcome, status, code)


# --- What is odd and costs nothing else ---


@pytest.mark.parametrize("call", ["sign-in", "refresh"])
@pytest.mark.parametrize(
    ("odd", "kept"),
    [
        ({"username": 7}, ("R", None)),
        ({"username": {"name": "ana"}}, ("R", None)),
        ({"username": ["ana"]}, ("R", "ana")),
        ({"refresh_token": 7}, (None, "guest@example.com")),
        ({"refresh_token": ["new"]}, ("new", "guest@example.com")),
        ({"refresh_token": False}, (None, "guest@example.com")),
        ({"printedCardNumber": 6000}, ("R", "guest@example.com")),
        ({"scope": 7, "token_type": []}, ("R", "guest@example.com")),
    ],
)
def test_an_odd_field_beside_it_costs_no_token(call, odd, kept):
    token = meet(call, TOKEN | odd)
    assert (token.access_token, (token.refresh_token, token.username)) == ("A", kept)
    (name, value), *_ = odd.items()
    is_told = name in {"username", "refresh_token"} and not isinstance(value, list)
    assert token.oddity == (f"the field {name}" if is_told else None)


@pytest.mark.parametrize(
    ("body", "guest"),
    [
        ({"fields": {"firstName": ["Ana"]}, "primaryCardNumbers": [600000017]}, ("Ana", "600000017")),
        ({"fields": {"firstName": ["", "Ana"]}, "primaryCardNumbers": "0600000017"}, ("Ana", "0600000017")),
        ({"fields": {"firstName": []}, "primaryCardNumbers": 600000017}, (None, "600000017")),
        ({"fields": {"firstName": " Ana "}, "primaryCardNumbers": " 0600000017 "}, ("Ana", "0600000017")),
        ({"fields": {"firstName": [" Ana"]}, "primaryCardNumbers": ["0600000017\n"]}, ("Ana", "0600000017")),
        ({"fields": {"style": "typed"}, "primaryCardNumbers": ["", None, "0600000025"]}, (None, "0600000025")),
        ({"fields": {"firstName": "Ana"}, "primaryCardNumbers": ["0600000017", "0600000025"]}, ("Ana", "0600000017")),
    ],
)
def test_a_guest_is_read_from_lists_and_numbers(body, guest):
    read = meet("user", {"result": "success"} | body)
    assert (read.first_name, read.card_number, read.odd_fields) == (*guest, ())


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        ({"fields": 7}, "the field fields"),
        ({"fields": ["firstName"]}, "the field fields"),
        ({"fields": {"firstName": 7}}, "the field firstName"),
        ({"fields": {"firstName": {"text": "Ana"}}}, "the field firstName"),
        ({"fields": None}, None),
    ],
)
def test_a_name_that_cannot_be_read_costs_no_card(odd, told):
    read = meet("user", USER | odd)
    assert (read.first_name, read.card_number, read.oddity) == (None, "6000000000410017", told)


def test_a_success_with_neither_card_nor_name_is_told_of():
    assert told_of("user", b'{"result":"success"}').detail == "neither a card nor a name"
    assert told_of("user", json.dumps(USER).encode()).detail is None


@pytest.mark.parametrize("call", EVERY_CALL)
def test_a_byte_order_mark_is_no_part_of_a_reply(call):
    mark = b"\xef\xbb\xbf"
    body = {"sign-in": TOKEN, "refresh": TOKEN, "user": USER, "account": ACCOUNT}.get(call, {"result": "success"})
    assert meet(call, mark + json.dumps(body).encode()) == meet(call, body)
    assert error_of(call, mark + json.dumps(failure("x.not_found")).encode()).code == "x.not_found"
    assert reason_of(call, mark + mark + json.dumps(body).encode()) == Reason.PROTOCOL
