"""What the merchant wants guests to read for a while, and below a message the code that caused it."""

import pytest

from app.paytronix.limits import FAILING_AFTER
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


def test_a_notice_stands_above_what_a_guest_has(with_folder):
    browser = with_folder(
        merchant=MERCHANT, notices='[app]\nuntil = 2999-01-01T00:00:00Z\ntext.en = "Closed on Monday."\n'
    )
    browser.sign_in()
    body = browser.get("/account").body
    assert body.index("</h1>") < body.index("Closed on Monday.") < body.index('class="part points"')


def test_a_notice_about_trouble_is_shown_while_paytronix_fails_and_no_longer(with_folder):
    browser = with_folder(merchant=MERCHANT, notices='[trouble]\nwhile = "paytronix_failing"\ntext.en = "We know."\n')
    assert "We know." not in browser.get("/login").text
    for _ in range(FAILING_AFTER):
        browser.sign_in("503", "x")
    assert "We know." in browser.get("/login").text
    browser.sign_in("ana", "wrong")
    assert "We know." not in browser.get("/login").text


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
