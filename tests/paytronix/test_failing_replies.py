"""What each failing reply of Paytronix means: a refusal, a rejected token, or a passing failure."""

from datetime import timedelta
from email.utils import format_datetime

import pytest

from app.paytronix import (
    Reason,
    RefreshRefused,
    Refused,
    TokenRejected,
    Unavailable,
)
from tests.paytronix.replies import DATA_CALLS, EVERY_CALL, NOW, TOKEN, USER, error_of, failure, reason_of

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
@pytest.mark.parametrize(
    "brought", [{}, *({"access_token": odd} for odd in ("", "  ", None, 7, True, ["A"], {"token": "A"}))]
)
def test_a_success_without_a_usable_token_is_a_protocol_fault(call, brought):
    error = error_of(call, {name: value for name, value in TOKEN.items() if name != "access_token"} | brought)
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
