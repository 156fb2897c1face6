"""What a browser holds and how a sign-in ends."""

import time
from http.cookies import SimpleCookie

import pytest

from app.auth.session import GuestSession, _Recently
from app.auth.submissions import Outcome
from app.store import StoreUnavailable
from app.store.interface import Reason
from tests.sites import browser_of, log_of


def set_cookies(answer):
    cookies = SimpleCookie()
    for line in answer.headers.getlist("Set-Cookie"):
        cookies.load(line)
    return cookies


@pytest.fixture
def secure(make_site):
    return browser_of(make_site(PUBLIC_URL="https://rewards.example.com"))


def test_every_cookie_is_bound_to_this_host_and_out_of_reach_of_scripts(secure):
    seen = {}
    for answer in (secure.get("/login"), secure.sign_in(), secure.sign_out()):
        seen |= set_cookies(answer)
        for line in answer.headers.getlist("Set-Cookie"):
            assert line.startswith("__Host-")
            assert "; Secure" in line
            assert "; HttpOnly" in line
            assert "; Path=/" in line
            assert "; SameSite=Lax" in line
            assert "Domain" not in line
            assert len(line.split(";")[0]) <= 4096
    assert set(seen) == {"__Host-session", "__Host-visit"}


def test_the_deletion_of_a_cookie_repeats_what_browsers_ask_of_it(secure):
    secure.sign_in()
    lines = secure.sign_out().headers.getlist("Set-Cookie")
    deletion = next(line for line in lines if line.startswith("__Host-session="))
    assert "Max-Age=0" in deletion
    assert "; Secure" in deletion
    assert "; Path=/" in deletion


def test_on_loopback_cookies_do_without_what_needs_https(browser):
    browser.sign_in()
    browser.get("/account")
    assert set(browser.cookies()) == {"session"}


def test_signing_out_ends_the_record_and_can_be_repeated(browser, site):
    browser.sign_in()
    session_id = browser.cookies()["session"]
    answer = browser.sign_out()
    assert (answer.status, answer.location) == (303, "/login")
    assert 'role="status"' in browser.get("/login").body
    assert browser.post("/logout", {}).status == 303
    assert 'role="status"' in browser.get("/login").body
    browser.set_cookie("session", session_id)
    assert browser.get("/account").status == 303


def test_signing_out_takes_a_form_of_the_signed_in_page(browser):
    before = browser.get("/login").fields["csrf_token"]
    browser.sign_in()
    assert browser.post("/logout", {"csrf_token": before}).status == 400
    assert browser.get("/account").status == 200


def sign_out_form(page):
    """What the form that signs out holds; None where there is none."""
    return page.fields if ("form", "/logout") in {(tag, given.get("action")) for tag, given in page.read.tags} else None


@pytest.mark.parametrize(
    ("username", "path", "status"),
    [
        ("then:503", "/account", 503),
        ("balance:503", "/account", 503),
        ("refresh:503", "/account", 503),
        ("then:code:user_info.not_found", "/account", 200),
        ("ana", "/nothing-here", 404),
        ("ana", "/logout", 405),
        ("ana", "/language/xx", 404),
    ],
)
def test_a_signed_in_guest_can_sign_out_of_every_page(browser, sandbox, username, path, status):
    browser.sign_in(username)
    page = browser.get(path)
    assert page.status == status
    sandbox.clear_calls()
    answer = browser.post("/logout", {"csrf_token": sign_out_form(page)["csrf_token"]})
    assert (answer.status, answer.location) == (303, "/login")
    assert browser.get("/account").status == 303
    assert sandbox.calls() == []  # it needs no Paytronix


def test_a_signed_in_guest_can_sign_out_after_a_failure_of_ours(site, browser, monkeypatch):
    monkeypatch.setattr(site.extensions["services"].paytronix, "user_information", lambda *_: 1 / 0)
    browser.sign_in()
    page = browser.get("/account")
    assert page.status == 500
    assert browser.post("/logout", sign_out_form(page)).status == 303
    assert browser.get("/account").status == 303


