"""Guests who would go round in circles are told why: no cookies, a sign-in that does not last, https taken for http."""

from app.auth.session import LANDS_WITHIN_SECONDS
from tests.sites import browser_of, log_of


def test_a_sign_in_that_the_browser_does_not_keep_is_explained_and_not_asked_for_again_and_again(site, browser):
    landing = browser.sign_in(path="/login?next=/account%3Fx=1").location
    browser.client.delete_cookie("session", domain="127.0.0.1")
    answer = browser.get(landing)
    assert (answer.status, answer.location) == (303, "/login?next=/account?x%3D1")
    page = browser.get(answer.location)
    assert page.status == 200
    assert "didn’t keep our cookie" in page.text
    assert page.fields["next"] == "/account?x=1"
    assert "didn’t keep our cookie" not in browser.get("/login").text
    assert len(log_of(site, "session_lost")) == 1


def test_a_sign_in_that_the_store_does_not_know_a_moment_later_is_explained_too(site, browser):
    landing = browser.sign_in().location
    browser.set_cookie("session", "A" * 43)
    page = browser.get(browser.get(landing).location)
    assert "we’ve lost track of it" in page.text
    assert "cookie" not in page.text
    assert page.status == 200
    assert log_of(site, "session_lost")


def test_once_a_page_was_seen_signed_in_nothing_of_that_is_left(browser):
    browser.sign_in()
    browser.get("/account")
    browser.client.delete_cookie("session", domain="127.0.0.1")
    assert 'role="status"' not in browser.get(browser.get("/account").location).body


def test_much_later_it_is_no_fault_of_cookies(browser, monkeypatch):
    import time

    browser.sign_in()
    browser.client.delete_cookie("session", domain="127.0.0.1")
    later = time.time() + LANDS_WITHIN_SECONDS + 2
    monkeypatch.setattr("app.auth.session.time.time", lambda: later)
    assert 'role="status"' not in browser.get(browser.get("/account").location).body


def test_a_browser_that_keeps_only_cookies_of_others_is_told_about_ours(site, sandbox):
    form = browser_of(site).get("/login").fields
    for words in ("lost on the way", "doesn’t keep our cookie"):
        other = browser_of(site)
        other.set_cookie("_ga", "GA1.2.3")
        page = other.post("/login", form | {"username": "ana", "password": "taco-tuesday"})
        assert page.status == 422
        assert words in page.text
        form = page.fields
    assert sandbox.calls() == []


def test_https_that_the_proxy_takes_for_http_is_explained_instead_of_sent_round(make_site):
    site = make_site(PUBLIC_URL="https://rewards.example.com", TRUSTED_PROXY_HOPS="1")
    browser = browser_of(site)
    sent_on = browser.get("/login", X_Forwarded_Proto="http")
    assert sent_on.status == 308
    # Now the browser comes over https, which is when it sends this header, and the proxy says http again.
    page = browser.get("/login", X_Forwarded_Proto="http", Sec_Fetch_Mode="navigate", Sec_Fetch_Site="none")
    assert page.status == 503
    assert page.headers["Retry-After"]
    assert page.headers["X-Request-ID"] in page.text
    (record,) = log_of(site, "https_seen_as_http")
    assert "X-Forwarded-Proto" in record["todo"]
    assert record["request_id"] == page.headers["X-Request-ID"]
