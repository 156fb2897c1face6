"""Replies by which Paytronix says that it has failed, or that the integration has: they say nothing about a guest."""

import json

import pytest

from app.paytronix import Reason, RefreshRefused, Refused, TokenRejected, Unavailable
from app.paytronix.limits import FAILURES
from tests.paytronix.conftest import GivenReply, make_client
from tests.paytronix.replies import CALLS, DATA_CALLS, EVERY_CALL, error_of, failure

INTERNAL = "internal: worker pool exhausted"
FAULT = {"result": "failed", "errorCode": "system.error", "errorMessage": INTERNAL}
FAILED = {"result": "failed", "errorMessage": "internal"}
STATUSES = [200, 400, 401, 403, 404, 500, 503]


def is_trouble_of_its_own(error, code):
    return (type(error), error.reason, error.code, error.vendor_text) == (Unavailable, Reason.ERROR, code, None)


# --- A fault is no refusal ---


@pytest.mark.parametrize("call", EVERY_CALL)
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("result", ["failed", "failure", "success", "fault", None])
@pytest.mark.parametrize(
    "code", ["system.error", "oauth.system.error", "user_info.system_error", "server_error", "INTERNAL_ERROR"]
)
def test_a_code_that_blames_paytronix_is_trouble_whatever_comes_with_it(call, status, result, code):
    error = error_of(call, FAULT | {"result": result, "errorCode": code}, status, {"WWW-Authenticate": "Basic"})
    assert is_trouble_of_its_own(error, code)


@pytest.mark.parametrize("call", EVERY_CALL)
def test_a_fault_in_the_form_of_oauth_is_trouble_as_well(call):
    for code in ("server_error", "temporarily_unavailable", "oauth.internal.error"):
        error = error_of(call, {"error": code, "error_description": INTERNAL}, 400)
        assert is_trouble_of_its_own(error, code)


@pytest.mark.parametrize("code", ["ecosystem.errors", "system.error.locked", "user_error", "error", "my_system_error"])
def test_a_code_that_only_looks_like_a_fault_is_a_refusal(code):
    assert type(error_of("sign-in", failure(code))) is Refused
    assert type(error_of("refresh", failure(code))) is RefreshRefused


@pytest.mark.parametrize("call", EVERY_CALL)
@pytest.mark.parametrize("status", [500, 502, 503, 521, 599])
@pytest.mark.parametrize("code", ["who.knows", "oauth.account_locked", "not.a_known.code"])
def test_a_5xx_with_a_code_that_is_not_known_is_trouble(call, status, code):
    assert is_trouble_of_its_own(error_of(call, failure(code), status), code)


@pytest.mark.parametrize("call", EVERY_CALL)
def test_a_5xx_with_a_result_that_is_not_known_is_trouble(call):
    assert is_trouble_of_its_own(error_of(call, {"result": "uniquenessConflict"}, 500), "result:uniquenessConflict")


def test_a_5xx_with_a_known_refusal_is_that_refusal():
    assert type(error_of("user", failure("user_info.not_found"), 500)) is Refused
    assert type(error_of("account", {"result": "invalid_status"}, 503)) is Refused
    assert type(error_of("refresh", failure("x.not_found"), 500)) is Unavailable  # says nothing of a refresh token


@pytest.mark.parametrize("call", EVERY_CALL)
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    "body", [FAILED, {"result": "failed"}, FAILED | {"errorCode": " "}, FAILED | {"result": "Failed "}]
)
def test_failed_without_a_code_proves_nothing(call, status, body):
    assert is_trouble_of_its_own(error_of(call, body, status), "result:failed")


@pytest.mark.parametrize("body", [FAULT, FAILED])
def test_a_fault_that_comes_with_a_429_waits_as_asked(body):
    error = error_of("sign-in", body, 429, {"Retry-After": "30"})
    assert (type(error), error.reason, error.retry_after_seconds, error.vendor_text) == (
        Unavailable,
        Reason.THROTTLED,
        30,
        None,
    )


def test_failed_with_a_code_means_what_the_code_means():
    assert type(error_of("sign-in", FAULT | {"errorCode": "could_not_authenticate"})) is Refused
    assert type(error_of("refresh", FAULT | {"errorCode": "invalid_grant"}, 500)) is RefreshRefused
    assert type(error_of("user", FAULT | {"errorCode": "invalid_token"})) is TokenRejected


@pytest.mark.parametrize("body", [FAULT, FAILED, failure("who.knows")])
@pytest.mark.parametrize("call", EVERY_CALL)
def test_several_guests_who_meet_a_fault_stop_the_next_call(call, body):
    sent = []

    class Counting(GivenReply):
        def get(self, operation, parameters):
            sent.append(operation)
            return self.reply

        post = get

    status = 503 if body["result"] == "failure" else 400  # Paytronix's own word for it counts at any status
    client = make_client(Counting(json.dumps(body).encode(), status))
    for number in range(FAILURES + 5):
        with pytest.raises(Unavailable):
            _as_guest(client, call, f"guest{number}")
    assert len(sent) == FAILURES


def _as_guest(client, call, guest):
    if call == "sign-in":
        return client.token_by_password(guest, "x")
    if call == "refresh":
        return client.token_by_refresh_token("R", guest=guest)
    if call == "user":
        return client.user_information("A", guest)
    if call == "account":
        return client.account_information("A", guest)
    return client.post("enrollment/editAccount", "A", lambda body: None, username=guest)


# --- The integration ---


@pytest.mark.parametrize("call", EVERY_CALL)
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("code", ["feature_disabled", "invalid_merchant", "one_time_password.Feature_Disabled"])
def test_a_code_that_blames_the_integration_is_the_operators_trouble(call, status, code):
    error = error_of(call, failure(code), status)
    assert (type(error), error.reason, error.code, error.vendor_text) == (
        Unavailable,
        Reason.INTEGRATION,
        code,
        None,
    )


def test_what_is_not_set_up_stops_no_calls():
    client = make_client(GivenReply(b'{"result":"failure","errorCode":"feature_disabled"}'))
    for number in range(FAILURES + 5):
        with pytest.raises(Unavailable) as caught:
            client.token_by_password(f"guest{number}", "x")
        assert caught.value.detail is None


# --- Who was refused ---


@pytest.mark.parametrize("call", DATA_CALLS)
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("code", ["could_not_authenticate", "oauth.could_not_authenticate", " Could_Not_Authenticate"])
def test_a_call_with_the_guests_token_that_does_not_authenticate_has_a_rejected_token(call, status, code):
    error = error_of(call, failure(code), status)
    assert (type(error), error.code) == (TokenRejected, code.strip())


@pytest.mark.parametrize("status", [200, 401, 500])
@pytest.mark.parametrize(
    "body", [failure("noMatchingGuests"), {"result": "noMatchingGuests"}, failure("NoMatchingGuests")]
)
def test_nobody_of_that_name_and_password_is_a_refusal_that_has_words(status, body):
    error = error_of("sign-in", body, status)
    assert (type(error), error.code) == (Refused, "no_matching_guests")
    assert type(error_of("refresh", body, status)) is RefreshRefused


def test_every_call_is_among_those_tried():
    assert set(CALLS) == set(EVERY_CALL) == {"sign-in", "refresh", *DATA_CALLS}
