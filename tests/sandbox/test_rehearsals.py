"""Special usernames: every WHAT, at sign-in, on data calls and on refresh."""

import json
import re
import time
from pathlib import Path

import pytest
import requests

import sandbox as sandbox_package
from sandbox.rehearsal import WORDS

NO_ANSWER = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


def _patience(what):
    return 1.5 if what == "hang" else 10


def sign_in_then(call, what):
    """The reply of a data call after a sign-in that rehearses `what` for it."""
    token = call.sign_in(f"then:{what}").json()["access_token"]
    return call.user_information(token, timeout=_patience(what))


def sign_in_refresh(call, what):
    """The reply of a refresh after a sign-in that rehearses `what` for it."""
    body = call.sign_in(f"refresh:{what}").json()
    assert call.user_information(body["access_token"]).status_code == 401
    return call.refresh(body["refresh_token"], timeout=_patience(what))


ASKED = {
    "the sign-in": lambda call, what: call.sign_in(what, "any", timeout=_patience(what)),
    "a data call": sign_in_then,
    "a refresh": sign_in_refresh,
}
everywhere = pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
with_tokens = pytest.mark.parametrize("ask", [ASKED["the sign-in"], ASKED["a refresh"]], ids=["sign-in", "refresh"])


@everywhere
def test_any_error_code_can_be_rehearsed(call, ask):
    body = ask(call, "code:user_info.not_found").json()
    assert (body["result"], body["errorCode"]) == ("failure", "user_info.not_found")
    assert body["errorMessage"]


def test_a_rehearsed_code_comes_at_the_status_of_failures(call, sandbox):
    sandbox.switch(failure_status=403, oauth_prefix=True)
    reply = call.sign_in("code:Locked.Out")
    assert (reply.status_code, reply.json()["errorCode"]) == (403, "Locked.Out")


@everywhere
def test_paytronixs_own_failure_can_be_rehearsed_with_a_code_and_without(call, ask):
    internal = {"result": "failed", "errorMessage": "internal: worker pool exhausted"}
    assert ask(call, "failed:system.error").json() == internal | {"errorCode": "system.error"}
    assert ask(call, "failed:").json() == internal


def test_paytronixs_own_failure_comes_at_the_status_of_failures(call, sandbox):
    sandbox.switch(failure_status=500)
    assert call.sign_in("failed:system.error").status_code == 500


@everywhere
def test_a_byte_order_mark_can_be_rehearsed(call, ask):
    body = ask(call, "bom").content
    assert body.startswith(b"\xef\xbb\xbf")
    assert json.loads(body.decode("utf-8-sig"))["result"] == "success"


def test_fields_in_lists_and_numbers_for_cards_can_be_rehearsed(call):
    body = sign_in_then(call, "typed").json()
    assert body["fields"]["firstName"] == ["Ana"]
    assert [type(number) for number in body["primaryCardNumbers"]] == [int]


@everywhere
def test_any_result_can_be_rehearsed(call, ask):
    assert ask(call, "result:invalid_status").json() == {"result": "invalid_status"}


def test_one_field_of_a_data_call_can_be_nonsense(call):
    assert sign_in_then(call, "odd:primaryCardNumbers").json()["primaryCardNumbers"] == "odd"
    assert "pointBalances" not in sign_in_then(call, "odd:pointBalances").json()


@everywhere
@pytest.mark.parametrize("what", ["status:521", "521"])
def test_any_http_status_can_be_rehearsed(call, ask, what):
    reply = ask(call, what)
    assert reply.status_code == 521
    assert "<h1>521</h1>" in reply.text


@everywhere
def test_too_many_requests_say_when_to_try_again(call, ask):
    reply = ask(call, "429")
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "7")


def test_a_caller_who_follows_a_redirect_shows_in_the_calls(call, sandbox):
    body = call.integration | {
        "authentication": "anonymous",
        "grant_type": "password",
        "username": "302",
        "password": "x",
    }
    assert call.post("oauth/requestGuestToken", body).status_code == 302
    assert len(sandbox.calls()) == 1
    call.post("oauth/requestGuestToken", body, allow_redirects=True)
    assert [made["status"] for made in sandbox.calls()] == [302, 302, 405]


def test_a_status_without_a_body_leaves_the_connection_good(call):
    assert call.sign_in("204").content == b""
    assert call.sign_in().json()["result"] == "success"


@everywhere
def test_html_can_be_rehearsed(call, ask):
    reply = ask(call, "html")
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")


@everywhere
def test_an_empty_answer_can_be_rehearsed(call, ask):
    reply = ask(call, "empty")
    assert (reply.status_code, reply.content) == (200, b"")


@everywhere
def test_json_cut_in_the_middle_can_be_rehearsed(call, ask):
    text = ask(call, "cut").text
    assert text.startswith('{"result": "success"')
    with pytest.raises(ValueError):
        json.loads(text)


@everywhere
def test_a_list_can_be_rehearsed(call, ask):
    [inner] = ask(call, "list").json()
    assert inner["result"] == "success"


@everywhere
def test_a_huge_answer_can_be_rehearsed(call, ask):
    reply = ask(call, "huge")
    assert len(reply.content) > 10_000_000
    assert reply.json()["result"] == "success"


