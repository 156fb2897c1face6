"""The sandbox in the caller's process: its calls, its rehearsals and its control API, without a socket."""

import socket

import pytest

from app.paytronix import Reason, RefreshRefused, Refused, TokenRejected, Unavailable


@pytest.fixture
def client(local_sandbox, monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    return local_sandbox.client()


def test_a_guest_signs_in_and_reads_a_balance(local_sandbox, client):
    token = client.token_by_password("ana", "taco-tuesday")
    guest = client.user_information(token.access_token, token.username)
    account = client.account_information(token.access_token, guest.card_number)
    assert (guest.first_name, account.points[0].amount) == ("Ana", 1250)
    assert [call["operation"] for call in local_sandbox.calls()] == [
        "requestGuestToken",
        "userInformation",
        "accountInformation",
    ]
    assert local_sandbox.calls(grant="password")[0]["password"] == "taco-tuesday"


def test_the_control_api_ends_tokens_and_moves_switches(local_sandbox, client):
    token = client.token_by_password("ana", "taco-tuesday")
    assert local_sandbox.expire("ana") == 1
    with pytest.raises(TokenRejected):
        client.user_information(token.access_token, "ana")
    local_sandbox.revoke()
    with pytest.raises(RefreshRefused):
        client.token_by_refresh_token(token.refresh_token)
    local_sandbox.switch(token_seconds=7)
    assert client.token_by_password("ana", "taco-tuesday").lifetime_seconds == 7
    local_sandbox.reset()
    assert local_sandbox.calls() == []


@pytest.mark.parametrize(
    ("username", "reason"),
    [
        ("hang", Reason.TIMEOUT),
        ("drip", Reason.TIMEOUT),
        ("slow:60", Reason.TIMEOUT),
        ("close", Reason.CLOSED),
        ("broken", Reason.CLOSED),
        ("503", Reason.ERROR),
        ("429", Reason.THROTTLED),
        ("html", Reason.PROTOCOL),
        ("302", Reason.PROTOCOL),
    ],
)
def test_what_is_rehearsed_goes_wrong(client, username, reason):
    with pytest.raises(Unavailable) as caught:
        client.token_by_password(username, "x")
    assert caught.value.reason is reason


def test_a_wrong_password_is_refused(client):
    with pytest.raises(Refused) as caught:
        client.token_by_password("ana", "wrong")
    assert caught.value.code == "could_not_authenticate"
