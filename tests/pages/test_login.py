"""The sign-in page: what a guest types, what Paytronix gets, what the guest reads."""

import io

import pytest

from tests.sites import browser_of, log_of

PASSWORDS = [" lead", "trail ", "pässwörd", "🌮🌮", "\"'<>&%+;=\\", "a", "x" * 64, "é" * 128, "🌮" * 256]


def password_calls(sandbox):
    return sandbox.calls("requestGuestToken", grant="password")


def test_the_form_can_be_filled_by_password_managers_and_read_by_screen_readers(browser):
    page = browser.get("/login")
    assert page.status == 200
    inputs = {given.get("name"): given for tag, given in page.read.tags if tag == "input"}
    assert inputs["username"]["autocomplete"] == "username"
    assert inputs["password"]["autocomplete"] == "current-password"
    assert inputs["password"]["type"] == "password"
    assert "maxlength" not in inputs["password"]
    labels = {given.get("for") for tag, given in page.read.tags if tag == "label"}
    assert {"username", "password"} <= labels
    assert set(page.fields) == {"username", "password", "csrf_token", "next", "reasons", "submission"}


def test_a_guest_signs_in_and_sees_their_account(browser, sandbox):
    answer = browser.sign_in("ana", "taco-tuesday")
    assert (answer.status, answer.location) == (303, "/account")
    assert "Ana" in browser.get("/account").text
    assert len(password_calls(sandbox)) == 1


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_password_reaches_paytronix_exactly_as_typed(browser, sandbox, password):
    browser.sign_in("ana", password)
    (call,) = password_calls(sandbox)
    assert call["password"] == password


@pytest.mark.parametrize(
    "username", ["\u200b ana \u00a0", "\u202aana\u202c", "\u2068a\u00adna\u2069\t", "\u3000ana\ufffc"]
)
def test_a_username_is_freed_of_what_phones_add(browser, sandbox, username):
    assert browser.sign_in(username, "taco-tuesday").status == 303
    (call,) = password_calls(sandbox)
    assert call["username"] == "ana"


@pytest.mark.parametrize("password", ["\u202ataco\u00adtuesday\u202c", "\u00a0taco\u200d", "\ttaco\u3000"])
def test_a_password_is_not_freed_of_anything(browser, sandbox, password):
    browser.sign_in("ana", password)
    (call,) = password_calls(sandbox)
    assert call["password"] == password


def test_a_wrong_password_brings_the_form_back_with_the_merchants_words(browser, sandbox):
    page = browser.sign_in("ana", "wrong-marker")
    assert page.status == 422
    assert page.read.title.startswith("Error")
    assert page.fields["username"] == "ana"
    assert page.fields["password"] == ""
    assert "wrong-marker" not in page.body
    assert 'role="alert"' in page.body
    assert len(password_calls(sandbox)) == 1


def test_unknown_guests_and_wrong_passwords_look_the_same(browser):
    wrong = browser.sign_in("ana", "wrong")
    for name in ("nobody", "code:no_matching_guests", "code:user_info.not_found", "code:locked", "status:401"):
        unknown = browser.sign_in(name, "wrong")
        assert wrong.text == unknown.text
        assert wrong.fields["reasons"] == unknown.fields["reasons"], "what no guest sees tells no program either"


@pytest.mark.parametrize(
    ("username", "password"), [("", ""), ("ana", ""), ("", "taco-tuesday"), ("  ", "x"), ("\u200b", "x")]
)
def test_blank_fields_are_said_so_without_asking_paytronix(browser, sandbox, username, password):
    page = browser.sign_in(username, password)
    assert page.status == 422
    assert 'aria-invalid="true"' in page.body
    assert sandbox.calls() == []


@pytest.mark.parametrize(
    ("username", "password"),
    [("ana", "x" * 257), ("a" * 257, "x"), ("a\0na", "x"), ("ana", "x\0"), ("ana", "\ufffd")],
)
def test_what_cannot_be_passed_on_is_refused_and_the_username_kept(browser, sandbox, username, password):
    page = browser.sign_in(username, password)
    assert page.status == 422
    assert page.fields["password"] == ""
    assert sandbox.calls() == []


def test_bytes_that_are_not_utf_8_are_refused(browser, sandbox):
    token = browser.get("/login").fields["csrf_token"]
    body = f"csrf_token={token}&username=ana&password=%ff%fe".encode()
    page = browser.post("/login", body, Content_Type="application/x-www-form-urlencoded")
    assert (page.status, page.fields["username"]) == (422, "ana")
    assert sandbox.calls() == []


@pytest.mark.parametrize("name", ["username", "password", "csrf_token"])
def test_a_field_given_twice_is_refused(browser, sandbox, name):
    form = browser.get("/login").fields | {"username": "ana", "password": "taco-tuesday"}
    page = browser.post("/login", form | {name: [form[name], "other"]})
    assert page.status == 422
    assert sandbox.calls() == []


