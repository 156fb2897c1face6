"""The control API, and switches as the command line, the API and the README show them."""

import re
import subprocess
import sys
import time
from dataclasses import asdict, fields
from pathlib import Path

import pytest
import requests

import sandbox as sandbox_package
from sandbox.switches import SwitchError, Switches


@pytest.fixture
def control(sandbox):
    """A function that sends a request to the control API and returns the reply."""
    origin = sandbox.base_url.removesuffix("/rest/25.33")

    def send(method, name, **options):
        return requests.request(method, f"{origin}/_sandbox/{name}", timeout=10, **options)

    return send


def test_each_call_is_listed_with_what_happened(call, sandbox):
    before = time.time()
    body = call.sign_in("ANA").json()
    call.refresh(body["refresh_token"])
    call.user_information(body["access_token"])
    call.sign_in("kenji", "wrong ")
    listed = sandbox.calls()
    assert [(made["operation"], made["grant"], made["status"], made["outcome"]) for made in listed] == [
        ("requestGuestToken", "password", 200, "success"),
        ("requestGuestToken", "refresh_token", 200, "success"),
        ("userInformation", None, 200, "success"),
        ("requestGuestToken", "password", 200, "could_not_authenticate"),
    ]
    assert [made["username"] for made in listed] == ["ANA", None, "ana", "kenji"]
    assert [made["guest"] for made in listed] == ["ana", "ana", "ana", None]
    assert [made["password"] for made in listed] == ["taco-tuesday", None, None, "wrong "]
    assert all(before <= made["at"] <= time.time() for made in listed)


def test_the_list_of_calls_holds_no_token_and_no_client_secret(call, sandbox, ana, control):
    call.user_information(ana["access_token"])
    call.refresh(ana["refresh_token"])
    text = control("GET", "calls").text
    assert ana["access_token"] not in text
    assert ana["refresh_token"] not in text
    assert sandbox.client_secret not in text


def test_passwords_are_not_listed_unless_asked_for_at_the_start(start_sandbox):
    sandbox = start_sandbox()
    reply = requests.post(
        f"{sandbox.base_url}/oauth/requestGuestToken.json",
        auth=(sandbox.client_id, sandbox.client_secret),
        json={
            "authentication": "anonymous",
            "merchantId": 777777,
            "grant_type": "password",
            "username": "ana",
            "password": "taco-tuesday",
        },
        timeout=10,
    )
    assert reply.json()["result"] == "success"
    [listed] = sandbox.calls()
    assert "password" not in listed
    assert "taco-tuesday" not in str(listed)


def test_the_list_of_calls_can_be_searched_and_emptied(call, sandbox, ana):
    call.user_information(ana["access_token"])
    assert len(sandbox.calls("userInformation")) == 1
    assert len(sandbox.calls(grant="password")) == 1
    sandbox.clear_calls()
    assert sandbox.calls() == []


def test_access_tokens_can_be_ended_for_all(call, sandbox, ana):
    assert sandbox.expire() == 1
    assert call.user_information(ana["access_token"]).status_code == 401
    assert call.refresh(ana["refresh_token"]).json()["result"] == "success"


def test_access_tokens_can_be_ended_for_one_guest(call, sandbox, ana):
    kenji = call.sign_in("kenji", "ramen-monday").json()
    assert sandbox.expire("Kenji") == 1
    assert call.user_information(kenji["access_token"], "kenji").status_code == 401
    assert call.user_information(ana["access_token"]).status_code == 200


def test_refresh_tokens_can_be_ended_for_all_and_later_ones_are_good(call, sandbox, ana):
    assert sandbox.revoke() == 1
    assert call.refresh(ana["refresh_token"]).json()["errorCode"] == "invalid_grant"
    assert call.user_information(ana["access_token"]).status_code == 200
    assert call.refresh(call.sign_in().json()["refresh_token"]).json()["result"] == "success"


