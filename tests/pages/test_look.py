"""The merchant's look on the pages: logo, colours and pictures under addresses that browsers may keep."""

import re
from pathlib import Path

import pytest

from tests.expected_headers import FILE_POLICY
from tests.sites import browser_of

NEON = Path(__file__).parents[1] / "brands/neon"
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><rect/></svg>'
FOR_GOOD = "public, max-age=31536000, immutable"


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "olive"
    path.mkdir()
    (path / "logo.svg").write_text(SVG)
    (path / "oak.svg").write_text(SVG)
    (path / "merchant.toml").write_text(
        'name = "Olive & Thyme"\nlogo = "logo.svg"\ncurrency = "GBP"\nshow_card_code = "qr"\n'
        '[look]\nbrand = "#123456"\nbackground_picture = "oak.svg"\n'
    )
    return path


@pytest.fixture
def olive(make_site, folder):
    """The site of a merchant with a look of its own."""
    return make_site(MERCHANT_DIR=str(folder))


def address_of(page, name):
    return re.search(rf'"(/brand/[0-9a-f]+/{name})"', page.body)[1]


def test_the_colours_come_in_a_stylesheet_of_their_own_that_is_kept_for_good(olive):
    browser = browser_of(olive)
    answer = browser.get(address_of(browser.get("/login"), "look.css"))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["Cache-Control"] == FOR_GOOD
    assert "--brand:#123456" in answer.body
    assert "Set-Cookie" not in answer.headers


def test_the_logo_carries_the_merchants_name_for_those_who_do_not_see_it(olive):
    page = browser_of(olive).get("/login")
    (logo,) = (given for tag, given in page.read.tags if tag == "img")
    assert logo["alt"] == "Olive & Thyme"


@pytest.mark.parametrize("name", ["logo.svg", "icon.svg", "background.svg"])
def test_a_picture_of_the_merchants_can_run_nothing_even_when_it_is_opened_by_itself(olive, name):
    browser = browser_of(olive)
    page = browser.get("/login")
    found = address_of(page, name) if name != "background.svg" else None
    if found is None:
        style = browser.get(address_of(page, "look.css")).body
        found = "/brand/" + re.search(r"\.\./([0-9a-f]+/background\.svg)", style)[1]
    answer = browser.get(found)
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == FILE_POLICY
    assert "sandbox" in FILE_POLICY
    assert "script-src" not in FILE_POLICY
    assert "alert" not in answer.body, "what acts was taken out besides"
    assert answer.headers["Cache-Control"] == FOR_GOOD


@pytest.mark.parametrize("name", ["look.css", "logo.svg", "logo.png", "icon.svg"])
def test_a_name_that_this_worker_does_not_have_gets_what_it_has_and_is_not_kept(olive, name):
    answer = browser_of(olive).get(f"/brand/000000000000/{name}")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "public, max-age=5"


@pytest.mark.parametrize(
    "path", ["/brand/000000000000/secret.toml", "/brand/x/merchant.toml", "/brand/", "/brand/x/../look.css"]
)
def test_nothing_else_of_the_folder_can_be_fetched(olive, path):
    assert browser_of(olive).get(path).status == 404


def test_a_merchant_without_pictures_has_none_to_fetch(browser):
    assert browser.get("/brand/000000000000/logo.svg").status == 404
    assert not [tag for tag, _ in browser.get("/login").read.tags if tag == "img"]


def test_the_look_is_answered_while_the_store_is_away(olive, monkeypatch):
    browser = browser_of(olive)
    browser.set_cookie("session", "A" * 43)

    def away(*args):
        raise AssertionError("the store was asked")

    monkeypatch.setattr(olive.extensions["services"].sign_ins, "find", away)
    assert browser.get("/brand/000000000000/look.css").status == 200


def test_a_changed_colour_is_live_under_another_name(olive, folder):
    browser = browser_of(olive)
    before = address_of(browser.get("/login"), "look.css")
    file = folder / "merchant.toml"
    file.write_text(file.read_text().replace("#123456", "#654321"))
    olive.extensions["services"].messages.poll()
    after = address_of(browser.get("/login"), "look.css")
    assert after != before
    assert "--brand:#654321" in browser.get(after).body
    assert "--brand:#654321" in browser.get(before).body  # a page that was loaded a moment ago


def test_no_value_of_the_look_takes_a_page_down(make_site, folder):
    (folder / "merchant.toml").write_text(
        'name = "X"\nlogo = "gone.svg"\n[look]\nbrand = 7\naccent = "red"\nbackground = []\ncorners = {}\nbackground_picture = 1\n'
    )
    browser = browser_of(make_site(MERCHANT_DIR=str(folder)))
    assert browser.get("/login").status == 200
    assert browser.get(address_of(browser.get("/login"), "look.css")).status == 200


def test_a_dark_brand_tells_the_browser_so(make_site):
    page = browser_of(make_site(MERCHANT_DIR=str(NEON))).get("/login")
    assert '<meta name="color-scheme" content="dark">' in page.body
    assert page.body.count('name="theme-color"') == 1


# --- The account ---


def test_stored_value_is_money_where_the_merchant_says_which(olive, browser):
    with_currency, without = browser_of(olive), browser
    for guest, shown in ((with_currency, "£25.50"), (without, "25.50")):
        guest.sign_in()
        assert shown in guest.get("/account").text
    assert "£" not in without.get("/account").text
    assert "25,50 GBP" in with_currency.get("/account", Accept_Language="es").text


@pytest.mark.parametrize("kind", ["qr", "barcode"])
def test_the_card_is_shown_for_a_till_to_read_if_the_merchant_wants_that(olive, folder, kind):
    file = folder / "merchant.toml"
    file.write_text(file.read_text().replace('"qr"', f'"{kind}"'))
    olive.extensions["services"].messages.poll()
    browser = browser_of(olive)
    browser.sign_in()
    page = browser.get("/account")
    (picture,) = (given for tag, given in page.read.tags if tag == "svg")
    assert "6000 0000 0041 0017" in picture["aria-label"]
    assert "6000 0000 0041 0017" in page.text
    assert "6000000000410017" not in olive.log.getvalue()


def test_without_that_wish_the_card_number_is_not_on_the_page(browser):
    browser.sign_in()
    page = browser.get("/account")
    assert not [tag for tag, _ in page.read.tags if tag == "svg"]
    assert "0041 0017" not in page.text


def test_a_part_that_cannot_be_read_says_so_in_its_place_and_the_rest_shows(site, browser, sandbox):
    browser.sign_in("then:odd:rewardBalances", "x")
    page = browser.get("/account")
    assert page.status == 200
    for shown in ("1,250", "25.50", "Gold", "Rewards", "couldn’t load this just now"):
        assert shown in page.text
    assert "Free taco" not in page.text
    assert page.text.count("couldn’t load this") == 1
    assert "account_part_unreadable" in site.log.getvalue()
    assert len(sandbox.calls("accountInformation")) == 1


def test_a_page_with_something_private_says_so_to_our_script_and_the_form_does_not(browser):
    assert "data-private" not in browser.get("/login").body
    browser.sign_in()
    assert "data-private" in browser.get("/account").body
