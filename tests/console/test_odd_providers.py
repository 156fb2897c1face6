"""Identity providers that are away, slow or odd."""

import json
import socket
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from app.console import attempts, provider
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
