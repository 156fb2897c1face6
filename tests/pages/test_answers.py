"""What every answer has, whatever the page: headers, host, method, request id, error pages."""

import re

import pytest
from flask import Flask

from app.web import access
from tests.expected_headers import EVERYWHERE, HSTS
from tests.sites import Page, browser_of, log_of


def test_every_route_wears_a_guard(site):
    assert access.unguarded(site) == []


def test_a_route_without_a_guard_stops_the_start():
    app = Flask("bare")
    app.add_url_rule("/open-by-mistake", "open", lambda: "secret")
    with pytest.raises(RuntimeError, match="open"):
        access.init_app(app, netloc="x", origin="https://x", trusts_proxy=False)


@pytest.mark.parametrize("path", ["/<path:anything>", "/acc", "/account/<part>"])
def test_a_route_without_a_session_takes_it_from_no_other(path):
    app = Flask("bare", static_folder=None)
    app.add_url_rule("/account/visits", "visits", access.public()(lambda: ""))
    app.add_url_rule(path, "bare", access.public(session=False)(lambda **_: ""))
    with pytest.raises(RuntimeError, match='"/account/visits" begins like a route without a session'):
        access.paths_without_session(app)


def test_the_routes_are_those_of_the_contract(site):
    routes = {
        (rule.rule, method) for rule in site.url_map.iter_rules() for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert routes == {
        ("/", "GET"),
        ("/login", "GET"),
        ("/login", "POST"),
        ("/logout", "POST"),
        ("/language/<tag>", "GET"),
        ("/language/<tag>", "POST"),
        ("/account", "GET"),
        ("/healthz", "GET"),
        ("/servez", "GET"),
        ("/readyz", "GET"),
        ("/static/<fingerprint>/<path:name>", "GET"),
        ("/brand/<fingerprint>/<name>", "GET"),
        ("/.well-known/change-password", "GET"),
        ("/.well-known/<name>", "GET"),
        ("/robots.txt", "GET"),
        ("/favicon.ico", "GET"),
    }


@pytest.mark.parametrize("is_secure", [True, False])
def test_the_headers_of_an_answer_are_these_to_the_letter(make_site, is_secure):
    browser = browser_of(make_site(**({"PUBLIC_URL": "https://rewards.example.com"} if is_secure else {})))
    kept = {"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie"}
    expected = EVERYWHERE | kept | ({"Strict-Transport-Security": HSTS} if is_secure else {})
    of_each = {"Content-Type", "Content-Length", "Location", "Set-Cookie", "X-Request-ID", "Allow"}
    for path in ("/login", "/account", "/nothing-here", "/healthz", "/logout"):
        headers = browser.get(path).headers
        assert {name: value for name, value in headers if name not in of_each} == expected


def test_home_leads_to_the_page_that_fits(browser):
    assert browser.get("/").location == "/login"
    browser.sign_in()
    assert browser.get("/").location == "/account"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:8001", "127.0.0.1", "", "a b"])
def test_a_foreign_host_is_refused_and_not_named(browser, host):
    answer = browser.get("/login", Host=host)
    assert answer.status == 400
    assert not host or host not in answer.body.replace("http://127.0.0.1:8000/", ""), "only our own address is named"
    assert "visit" not in browser.cookies()


def test_the_schemes_own_port_may_be_named(make_site):
    browser = browser_of(make_site(PUBLIC_URL="https://rewards.example.com"))
    assert browser.get("/login", Host="rewards.example.com:443").status == 200
    assert browser.get("/login", Host="rewards.example.com:80").status == 400


@pytest.mark.parametrize("host", ["rewards.example.com.", "REWARDS.example.com.:443"])
def test_our_host_with_a_dot_at_its_end_leads_home(make_site, host):
    site = make_site(PUBLIC_URL="https://rewards.example.com")
    browser = browser_of(site)
    for method in ("GET", "HEAD"):
        answer = browser._fetch(method, "/login?next=/account", None, {"Host": host})
        assert (answer.status, answer.location) == (308, "https://rewards.example.com/login?next=/account")
    assert browser.post("/login", {"username": "ana"}, Host=host).status == 400
    other_port = browser_of(make_site(PUBLIC_URL="https://rewards.example.com:8443"))
    assert other_port.get("/", Host="rewards.example.com.:8443").location == "https://rewards.example.com:8443/"


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/a%0d%0aX:1", "/a%0D%0AX:1"),
        ("/account%3Fa=1?b=%0A", "/account%3Fa=1?b=%0A"),
        ("/account%23top", "/account%23top"),
        ("/50%25%32%35", "/50%2525"),
        ("/a//evil.example/%c3%bc?%c3%bc=a%26b&c=+", "/a//evil.example/%C3%BC?%c3%bc=a%26b&c=+"),
    ],
)
def test_whatever_stands_in_an_address_it_leads_home_as_it_is(make_site, path, leads_to):
    site = make_site(PUBLIC_URL="https://rewards.example.com", TRUSTED_PROXY_HOPS="1")
    for headers in ({"Host": "rewards.example.com."}, {"X-Forwarded-Proto": "http"}):
        answer = browser_of(site).get(path, X_Forwarded_For="192.0.2.1", **headers)
        assert (answer.status, answer.location) == (308, f"https://rewards.example.com{leads_to}")
    assert log_of(site, "unexpected_error") == []


