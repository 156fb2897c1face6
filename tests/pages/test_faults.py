"""When Paytronix fails itself: nobody is signed out, nobody is locked out, and nobody reads what is inside it."""

import pytest

from tests.sites import browser_of, log_of

FAULTS = ["failed:system.error", "failed:", "code:oauth.system_error", "code:server_error"]
INTERNAL = "worker pool exhausted"
DOWN = "we can’t reach your rewards right now"
WORDS = 'name = "Olive"\nshow_vendor_text = true\nshow_code = true\n'


@pytest.fixture
def talkative(make_site, tmp_path):
    """The site of a merchant who wants Paytronix's own texts and codes to be shown."""
    (tmp_path / "words").mkdir()
    (tmp_path / "words/merchant.toml").write_text(WORDS)
    return make_site(MERCHANT_DIR=str(tmp_path / "words"))


@pytest.mark.parametrize("status", [200, 401, 403, 500])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_no_wrong_password(talkative, sandbox, fault, status):
    sandbox.switch(failure_status=status)
    page = browser_of(talkative).sign_in(fault, "taco-tuesday")
    assert page.status == 503
    assert DOWN in page.text
    assert INTERNAL not in page.body
    assert log_of(talkative, "login_failed") == []


def test_a_5xx_with_a_code_that_nobody_knows_reads_as_an_outage(talkative, sandbox):
    sandbox.switch(failure_status=503)
    page = browser_of(talkative).sign_in("code:who.knows", "x")
    assert (page.status, DOWN in page.text, "Rehearsal of" in page.text) == (503, True, False)
    sandbox.switch(failure_status=200)
    page = browser_of(talkative).sign_in("code:who.knows", "x")
    assert (page.status, "Rehearsal of" in page.text) == (422, True)


@pytest.mark.parametrize("fault", FAULTS)
def test_ten_faults_do_not_lock_out_who_knows_the_password(make_site, sandbox, fault):
    site = make_site(LOGIN_FAILURES_PER_GUEST="3/15 minutes", LOGIN_FAILURES_PER_ADDRESS="3/15 minutes")
    assert [browser_of(site).sign_in(fault, "x").status for _ in range(9)] == [503] * 9
    assert browser_of(site).sign_in("ana", "taco-tuesday").status == 303


@pytest.mark.parametrize("status", [200, 401, 500])
@pytest.mark.parametrize("fault", ["failed:system.error", "failed:", "code:internal_error"])
@pytest.mark.parametrize("when", ["then:", "refresh:"])
def test_a_fault_ends_no_sign_in(talkative, sandbox, when, fault, status):
    sandbox.switch(failure_status=status)
    browser = browser_of(talkative)
    assert browser.sign_in(f"{when}{fault}", "x").status == 303
    page = browser.get("/account")
    assert page.status == 503
    assert INTERNAL not in page.body
    assert log_of(talkative, "session_ended") == []
    assert "session" in browser.cookies()


def test_the_notice_for_an_outage_shows_when_paytronix_says_that_it_fails(make_site, sandbox, tmp_path):
    (tmp_path / "words").mkdir()
    (tmp_path / "words/notices.toml").write_text('[down]\nwhile = "paytronix_failing"\ntext.en = "Call us."\n')
    browser = browser_of(make_site(MERCHANT_DIR=str(tmp_path / "words")))
    sandbox.switch(failure_status=400)
    for number in range(3):
        assert "Call us." not in browser.get("/login").text, number
        browser.sign_in("failed:system.error", "x")
    assert "Call us." in browser.get("/login").text


@pytest.mark.parametrize("code", ["feature_disabled", "invalid_merchant"])
def test_what_is_not_set_up_is_an_error_for_the_operator(talkative, code):
    page = browser_of(talkative).sign_in(f"code:{code}", "taco-tuesday")
    assert (page.status, DOWN in page.text, f"Code: {code}" in page.text) == (503, True, True)
    (record,) = log_of(talkative, "vendor_integration_refused")
    assert (record["level"], record["code"]) == ("error", code)
    assert "PAYTRONIX_MERCHANT_ID" in record["todo"]
    assert log_of(talkative, "login_failed") == []


def test_could_not_authenticate_on_a_page_renews_the_token(make_site, sandbox):
    site = make_site()
    browser = browser_of(site)
    browser.sign_in("then:code:could_not_authenticate", "x")
    assert browser.get("/account").location == "/login?next=/account"
    assert len(sandbox.calls("requestGuestToken", grant="refresh_token")) == 1
    (record,) = log_of(site, "session_ended")
    assert record["reason"] == "renewed_token_rejected"


def test_nobody_of_that_name_reads_like_a_wrong_password(talkative):
    told = [browser_of(talkative).sign_in(name, "wrong").text for name in ("result:noMatchingGuests", "ana")]
    assert all("sign you in with those details" in text for text in told)
    assert len(log_of(talkative, "login_failed")) == 2


def test_a_guest_whose_fields_come_in_lists_is_greeted_by_name(make_site):
    browser = browser_of(make_site())
    browser.sign_in("then:typed", "x")
    assert "Ana" in browser.get("/account").text


def test_replies_behind_a_byte_order_mark_are_read(make_site):
    site = make_site()
    assert browser_of(site).sign_in("bom", "x").status == 303
    browser = browser_of(site)
    browser.sign_in("then:bom", "x")
    assert "Ana" in browser.get("/account").text
