"""What goes over the wire, to the byte (docs/paytronix.md, 1 to 4)."""

import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.misbehaving import answer, reply
from tests.paytronix.conftest import CLIENT_ID, CLIENT_SECRET, make_client

TOKEN = b'{"result":"success","access_token":"A","refresh_token":"R","expires_in":1800,"username":"ana"}'
BASIC = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
PASSWORDS = [
    " lead",
    "trail ",
    "pässwörd",
    "pa\u0308sswo\u0308rd",  # the same to the eye, and another password
    "🌮👩‍👩‍👧",
    "\"'<>&%+;=\\/{}\t\n\0\u2028",
    "x" * 256,
    "🌮" * 256,
    "",
]


@pytest.fixture
def client(server, make_transport):
    server.follow(answer(reply(TOKEN)))
    return make_client(make_transport(server.origin))


def the_request(server):
    (request,) = server.requests
    return request


def test_the_password_call_is_as_in_the_vendors_sample(client, server):
    client.token_by_password("guest@example.com", "not-a-real-password")
    request = the_request(server)
    assert (request.method, request.target) == ("POST", "/rest/25.33/oauth/requestGuestToken.json")
    assert json.loads(request.body) == {
        "authentication": "anonymous",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "merchantId": 777777,
        "grant_type": "password",
        "scope": "user_read user_write account_read account_write",
        "username": "guest@example.com",
        "password": "not-a-real-password",
    }


def test_the_refresh_call_is_as_in_the_vendors_sample(client, server):
    client.token_by_refresh_token("RRRR")
    request = the_request(server)
    assert (request.method, request.target) == ("POST", "/rest/25.33/oauth/requestGuestToken.json")
    assert json.loads(request.body) == {
        "authentication": "anonymous",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "merchantId": 777777,
        "grant_type": "refresh_token",
        "scope": "user_read user_write account_read account_write",
        "refresh_token": "RRRR",
    }


def test_credentials_stay_out_of_the_body_when_set_so(client, server, make_transport):
    client = make_client(make_transport(server.origin), credentials_in_body=False, scope=["user_read"])
    client.token_by_password("ana", "secret")
    request = the_request(server)
    assert request.headers["authorization"] == BASIC
    assert json.loads(request.body) == {
        "authentication": "anonymous",
        "merchantId": 777777,
        "grant_type": "password",
        "scope": "user_read",
        "username": "ana",
        "password": "secret",
    }


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_password_arrives_code_point_by_code_point(client, server, password):
    client.token_by_password("ana", password)
    assert list(json.loads(the_request(server).body)["password"]) == list(password)


@pytest.mark.parametrize("username", [" Ana ", "ana+tacos@example.com", "a&b=c?d#e", "健二", "%41", "a/b"])
def test_a_username_arrives_as_it_is_in_a_body_and_in_a_query(client, server, username):
    client.token_by_password(username, "secret")
    client.user_information("A", username)
    by_body, by_query = server.requests
    assert json.loads(by_body.body)["username"] == username
    assert parse_qs(urlsplit(by_query.target).query)["username"] == [username]


def test_reading_calls_carry_the_token_in_the_query(client, server):
    client.user_information("AA-_AA", "guest@example.com")
    client.account_information("AA-_AA", "6000000000410017")
    user, account = server.requests
    own = "authentication=oauth&merchantId=777777&access_token=AA-_AA"
    assert (user.method, user.body) == (account.method, account.body) == ("GET", b"")
    assert user.target == f"/rest/25.33/guest/userInformation.json?{own}&username=guest%40example.com"
    assert account.target == f"/rest/25.33/guest/accountInformation.json?{own}&printedCardNumber=6000000000410017"


def test_writing_calls_carry_the_token_in_the_body(client, server):
    client.post(
        "enrollment/editAccount", "AA", lambda body: None, setUserFields={"style": "typed", "firstName": ["Ana"]}
    )
    request = the_request(server)
    assert (request.method, request.target) == ("POST", "/rest/25.33/enrollment/editAccount.json")
    assert json.loads(request.body) == {
        "authentication": "oauth",
        "merchantId": 777777,
        "access_token": "AA",
        "setUserFields": {"style": "typed", "firstName": ["Ana"]},
    }


def test_every_call_carries_the_same_headers_and_no_other(client, server):
    client.token_by_password("ana", "secret")
    client.user_information("A", "ana")
    post, get = server.requests
    always = {
        "host": f"localhost:{server.port}",
        "authorization": BASIC,
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": "guest-login",
    }
    assert get.headers == always
    length = str(len(post.body))
    assert post.headers == always | {"content-type": "application/json; charset=UTF-8", "content-length": length}


def test_credentials_that_are_not_ascii_are_sent_as_utf_8(server, make_transport):
    server.follow(answer(reply(TOKEN)))
    transport = make_transport(server.origin, client_id="café", client_secret="s:é")
    transport.get("guest/userInformation", {})
    assert base64.b64decode(the_request(server).headers["authorization"].removeprefix("Basic ")) == "café:s:é".encode()