@pytest.mark.parametrize("host", ["rewards.example.com..", ".rewards.example.com", "rewards.example.com.evil.example"])
def test_other_dots_lead_nowhere(make_site, host):
    assert browser_of(make_site(PUBLIC_URL="https://rewards.example.com")).get("/login", Host=host).status == 400


@pytest.mark.parametrize(
    ("host", "came"),
    [
        ("evil.example:81", "evil.example:81"),
        ("", "none"),
        ('a b"\x1b[31m', "unreadable"),
        ("a" * 3000, "unreadable"),
        ("evil.example/marker?marker", "unreadable"),
    ],
)
def test_the_log_says_which_host_came_which_was_expected_and_what_to_do(site, browser, host, came):
    browser.get("/login?marker=1", Host=host)
    (told,) = log_of(site, "host_refused")
    assert (told["came"], told["expected"]) == (came, "127.0.0.1:8000")
    assert "PUBLIC_URL" in told["todo"]
    assert "marker" not in str(told)
    assert len(told["todo"]) < 200, "the log cuts it"


@pytest.mark.parametrize(
    ("headers", "came", "says"),
    [
        ({"Origin": "https://evil.example"}, "https://evil.example", "none"),
        ({"Origin": "null"}, "null", "none"),
        ({"Origin": "https://u:marker@evil.example/?marker"}, "unreadable", "none"),
        ({"Sec_Fetch_Site": "cross-site"}, "none", "cross-site"),
    ],
)
def test_the_log_says_from_where_a_form_came_and_what_to_do(site, browser, headers, came, says):
    browser.submit(browser.get("/login"), "ana", "taco-tuesday", **headers)
    (told,) = log_of(site, "csrf_refused")
    assert (told["reason"], told["came"], told["sec_fetch_site"]) == ("foreign_origin", came, says)
    assert told["expected"] == "http://127.0.0.1:8000"
    assert "PUBLIC_URL" in told["todo"]
    assert "marker" not in str(told)
    assert len(told["todo"]) < 200, "the log cuts it"


@pytest.mark.parametrize("path", ["/healthz", "/servez", "/readyz"])
def test_health_is_answered_under_any_host_without_a_cookie(browser, path):
    answer = browser.get(path, Host="10.0.0.7")
    assert (answer.status, answer.body.strip()) == (200, "ok")
    assert "Set-Cookie" not in answer.headers


