"""Staff who sign in at an identity provider: a real one, and ones that do what none should."""

import json
import socket
import threading
import time
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from app.console import attempts, provider, staff
from app.settings import values
from tests.console.conftest import CONSOLE_URL
from tests.console.providers import CLIENT_SECRET, RunningProvider
from tests.sites import log_of

COME_BACK_TO = f"{CONSOLE_URL}/sign-in/back"


@pytest.fixture(scope="module")
def real():
    running = RunningProvider(COME_BACK_TO)
    yield running
    running.stop()


@pytest.fixture
def app(make_console, real):
    return make_console(**real.settings)


def go(client, next_page=None):
    """Where the console sends somebody."""
    answer = client.get("/sign-in/provider", query_string={"next": next_page} if next_page else None)
    assert answer.status_code == 303, answer.text
    return answer.location


def back(client, address):
    parts = urlsplit(address)
    assert address.startswith(COME_BACK_TO)
    return client.get(f"{parts.path}?{parts.query}")


def audited(app):
    return [(deed.done_by, deed.what) for deed in app.extensions["console"].audit.read()]


@pytest.mark.parametrize(
    ("account", "shown"),
    [
        ("ana", "ana@example.com, publisher"),  # by her address, in capitals there
        ("ben", "ben@example.com, publisher"),  # by his group, though his domain only edits
        ("gus", "ana@example.com (gus), publisher"),  # by his group; what he calls himself stands for nobody else
    ],
)
def test_whoever_is_listed_comes_in(app, real, account, shown):
    client = app.test_client()
    answer = back(client, real.visit(go(client), account))
    assert (answer.status_code, answer.location) == (303, "/")
    assert shown in client.get("/").text
    assert audited(app)[0] == (shown.partition(",")[0], "signed_in")
    assert log_of(app, "staff_signed_in")[0]["by"] == "provider"


def test_a_domain_lets_its_addresses_edit(make_console, real):
    app = make_console(**real.settings | {"CONSOLE_PUBLISHERS": "nobody@example.com"})
    client = app.test_client()
    back(client, real.visit(go(client), "ben"))
    assert "ben@example.com, editor" in client.get("/").text


@pytest.mark.parametrize(
    ("account", "reason", "name"),
    [("eve", "not_listed", "eve@elsewhere.test"), ("mal", "address_not_verified", "ana@example.com (mal)")],
)
def test_nobody_else_comes_in_and_each_is_told_who_they_are_there(app, real, account, reason, name):
    client = app.test_client()
    answer = back(client, real.visit(go(client), account))
    assert answer.status_code == 403
    assert name in answer.text
    assert "whoever runs the site" in answer.text
    assert client.get("/").status_code == 303
    assert audited(app) == [(name, "sign_in_refused")]
    assert log_of(app, "staff_sign_in_refused")[0]["reason"] == reason


def test_the_way_there_has_a_state_a_nonce_and_a_challenge_that_nobody_can_turn_back(app):
    asked = {name: values[0] for name, values in parse_qs(urlsplit(go(app.test_client())).query).items()}
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == COME_BACK_TO
    assert len(asked["state"]) >= 20
    assert len(asked["nonce"]) >= 20
    again = dict(parse_qsl(urlsplit(go(app.test_client())).query))
    assert not {again[name] for name in ("state", "nonce", "code_challenge")} & set(asked.values())


def test_one_comes_back_to_the_page_that_was_asked_for(app, real):
    client = app.test_client()
    assert back(client, real.visit(go(client, "/?q=taco"), "ana")).location == "/?q=taco"
    other = app.test_client()
    assert back(other, real.visit(go(other, "//evil.example"), "ana")).location == "/"


def test_two_tabs_both_come_in(app, real):
    client = app.test_client()
    ways = [go(client) for _ in range(2)]
    assert [back(client, real.visit(way, "ana")).status_code for way in ways] == [303, 303]


def test_an_answer_is_good_once_and_in_its_own_browser(app, real):
    client, stranger = app.test_client(), app.test_client()
    answer = real.visit(go(client), "ana")
    stolen = back(stranger, answer)
    assert stolen.status_code == 400
    assert "another browser" in stolen.text
    assert stranger.get("/").status_code == 303
    assert back(client, answer).status_code == 303
    assert back(client, answer).location == "/", "the browser's Back, when one is in already"
    client.send("/sign-out", form_at="/")
    assert back(client, answer).status_code == 400


def test_what_the_browser_carries_does_not_grow_with_each_try(app, real):
    client = app.test_client()
    tries = [go(client, "/?q=" + "".join(f"{n:x}" for n in range(99)) + str(number)) for number in range(10)]
    assert len(client.get_cookie("console-visit", domain="127.0.0.1").value) < 2000
    assert back(client, real.visit(tries[-4], "ana")).status_code == 400
    assert back(client, real.visit(tries[-3], "ana")).status_code == 303