def test_a_body_of_10_mb_is_refused_at_once(browser, sandbox):
    page = browser.sign_in("ana", "x" * 10_000_000)
    assert page.status == 413
    assert sandbox.calls() == []


def test_thousands_of_parts_are_refused(browser, sandbox):
    form = browser.get("/login").fields
    data = form | {f"field{n}": "x" for n in range(200)}
    assert browser.post("/login", data, Content_Type="multipart/form-data").status == 413


@pytest.mark.parametrize("mimetype", ["application/json", "text/plain", "application/xml", None])
def test_other_kinds_of_body_are_refused(browser, sandbox, mimetype):
    page = browser.post(
        "/login", b"username=ana&password=taco-tuesday", **({"Content_Type": mimetype} if mimetype else {})
    )
    assert page.status in {400, 415, 422}
    assert sandbox.calls() == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "FOO"])
def test_other_methods_are_refused(browser, method):
    answer = browser._fetch(method, "/login", None, {})
    assert answer.status in {405, 415}


@pytest.mark.parametrize("name", ["username", "password", "next", "anything"])
def test_a_file_in_the_form_is_refused(browser, sandbox, name):
    form = browser.get("/login").fields | {"username": "ana", "password": "taco-tuesday"}
    form[name] = (io.BytesIO(b"x"), "x.txt")
    assert browser.post("/login", form, Content_Type="multipart/form-data").status == 422
    assert sandbox.calls() == []


def test_bytes_that_are_not_even_escaped_are_refused(browser, sandbox):
    token = browser.get("/login").fields["csrf_token"]
    body = f"csrf_token={token}&username=ana&password=".encode() + b"\xff\xfe"
    page = browser.post("/login", body, Content_Type="application/x-www-form-urlencoded")
    assert page.status == 422
    assert sandbox.calls() == []


def test_the_title_says_that_there_is_an_error(browser):
    assert browser.sign_in("ana", "wrong").read.title.startswith("Error: Sign in")


def test_a_second_tab_does_not_spoil_the_form_of_the_first(browser):
    form = browser.get("/login")
    browser.get("/account")
    browser._fetch("HEAD", "/account", None, {})
    assert browser.submit(form, "ana", "taco-tuesday").status == 303


def test_an_ended_sign_in_does_not_spoil_a_form_that_is_open_in_another_tab(browser, sandbox):
    form = browser.get("/login")
    browser.set_cookie("session", "A" * 43)
    assert browser.get("/account").status == 303
    assert browser.submit(form, "ana", "taco-tuesday").status == 303


def test_a_form_without_its_secret_comes_back_and_works_when_sent_again(browser, sandbox):
    browser.get("/login")
    page = browser.post("/login", {"username": "ana", "password": "taco-tuesday", "next": "/account"})
    assert (page.status, page.fields["username"], page.fields["password"]) == (422, "ana", "")
    assert page.fields["next"] == "/account"
    assert sandbox.calls() == []
    assert browser.submit(page, "ana", "taco-tuesday").status == 303


def test_a_form_of_another_browser_is_refused(site, sandbox):
    theirs = browser_of(site).get("/login").fields
    mine = browser_of(site)
    mine.get("/login")
    page = mine.post("/login", theirs | {"username": "ana", "password": "taco-tuesday"})
    assert page.status == 422
    assert sandbox.calls() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site", "Origin": "http://127.0.0.1:8000"},
        {"Sec_Fetch_Site": "same-site", "Origin": "http://127.0.0.1:8000"},
        {"Sec_Fetch_Site": "none", "Origin": "https://evil.example"},
        {"Sec_Fetch_Site": "none", "Origin": "null"},
        {"Sec_Fetch_Site": "", "Origin": "null"},
        {"Sec_Fetch_Site": "same-origin, cross-site"},
    ],
)
def test_a_form_sent_by_another_site_is_refused_even_with_a_good_secret(browser, sandbox, headers):
    form = browser.get("/login")
    assert browser.submit(form, "ana", "taco-tuesday", **headers).status == 403
    assert sandbox.calls() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "same-origin", "Origin": "null"},  # with "Referrer-Policy: no-referrer", which proxies add
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "none", "Origin": "http://127.0.0.1:8000"},
        {"Origin": "http://127.0.0.1:8000"},
    ],
)
def test_what_the_browser_says_of_a_form_decides_before_its_origin(browser, headers):
    assert browser.submit(browser.get("/login"), "ana", "taco-tuesday", **headers).status == 303


def test_a_form_that_the_browser_calls_our_own_still_needs_its_secret(browser, sandbox):
    browser.get("/login")
    form = {"username": "ana", "password": "taco-tuesday", "csrf_token": "x"}
    assert browser.post("/login", form, Sec_Fetch_Site="same-origin", Origin="null").status == 422
    assert sandbox.calls() == []


def test_a_browser_that_sends_neither_origin_nor_fetch_metadata_can_sign_in(browser):
    assert browser.sign_in().status == 303


