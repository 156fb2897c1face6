"""Staff who sign in at an identity provider, a real one."""

import time
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from app.console import attempts, provider
from tests.console.conftest import CONSOLE_URL
from tests.console.providers import CLIENT_SECRET, RunningProvider, go
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


def test_all_that_is_asked_of_a_provider_shares_one_limit(app, monkeypatch):
    """Here the limit is over before the first question."""
    monkeypatch.setattr(provider, "TOTAL_SECONDS", 0)
    assert app.test_client().get("/sign-in/provider").status_code == 503
    assert log_of(app, "identity_provider_unavailable")[0]["reason"] == "TimeoutError"