def test_an_answer_that_comes_late_is_none(app, real, monkeypatch):
    client = app.test_client()
    answer = real.visit(go(client), "ana")
    monkeypatch.setattr(time, "time", lambda now=time.time: now() + provider.LOGIN_SECONDS + 1)
    assert back(client, answer).status_code == 400


def test_a_no_that_nobody_asked_for_ends_nobodys_way(app, real):
    client = app.test_client()
    address = go(client)
    for foreign in ("state=x&error=access_denied", "error=access_denied", "state=x&code=y"):
        assert client.get(f"/sign-in/back?{foreign}").status_code == 400
    assert back(client, real.visit(address, "ana")).status_code == 303


def test_a_code_of_somebody_else_opens_nothing(app, real):
    """Whoever slips another one's code into their own way has not the verifier that belongs to it (PKCE)."""
    client, other = app.test_client(), app.test_client()
    mine = real.visit(go(client), "eve")
    theirs = dict(parse_qsl(urlsplit(real.visit(go(other), "ana")).query))
    state = dict(parse_qsl(urlsplit(mine).query))["state"]
    answer = client.get("/sign-in/back", query_string=theirs | {"state": state})
    assert answer.status_code == 403
    assert "does not hold" in answer.text
    assert client.get("/").status_code == 303
    assert log_of(app, "staff_sign_in_refused")[0]["reason"] == "invalid_grant"


def test_who_says_no_there_may_try_again(app):
    client = app.test_client()
    state = parse_qs(urlsplit(go(client)).query)["state"][0]
    answer = client.get(
        "/sign-in/back", query_string={"error": "access_denied", "error_description": "<b>no</b>", "state": state}
    )
    assert answer.status_code == 403
    assert "not signed in there" in answer.text
    assert "<b>no" not in answer.text


def test_another_issuers_answer_is_none(app, real):
    client = app.test_client()
    answer = dict(parse_qsl(urlsplit(real.visit(go(client), "ana")).query))
    assert client.get("/sign-in/back", query_string=answer | {"iss": "https://evil.example"}).status_code == 403


def test_failed_ways_back_are_throttled(app, real):
    client = app.test_client()
    for _ in range(attempts.LIMIT.count):
        state = parse_qs(urlsplit(go(client)).query)["state"][0]
        assert client.get("/sign-in/back", query_string={"error": "access_denied", "state": state}).status_code == 403
    assert client.get("/sign-in/provider").status_code == 429
    assert client.get("/sign-in/back?state=x").status_code == 429


def test_ways_back_that_nobody_began_keep_nobody_from_signing_in(app, real):
    """Any web page could have its visitors' browsers ask for them."""
    client = app.test_client()
    for _ in range(attempts.LIMIT.count + 1):
        assert client.get("/sign-in/back?state=x&code=y").status_code == 400
    assert log_of(app, "staff_sign_in_refused")[-1]["reason"] == "unknown_state"
    assert client.get("/sign-in/provider").status_code == 303


def test_no_line_of_the_log_holds_a_secret_of_the_way(make_console, real):
    app = make_console(**real.settings, LOG_LEVEL="debug")
    client = app.test_client()
    address = go(client)
    answer = real.visit(address, "ana")
    with client.session_transaction(base_url=CONSOLE_URL) as held:
        ((login,),) = [[value["data"] for value in held.values() if "data" in value]]
        nonce, verifier = login["nonce"], login["code_verifier"]
    back(client, answer)
    code = parse_qs(urlsplit(answer).query)["code"][0]
    state = parse_qs(urlsplit(address).query)["state"][0]
    written = app.log.getvalue()
    assert "staff_signed_in" in written
    for secret in (nonce, verifier, code, state, CLIENT_SECRET):
        assert secret[:10] not in written


def test_without_a_provider_the_page_offers_none(console_app):
    client = console_app.test_client()
    assert "/sign-in/provider" not in client.get("/sign-in").text
    assert client.get("/sign-in/provider").location == "/sign-in"
    assert client.get("/sign-in/back?state=x").location == "/sign-in"


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


def test_all_that_is_asked_of_a_provider_shares_one_limit(app, monkeypatch):
    """Here the limit is over before the first question."""
    monkeypatch.setattr(provider, "TOTAL_SECONDS", 0)
    assert app.test_client().get("/sign-in/provider").status_code == 503
    assert log_of(app, "identity_provider_unavailable")[0]["reason"] == "TimeoutError"


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