def test_a_stale_form_that_was_to_sign_out_comes_with_a_fresh_one(browser):
    browser.sign_in()
    page = browser.post("/logout", {"csrf_token": "stale"})
    assert page.status == 400
    assert browser.post("/logout", sign_out_form(page)).status == 303
    assert browser.get("/account").status == 303


@pytest.mark.parametrize("path", ["/login", "/nothing-here", "/static/nothing-here"])
def test_who_is_not_signed_in_is_not_offered_to_sign_out(browser, path):
    assert sign_out_form(browser.get(path)) is None
    browser.set_cookie("session", "A" * 43)
    assert sign_out_form(browser.get(path)) is None


def test_while_the_store_is_away_the_page_says_that_nobody_was_signed_out_and_asks_it_once(site, browser, monkeypatch):
    browser.sign_in()
    form = browser.get("/account").fields
    asked = []

    def away(*_):
        asked.append(1)
        raise StoreUnavailable("store", Reason.TIMEOUT, "away")

    with monkeypatch.context() as patched:
        patched.setattr(site.extensions["services"].sign_ins, "find", away)
        page = browser.post("/logout", form)
        assert page.status == 503
        assert page.read.headings == ["You may still be signed in"]
        assert len(asked) == 1
        assert sign_out_form(browser.get("/nothing-here")) is None  # nobody can say
    with monkeypatch.context() as patched:
        patched.setattr(site.extensions["services"].sign_ins, "end", away)
        page = browser.post("/logout", form)
        assert page.status == 503
        assert page.read.headings == ["You may still be signed in"]
    assert browser.post("/logout", sign_out_form(page)).status == 303
    assert browser.get("/account").status == 303


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_cannot_sign_out(browser, method):
    browser.sign_in()
    assert browser._fetch(method, "/logout", None, {}).status == 405
    assert browser.get("/account").status == 200


@pytest.mark.parametrize(
    "junk", ["x", "j" * 3000, "A" * 43, "A" * 42 + "=", "../../etc/passwd", "é" * 43, '"quoted"', "a b"]
)
def test_junk_in_the_cookie_is_no_session_and_is_never_adopted(browser, junk):
    browser.set_cookie("session", junk)
    answer = browser.get("/account")
    assert answer.status == 303
    sent = set_cookies(answer)
    assert "session" not in sent or sent["session"].value == ""
    assert browser.get("/login").status == 200


def test_a_cookie_of_somebody_else_in_another_encoding_is_nothing_to_us(site):
    origin = str(site.extensions["services"].settings.public_url)
    sent = {"HTTP_COOKIE": "theme=caf\xe9; language=es"}
    page = site.test_client(use_cookies=False).get("/login", base_url=origin, environ_overrides=sent)
    assert page.status_code == 200
    assert '<html lang="es"' in page.text


def test_an_id_changed_by_one_character_is_no_session(browser):
    browser.sign_in()
    good = browser.cookies()["session"]
    browser.set_cookie("session", ("B" if good[0] == "A" else "A") + good[1:])
    assert browser.get("/account").status == 303


@pytest.mark.parametrize("junk", ["x.y", "eyJhIjoxfQ.bad", "j" * 4000, ".", "W10.x"])
def test_junk_in_a_visitors_cookie_is_a_new_visit(browser, junk):
    browser.set_cookie("visit", junk)
    assert browser.sign_in().status == 303


def test_a_sign_in_that_is_idle_for_too_long_ends_and_the_guest_reads_why(make_site):
    browser = browser_of(make_site(SESSION_IDLE_SECONDS="2"))
    browser.sign_in()
    for _ in range(3):
        time.sleep(0.8)
        assert browser.get("/account").status == 200
    time.sleep(2.3)
    answer = browser.get("/account")
    assert answer.status == 303
    assert 'role="status"' in browser.get(answer.location).body


def test_a_sign_in_ends_at_its_absolute_end_whatever_the_guest_does(make_site):
    browser = browser_of(make_site(SESSION_IDLE_SECONDS="2", SESSION_MAX_SECONDS="2"))
    browser.sign_in()
    started = time.monotonic()
    while browser.get("/account").status == 200:
        assert time.monotonic() - started < 4
        time.sleep(0.2)
    assert time.monotonic() - started > 0.9


