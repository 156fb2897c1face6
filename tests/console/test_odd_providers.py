"""Identity providers that are away, slow or odd, and what their claims count for."""

import json
import socket
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from app.console import attempts, provider, staff
from app.settings import values
from tests.console.providers import CLIENT_SECRET, go
from tests.sites import log_of


class OddProvider:
    """Answers each connection with what it was made with: bytes, or None for never."""

    def __init__(self, reply):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._reply, self._held = reply, []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self._reply is None:
                self._held.append(connection)
                continue
            connection.recv(65536)
            connection.sendall(self._reply.replace(b"SELF", self.url.encode()))
            connection.close()

    def stop(self):
        self._listener.close()
        for connection in self._held:
            connection.close()


@pytest.fixture
def odd():
    running = []

    def start(reply):
        running.append(OddProvider(reply))
        return running[-1]

    yield start
    for each in running:
        each.stop()


def of(issuer, **changes):
    given = {
        "CONSOLE_OIDC_ISSUER": issuer,
        "CONSOLE_OIDC_CLIENT_ID": "words",
        "CONSOLE_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "CONSOLE_EDITORS": "@example.com",
    }
    return given | changes


def reply(status, body):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content) + 200}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + content + b" " * 200


METADATA = {
    "issuer": "SELF",
    "authorization_endpoint": "SELF/auth",
    "token_endpoint": "SELF/token",
    "jwks_uri": "SELF/jwks",
}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (reply(500, {}), "HTTPError"),
        (reply(200, b"<html>"), "JSONDecodeError"),
        (b"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "TooManyRedirects"),
        (reply(200, METADATA | {"issuer": "https://evil.example"}), "other_issuer"),
        (reply(200, METADATA | {"token_endpoint": None}), "no_token_endpoint"),
        (reply(200, METADATA | {"jwks_uri": "file:///etc/passwd"}), "no_jwks_uri"),
        (b"", "ConnectionError"),
    ],
)
def test_a_provider_that_says_nonsense_is_away_and_a_link_still_works(make_console, odd, content, reason):
    running = odd(content)
    app = make_console(**of(running.url))
    answer = app.test_client().get("/sign-in/provider")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "sign in with a link" in answer.text
    (told,) = log_of(app, "identity_provider_unavailable")
    assert told["reason"] == reason
    assert running.url not in json.dumps(told)


def test_a_provider_that_is_away_keeps_nobody_from_trying_again(make_console, odd):
    app = make_console(**of(odd(reply(500, {})).url))
    client = app.test_client()
    assert {client.get("/sign-in/provider").status_code for _ in range(attempts.LIMIT.count + 1)} == {503}


def test_what_a_provider_says_without_a_signature_counts_for_nothing(make_console, odd):
    """Not even under the name by which Authlib hands on what an ID token holds."""
    said = {"sub": "7", "email": "ana@example.com", "email_verified": True}
    running = odd(reply(200, METADATA | {"access_token": "x", "token_type": "Bearer", "userinfo": said}))
    app = make_console(**of(running.url))
    client = app.test_client()
    state = parse_qs(urlsplit(go(client)).query)["state"][0]
    assert client.get("/sign-in/back", query_string={"state": state, "code": "x"}).status_code == 403
    assert log_of(app, "staff_sign_in_refused")[0]["reason"] == "no_id_token"


def test_a_provider_that_is_not_there_is_away_at_once(make_console):
    app = make_console(**of("http://127.0.0.1:9"))
    began = time.monotonic()
    assert app.test_client().get("/sign-in/provider").status_code == 503
    assert time.monotonic() - began < 4


