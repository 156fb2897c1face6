"""What every answer of the console has, whatever the page; and what a foreign request gets."""

import re

import pytest

from app.history import Links
from app.store import Reason, StoreUnavailable
from app.web.access import unguarded
from tests.console.conftest import CONSOLE_URL, sign_in
from tests.expected_headers import CONSOLE_POLICY, EVERYWHERE, HSTS
from tests.sites import log_of

EVERY_ANSWER = EVERYWHERE | {"Content-Security-Policy": CONSOLE_POLICY, "Cache-Control": "no-store"}
PAGES = ("/", "/sign-in", "/nowhere", "/sign-in/back", "/sign-in/provider", "/healthz", "/readyz")


def test_every_route_wears_a_guard(console_app):
    assert unguarded(console_app) == []


def test_without_a_sign_in_only_these_pages_are_open(console_app):
    client = console_app.test_client()
    client.get("/sign-in")
    is_open = set()
    for rule in console_app.url_map.iter_rules():
        if "GET" in rule.methods and not rule.arguments:
            answer = client.get(rule.rule)
            if answer.status_code != 303 or not answer.location.startswith("/sign-in?next="):
                is_open.add(rule.rule)
    assert is_open == {"/sign-in", "/sign-in/provider", "/sign-in/back", "/healthz", "/readyz"}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("who", ["nobody", "Ana"])
def test_every_answer_has_the_headers(console_app, path, who):
    client = console_app.test_client() if who == "nobody" else sign_in(console_app)
    answer = client.get(path)
    for name, value in EVERY_ANSWER.items():
        assert answer.headers.get(name) == value, name
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["X-Request-ID"])
    assert "Strict-Transport-Security" not in answer.headers, "this one is http on loopback"


def test_over_https_browsers_are_told_to_stay_there_and_cookies_are_bound_to_the_host(make_console):
    app = make_console(CONSOLE_URL="https://words.example.com")
    client = app.test_client()
    page = client.get("/sign-in")
    assert page.headers["Strict-Transport-Security"] == HSTS
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]
    data = {"csrf_token": token, "link": Links(app.extensions["console"].links._database).make("Ana", "editor")}
    answer = client.post("/sign-in", data=data, headers={"Referer": "https://words.example.com/sign-in"})
    cookies = page.headers.getlist("Set-Cookie") + answer.headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-console", "__Host-console-visit"}
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; ")[1:])
        assert "Domain" not in cookie


def test_the_page_for_a_wrong_address_has_the_menu(console_client, console_app):
    answer = console_client().get("/nowhere")
    assert answer.status_code == 404
    assert 'aria-label="Pages"' in answer.text
    assert 'aria-label="Pages"' not in console_app.test_client().get("/nowhere").text


def test_a_wrong_address_is_told_while_the_store_is_away(console_client, console_app, monkeypatch):
    def away(*_, **__):
        raise StoreUnavailable("SQLite", Reason.UNREACHABLE, "find")

    client = console_client()
    monkeypatch.setattr(console_app.extensions["console"].store, "get", away)
    assert client.get("/nowhere").status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:8000", "127.0.0.1", ""])
def test_a_foreign_host_is_refused_and_not_named(console_app, host):
    answer = console_app.test_client().get("/sign-in", headers={"Host": host})
    assert answer.status_code == 400
    assert not host or host not in answer.text.replace(CONSOLE_URL, "")
    (told,) = log_of(console_app, "host_refused")
    assert (told["came"], told["expected"]) == (host or "none", "127.0.0.1:8001")
    assert "CONSOLE_URL" in told["todo"]


def test_our_host_with_a_dot_at_its_end_leads_home(make_console):
    client = make_console(CONSOLE_URL="https://words.example.com").test_client()
    answer = client.get("/sign-in?next=/", headers={"Host": "words.example.com."})
    assert (answer.status_code, answer.location) == (308, "https://words.example.com/sign-in?next=/")
    assert client.post("/sign-in", headers={"Host": "words.example.com."}).status_code == 400


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_told_under_any_host_and_in_no_log(console_app, path):
    answer = console_app.test_client().get(path, headers={"Host": "10.0.0.7:8001"})
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert log_of(console_app, "request") == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": CONSOLE_URL},
    ],
)
def test_a_form_of_another_site_does_nothing_and_its_text_is_not_shown(console_client, console_app, headers):
    client = console_client()
    data = {"csrf_token": client.token("/"), "text": "Words of a stranger"}
    answer = client.post("/sign-out", data=data, headers=headers)
    assert answer.status_code == 403
    assert "Words of a stranger" not in answer.text
    assert client.get("/").status_code == 200
    (told,) = log_of(console_app, "csrf_refused")
    assert (told["reason"], told["came"]) == ("foreign_origin", headers.get("Origin", "none"))
    assert "CONSOLE_URL" in told["todo"]


