"""What the merchant wants guests to read for a while, and below a message the code that caused it."""

import pytest

from app.paytronix import Call, Reason
from app.recent_calls import FAILING_AFTER, FORGOTTEN_AFTER_SECONDS, RecentCalls
from tests.sites import browser_of


@pytest.fixture
def with_folder(make_site, tmp_path):
    def make(**files):
        (tmp_path / "words").mkdir()
        for name, text in files.items():
            (tmp_path / f"words/{name}.toml").write_text(text, encoding="utf-8")
        return browser_of(make_site(MERCHANT_DIR=str(tmp_path / "words")))

    return make


MERCHANT = 'name = "Olive"\nlanguages = ["en", "es"]\n[links]\nforgot_password = "https://example.com/forgot"\n'


def test_a_notice_stands_above_the_form_with_its_title_and_next_step_in_the_guests_language(with_folder):
    browser = with_folder(
        merchant=MERCHANT,
        notices='[app]\nfrom = 2020-01-01T00:00:00Z\nuntil = 2999-01-01T00:00:00Z\nlink = "forgot_password"\n'
        'title.en = "New"\ntext.en = "<b>Reset</b> your password once."\ntext.es = "Cambia tu contraseña."\n',
    )
    body = browser.get("/login").body
    assert "&lt;b&gt;Reset&lt;/b&gt; your password once." in body
    assert "<h2>New</h2>" in body
    assert body.index("Reset") < body.index("https://example.com/forgot") < body.index("<form")
    assert "Cambia tu contraseña." in browser.get("/login", Accept_Language="es").text
    assert "Reset" in browser.sign_in("ana", "wrong").text


def test_a_notice_about_trouble_is_shown_while_paytronix_fails_and_no_longer(with_folder):
    browser = with_folder(merchant=MERCHANT, notices='[trouble]\nwhile = "paytronix_failing"\ntext.en = "We know."\n')
    assert "We know." not in browser.get("/login").text
    for _ in range(FAILING_AFTER):
        browser.sign_in("503", "x")
    assert "We know." in browser.get("/login").text
    browser.sign_in("ana", "wrong")
    assert "We know." not in browser.get("/login").text


def call(outcome, status=None):
    return Call(
        operation="x",
        outcome=outcome,
        seconds=0.1,
        status=status,
        code=None,
        detail=None,
        content_type=None,
        body_bytes=None,
    )


def failing(outcomes, seconds_later=0.0):
    now = [0.0]
    recent = RecentCalls(lambda: now[0])
    for outcome in outcomes:
        recent.on_call(call(outcome))
    now[0] = seconds_later
    return recent.is_failing()


@pytest.mark.parametrize(
    ("outcomes", "is_failing"),
    [
        ([], False),
        (["timeout"] * (FAILING_AFTER - 1), False),
        (["timeout"] * FAILING_AFTER, True),
        (["timeout", "dns", "error"], True),
        (["timeout", "refused", "timeout", "timeout"], False),
        (["timeout", "timeout", "timeout", "success"], False),
        (["timeout", "timeout", "timeout", "refresh_refused"], False),
        (["busy"] * FAILING_AFTER, False),
        (["timeout", "busy", "timeout", "timeout"], True),
    ],
)
def test_paytronix_is_failing_when_the_last_calls_all_failed(outcomes, is_failing):
    assert failing(outcomes) == is_failing


def test_a_firewall_that_refuses_some_requests_says_nothing_of_paytronix():
    recent = RecentCalls()
    for status in (403,) * FAILING_AFTER:
        recent.on_call(call("protocol", status))
    assert not recent.is_failing()
    for outcome, status in (("error", 502), ("protocol", 403), ("protocol", 200), ("protocol", 403), ("error", 504)):
        recent.on_call(call(outcome, status))
    assert recent.is_failing()


@pytest.mark.parametrize("status", [200, 400, 401, 403, 503])
def test_paytronixs_own_word_that_it_fails_counts_at_any_status(status):
    recent = RecentCalls()
    for _ in range(FAILING_AFTER):
        recent.on_call(call("error", status))
    assert recent.is_failing()


def test_a_failure_that_nobody_has_met_again_is_forgotten():
    failures = [Reason.TIMEOUT.value] * FAILING_AFTER
    assert failing(failures, FORGOTTEN_AFTER_SECONDS - 1)
    assert not failing(failures, FORGOTTEN_AFTER_SECONDS)


def test_a_code_is_shown_as_a_reference_only_to_a_merchant_who_wants_it(with_folder):
    browser = with_folder(merchant="show_code = true\n" + MERCHANT)
    page = browser.sign_in("code:Guest.<b>Locked", "x")
    assert "Code: Guest.<b>Locked" in page.text
    assert "Guest.&lt;b&gt;Locked" in page.body
    assert "Code:" not in browser.sign_in("", "").text


def test_a_code_is_cut(with_folder):
    page = with_folder(merchant="show_code = true\n" + MERCHANT).sign_in("code:" + "x" * 150, "x")
    assert "Code: " + "x" * 59 + "…" in page.text


def test_no_code_is_shown_by_default(with_folder):
    page = with_folder(merchant=MERCHANT).sign_in("code:guest.locked", "x")
    assert "locked" not in page.text
    assert "Code:" not in page.text