def test_a_balancer_that_asks_whether_to_send_guests_is_not_told_of_the_shared_store(make_site, monkeypatch):
    browser = browser_of(make_site(STORE_URL="redis://127.0.0.1:1/0"))
    assert [browser.get(path).status for path in ("/healthz", "/servez", "/readyz")] == [200, 200, 503]
    assert browser.get("/login").status == 200
    monkeypatch.setattr("app.serving.shutdown.is_draining", lambda: True)
    assert [browser.get(path).status for path in ("/healthz", "/servez", "/readyz")] == [200, 503, 503]


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Forwarded_Host": "evil.example"},
        {"X_Forwarded_Proto": "http", "X_Forwarded_For": "1.2.3.4"},
        {"X_Forwarded_Prefix": "/evil"},
        {"Forwarded": "host=evil.example;proto=https"},
    ],
)
def test_forwarding_headers_of_strangers_change_nothing(make_site, headers):
    site = make_site(PUBLIC_URL="https://rewards.example.com")
    browser = browser_of(site)
    plain, forwarded = browser.get("/account"), browser.get("/account", **headers)
    assert (plain.status, plain.location) == (forwarded.status, forwarded.location)
    assert "1.2.3.4" not in site.log.getvalue()


def test_behind_a_trusted_proxy_plain_http_is_led_to_https_but_a_form_is_refused(make_site):
    browser = browser_of(make_site(PUBLIC_URL="https://rewards.example.com", TRUSTED_PROXY_HOPS="1"))
    answer = browser.get("/login?next=/account", X_Forwarded_Proto="http")
    assert (answer.status, answer.location) == (308, "https://rewards.example.com/login?next=/account")
    assert "Strict-Transport-Security" not in answer.headers
    assert browser.post("/login", {"username": "ana"}, X_Forwarded_Proto="http").status == 403


def test_https_is_remembered_by_browsers_and_plain_loopback_is_not(make_site, browser):
    secure = browser_of(make_site(PUBLIC_URL="https://rewards.example.com"))
    (value,) = secure.get("/login").headers.getlist("Strict-Transport-Security")
    assert "max-age=31536000" in value
    assert "Strict-Transport-Security" not in browser.get("/login").headers


@pytest.mark.parametrize(
    "path", ["/nothing-here", "/console", "/.git/HEAD", "/.env", "/static/", "/static/%2e%2e/config.py"]
)
def test_what_is_not_there_is_a_page_in_the_merchants_look(browser, path):
    answer = browser.get(path)
    assert answer.status == 404
    assert answer.headers["X-Request-ID"] in answer.text


def test_no_answer_allows_other_sites_to_read_it(browser):
    answer = browser._fetch("OPTIONS", "/login", None, {"Origin": "https://evil.example"})
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


def test_an_unexpected_error_is_a_page_without_any_detail(site, browser, monkeypatch):
    def explode(*args, **kwargs):
        raise RuntimeError("marker in an exception")

    monkeypatch.setattr(site.extensions["services"].sign_ins, "find", explode)
    browser.set_cookie("session", "A" * 43)
    answer = browser.get("/account")
    assert answer.status == 500
    assert answer.headers["X-Request-ID"] in answer.text
    assert "marker" not in answer.body
    assert "marker" not in site.log.getvalue()
    (record,) = log_of(site, "unexpected_error")
    assert record["error"] == "RuntimeError"
    assert record["request_id"] == answer.headers["X-Request-ID"]


def test_an_unexpected_error_in_a_view_shows_no_password(site, browser, monkeypatch):
    def explode(*args, **kwargs):
        raise RuntimeError(repr(args))

    form = browser.get("/login")
    monkeypatch.setattr(site.extensions["services"].paytronix, "token_by_password", explode)
    answer = browser.submit(form, "ana", "marker-password")
    assert answer.status == 500
    assert "marker-password" not in answer.body + site.log.getvalue()