def test_a_signed_in_guest_is_led_onward_from_the_form(browser):
    browser.sign_in()
    answer = browser.get("/login?next=/account%3Fx=1")
    assert (answer.status, answer.location) == (303, "/account?x=1")


def test_nothing_is_taken_from_the_address(browser, sandbox):
    page = browser.get("/login?username=mallory&password=marker")
    assert "mallory" not in page.body
    assert "marker" not in page.body
    assert sandbox.calls() == []


def test_the_username_is_shown_again_as_text(browser):
    page = browser.sign_in("\"'><svg/onload=alert(1)>{{7919*7919}}${7919*7919}", "x")
    assert "<svg" not in page.body
    assert "62710561" not in page.body
    assert page.fields["username"] == "\"'><svg/onload=alert(1)>{{7919*7919}}${7919*7919}"


@pytest.mark.parametrize(
    "username", ["301", "302", "307", "503", "html", "empty", "cut", "list", "no-token", "close", "429", "huge"]
)
def test_trouble_at_paytronix_is_no_fault_of_the_guest(browser, sandbox, username):
    page = browser.sign_in(username, "taco-tuesday")
    assert page.status == 503
    assert int(page.headers["Retry-After"]) > 0
    assert (page.fields["username"], page.fields["password"]) == (username, "")
    assert len(password_calls(sandbox)) == 1
    assert "session" not in browser.cookies()


def test_what_paytronix_asks_for_in_retry_after_is_passed_on(browser):
    assert browser.sign_in("429", "x").headers["Retry-After"] == "7"


def test_a_call_that_hangs_ends_at_the_limit(make_site, sandbox):
    browser = browser_of(make_site(PAYTRONIX_TOTAL_SECONDS="0.5"))
    assert browser.sign_in("hang", "x").status == 503
    assert len(password_calls(sandbox)) == 1


@pytest.mark.parametrize("value", ["absent", "0", "-5", '"1800"', '"soon"'])
def test_an_odd_lifetime_signs_in_and_causes_no_round_of_refreshes(browser, sandbox, value):
    assert browser.sign_in(f"expires:{value}", "x").status == 303
    assert browser.get("/account").status == 200
    assert sandbox.calls("requestGuestToken", grant="refresh_token") == []


def test_wrong_integration_credentials_are_not_blamed_on_the_guest(make_site, sandbox):
    browser = browser_of(make_site(PAYTRONIX_CLIENT_SECRET="wrong"))
    assert browser.sign_in().status == 503


def test_a_code_is_worded_by_the_merchant(make_site, tmp_path):
    folder = tmp_path / "merchant"
    (folder / "messages").mkdir(parents=True)
    (folder / "merchant.toml").write_text('name = "Test Kitchen"\nlanguages = ["en"]\n')
    (folder / "messages" / "en.toml").write_text(
        'default = "Ask at the till."\n[paytronix]\nodd_code = "Words for <b>this</b> {{7*7}}."\n'
    )
    browser = browser_of(make_site(MERCHANT_DIR=str(folder)))
    page = browser.sign_in("code:oauth.odd_code", "x")
    assert page.status == 422
    assert "Words for <b>this</b> {{7*7}}." in page.text
    assert "Ask at the till." in browser.sign_in("code:never_heard_of", "x").text
    assert "Test Kitchen" in page.read.title


def test_signing_in_again_ends_the_sign_in_before(browser, site):
    browser.sign_in("ana", "taco-tuesday")
    first = browser.cookies()["session"]
    form = {"csrf_token": browser.get("/account").fields["csrf_token"], "username": "ben@example.com"}
    assert browser.post("/login", form | {"password": "soup-of-the-day"}).status == 303
    assert browser.cookies()["session"] != first
    assert "Ben" in browser.get("/account").text
    other = browser_of(site)
    other.set_cookie("session", first)
    assert other.get("/account").status == 303


def test_the_language_follows_the_browser(browser):
    page = browser.get("/login", Accept_Language="es-MX,es;q=0.9")
    assert '<html lang="es"' in page.body
    assert "Accept-Language" in page.headers["Vary"]


def test_a_used_form_signs_in_no_other_browser(site, sandbox):
    mine = browser_of(site)
    form = mine.get("/login")
    assert mine.submit(form, "ana", "taco-tuesday").status == 303
    stranger, other_guest = browser_of(site), browser_of(site)
    other_guest.sign_in("sam@example.com", "cold-pizza")
    session_id = other_guest.cookies()["session"]
    for browser in (stranger, other_guest):
        assert browser.submit(form, "ana", "taco-tuesday").status == 422
    assert "session" not in stranger.cookies()
    assert other_guest.cookies()["session"] == session_id
    assert len(password_calls(sandbox)) == 2


def test_an_odd_lifetime_is_told_to_the_operator(browser, site):
    browser.sign_in('expires:"soon"', "x")
    (record,) = log_of(site, "vendor_protocol")
    assert (record["outcome"], record["detail"]) == ("success", "the field expires_in")
