"""The language of the pages: the guest's choice, else the browser's wish, else the programme's first language."""

import re
import tracemalloc
from pathlib import Path

import pytest

from tests.sites import browser_of, log_of

ARABIC = Path(__file__).parents[1] / "messages/arabic"


def language_of(page):
    return dict(page.read.tags)["html"]["lang"]


def test_every_page_offers_each_language_in_its_own_words(browser):
    with_form = [browser.get("/login"), browser.sign_in("ana", "wrong")]
    without = [browser.get("/nothing-here")]
    browser.sign_in()
    for page in (*with_form, *without, browser.get("/account")):
        assert '<span aria-current="true">English</span>' in page.body
        assert 'lang="es" dir="ltr">Español</button>' in page.body or page not in with_form
        assert 'lang="es" hreflang="es" dir="ltr" rel="nofollow">Español</a>' in page.body or page in with_form


def test_a_choice_is_kept_and_counts_more_than_the_browsers_wish(browser):
    assert language_of(browser.get("/login", Accept_Language="en")) == "en"
    answer = browser.get("/language/es")
    assert (answer.status, answer.location) == (303, "/")
    assert language_of(browser.get("/login", Accept_Language="en")) == "es"
    browser.get("/language/EN")
    assert language_of(browser.get("/login", Accept_Language="es")) == "en"


def test_a_choice_leads_back_to_the_page_where_it_was_made(browser):
    page = browser.get("/nothing-here?x=1")
    link = next(link for link in page.read.links if link.startswith("/language/es"))
    assert browser.get(link).location == "/"  # where there is a page: nobody is led to a page that there is not
    browser.sign_in()
    link = next(link for link in browser.get("/account?x=1").read.links if link.startswith("/language/en"))
    assert browser.get(link).location == "/account?x=1"


def in_spanish(browser, page, **typed):
    """Press the button that the form has for it."""
    (button,) = (given for tag, given in page.read.tags if tag == "button" and given.get("lang") == "es")
    assert [given["id"] for tag, given in page.read.tags if tag == "form" and "id" in given] == [button["form"]]
    return browser.post(button["formaction"], page.fields | typed)


def test_a_choice_on_a_form_keeps_what_was_typed_but_no_password(browser, sandbox):
    page = browser.get("/login?next=/account?table%3D7")
    answer = in_spanish(browser, page, username=" ana\u202c", password="marker-password")
    assert (answer.status, language_of(answer)) == (200, "es")
    assert (answer.fields["username"], answer.fields["password"]) == ("ana", "")
    assert answer.fields["next"] == "/account?table=7"
    assert "marker-password" not in answer.body
    assert 'role="alert"' not in answer.body
    assert sandbox.calls() == []
    assert language_of(browser.get("/nothing-here")) == "es"
    assert browser.submit(answer, "ana", "taco-tuesday").location == "/account?table=7"


@pytest.mark.parametrize(
    ("username", "password", "spanish"),
    [
        ("ana", "wrong", "con esos datos"),
        ("code:locked", "x", "con esos datos"),
        ("503", "x", "no podemos consultar tus recompensas"),
        ("code:one_time_password.feature_disabled", "x", "no se puede entrar con un mensaje de texto"),
        ("", "", "Rellena «Nombre de usuario»."),
        ("ana", "", "Escribe tu contraseña."),
        ("a" * 257, "x", "es demasiado largo"),
        ("a\0na", "x", "No hemos podido leer"),
    ],
)
def test_a_choice_on_a_form_keeps_the_error(browser, sandbox, username, password, spanish):
    page = browser.sign_in(username, password, path="/login?next=/account?table%3D7")
    calls = len(sandbox.calls())
    answer = in_spanish(browser, page)
    assert (answer.status, language_of(answer)) == (200, "es")
    assert answer.read.title.startswith("Error: ")
    assert spanish in answer.text
    assert answer.fields["username"] == page.fields["username"]
    assert answer.fields["next"] == "/account?table=7"
    assert answer.body.count('aria-invalid="true"') == page.body.count('aria-invalid="true"')
    assert len(sandbox.calls()) == calls


def test_a_choice_keeps_how_long_to_wait_and_why_the_guest_is_here(make_site, sandbox):
    browser = browser_of(make_site(LOGIN_FAILURES_PER_GUEST="1/15 minutes"))
    browser.sign_in("ana", "wrong")
    page = browser.sign_in("ana", "wrong")
    minutes = re.search(r"wait (\d+) min", page.text)[1]
    assert f"Espera {minutes} min" in in_spanish(browser, page).text
    browser.get("/language/en")
    browser.sign_in("ben@example.com", "soup-of-the-day")
    browser.sign_out()
    assert "Has cerrado la sesión" in in_spanish(browser, browser.get("/login")).text


@pytest.mark.parametrize(
    "reasons", ["site=none", "code=x&notice=%00", "site=throttled", "&&==", "username=%ff", "x" * 9000]
)
def test_reasons_that_somebody_makes_up_are_none_or_words_of_ours(browser, reasons):
    assert in_spanish(browser, browser.get("/login"), reasons=reasons).status == 200


def test_a_choice_on_a_form_that_is_stale_shows_a_fresh_one(site, sandbox):
    theirs, browser = browser_of(site).get("/login"), browser_of(site)
    page = in_spanish(browser, theirs, username="ana")
    assert (page.status, page.fields["username"]) == (200, "ana")
    assert browser.submit(page, "ana", "taco-tuesday").status == 303


def test_a_choice_on_a_form_of_a_browser_that_is_signed_in_meanwhile_leads_on(browser):
    page = browser.get("/login?next=/account?table%3D7")
    browser.sign_in()
    answer = in_spanish(browser, page, username="ana")
    assert (answer.status, answer.location) == (303, "/account?table=7")
    assert language_of(browser.get("/account")) == "es"


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}])
def test_a_form_of_another_site_chooses_no_language_and_puts_nothing_on_a_page(browser, headers):
    form = browser.get("/login").fields
    answer = browser.post("/language/es", form | {"username": "marker-name"}, **headers)
    assert answer.status == 403
    assert "marker-name" not in answer.body
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/language/es", "/nothing", "/logout", "x"]
)
def test_a_choice_leads_nowhere_else(browser, target):
    assert browser.get(f"/language/es?next={target}").location == "/"


@pytest.mark.parametrize("tag", ["fr", "xx", "e" * 500, "..%2F..", "%00", "es%0d%0aSet-Cookie:x=1"])
def test_a_language_that_there_is_not_is_no_page_and_sets_no_cookie(browser, tag):
    form = browser.get("/login").fields
    for answer in (browser.get(f"/language/{tag}"), browser.post(f"/language/{tag}", form)):
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


def test_a_language_that_there_is_not_is_not_found_with_a_stale_form_too(browser, site):
    assert browser.post("/language/xx", {}).status == 404
    assert log_of(site, "unexpected_error") == []