def test_a_request_id_from_outside_counts_only_from_a_trusted_proxy_and_well_formed(make_site, browser):
    assert browser.get("/login", X_Request_ID="from-outside").headers["X-Request-ID"] != "from-outside"
    trusting = browser_of(make_site(TRUSTED_PROXY_HOPS="1"))
    assert trusting.get("/login", X_Request_ID="from-outside").headers["X-Request-ID"] == "from-outside"
    assert trusting.get("/login", X_Request_ID="bad id\t").headers["X-Request-ID"] != "bad id\t"


def test_static_files_are_kept_for_a_year_under_a_name_of_their_content(browser):
    address = next(link for link in browser.get("/login").read.links if link.endswith("site.css"))
    answer = browser.get(address)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/css")
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("name", ["site.css", "site.js"])
@pytest.mark.parametrize("fingerprint", ["0" * 12, "x", "%2e%2e"])
def test_what_a_page_of_another_release_names_is_there_and_not_kept(browser, name, fingerprint):
    own = next(each for each in re.findall(r'"(/static/[^"]+)"', browser.get("/login").body) if each.endswith(name))
    answer, other = browser.get(own), browser.get(f"/static/{fingerprint}/{name}")
    assert (other.status, other.body) == (200, answer.body)
    assert other.headers["Cache-Control"] == "public, max-age=5"
    assert other.headers["Content-Type"] == answer.headers["Content-Type"]
    assert "Set-Cookie" not in other.headers


@pytest.mark.parametrize(
    "path",
    ["nothing.css", "../config.py", "%2e%2e/config.py", "console", "console/", "site.css/", "./site.css", "SITE.CSS"],
)
def test_what_no_release_has_is_not_there_whatever_the_fingerprint(browser, path):
    assert browser.client.get(f"/static/{'0' * 12}/{path}", base_url="http://127.0.0.1:8000").status_code in {404, 308}


def test_the_reference_that_a_guest_reads_is_the_one_in_the_log(site, browser, monkeypatch):
    monkeypatch.setattr("app.observability.logs.secrets.token_hex", lambda length: "1234567890123456")
    browser.get("/nothing-here")
    (record,) = log_of(site, "request")
    assert record["request_id"] == "1234567890123456"


def test_a_long_number_in_the_log_is_cut_to_its_last_four_digits(site, browser):
    browser.get("/4111111111111111")
    (record,) = log_of(site, "request")
    assert record["path"] == "/************1111"


def test_the_log_has_one_line_for_each_request_without_its_query(site, browser):
    browser.get("/login?next=/account%3Fmarker&marker=1")
    assert "marker" not in site.log.getvalue()
    (record,) = log_of(site, "request")
    assert (record["path"], record["status"], record["method"]) == ("/login", 200, "GET")


def test_line_ends_in_what_a_guest_types_split_neither_headers_nor_log_lines(site, browser):
    browser.sign_in("a\r\nSet-Cookie: x=1", "x")
    browser.get("/login?next=a%0d%0aSet-Cookie:x=1")
    assert "x" not in browser.cookies()
    assert len(log_of(site, "login_failed")) == 1


@pytest.mark.parametrize(("length", "status"), [(12_000, 200), (16_384, 200), (16_385, 431), (30_000, 431)])
def test_cookies_of_other_sites_do_no_harm_and_beyond_a_limit_the_page_says_what_to_do(site, length, status):
    client = site.test_client(use_cookies=False)

    def fetch(path):
        cookie = {"Cookie": "other=" + "a" * (length - 6)}
        with client.get(path, headers=cookie, base_url="http://127.0.0.1:8000") as answer:
            return Page(answer.status_code, answer.headers, answer.text)

    page = fetch("/login")
    assert page.status == status
    for link in re.findall(r'"(/(?:static|brand)/[^"]+)"', page.body):
        assert fetch(link).status == 200, "its look can be had"
    if status == 431:
        assert page.read.headings == ["Too many cookies"]
        assert "delete the cookies for this site" in page.text
        (told,) = log_of(site, "request_too_large")
        assert told["status"] == 431
        assert "aaa" not in str(told)
