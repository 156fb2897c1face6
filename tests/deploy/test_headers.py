"""Every answer over HTTPS, whoever gives it, has every header once."""

from urllib.parse import urlencode

import pytest

from tests.deploy.wire import assert_complete, exchange


@pytest.fixture
def ask(behind_nginx):
    """A function that sends a request line, headers and a body, and returns the answer."""

    def ask(line, *headers, body=b"", host=f"localhost:{behind_nginx.https_port}"):
        lines = [f"{line} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
        with behind_nginx.connect() as connection:
            return exchange(connection, "\r\n".join([*lines, "", ""]).encode() + body)

    return ask


def form(length):
    return "Content-Type: application/x-www-form-urlencoded", f"Content-Length: {length}"


@pytest.mark.parametrize(
    ("status", "line", "headers"),
    [
        (200, "GET /login", ()),
        (200, "HEAD /login", ()),
        (303, "GET /account", ()),
        (303, "GET /", ()),
        (400, "GET /login", ("A: b", " folded")),
        (400, "GET /%zz", ()),
        (200, "GET /login", ("A: " + "a" * 9000,)),
        (200, "GET /login", ("Cookie: other=" + "a" * 16_000,)),
        (431, "GET /login", ("Cookie: other=" + "a" * 17_000,)),
        (431, "GET /login", ("Cookie: other=" + "a" * 40_000,)),
        (400, "POST /login", ("Content-Length: 5", "Transfer-Encoding: chunked")),
        (404, "GET /nothing-here", ()),
        (404, "GET /healthz", ()),
        (404, "GET /servez", ()),
        (404, "GET /static/", ()),
        (405, "PUT /login", ()),
        (405, "TRACE /login", ()),
        (413, "POST /login", form(10_000_000)),
        (200, "GET /login?utm=" + "a" * 8000, ()),
        (404, "GET /" + "a" * 5000, ()),
        (414, "GET /" + "a" * 9000, ()),
        (414, "GET /" + "a" * 40_000, ()),
        (422, "POST /login", form(0)),
    ],
)
def test_every_answer_has_each_header_once(ask, status, line, headers):
    answer = ask(line, *headers)
    assert answer.status == status
    assert_complete(answer, over_https=True)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] in {"text/html; charset=utf-8", "text/plain; charset=utf-8"}


def test_another_host_gets_the_same_headers_and_does_not_see_its_name(ask):
    answer = ask("GET /login", host="evil.example")
    assert answer.status == 421
    assert_complete(answer, over_https=True)
    assert b"evil" not in answer.body + str(answer.headers).encode()


def test_a_form_too_long_for_the_site_and_not_for_nginx_gets_the_sites_own_page(ask):
    answer = ask("POST /login", *form(20_000), body=b"a" * 20_000)
    assert answer.status == 413
    assert_complete(answer, over_https=True)
    assert b"site.css" in answer.body


def test_signing_in_and_out_has_each_header_once(behind_nginx, ask):
    browser = behind_nginx.browser()
    fields = browser.get("/login").fields | {"username": "ana", "password": "wrong"}

    def post(path, **fields):
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies().items())
        body = urlencode(fields).encode()
        return ask(f"POST {path}", f"Cookie: {cookies}", *form(len(body)), body=body)

    refused = post("/login", **fields)
    good = post("/login", **fields | {"password": "taco-tuesday"})
    assert (refused.status, good.status) == (422, 303)
    browser.sign_in()
    out = post("/logout", csrf_token=browser.get("/account").fields["csrf_token"])
    assert out.status == 303
    for answer in (refused, good, out):
        assert_complete(answer, over_https=True)
        assert answer.headers["Cache-Control"] == "no-store"
    for cookie in [cookie for answer in (good, out) for cookie in answer.headers.get_all("Set-Cookie")]:
        name, *attributes = cookie.split("; ")
        assert name.startswith("__Host-")
        assert {"Secure", "HttpOnly", "Path=/"} <= set(attributes)
        assert {"SameSite=Lax", "SameSite=Strict"} & set(attributes)
        assert "Domain" not in cookie
        assert len(name) < 4096


def test_a_static_file_is_kept_by_browsers_and_sets_no_cookie(behind_nginx, ask):
    address = next(link for link in behind_nginx.browser().get("/login").read.links if link.endswith("site.css"))
    answer = ask(f"GET {address}")
    assert answer.status == 200
    assert_complete(answer, over_https=True)
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["/console", "/debug", "/.git/HEAD", "/.env", "/static/", "/static/%2e%2e/config.py", "/static/%2e%2e%2fconfig.py"]
    + [
        "/%2e%2e/%2e%2e/etc/passwd",
        "/gunicorn.conf.py",
        "/metrics",
        "/account%2fx.js",
        "/account;x.css",
        "/account/x.css",
    ],
)
def test_there_is_nothing_to_find_at_stray_paths(ask, path):
    answer = ask(f"GET {path}")
    assert answer.status in {400, 404}
    assert_complete(answer, over_https=True)


def test_a_debuggers_question_is_only_a_query(ask):
    answer = ask("GET /login?__debugger__=yes&cmd=resource&f=debugger.js")
    assert answer.status == 200
    assert b"__debugger__" not in answer.body


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_no_answer_allows_other_sites_to_read_it(ask, origin):
    for line in ("OPTIONS /login", "POST /login"):
        assert_complete(ask(line, f"Origin: {origin}", "Content-Length: 0"), over_https=True)


def test_when_the_site_is_away_nginx_says_so_in_its_own_plain_words(nginx, tmp_path):
    nginx.start(1)  # nobody listens there
    with nginx.connect() as connection:
        answer = exchange(connection, f"GET /login HTTP/1.1\r\nHost: localhost:{nginx.https_port}\r\n\r\n".encode())
    assert answer.status == 502
    assert answer.headers["Retry-After"] == "10"
    assert_complete(answer, over_https=True)
    assert answer.headers["Cache-Control"] == "no-store"
    assert b"nginx" not in answer.body


def test_there_is_no_hsts_over_plain_http_and_every_other_header(behind_nginx):
    for line in ("GET /login", "POST /login", "BREW /"):
        with behind_nginx.connect_plain() as connection:
            answer = exchange(connection, f"{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
        assert_complete(answer, over_https=False)


def test_files_are_compressed_and_pages_whose_length_could_tell_a_secret_are_not(behind_nginx):
    session = behind_nginx.session()
    session.headers["Accept-Encoding"] = "gzip"
    page = session.get(f"{behind_nginx.url}/login")
    assert "Content-Encoding" not in page.headers
    files = [link for link in behind_nginx.browser().get("/login").read.links if link.endswith(".css")]
    assert {link.split("/")[1] for link in files} == {"static", "brand"}
    for link in files:
        answer = session.get(behind_nginx.url + link)
        assert answer.headers.get("Content-Encoding") == "gzip", link
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert "immutable" in answer.headers["Cache-Control"]