def test_what_the_browser_says_of_a_form_decides_before_its_origin(console_client):
    client = console_client()
    data = {"csrf_token": client.token("/")}
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
    assert client.post("/sign-out", data=data, headers=headers).status_code == 303


@pytest.mark.parametrize("token", [None, "", "x", "x~y"])
def test_a_form_without_its_secret_does_nothing_and_keeps_what_was_typed(console_client, token):
    client = console_client()
    data = {"text": "A sentence of mine"} | ({} if token is None else {"csrf_token": token})
    answer = client.post("/sign-out", data=data)
    assert answer.status_code == 400
    assert "A sentence of mine" in answer.text
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("who", ["nobody", "Ana"])
def test_a_form_of_more_fields_than_any_of_ours_is_refused_unread_and_not_shown(console_app, who):
    client = console_app.test_client() if who == "nobody" else sign_in(console_app)
    body = "&".join(f"{number:x}=marker" for number in range(40_000))
    answer = client.post("/sign-in", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413
    assert "marker" not in answer.text
    assert len(answer.text) < 10_000


def test_a_form_of_somebody_elses_browser_does_nothing(console_client):
    ana, ben = console_client(name="Ana"), console_client(name="Ben")
    assert ana.post("/sign-out", data={"csrf_token": ben.token("/")}).status_code == 400


@pytest.mark.parametrize(("method", "path"), [("GET", "/sign-out"), ("PUT", "/"), ("DELETE", "/sign-in")])
def test_other_methods_are_refused_by_name(console_client, method, path):
    answer = console_client().open(path, method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"]


def test_the_proxy_in_front_says_from_where_and_how_a_request_came(make_console):
    app = make_console(CONSOLE_URL="https://words.example.com", TRUSTED_PROXY_HOPS="1")
    client = app.test_client()
    forwarded = {"X-Forwarded-For": "192.0.2.9", "X-Forwarded-Host": "words.example.com", "X-Request-ID": "abc-1"}
    plain = client.get(
        "/sign-in?next=/", base_url="http://127.0.0.1:8001", headers=forwarded | {"X-Forwarded-Proto": "http"}
    )
    assert (plain.status_code, plain.location) == (308, "https://words.example.com/sign-in?next=/")
    assert "Strict-Transport-Security" not in plain.headers
    secure = client.get(
        "/sign-in", base_url="http://127.0.0.1:8001", headers=forwarded | {"X-Forwarded-Proto": "https"}
    )
    assert secure.status_code == 200
    assert secure.headers["X-Request-ID"] == "abc-1"
    assert log_of(app, "request")[-1]["address"] == "192.0.2.9"


def test_without_a_proxy_nobody_says_who_they_are(console_app):
    console_app.test_client().get("/sign-in", headers={"X-Forwarded-For": "192.0.2.9", "X-Request-ID": "abc-1"})
    (told,) = log_of(console_app, "request")
    assert told["address"] == "127.0.0.1"
    assert told["request_id"] != "abc-1"


def test_a_fault_of_ours_shows_nothing_of_itself(console_client, console_app, monkeypatch):
    def explode():
        raise RuntimeError("marker-in-an-error")

    client = console_client()
    monkeypatch.setattr(console_app.extensions["console"].workspace, "snapshot", explode)
    answer = client.get("/")
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in answer.text
    assert "marker-in-an-error" not in answer.text + console_app.log.getvalue()


def test_a_page_asks_for_nothing_of_elsewhere_and_has_nothing_inline(console_client, console_app):
    for text in (console_app.test_client().get("/sign-in").text, console_client().get("/").text):
        (script,) = re.findall(r"<script[^>]*", text)
        assert re.fullmatch(r'<script src="/static/[^"]+console\.js" integrity="sha256-[^"]+" defer', script)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
        assert not re.search(r'(?:src|href)="https?:', text)


def test_too_many_cookies_are_told_in_a_page_with_its_look(console_app):
    client = console_app.test_client(use_cookies=False)
    assert client.get("/sign-in", headers={"Cookie": "other=" + "a" * 12_000}).status_code == 200
    answer = client.get("/sign-in", headers={"Cookie": "other=" + "a" * 17_000})
    assert answer.status_code == 431
    assert "Delete the cookies for this site" in answer.text
    style = re.search(r'"(/static/[^"]+\.css)"', answer.text)[1]
    with client.get(style, headers={"Cookie": "other=" + "a" * 17_000}) as its_look:
        assert its_look.status_code == 200
