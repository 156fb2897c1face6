"""oauth/requestGuestToken: both grants, what it checks, and what its switches change."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests


def test_a_good_sign_in_answers_as_documented(call):
    reply = call.sign_in()
    body = reply.json()
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert (body["result"], body["token_type"], body["expires_in"]) == ("success", "bearer", 1800)
    assert len(body["access_token"]) == len(body["refresh_token"]) == 42
    assert "printedCardNumber" not in body


def test_scopes_come_back_in_another_order(call):
    asked = "user_read user_write account_read account_write"
    scope = call.sign_in(scope=asked).json()["scope"]
    assert scope != asked
    assert set(scope.split()) == set(asked.split())


def test_only_the_scopes_asked_for_come_back(call):
    assert call.sign_in(scope="user_read account_read").json()["scope"] == "account_read user_read"


def test_every_good_reply_holds_fields_that_no_document_mentions(call, ana):
    assert "extras" in ana
    assert "extras" in call.user_information(ana["access_token"]).json()


@pytest.mark.parametrize("typed", ["BEN@example.com", "Ben@Example.com"])
def test_a_username_is_matched_in_any_case_and_comes_back_as_registered(call, typed):
    assert call.sign_in(typed, "soup-of-the-day").json()["username"] == "ben@example.com"


@pytest.mark.parametrize(
    ("username", "password"), [("ana", "taco-Tuesday"), ("ana", " taco-tuesday"), ("nobody", "taco-tuesday")]
)
def test_a_wrong_username_or_password_is_refused_alike(call, username, password):
    reply = call.sign_in(username, password)
    assert reply.status_code == 200
    assert reply.json() == {
        "result": "failure",
        "errorCode": "could_not_authenticate",
        "errorMessage": "Could Not Authenticate",
    }


@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_the_status_and_code_of_a_refused_sign_in_are_switches(call, sandbox, status):
    sandbox.switch(failure_status=status, refused_login_code="no_matching_guests", oauth_prefix=True)
    reply = call.sign_in("ana", "wrong")
    assert (reply.status_code, reply.json()["errorCode"]) == (status, "oauth.no_matching_guests")


def test_a_refresh_gives_a_new_access_token_and_the_card(call, ana):
    body = call.refresh(ana["refresh_token"]).json()
    assert body["result"] == "success"
    assert body["access_token"] != ana["access_token"]
    assert body["printedCardNumber"] == "6000000000410017"
    assert call.user_information(body["access_token"]).json()["result"] == "success"


def test_a_guest_without_a_card_is_refreshed_without_one(call):
    nina = call.sign_in("nina", "just-a-salad").json()
    assert "printedCardNumber" not in call.refresh(nina["refresh_token"]).json()


def test_a_refresh_token_stays_by_default(call, ana):
    for _ in range(2):
        assert call.refresh(ana["refresh_token"]).json()["refresh_token"] == ana["refresh_token"]


def test_a_rotated_refresh_token_leaves_the_old_one_good(call, sandbox, ana):
    sandbox.switch(refresh_tokens="rotate")
    renewed = call.refresh(ana["refresh_token"]).json()["refresh_token"]
    assert renewed != ana["refresh_token"]
    assert call.refresh(renewed).json()["result"] == "success"
    assert call.refresh(ana["refresh_token"]).json()["result"] == "success"


def test_a_single_use_refresh_token_is_refused_the_second_time(call, sandbox, ana):
    sandbox.switch(refresh_tokens="single-use", refused_refresh_code="token_spent")
    renewed = call.refresh(ana["refresh_token"]).json()["refresh_token"]
    assert call.refresh(ana["refresh_token"]).json()["errorCode"] == "token_spent"
    assert call.refresh(renewed).json()["result"] == "success"


def test_of_many_who_use_a_single_use_refresh_token_at_once_one_succeeds(call, sandbox, ana):
    sandbox.switch(refresh_tokens="single-use")
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: call.refresh(ana["refresh_token"]).json()["result"], range(16)))
    assert sorted(replies) == ["failure"] * 15 + ["success"]


def test_a_refresh_token_may_be_left_out_of_the_reply_and_stays_good(call, sandbox, ana):
    sandbox.switch(refresh_tokens="left-out")
    assert "refresh_token" not in call.refresh(ana["refresh_token"]).json()
    assert call.refresh(ana["refresh_token"]).json()["result"] == "success"


def test_an_unknown_refresh_token_is_refused(call):
    assert call.refresh("made-up").json()["errorCode"] == "invalid_grant"


def test_token_seconds_are_what_is_promised_and_what_is_kept(call, sandbox):
    sandbox.switch(token_seconds=3)
    body = call.sign_in().json()
    assert body["expires_in"] == 3
    assert call.user_information(body["access_token"]).status_code == 200
    _until(lambda: call.user_information(body["access_token"]).status_code == 401)


@pytest.mark.parametrize("release", ["rest/25.33", "api/rest/16.3", "gateway/loyalty/rest/26.6"])
def test_every_prefix_and_release_is_answered(call, sandbox, release):
    sandbox_url = sandbox.base_url.removesuffix("rest/25.33")
    body = call.integration | {"authentication": "anonymous", "grant_type": "password", "username": "ana"}
    reply = call.session.post(
        f"{sandbox_url}{release}/oauth/requestGuestToken.json", json=body | {"password": "taco-tuesday"}, timeout=10
    )
    assert reply.json()["result"] == "success"


# --- The integration's credentials ---


@pytest.mark.parametrize(
    "auth", [None, ("sandbox-client", "wrong"), ("wrong", "sandbox-secret"), ("sandbox-client", "")]
)
def test_every_call_needs_the_right_basic_header(call, ana, auth):
    call.session.auth = auth
    replies = [
        call.sign_in(),
        call.refresh(ana["refresh_token"]),
        call.user_information(ana["access_token"]),
        call.account_information(ana["access_token"], "6000000000410017"),
        call.edit_account(ana["access_token"], "6000000000410017"),
    ]
    assert {(reply.status_code, reply.json()["errorCode"]) for reply in replies} == {(401, "invalid_client")}


@pytest.mark.parametrize(
    "header", ["Basic ???", "Bearer c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ=", "Basic", "Basic /w=="]
)
def test_a_header_that_is_not_basic_is_refused(sandbox, header):
    reply = requests.get(
        f"{sandbox.base_url}/guest/userInformation.json", headers={"Authorization": header}, timeout=10
    )
    assert reply.json()["errorCode"] == "invalid_client"


def test_wrong_credentials_in_the_body_are_refused_even_with_a_good_header(call):
    assert call.sign_in(client_secret="wrong").json()["errorCode"] == "invalid_client"


def test_whether_the_header_suffices_is_a_switch(call, sandbox):
    assert call.sign_in(client_id=None, client_secret=None).json()["result"] == "success"
    sandbox.switch(basic_header_suffices=False)
    assert call.sign_in(client_id=None, client_secret=None).json()["errorCode"] == "invalid_client"
    token = call.sign_in().json()["access_token"]
    assert call.user_information(token).json()["result"] == "success"


def test_code_status_and_credentials_of_the_integration_are_switches(call, sandbox):
    sandbox.switch(client_secret="renewed", invalid_client_code="not_yours", invalid_client_status=403)
    reply = call.sign_in()
    assert (reply.status_code, reply.json()["errorCode"]) == (403, "not_yours")


# --- Calls that are not well formed ---


@pytest.mark.parametrize(
    "fault",
    [
        {"merchantId": "777777"},
        {"merchantId": True},
        {"merchantId": 1},
        {"merchantId": None},
        {"authentication": "oauth"},
        {"authentication": None},
        {"grant_type": "authorization_code"},
        {"grant_type": None},
        {"grant_type": ["password"]},
        {"scope": "user_read everything"},
        {"username": ""},
        {"username": ["ana"]},
        {"password": None},
    ],
)
def test_a_malformed_sign_in_is_refused_and_told_why(call, fault):
    body = call.sign_in(**fault).json()
    assert body["errorCode"] == "invalid_request"
    assert body["errorMessage"].startswith("Sandbox: ")


def test_the_merchant_id_is_a_switch(call, sandbox):
    sandbox.switch(merchant_id=42)
    assert call.sign_in().json()["errorCode"] == "invalid_request"
    assert call.sign_in(merchantId=42).json()["result"] == "success"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"username=ana", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(call, sandbox, body):
    reply = call.session.post(f"{sandbox.base_url}/oauth/requestGuestToken.json", data=body, timeout=10)
    assert reply.json()["errorCode"] == "invalid_request"


def test_a_lone_surrogate_in_a_username_harms_nothing(call, sandbox):
    assert call.sign_in("\ud800").json()["errorCode"] == "could_not_authenticate"
    assert [made["username"] for made in sandbox.calls()] == ["\ud800"]


def test_unknown_calls_and_methods_are_refused_as_a_gateway_would(call, sandbox, ana):
    assert call.get("guest/noSuchCall", {}).status_code == 404
    assert call.get("oauth/requestGuestToken", {}).status_code == 405
    assert call.post("guest/userInformation", {}).status_code == 405
    assert call.session.get(sandbox.base_url, timeout=10).status_code == 404


def _until(condition):
    give_up_at = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)