def test_a_provider_that_hangs_costs_a_few_seconds_and_a_few_threads(make_console, odd, monkeypatch):
    monkeypatch.setattr(provider, "READ_SECONDS", 3)
    app = make_console(**of(odd(None).url))
    answers = []

    def visit():
        began = time.monotonic()
        status = app.test_client().get("/sign-in/provider").status_code
        answers.append((status, time.monotonic() - began))

    threads = [threading.Thread(target=visit) for _ in range(provider.CALLS + 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert {status for status, _ in answers} == {503}
    assert max(seconds for _, seconds in answers) < 7.5  # 9 and more if those who find all places taken waited
    reasons = [each["reason"] for each in log_of(app, "identity_provider_unavailable")]
    assert reasons.count("busy") == 6
    assert app.test_client().get("/sign-in").status_code == 200


@pytest.mark.parametrize(
    ("claims", "name", "role"),
    [
        ({"email": "Ana@Example.com", "email_verified": True}, "ana@example.com", "publisher"),
        ({"email": "ana@example.com", "email_verified": "true"}, "ana@example.com", "publisher"),
        ({"email": "ana@example.com", "email_verified": "false"}, "ana@example.com (7)", None),
        ({"email": "ana@example.com", "email_verified": ["x"]}, "ana@example.com (7)", None),
        ({"email": "ana@example.com"}, "ana@example.com (7)", None),
        ({"email": "x@evil.example@example.com", "email_verified": True}, "x@evil.example@example.com", None),
        ({"email": "x@sub.example.com", "email_verified": True}, "x@sub.example.com", None),
        ({"groups": "Marketing"}, "7", "publisher"),
        ({"groups": ["marketing", "Marketing "]}, "7", None),
        ({"email": "group:Marketing", "email_verified": True}, "group:Marketing".lower(), None),
        ({"email": "ben@example.com", "email_verified": True}, "ben@example.com", "editor"),
        # Of all letters only A to Z have small ones here: a Kelvin sign, a long s, a dotted I, a full-width A.
        ({"email": "\u212aate@example.com", "email_verified": True}, "\u212aate@example.com", None),
        ({"email": "kate@example.com", "email_verified": True}, "kate@example.com", "publisher"),
        ({"email": "\u017fam@example.com", "email_verified": True}, "\u017fam@example.com", None),
        ({"email": "l\u0130z@example.com", "email_verified": True}, "l\u0130z@example.com", None),
        ({"email": "\uff21na@example.com", "email_verified": True}, "\uff21na@example.com", None),
        ({"email": "ana@example.co\u217f", "email_verified": True}, "ana@example.co\u217f", None),
        ({"email": "JOS\u00c9@Example.com", "email_verified": True}, "jos\u00c9@example.com", "publisher"),
        ({"email": "jos\u00e9@example.com", "email_verified": True}, "jos\u00e9@example.com", None),
        ({"email": "@example.com", "email_verified": True}, "@example.com", None),
        ({"email": "ana@", "email_verified": True}, "ana@", None),
        ({"email": " ana@example.com", "email_verified": True}, " ana@example.com", None),
        ({"email": "", "email_verified": True, "preferred_username": "ana@example.com"}, "ana@example.com (7)", None),
        ({"preferred_username": "ana\u202e@moc\n"}, "ana\\u202e@moc\\u000a (7)", None),
        ({"sub": "ana@example.com"}, "(ana@example.com)", None),
    ],
)
def test_what_a_provider_claims_and_what_it_counts_for(claims, name, role):
    listed = values.as_staff(
        "ana@example.com, group:Marketing, Kate@Example.com, SAM@example.com, JOS\u00c9@example.com"
    )
    who = provider.identity_of({"sub": "7"} | claims, {})
    assert (who.name, staff.role_of(who, editors=["@example.com"], publishers=listed)) == (name, role)


@pytest.mark.parametrize(
    ("of_token", "of_userinfo", "role"),
    [
        ({}, {"email": "ana@example.com", "email_verified": True}, "publisher"),
        ({"email": ""}, {"email": "ana@example.com", "email_verified": True}, "publisher"),
        ({"email_verified": True}, {"email": "ana@example.com", "email_verified": False}, None),
        ({"email_verified": True}, {"email": "ana@example.com"}, None),
        ({"email": "ana@example.com"}, {"email_verified": True}, None),
        ({"email": "ana@example.com"}, {"email": "eve@example.com", "email_verified": True}, None),
        ({"email": "ben@example.com", "email_verified": True}, {"email": "ana@example.com"}, "editor"),
        ({"groups": ["Kitchen"]}, {"groups": ["Marketing"]}, None),
        ({}, {"groups": ["Marketing"]}, "publisher"),
    ],
)
def test_an_address_and_whether_it_was_verified_come_from_one_place(of_token, of_userinfo, role):
    who = provider.identity_of({"sub": "7"} | of_token, of_userinfo)
    assert staff.role_of(who, editors=["@example.com"], publishers=["ana@example.com", "group:Marketing"]) == role


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"sub": ""}, "no_subject"),
        ({"sub": " "}, "no_subject"),
        ({"sub": None}, "no_subject"),
        ({"sub": "7\u202e"}, "no_subject"),
        ({"sub": "7\n8"}, "no_subject"),
        ({"email": "ana\u202e@example.com"}, "unreadable_address"),
        ({"email": "ana\u2066@example.com"}, "unreadable_address"),
        ({"email": "ana@example.com\n"}, "unreadable_address"),
        ({"email": "ana\u200b@example.com"}, "unreadable_address"),
        ({"email": "ana@example.com\u00a0"}, "unreadable_address"),
        ({"email": "ana\ud800@example.com"}, "unreadable_address"),
    ],
)
def test_whoever_would_not_be_read_as_who_they_are_is_refused(claims, reason):
    with pytest.raises(provider.ProviderRefused, match=reason):
        provider.identity_of({"sub": "7", "email_verified": True, "groups": ["Marketing"]} | claims, {})
