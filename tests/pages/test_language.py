"""The language of the pages: the guest's choice, else the browser's wish, else the programme's first language."""

import tracemalloc
from pathlib import Path

import pytest

from tests.sites import browser_of

ARABIC = Path(__file__).parents[1] / "messages/arabic"


def language_of(page):
    return dict(page.read.tags)["html"]["lang"]


def test_every_page_offers_each_language_in_its_own_words(browser):
    pages = [browser.get("/login"), browser.sign_in("ana", "wrong"), browser.get("/nothing-here")]
    browser.sign_in()
    for page in (*pages, browser.get("/account")):
        assert '<span aria-current="true">English</span>' in page.body
        assert 'lang="es" hreflang="es" dir="ltr" rel="nofollow">Español</a>' in page.body


def test_a_choice_is_kept_and_counts_more_than_the_browsers_wish(browser):
    assert language_of(browser.get("/login", Accept_Language="en")) == "en"
    answer = browser.get("/language/es")
    assert (answer.status, answer.location) == (303, "/")
    assert language_of(browser.get("/login", Accept_Language="en")) == "es"
    browser.get("/language/EN")
    assert language_of(browser.get("/login", Accept_Language="es")) == "en"


def test_a_choice_leads_back_to_the_page_where_it_was_made(browser):
    page = browser.get("/login?next=/account?table%3D7")
    link = next(link for link in page.read.links if link.startswith("/language/es"))
    answer = browser.get(link)
    assert answer.location == "/account?table=7"
    assert browser.get(browser.get(answer.location).location).fields["next"] == "/account?table=7"
    browser.sign_in()
    link = next(link for link in browser.get("/account?x=1").read.links if link.startswith("/language/en"))
    assert browser.get(link).location == "/account?x=1"


def test_a_refused_sign_in_offers_the_languages_and_keeps_where_to_go(browser):
    page = browser.sign_in("ana", "wrong", path="/login?next=/account?table%3D7")
    link = next(link for link in page.read.links if link.startswith("/language/es"))
    assert browser.get(link).location == "/account?table=7"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/language/es", "/nothing", "/logout", "x"]
)
def test_a_choice_leads_nowhere_else(browser, target):
    assert browser.get(f"/language/es?next={target}").location == "/"


@pytest.mark.parametrize("tag", ["fr", "xx", "e" * 500, "..%2F..", "%00", "es%0d%0aSet-Cookie:x=1"])
def test_a_language_that_there_is_not_is_no_page_and_sets_no_cookie(browser, tag):
    answer = browser.get(f"/language/{tag}")
    assert answer.status == 404
    assert "Set-Cookie" not in answer.headers


def test_a_choice_changes_nothing_but_one_cookie(browser, site, monkeypatch):
    browser.get("/login")
    before = browser.cookies()
    answer = browser.get("/language/es")
    [cookie] = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("language=es; ")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert browser.cookies() == before | {"language": "es"}


def test_over_https_the_cookie_is_bound_to_this_host(make_site):
    browser = browser_of(make_site(PUBLIC_URL="https://rewards.example.com"))
    [cookie] = browser.get("/language/es").headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-language=es; ")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert language_of(browser.get("/login")) == "es"


@pytest.mark.parametrize("junk", ["", "xx", "es; x", '"', "é", "e" * 3000, "../../etc/passwd"])
def test_junk_in_the_cookie_is_no_choice(browser, junk):
    page = browser.get("/login", Cookie=f"language={junk}".encode().decode("latin-1"))
    assert (page.status, language_of(page)) == (200, "en")


def test_caches_are_told_what_the_language_depends_on(browser):
    for path in ("/login", "/nothing-here"):
        assert {"Accept-Language", "Cookie"} <= set(browser.get(path).headers["Vary"].split(", "))


def test_a_choice_outlives_the_sign_in(browser):
    browser.get("/language/es")
    browser.sign_in()
    assert language_of(browser.get("/account")) == "es"
    browser.sign_out()
    assert language_of(browser.get("/login")) == "es"


def test_a_site_in_one_language_offers_none(make_site, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one/merchant.toml").write_text('name = "Olive"\nlanguages = ["en"]')
    assert "<nav" not in browser_of(make_site(MERCHANT_DIR=str(tmp_path / "one"))).get("/login").body


def test_a_right_to_left_language_turns_the_page_and_what_is_missing_says_its_own_direction(make_site):
    browser = browser_of(make_site(MERCHANT_DIR=str(ARABIC)))
    page = browser.sign_in("ana", "wrong")
    assert '<html lang="ar" dir="rtl">' in page.body
    assert page.read.headings == ["أهلًا بعودتك"]
    assert "<p>اسم المستخدم أو كلمة المرور غير صحيحين. حاول مرة أخرى.</p>" in page.body
    missing = browser.get("/nothing-here")
    assert '<p lang="en" dir="ltr">There’s nothing at this address.' in missing.body
    assert '<html lang="en" dir="ltr">' in browser.get("/login", Accept_Language="en").body


def test_a_label_or_a_link_in_another_language_than_the_page_says_so(make_site, tmp_path):
    folder = tmp_path / "merchant"
    (folder / "messages").mkdir(parents=True)
    (folder / "merchant.toml").write_text(
        'name = "Olive"\nlanguages = ["en", "ar"]\n[links]\nhelp = "https://example.com/"\n', encoding="utf-8"
    )
    (folder / "messages/ar.toml").write_text('[login]\nheading = "أهلا"\n', encoding="utf-8")
    page = browser_of(make_site(MERCHANT_DIR=str(folder))).get("/login", Accept_Language="ar").body
    assert '<html lang="ar" dir="rtl">' in page
    assert "<h1>أهلا</h1>" in page
    assert '<span lang="en" dir="ltr">Password</span></label>' in page
    assert '<a href="https://example.com/"><span lang="en" dir="ltr">Get help</span></a>' in page


def test_long_addresses_that_somebody_makes_up_are_not_remembered(browser):
    def visit(count, mark):
        for number in range(count):
            assert browser.get(f"/nothing-here?{mark}{number}" + '"' * 3000).status == 404

    made = [tracemalloc.Filter(True, f"*/{name}/*") for name in ("jinja2", "markupsafe", "templates")]
    visit(20, "a")
    tracemalloc.start()
    try:
        visit(60, "b")
        kept = tracemalloc.take_snapshot().filter_traces(made)
    finally:
        tracemalloc.stop()
    assert sum(each.size for each in kept.statistics("filename")) < 50_000
