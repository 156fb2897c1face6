"""The account page: what the guest has, and a token that stays good without the guest noticing."""

import pytest

from tests.sites import browser_of


def refreshes(sandbox):
    return sandbox.calls("requestGuestToken", grant="refresh_token")


def test_a_guest_sees_points_rewards_stored_value_tier_and_masked_card(browser):
    browser.sign_in()
    text = browser.get("/account").text
    for shown in ("Ana", "1,250", "Free taco", "Birthday dessert", "25.50", "Gold", "•••• 0017"):
        assert shown in text
    assert "600000000041" not in browser.get("/account").body


def test_numbers_and_dates_are_written_as_the_guests_language_does(browser):
    browser.sign_in()
    assert "25,50" in browser.get("/account", Accept_Language="es-ES").text


def test_the_guests_name_and_card_are_asked_for_once_a_sign_in(browser, sandbox):
    browser.sign_in()
    for _ in range(3):
        browser.get("/account")
    assert len(sandbox.calls("userInformation")) == 1
    assert len(sandbox.calls("accountInformation")) == 3


def test_without_a_sign_in_the_page_asks_for_one_and_comes_back(browser):
    answer = browser.get("/account?from=mail")
    assert (answer.status, answer.location) == (303, "/login?next=/account?from%3Dmail")
    form = browser.get(answer.location)
    assert form.fields["next"] == "/account?from=mail"
    assert browser.submit(form, "ana", "taco-tuesday").location == "/account?from=mail"


@pytest.mark.parametrize("status", [200, 401])
def test_a_rejected_token_is_renewed_and_the_call_repeated(browser, sandbox, status):
    sandbox.switch(invalid_token_status=status)
    browser.sign_in()
    browser.get("/account")
    sandbox.expire()
    sandbox.clear_calls()
    assert "Ana" in browser.get("/account").text
    assert [call["operation"] for call in sandbox.calls()] == [
        "accountInformation",
        "requestGuestToken",
        "accountInformation",
    ]


def test_a_token_near_its_end_is_renewed_before_it_is_used(make_site, sandbox):
    sandbox.switch(token_seconds=2)
    browser = browser_of(make_site(PAYTRONIX_REFRESH_MARGIN_SECONDS="1800"))
    browser.sign_in()
    import time

    time.sleep(1.85)  # the margin is a tenth of the life at most: 0.2 s of 2 s
    sandbox.clear_calls()
    assert browser.get("/account").status == 200
    assert sandbox.calls()[0]["grant"] == "refresh_token"


@pytest.mark.parametrize("kind", ["stay", "rotate", "single-use"])
def test_the_refresh_token_that_paytronix_gives_is_the_one_that_is_used_next(browser, sandbox, kind):
    sandbox.switch(refresh_tokens=kind)
    browser.sign_in()
    for _ in range(3):
        sandbox.expire()
        assert browser.get("/account").status == 200
    assert len(refreshes(sandbox)) == 3


def test_a_refused_refresh_ends_the_sign_in_says_so_once_and_leads_back(browser, sandbox):
    browser.sign_in()
    session_id = browser.cookies()["session"]
    sandbox.expire()
    sandbox.revoke()
    answer = browser.get("/account?x=1")
    assert (answer.status, answer.location) == (303, "/login?next=/account?x%3D1")
    assert "session" not in browser.cookies()
    form = browser.get(answer.location)
    assert 'role="status"' in form.body
    assert 'role="status"' not in browser.get("/login").body
    assert len(refreshes(sandbox)) == 1
    assert browser.submit(form, "ana", "taco-tuesday").location == "/account?x=1"
    browser.set_cookie("session", session_id)
    assert browser.get("/account").status == 303


def test_a_token_that_is_rejected_again_after_the_refresh_ends_the_sign_in_after_three_calls(browser, sandbox):
    browser.sign_in("then:invalid_token", "x")
    sandbox.clear_calls()
    assert browser.get("/account").status == 303
    assert len(sandbox.calls()) == 3


@pytest.mark.parametrize("trouble", ["503", "429", "html", "code:oauth.system_error", "close", "list"])
def test_a_passing_failure_of_the_refresh_keeps_the_sign_in(browser, sandbox, trouble):
    browser.sign_in(f"refresh:{trouble}", "x")
    answer = browser.get("/account")
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "Set-Cookie" not in answer.headers
    assert "session" in browser.cookies()
    assert len(refreshes(sandbox)) == 1


def test_a_failure_of_the_refresh_is_remembered_for_a_moment(browser, sandbox):
    browser.sign_in("refresh:503", "x")
    for _ in range(4):
        assert browser.get("/account").status == 503
    assert len(refreshes(sandbox)) == 1


@pytest.mark.parametrize("trouble", ["503", "close", "html"])
def test_trouble_at_paytronix_is_a_page_that_says_so_and_the_guest_stays_signed_in(browser, trouble):
    browser.sign_in(f"then:{trouble}", "x")
    answer = browser.get("/account")
    assert answer.status == 503
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Request-ID"] in answer.text


def test_trouble_at_paytronix_is_told_in_the_merchants_words_for_it(make_site, tmp_path):
    (tmp_path / "merchant" / "messages").mkdir(parents=True)
    (tmp_path / "merchant" / "messages" / "en.toml").write_text('[paytronix]\n"http:429" = "The kitchen is on fire."')
    browser = browser_of(make_site(MERCHANT_DIR=str(tmp_path / "merchant")))
    browser.sign_in("then:429", "x")
    answer = browser.get("/account")
    assert answer.status == 503
    assert "The kitchen is on fire." in answer.text


def test_an_unknown_guest_reads_words_and_causes_no_refresh(browser, sandbox):
    browser.sign_in("then:code:user_info.not_found", "x")
    assert browser.get("/account").status == 200
    assert refreshes(sandbox) == []


def test_a_card_that_cannot_be_queried_is_worded_by_the_merchant(browser, sandbox):
    browser.sign_in("then:result:invalid_status", "x")
    answer = browser.get("/account")
    assert answer.status == 200
    assert 'class="notice"' in answer.body


@pytest.mark.parametrize("path", ["/account/x.css", "/account%2fx.js", "/account;x.css", "/account/"])
def test_a_path_below_the_page_is_not_the_page(browser, path):
    browser.sign_in()
    answer = browser.get(path)
    assert answer.status in {404, 308}
    assert "Ana" not in answer.body


@pytest.mark.parametrize("username", ["ben@example.com"])
def test_a_guest_without_points_or_rewards_sees_no_holes(browser, username):
    browser.sign_in(username, "soup-of-the-day")
    answer = browser.get("/account")
    assert answer.status == 200
    assert "Ben" in answer.text
