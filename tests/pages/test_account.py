"""The account page: what the guest has, and a token that stays good without the guest noticing."""

import pytest

from app.paytronix import Reason, Unavailable
from tests.sites import browser_of, log_of


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


@pytest.mark.parametrize(
    ("header", "day", "amount"),
    [
        ("en-GB,en;q=0.9", "1 February 2099", "1,000"),
        ("en-US,en;q=0.9", "February 1, 2099", "1,000"),
        ("en", "February 1, 2099", "1,000"),
        ("es-MX,es;q=0.9", "1 de febrero de 2099", "412.55"),
        ("es-ES,es;q=0.9", "1 de febrero de 2099", "412,55"),
        ("en-CH", "1 February 2099", "1’000"),
    ],
)
def test_numbers_and_dates_take_the_region_of_the_guests_browser(browser, header, day, amount):
    browser.sign_in("olga", "odd-soup")
    for _ in range(2):
        text = browser.get("/account", Accept_Language=header).text
        assert day in text
        assert amount in text
    assert "February 1, 2099" in browser.get("/account", Accept_Language="en-US").text


def test_a_guest_who_has_chosen_a_language_keeps_the_region_of_the_browser(browser):
    browser.sign_in("olga", "odd-soup")
    browser.set_cookie("language", "en")
    assert "1 February 2099" in browser.get("/account", Accept_Language="es-ES,en-GB;q=0.5").text


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


# --- Accounts as they are ---


def test_odd_amounts_cost_their_own_wallets_and_used_rewards_are_not_listed(site, browser):
    browser.sign_in("olga", "odd-soup")
    page = browser.get("/account")
    assert page.status == 200
    for shown in ("1,000", "Total Spend YTD", "412.55", "Beverage points", "Free taco", "February 1, 2099", "25.50"):
        assert shown in page.text
    for hidden in ("Visits", "Free coffee", "Old treat", "couldn’t load"):
        assert hidden not in page.text
    (record,) = log_of(site, "account_part_unreadable")
    assert record["parts"] == []
    assert record["fields"] == ["pointBalances[2].balance", "rewardBalances[0].expirations[1].expirationDate"]


@pytest.mark.parametrize("part", ["pointBalances", "rewardBalances", "storedValueBalances", "tierLabel"])
def test_whatever_cannot_be_read_name_and_card_are_there(browser, part):
    browser.sign_in(f"then:odd:{part}", "x")
    page = browser.get("/account")
    assert page.status == 200
    assert "Ana" in page.text
    assert "0017" in page.text


# --- What is remembered, and what is asked again ---


def asked(sandbox):
    return [call["operation"] for call in sandbox.calls()]


@pytest.mark.parametrize("told", ["without-name", "without-card", "empty"])
def test_what_paytronix_leaves_out_at_first_is_asked_for_again(site, browser, sandbox, told):
    sandbox.switch(user_information=told)
    browser.sign_in()
    page = browser.get("/account")
    assert page.status == 200
    assert ("Hello, Ana" in page.text, "0017" in page.text) == (told == "without-card", told == "without-name")
    sandbox.switch(user_information="whole")
    page = browser.get("/account")
    assert "Hello, Ana" in page.text
    assert "1,250" in page.text
    sandbox.clear_calls()
    assert browser.get("/account").status == 200
    assert asked(sandbox) == ["accountInformation"]
    odd = [record["detail"] for record in log_of(site, "vendor_protocol")]
    assert odd == (["neither a card nor a name"] if told == "empty" else [])


def test_a_name_that_cannot_be_asked_for_leaves_the_card(browser, sandbox, monkeypatch, site):
    sandbox.switch(user_information="without-name")
    browser.sign_in()
    browser.get("/account")

    def fail(*_):
        raise Unavailable("guest/userInformation", Reason.TIMEOUT)

    monkeypatch.setattr(site.extensions["services"].paytronix, "user_information", fail)
    page = browser.get("/account")
    assert page.status == 200
    assert "1,250" in page.text


def test_a_guest_who_gets_a_card_sees_it_without_signing_in_again(browser, sandbox):
    sandbox.switch(user_information="without-card")
    browser.sign_in()
    assert "no card" in browser.get("/account").text
    sandbox.switch(user_information="whole")
    assert "no card" not in browser.get("/account").text