def test_a_visitor_leaves_nothing_in_the_store(browser, site, monkeypatch):
    written = []
    store = site.extensions["services"].store
    for name in ("put", "replace", "count_up", "acquire", "extend", "delete"):
        monkeypatch.setattr(store, name, lambda *a, **k: written.append(a), raising=True)
    for _ in range(20):
        browser.get("/login")
        browser.get("/account")
        browser_of(site).get("/login")
    assert written == []


def unavailable(*args, **kwargs):
    raise StoreUnavailable("test", Reason.UNREACHABLE, "for this test")


def test_a_store_that_cannot_be_reached_is_not_a_guest_who_is_signed_out(browser, site, monkeypatch):
    browser.sign_in()
    store = site.extensions["services"].store
    with monkeypatch.context() as patch:
        patch.setattr(store, "get", unavailable)
        answer = browser.get("/account")
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert "Set-Cookie" not in answer.headers
        assert browser.get("/login").status == 200
        assert browser.get("/healthz").status == 200
    assert browser.get("/account").status == 200


def test_while_the_store_is_away_forms_are_answered_503_and_not_taken_for_a_strangers(browser, site, monkeypatch):
    browser.sign_in()
    token = browser.get("/account").fields["csrf_token"]
    monkeypatch.setattr(site.extensions["services"].store, "get", unavailable)
    answer = browser.post("/logout", {"csrf_token": token})
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    page = browser.post("/login", {"csrf_token": token, "username": "ana", "password": "x", "next": ""})
    assert (page.status, page.fields["username"]) == (503, "ana")
    assert "session" not in set_cookies(page)
    assert len(log_of(site, "store_unavailable")) == 2


def test_a_sign_in_that_cannot_be_kept_is_answered_with_the_form_filled_in(browser, site, monkeypatch):
    form = browser.get("/login")
    monkeypatch.setattr(site.extensions["services"].store, "write", unavailable)
    page = browser.submit(form, "ana", "taco-tuesday")
    assert (page.status, page.fields["username"]) == (503, "ana")
    assert "session" not in browser.cookies()


def test_a_signed_out_guest_is_not_revived_by_a_refresh_that_was_under_way(browser, site, sandbox):
    browser.sign_in()
    parts = site.extensions["services"]
    sign_in = parts.sign_ins.find(browser.cookies()["session"])
    browser.sign_out()
    assert not parts.sign_ins.save_tokens(sign_in, sign_in.tokens)
    assert not parts.sign_ins.save_session(sign_in, sign_in.session)
    assert parts.sign_ins.find(sign_in.session_id) is None


def test_a_page_is_shown_while_its_idle_end_cannot_be_moved(browser, site, monkeypatch):
    def unavailable(sign_in):
        raise StoreUnavailable("the store", Reason.READONLY, "not now")

    browser.sign_in()
    monkeypatch.setattr(site.session_interface, "_kept_alive", _Recently(0))  # the sign-in itself is the last time
    monkeypatch.setattr(site.extensions["services"].sign_ins, "keep_alive", unavailable)
    assert browser.get("/account").status == 200
    assert [record["reason"] for record in log_of(site, "idle_end_not_moved")] == ["readonly"]


def test_what_a_session_holds_is_in_no_repr(browser, site):
    browser.sign_in()
    sign_in = site.extensions["services"].sign_ins.find(browser.cookies()["session"])
    shown = repr(GuestSession({"csrf_token": "marker", "username": "marker"})) + repr(Outcome("marker")) + repr(sign_in)
    assert "marker" not in shown
    assert browser.cookies()["session"] not in shown
    assert "csrf_token" in shown


@pytest.mark.parametrize("heads", [1, 3])
def test_head_before_get_eats_no_notice(browser, sandbox, heads):
    browser.sign_in()
    sandbox.expire()
    sandbox.revoke()
    landing = browser.get("/account").location
    for _ in range(heads):
        assert browser._fetch("HEAD", landing, None, {}).status == 200
    assert 'role="status"' in browser.get(landing).body
    assert 'role="status"' not in browser.get(landing).body, "it is shown once"