@everywhere
@pytest.mark.parametrize("what", ["close", "broken", "drip"])
def test_an_answer_that_stays_out_or_breaks_can_be_rehearsed(call, ask, what):
    """For a dripping answer, `timeout` bounds the wait between bytes; this one therefore reads no further than the head."""
    if what == "drip":
        call.session.stream = True
        started_at = time.monotonic()
        reply = ask(call, what)
        arrived = []
        for byte in reply.iter_content(1):
            arrived.append(byte)
            if len(arrived) == 2:
                break
        reply.close()
        assert b"".join(arrived) == b'{"'
        assert 0.5 < time.monotonic() - started_at < 8
    else:
        with pytest.raises(NO_ANSWER):
            ask(call, what)


@everywhere
def test_a_hanging_call_is_never_answered_and_still_listed(call, sandbox, ask):
    with pytest.raises(requests.Timeout):
        ask(call, "hang")
    assert sandbox.calls()[-1]["outcome"] == "hang"
    assert sandbox.calls()[-1]["status"] is None


@everywhere
def test_a_slow_answer_is_the_proper_one(call, ask):
    started_at = time.monotonic()
    assert ask(call, "slow:0.4").json()["result"] == "success"
    assert 0.4 <= time.monotonic() - started_at < 8


def test_a_slow_sign_in_is_one_as_the_first_demo_guest(call):
    body = call.sign_in("slow:0.1").json()
    assert body["username"] == "ana"
    assert call.user_information(body["access_token"]).json()["fields"]["firstName"] == "Ana"


@with_tokens
def test_success_without_a_token_can_be_rehearsed(call, ask):
    body = ask(call, "no-token").json()
    assert body["result"] == "success"
    assert "access_token" not in body


@with_tokens
@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("0", 0),
        ("-5", -5),
        ('"1800"', "1800"),
        ("soon", "soon"),
        ("null", None),
        ("7.5", 7.5),
        ("9" * 90, int("9" * 90)),
    ],
)
def test_odd_expires_in_can_be_rehearsed(call, ask, value, sent):
    body = ask(call, f"expires:{value}").json()
    assert body["expires_in"] == sent
    assert type(body["expires_in"]) is type(sent)
    assert call.user_information(body["access_token"]).json()["result"] == "success"


@with_tokens
def test_a_token_without_expires_in_can_be_rehearsed(call, ask):
    assert "expires_in" not in ask(call, "expires:absent").json()


def test_a_whole_expires_in_is_kept(call):
    token = call.sign_in("expires:1").json()["access_token"]
    time.sleep(1.05)
    assert call.user_information(token).status_code == 401


def test_an_access_token_can_be_invalid_however_often_it_is_renewed(call, sandbox):
    sandbox.switch(invalid_token_code="bad_token")
    body = call.sign_in("then:invalid_token").json()
    renewed = call.refresh(body["refresh_token"]).json()
    for token in (body["access_token"], renewed["access_token"]):
        assert call.user_information(token).json()["errorCode"] == "bad_token"


def test_a_rehearsal_of_data_calls_concerns_each_of_them(call):
    token = call.sign_in("then:code:closed").json()["access_token"]
    replies = [
        call.user_information(token),
        call.account_information(token, "6000000000410017"),
        call.edit_account(token, "6000000000410017"),
    ]
    assert [reply.json()["errorCode"] for reply in replies] == ["closed"] * 3


def test_after_a_rehearsed_refresh_that_is_slow_all_is_well(call):
    token = sign_in_refresh(call, "slow:0.1").json()["access_token"]
    assert call.user_information(token).json()["result"] == "success"


def test_a_refresh_that_is_rehearsed_goes_wrong_every_time(call):
    refresh_token = call.sign_in("refresh:code:invalid_grant").json()["refresh_token"]
    codes = [call.refresh(refresh_token).json()["errorCode"] for _ in range(2)]
    assert codes == ["invalid_grant"] * 2


@pytest.mark.parametrize("username", ["CODE:closed", "Code:closed"])
def test_words_may_begin_with_a_capital_as_phones_write_them(call, username):
    assert call.sign_in(username).json()["errorCode"] == "closed"


@pytest.mark.parametrize(
    "username",
    [
        "then:nonsense",
        "then:",
        "refresh:invalid_token",
        "invalid_token",
        "then:no-token",
        "then:expires:5",
        "code:",
        "then:code",
        "status:600",
        "status:99",
        "slow:never",
        "hang:on",
        "then:then:503",
    ],
)
def test_what_begins_like_a_rehearsal_and_is_none_is_refused_with_the_reason(call, username):
    body = call.sign_in(username).json()
    assert body["errorCode"] == "could_not_authenticate"
    assert body["errorMessage"].startswith("Sandbox: ")


@pytest.mark.parametrize("username", ["code", "slow", "office:paris", "600", "42"])
def test_an_ordinary_username_is_no_rehearsal(call, username):
    assert call.sign_in(username).json()["errorMessage"] == "Could Not Authenticate"


def test_every_word_is_in_the_readme():
    readme = Path(sandbox_package.__file__).with_name("README.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([a-z_-]+)[:`]", readme.split("| WHAT |")[1].split("\n\n")[0], re.MULTILINE))
    assert documented == set(WORDS)