def test_refresh_tokens_can_be_ended_for_one_guest(call, sandbox, ana):
    kenji = call.sign_in("kenji", "ramen-monday").json()
    assert sandbox.revoke("kenji") == 1
    assert call.refresh(kenji["refresh_token"]).json()["errorCode"] == "invalid_grant"
    assert call.refresh(ana["refresh_token"]).json()["result"] == "success"


def test_every_answer_can_be_delayed(call, sandbox):
    sandbox.switch(delay_seconds=0.3)
    started_at = time.monotonic()
    assert call.sign_in().json()["result"] == "success"
    assert time.monotonic() - started_at >= 0.3


def test_a_reset_forgets_everything_since_the_start(call, sandbox, control, ana):
    call.edit_account(ana["access_token"], "6000000000410017", setUserFields={"style": "string", "firstName": "X"})
    sandbox.switch(token_seconds=5)
    sandbox.reset()
    assert control("GET", "switches").json() == asdict(Switches())
    assert sandbox.calls() == []
    assert call.user_information(ana["access_token"]).status_code == 401
    assert call.user_information(call.sign_in().json()["access_token"]).json()["fields"]["firstName"] == "Ana"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"token_second": 5}, "did you mean token_seconds?"),
        ({"x": 5}, "GET /_sandbox/switches lists them all"),
        ({"token_seconds": "5"}, "The switch token_seconds takes a whole number"),
        ({"token_seconds": True}, "The switch token_seconds takes a whole number"),
        ({"refresh_tokens": "twice"}, "one of stay, rotate, single-use, left-out"),
        ({"basic_header_suffices": 1}, "true or false"),
        ({"failure_status": 600}, "from 200 to 599"),
        ({"delay_seconds": -1}, "seconds from 0 to 60"),
        ({"client_secret": "two words"}, "without spaces"),
        ([], "JSON object"),
    ],
)
def test_a_wrong_switch_is_refused_with_a_sentence_and_moves_none(control, changes, said):
    wrong = changes and {"token_seconds": 7} | changes
    reply = control("PATCH", "switches", json=wrong)
    assert reply.status_code == 400
    assert said in reply.json()["error"]
    assert control("GET", "switches").json() == asdict(Switches())


@pytest.mark.parametrize(
    ("method", "name", "options", "status"),
    [
        ("GET", "nonsense", {}, 404),
        ("PATCH", "calls", {}, 405),
        ("POST", "expire", {"json": {"username": "nobody"}}, 400),
        ("POST", "revoke", {"json": {"user": "ana"}}, 400),
        ("POST", "expire", {"data": b"{"}, 400),
    ],
)
def test_what_the_control_api_cannot_follow_gets_a_sentence(control, method, name, options, status):
    reply = control(method, name, **options)
    assert reply.status_code == status
    assert reply.json()["error"].endswith(".")


@pytest.mark.parametrize("switch", fields(Switches), ids=lambda switch: switch.name)
def test_every_switch_refuses_what_it_cannot_take(switch):
    with pytest.raises(SwitchError, match=f"The switch {switch.name} takes "):
        Switches(**{switch.name: None})


def test_the_client_secret_does_not_show_in_the_switches_repr():
    assert "marker" not in repr(Switches(client_secret="marker"))


def test_every_switch_is_on_the_command_line_and_in_the_readme_with_its_default():
    shown = subprocess.run(
        [sys.executable, "-m", "sandbox", "--help"], capture_output=True, text=True, check=True, timeout=10
    ).stdout
    readme = Path(sandbox_package.__file__).with_name("README.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| `([a-z_]+)` \| `([^`]+)` \|", readme, re.MULTILINE))
    spelled = {True: "true", False: "false"}
    for switch in fields(Switches):
        assert f"--{switch.name.replace('_', '-')} " in shown
        default = switch.default
        assert documented.pop(switch.name) == (spelled[default] if type(default) is bool else str(default))
    assert documented == {}
