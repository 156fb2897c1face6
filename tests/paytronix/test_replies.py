"""What every kind of reply means (docs/paytronix.md, 3)."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from app.paytronix import (
    Guest,
    PaytronixError,
    Reason,
    RefreshRefused,
    Refused,
    Token,
    TokenRejected,
    Unavailable,
)
from tests.paytronix.conftest import ACCOUNT, GivenReply, make_client

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


@pytest.mark.parametrize("odd", [0, -5, "1800", "soon", None, True, 1800.0, [], {}, 10**12, 10**300])
def test_an_odd_lifetime_is_taken_for_the_documented_one(odd):
    token = meet("sign-in", TOKEN | {"expires_in": odd})
    assert (token.lifetime_seconds, token.odd_fields) == (1800, ("expires_in",))
    assert token.ends_at == NOW + timedelta(seconds=1800)


def test_a_missing_lifetime_is_taken_for_the_documented_one():
    token = meet("sign-in", {"result": "success", "access_token": "A"})
    assert (token.lifetime_seconds, token.odd_fields) == (1800, ("expires_in",))


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


# --- Failure envelopes ---


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500, 521])
@pytest.mark.parametrize(
    "code", ["could_not_authenticate", "no_matching_guests", "invalid_grant", "oauth.invalid_grant"]
)
def test_a_known_refusal_refuses_a_sign_in_at_any_status(code, status):
    error = error_of("sign-in", failure(code), status)
    assert type(error) is Refused
    assert (error.code, error.vendor_text, error.status) == (code, "In their words", status)
    assert error.operation == "oauth/requestGuestToken"


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404])
def test_a_code_that_is_not_known_refuses_a_sign_in_below_500(status):
    error = error_of("sign-in", failure("oauth.account_locked"), status)
    assert (type(error), error.code, error.vendor_text) == (Refused, "oauth.account_locked", "In their words")


@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_an_oauth_style_error_refuses_a_sign_in(status):
    error = error_of("sign-in", {"error": "invalid_grant", "error_description": "Bad"}, status)
    assert (type(error), error.code, error.vendor_text) == (Refused, "invalid_grant", "Bad")


def test_a_failure_counts_though_a_token_comes_with_it():
    assert type(error_of("sign-in", TOKEN | failure("could_not_authenticate"))) is Refused
    assert type(error_of("sign-in", TOKEN | {"errorCode": "could_not_authenticate"})) is Refused
    assert type(error_of("sign-in", TOKEN | {"error": "invalid_grant"})) is Refused
    assert reason_of("sign-in", TOKEN | {"result": "failure"}) == Reason.PROTOCOL


@pytest.mark.parametrize("call", EVERY_CALL)
def test_an_unknown_result_is_a_refusal_with_a_code_of_its_own(call):
    error = error_of(call, TOKEN | {"result": "uniquenessConflict"})
    assert (type(error), error.code) == (RefreshRefused if call == "refresh" else Refused, "result:uniquenessConflict")


def test_a_card_that_cannot_be_queried_is_a_refusal():
    error = error_of("account", {"result": "invalid_status"})
    assert (type(error), error.code, error.vendor_text) == (Refused, "result:invalid_status", None)


def test_an_unknown_user_is_a_refusal_and_no_rejected_token():
    for status in (200, 401, 404):
        error = error_of("user", failure("user_info.not_found"), status)
        assert (type(error), error.code) == (Refused, "user_info.not_found")


@pytest.mark.parametrize("call", EVERY_CALL)
@pytest.mark.parametrize("odd", [None, "", "  ", 7, True, ["could_not_authenticate"], {"code": "x"}])
def test_a_failure_without_a_usable_code_goes_by_its_status(call, odd):
    assert reason_of(call, failure(odd)) == Reason.PROTOCOL
    assert reason_of(call, failure(odd), 503) == Reason.ERROR
    assert reason_of(call, {"result": "failure"}) == Reason.PROTOCOL


@pytest.mark.parametrize("odd", [7, ["text"], {"en": "text"}, None, False])
def test_an_odd_text_of_a_failure_is_no_text(odd):
    assert error_of("sign-in", failure("could_not_authenticate", errorMessage=odd)).vendor_text is None


def test_a_code_and_a_text_without_an_end_are_cut():
    error = error_of("sign-in", failure("x" * 100_000, errorMessage="y" * 100_000))
    assert (len(error.code), len(error.vendor_text)) == (100, 1000)


def test_blanks_around_a_code_do_not_count():
    assert error_of("sign-in", failure(" could_not_authenticate\n")).code == "could_not_authenticate"
    assert type(error_of("user", failure(" invalid_token "))) is TokenRejected


# --- Invalid token ---


@pytest.mark.parametrize("call", DATA_CALLS)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 429, 500])
@pytest.mark.parametrize("code", ["invalid_token", "oauth.invalid_token", "a.b.Invalid_Token"])
def test_an_invalid_token_is_known_by_its_code_at_any_status(call, status, code):
    error = error_of(call, failure(code), status)
    assert (type(error), error.code) == (TokenRejected, code)


@pytest.mark.parametrize("call", DATA_CALLS)
@pytest.mark.parametrize(
    "body", [b"", b"<html>Unauthorized</html>", b"[]", {"result": "failure"}, failure("who.knows")]
)
def test_a_401_without_a_known_code_is_an_invalid_token(call, body):
    assert type(error_of(call, body, 401)) is TokenRejected


def test_the_codes_for_an_invalid_token_can_be_set():
    codes = ["expired", "oauth.Gone"]
    for code in ("expired", "oauth.expired", "OAUTH.GONE"):
        assert type(error_of("user", failure(code), invalid_token_codes=codes)) is TokenRejected
    for code in ("invalid_token", "gone", "other.gone"):
        assert type(error_of("user", failure(code), invalid_token_codes=codes)) is Refused


def test_the_token_call_never_rejects_an_access_token():
    assert type(error_of("sign-in", failure("invalid_token"), 401)) is Refused
    assert type(error_of("refresh", failure("invalid_token"), 401)) is RefreshRefused


# --- Our own credentials ---


@pytest.mark.parametrize("call", EVERY_CALL)
@pytest.mark.parametrize("code", ["invalid_client", "unauthorized_client", "oauth.invalid_client"])
def test_a_fault_in_our_own_credentials_is_not_the_guests(call, code):
    for status in (200, 400, 401, 403, 500):
        error = error_of(call, failure(code), status)
        assert (type(error), error.reason) == (Unavailable, Reason.CREDENTIALS)
        assert (error.code, error.detail) == ("credentials", code)
    assert reason_of(call, {"error": code}, 401) == Reason.CREDENTIALS


@pytest.mark.parametrize("call", ["sign-in", "refresh"])
def test_a_token_call_that_is_asked_to_authenticate_has_wrong_credentials(call):
    assert reason_of(call, b"", 401, {"WWW-Authenticate": "Basic"}) == Reason.CREDENTIALS


# --- Refresh: refused or not known ---


@pytest.mark.parametrize("status", [200, 400, 401, 403])
@pytest.mark.parametrize("code", ["could_not_authenticate", "invalid_grant", "oauth.invalid_token", "account_locked"])
def test_a_refresh_is_refused_by_a_code(status, code):
    error = error_of("refresh", failure(code), status)
    assert (type(error), error.code) == (RefreshRefused, code)


@pytest.mark.parametrize(
    "code", ["could_not_authenticate", "no_matching_guests", "oauth.invalid_grant", "invalid_token"]
)
def test_a_refresh_is_refused_at_a_5xx_only_by_a_code_that_refuses(code):
    assert type(error_of("refresh", failure(code), 500)) is RefreshRefused
    assert reason_of("refresh", failure("who.knows"), 500) == Reason.ERROR


@pytest.mark.parametrize("body", [b"", b"<html>", {"message": "no"}])
def test_a_bare_401_refuses_as_integrators_saw_it(body):
    assert (type(error_of("refresh", body, 401)), type(error_of("sign-in", body, 401))) == (RefreshRefused, Refused)


@pytest.mark.parametrize("call", EVERY_CALL)
@pytest.mark.parametrize("code", ["oauth.system_error", "system_error", "server_error", "temporarily_unavailable"])
@pytest.mark.parametrize("status", [200, 400, 401, 500, 503])
def test_a_code_that_blames_the_system_is_a_passing_failure(call, code, status):
    error = error_of(call, failure(code), status)
    assert (type(error), error.reason, error.code) == (Unavailable, Reason.ERROR, code)


# --- No envelope ---


@pytest.mark.parametrize("call", EVERY_CALL)
@pytest.mark.parametrize("status", [500, 502, 503, 504, 521, 599])
@pytest.mark.parametrize("body", [b"", b"<html>down</html>", b"[]", b"null", b'"text"', {"message": "down"}])
def test_a_5xx_without_an_envelope_is_a_passing_failure(call, status, body):
    error = error_of(call, body, status)
    assert (type(error), error.reason, error.code, error.status) == (Unavailable, Reason.ERROR, "http:5xx", status)


@pytest.mark.parametrize("call", EVERY_CALL)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"<html>hello</html>",
        b'{"result":"success","access_token":"A',
        b'{"result":"success"} {"result":"success"}',
        b"\xff\xfe\x00",
        b'{"result":"\xff"}',
        b"[]",
        b'[{"result":"success","access_token":"A"}]',
        b'"success"',
        b"7",
        b"1e999",
        b"null",
        b"true",
        b"NaN",
        b"{}",
        b'{"result":null}',
        b'{"result":7}',
        b'{"result":["success"]}',
        b'{"result":""}',
        b'{"result":"success","errorCode":NaN}',
        b'{"result":' * 100_000,
        b"[" * 100_000,
        b'{"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    ],
)
def test_a_reply_that_cannot_be_read_is_a_protocol_fault(call, body):
    error = error_of(call, body)
    assert (type(error), error.reason, error.code) == (Unavailable, Reason.PROTOCOL, "bad_response")


@pytest.mark.parametrize("call", EVERY_CALL)
@pytest.mark.parametrize("status", [204, 301, 302, 307, 400, 403, 404, 410])
def test_another_status_without_an_envelope_is_a_protocol_fault_with_its_number(call, status):
    error = error_of(call, b"<html>", status)
    assert (type(error), error.reason, error.code) == (Unavailable, Reason.PROTOCOL, f"http:{status}")


# --- Wrong types ---


@pytest.mark.parametrize("call", ["sign-in", "refresh"])
@pytest.mark.parametrize("odd", ["", "  ", None, 7, True, ["A"], {"token": "A"}])
def test_a_success_without_a_usable_token_is_a_protocol_fault(call, odd):
    error = error_of(call, TOKEN | {"access_token": odd})
    assert (error.reason, error.detail) == (Reason.PROTOCOL, "the field access_token")


def test_a_success_without_any_token_is_a_protocol_fault():
    error = error_of("sign-in", {"result": "success"})
    assert (error.reason, error.detail) == (Reason.PROTOCOL, "the field access_token")


WRONG_TYPES = [
    ("user", USER | {"primaryCardNumbers": True}, "the field primaryCardNumbers"),
    ("user", USER | {"primaryCardNumbers": "none"}, "the field primaryCardNumbers"),
    ("user", USER | {"primaryCardNumbers": [{"printedCardNumber": "6000"}]}, "the field primaryCardNumbers"),
    ("user", USER | {"primaryCardNumbers": [-6000, 6.5, 10**19]}, "the field primaryCardNumbers"),
]


@pytest.mark.parametrize(("call", "body", "detail"), WRONG_TYPES)
def test_a_field_of_the_wrong_type_is_a_protocol_fault_that_names_it(call, body, detail):
    error = error_of(call, body)
    assert (type(error), error.reason, error.detail) == (Unavailable, Reason.PROTOCOL, detail)


# --- Too many calls ---


@pytest.mark.parametrize("call", EVERY_CALL)
@pytest.mark.parametrize("body", [b"", b"<html>", failure("rate.limited"), failure("could_not_authenticate")])
def test_a_429_is_a_passing_failure(call, body):
    error = error_of(call, body, 429, {"Retry-After": "30"})
    assert (type(error), error.reason, error.retry_after_seconds) == (Unavailable, Reason.THROTTLED, 30)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("1", 1),
        (" 5 ", 5),
        ("0", 1),
        ("0000000000000000007", 7),
        ("3600", 3600),
        ("3601", 3600),
        ("9" * 400, 3600),
        ("9" * 5000, None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("5, 5", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 1),
        (format_datetime(NOW + timedelta(days=400), usegmt=True), 3600),
        ("Wed, 21 Oct 2026 07:28:00 -0000", None),
        ("Wed, 99 Foo 2026 07:28:00 GMT", None),
        ("Wed, 21 Oct 99999999999999999999 07:28:00 GMT", None),
        ("Wed, 21 Oct 2026 07:28:00 +99999999999999999999", None),
    ],
)
def test_what_a_429_asks_for_is_kept_within_bounds(header, seconds):
    assert error_of("sign-in", b"", 429, {"Retry-After": header}).retry_after_seconds == seconds


def test_a_429_may_ask_for_nothing():
    assert error_of("sign-in", b"", 429).retry_after_seconds is None


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
