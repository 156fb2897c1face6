"""One sentence of the merchant's, read by guests in every way in which Paytronix can be away."""

import pytest

from tests.sites import browser_of

SENTENCE = "We can’t reach your rewards just now. Your points are safe."


@pytest.fixture
def browser(make_site, tmp_path):
    (tmp_path / "words/messages").mkdir(parents=True)
    (tmp_path / "words/merchant.toml").write_text('name = "Olive"\nlanguages = ["en", "es"]\n')
    (tmp_path / "words/messages/en.toml").write_text(f'[site]\nunavailable = "{SENTENCE}"\n', encoding="utf-8")
    return browser_of(make_site(MERCHANT_DIR=str(tmp_path / "words"), PAYTRONIX_TOTAL_SECONDS="2"))


AWAY = ["503", "500", "code:system_error", "code:system.error", "close", "html", "403", "404", "418", "429", "hang"]


@pytest.mark.parametrize("username", AWAY)
def test_who_signs_in_meanwhile_reads_it(browser, username):
    page = browser.sign_in(username, "x")
    assert page.status == 503
    assert SENTENCE in page.text


@pytest.mark.parametrize("username", ["then:503", "then:close", "then:html"])
def test_who_has_signed_in_reads_it_on_the_page_of_the_account(browser, username):
    browser.sign_in(username)
    page = browser.get("/account")
    assert page.status == 503
    assert SENTENCE in page.text


def test_a_wrong_password_is_no_outage(browser):
    assert SENTENCE not in browser.sign_in("ana", "wrong").text
