"""Forms that are not this browser's any more: guests are led on, or told what is so, and nobody is blamed for nothing."""

import time

import pytest

from tests.sites import browser_of, log_of

BEN = ("ben@example.com", "soup-of-the-day")


def password_calls(sandbox):
    return sandbox.calls("requestGuestToken", grant="password")


@pytest.mark.parametrize("username", ["ana", " ANA", "a\u00adna\u202c", "ａｎａ"])
def test_the_same_guest_in_a_second_tab_is_led_on(browser, sandbox, username):
    second_tab = browser.get("/login?next=/account?table%3D7")
    browser.sign_in("ana", "taco-tuesday")
    session_id = browser.cookies()["session"]
    answer = browser.submit(second_tab, username, "taco-tuesday")
    assert (answer.status, answer.location) == (303, "/account?table=7")
    assert browser.cookies()["session"] == session_id
    assert len(password_calls(sandbox)) == 1


def test_a_guest_whom_paytronix_calls_by_another_name_is_led_on_too(browser, sandbox):
    tabs = [browser.get("/login") for _ in range(3)]
    for tab, username in zip(tabs, ("expires:absent", "Expires:ABSENT ", "ana"), strict=True):
        assert browser.submit(tab, username, "taco-tuesday").status == 303
    assert len(password_calls(sandbox)) == 1


@pytest.mark.parametrize("username", [BEN[0], "", "anna", "\u200b"])
def test_another_guest_in_a_second_tab_reads_who_is_signed_in_and_what_to_do(browser, sandbox, username):
    second_tab = browser.get("/login?next=/account?table%3D7")
    browser.sign_in("ana", "taco-tuesday")
    session_id = browser.cookies()["session"]
    page = browser.submit(second_tab, username, BEN[1])
    assert page.status == 422
    assert "signed in as ana" in page.text
    assert "password" not in page.text.lower()
    assert "/account?table=7" in page.read.links
    assert BEN[1] not in page.body
    assert browser.cookies()["session"] == session_id
    assert len(password_calls(sandbox)) == 1
    assert browser.post("/logout", {"csrf_token": page.fields["csrf_token"]}).status == 303
    assert browser.sign_in(*BEN).status == 303


def test_who_is_signed_in_is_called_by_the_first_name_once_it_is_known(browser):
    second_tab = browser.get("/login")
    browser.sign_in("ana", "taco-tuesday")
    browser.get("/account")
    assert "signed in as Ana" in browser.submit(second_tab, *BEN).text


def test_a_form_from_before_a_sign_in_is_of_no_use_after_signing_out(browser, sandbox):
    before = browser.get("/login")
    browser.sign_in()
    browser.sign_out()
    page = browser.submit(before, "ana", "taco-tuesday")
    assert page.status == 422
    assert "lost on the way" in page.text
    assert "long time" not in page.text
    assert len(password_calls(sandbox)) == 1
    assert browser.submit(page, "ana", "taco-tuesday").status == 303


def test_a_page_was_open_for_a_long_time_only_where_it_was(site, monkeypatch, sandbox):
    for minutes, words in (
        (29, "lost on the way"),
        (31, "was open for a long time"),
        (60 * 24, "open for a long time"),
    ):
        browser = browser_of(site)
        form, now = browser.get("/login"), time.time()
        browser.client.delete_cookie("visit", domain="127.0.0.1")
        with monkeypatch.context() as later:
            later.setattr("time.time", lambda now=now, minutes=minutes: now + 60 * minutes)
            page = browser.submit(form, "ana", "taco-tuesday")
            assert (page.status, page.fields["username"]) == (422, "ana")
            assert words in page.text
            assert browser.submit(page, "ana", "taco-tuesday").status == 303


@pytest.mark.parametrize("token", ["", "old", "a~b.c.d", "~", "x" * 3000, "a~" + "eyJ9." * 50])
def test_a_token_that_is_none_of_ours_has_no_age(browser, token):
    form = browser.get("/login")
    page = browser.post("/login", form.fields | {"csrf_token": token, "username": "ana", "password": "x"})
    assert page.status == 422
    assert "lost on the way" in page.text


def test_a_cookie_that_is_lost_once_is_no_fault_of_the_browser(browser, site):
    form = browser.get("/login?next=/account?table%3D7")
    browser.client.delete_cookie("visit", domain="127.0.0.1")  # as when a phone has restored the tab
    page = browser.submit(form, "ana", "taco-tuesday")
    assert page.status == 422
    assert "cookie" not in page.text
    assert browser.submit(page, "ana", "taco-tuesday").location == "/account?table=7"
    (record,) = log_of(site, "csrf_refused")
    assert record["reason"] == "no_cookie"


def test_a_browser_that_keeps_no_cookie_is_told_so_at_the_second_time_and_from_then_on(site, sandbox):
    form = browser_of(site).get("/login")
    told = []
    for _ in range(3):
        form = browser_of(site).submit(form, "ana", "taco-tuesday")
        assert (form.status, form.fields["username"]) == (422, "ana")
        told.append("doesn’t keep our cookie" in form.text)
    assert told == [False, True, True]
    assert sandbox.calls() == []


def test_a_browser_that_keeps_our_other_cookies_is_not_said_to_keep_none(site):
    form = browser_of(site).get("/login")
    for _ in range(2):
        browser = browser_of(site)
        browser.set_cookie("language", "en")
        form = browser.submit(form, "ana", "taco-tuesday")
        assert "cookie" not in form.text


def test_after_the_store_was_emptied_nobody_blames_the_browser(browser, site):
    browser.sign_in()
    landing = browser.get("/account")
    assert landing.status == 200
    site.extensions["services"].sign_ins.end_all()
    words = browser.get(browser.get("/account").location).text
    assert "cookie" not in words
    assert "You were away" not in words
    assert "Your sign-in has ended" in words
    second = browser.sign_in()  # and emptied before the first page
    site.extensions["services"].sign_ins.end_all()
    words = browser.get(browser.get(second.location).location).text
    assert "we’ve lost track of it" in words
    assert "cookie" not in words


def test_a_page_without_a_password_field_speaks_of_no_password(browser):
    browser.sign_in()
    page = browser.post("/logout", {"csrf_token": "old"})
    assert page.status == 400
    assert "no longer up to date" in page.text
    assert "password" not in page.text.lower()


def test_no_hidden_field_is_filled_in_by_the_browser(browser):
    pages = [browser.get("/login"), browser.sign_in("ana", "wrong")]
    browser.sign_in()
    for page in [*pages, browser.get("/account")]:
        hidden = [given for tag, given in page.read.tags if tag == "input" and given.get("type") == "hidden"]
        assert hidden
        assert {given.get("autocomplete") for given in hidden} == {"off"}