@pytest.mark.parametrize("told", ["primary", "refused"])
def test_a_card_that_is_replaced_is_followed_in_the_same_page(make_site, browser, sandbox, told):
    browser.sign_in()
    browser.get("/account")
    sandbox.exchange_card("ana", "0600000041")
    sandbox.switch(exchanged_card=told)
    sandbox.clear_calls()
    page = browser.get("/account")
    assert page.status == 200
    assert "1,250" in page.text
    assert "•••• 0041" in page.text
    in_between = ["userInformation"] if told == "refused" else []
    assert asked(sandbox) == ["accountInformation", *in_between, "accountInformation"]
    sandbox.clear_calls()
    assert "•••• 0041" in browser.get("/account").text
    assert asked(sandbox) == ["accountInformation"]


def test_the_primary_card_counts_where_userinformation_names_another_first(browser, sandbox):
    browser.sign_in("tom", "two-of-everything")
    page = browser.get("/account")
    assert "•••• 0025" in page.text
    assert "90" in page.text
    sandbox.clear_calls()
    browser.get("/account")
    assert asked(sandbox) == ["accountInformation"]


def test_a_card_that_is_refused_though_it_is_the_guests_is_asked_about_once_a_page(browser, sandbox):
    browser.sign_in("sam@example.com", "cold-pizza")
    browser.get("/account")
    sandbox.clear_calls()
    page = browser.get("/account")
    assert page.status == 200
    assert "•••• 0066" in page.text
    assert sorted(asked(sandbox)) == ["accountInformation", "userInformation"]


def test_a_card_that_is_gone_leaves_words_that_help_and_no_dead_code(make_site, sandbox, tmp_path):
    browser = browser_of(make_site(MERCHANT_DIR=with_card_code(tmp_path)))
    browser.sign_in()
    assert "<svg" in browser.get("/account").body
    sandbox.exchange_card("ana", "0600000041")
    sandbox.switch(exchanged_card="refused", user_information="without-card")
    page = browser.get("/account")
    assert page.status == 200
    assert "<svg" not in page.body
    assert "no card on your account yet" in page.text
    assert "0017" not in page.text


def test_a_card_that_cannot_be_found_is_worded(make_site, tmp_path):
    browser = browser_of(make_site(MERCHANT_DIR=with_card_code(tmp_path)))
    browser.sign_in("balance:code:account_info.not_found", "x")
    for language, words in (("en", "what’s on your card"), ("es", "lo que hay en tu tarjeta")):
        page = browser.get("/account", Accept_Language=language)
        assert page.status == 200
        assert words in page.text
        assert "<svg" not in page.body


# --- The card for the till ---


def with_card_code(tmp_path, kind="qr"):
    folder = tmp_path / "with-card"
    folder.mkdir()
    (folder / "merchant.toml").write_text(f'name = "Olive"\nshow_card_code = "{kind}"\n')
    return str(folder)


@pytest.mark.parametrize("kind", ["qr", "barcode"])
@pytest.mark.parametrize("trouble", ["503", "429", "html", "close", "code:account_info.system_error"])
def test_the_card_stays_when_only_the_balances_cannot_be_had(make_site, sandbox, tmp_path, trouble, kind):
    browser = browser_of(make_site(MERCHANT_DIR=with_card_code(tmp_path, kind)))
    browser.sign_in(f"balance:{trouble}", "x")
    for _ in range(2):
        page = browser.get("/account")
        assert page.status == 503
        assert int(page.headers["Retry-After"]) > 0
        assert "Set-Cookie" not in page.headers
        assert "Hello, Ana" in page.text
        assert "6000 0000 0041 0017" in page.text
        assert "<svg" in page.body
        assert 'class="notice"' in page.body
        assert "csrf_token" in page.fields  # of the form that signs out
    assert len(sandbox.calls("userInformation")) == 1


def test_without_a_code_the_masked_card_stays(browser):
    browser.sign_in("balance:503", "x")
    page = browser.get("/account")
    assert page.status == 503
    assert "•••• 0017" in page.text


def test_the_code_for_the_till_comes_before_the_balances(make_site, tmp_path):
    browser = browser_of(make_site(MERCHANT_DIR=with_card_code(tmp_path)))
    browser.sign_in()
    body = browser.get("/account").body
    assert body.index("<svg") < body.index("1,250")
