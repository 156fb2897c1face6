"""What nginx keeps away from the site, and what it tells it."""

import contextlib
import json
import ssl
import subprocess
import time

import pytest

from tests import proxies
from tests.deploy.wire import connect, exchange
from tests.proxies import memory_kb, pids_of
from tests.stores import until

TEN_MEGABYTES = 10_000_000
FORGED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Ssl": "off",
    "Forwarded": "for=203.0.113.9;host=evil.example;proto=http",
    "X-Request-ID": "forged",
    "Script_Name": "/evil",
}


def test_what_strangers_say_of_themselves_goes_no_further(behind_nginx):
    session = behind_nginx.session(address="127.0.0.7")
    answer = session.get(f"{behind_nginx.url}/account", headers=FORGED, allow_redirects=False)
    plain = session.get(f"{behind_nginx.url}/account", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, plain.headers["Location"])
    assert "evil" not in str(answer.headers)
    assert answer.headers["X-Request-ID"] != "forged"
    ours = {answer.headers["X-Request-ID"], plain.headers["X-Request-ID"]}

    def addresses():
        return [record["address"] for record in behind_nginx.site.log("request") if record["request_id"] in ours]

    until(lambda: len(addresses()) == 2)
    assert set(addresses()) == {"127.0.0.7"}


def test_an_instance_without_a_proxy_believes_no_forwarding_header(start_site):
    site = start_site()
    plain, forged = (
        site.fetch("GET", "/account", headers=headers) for headers in ({}, FORGED | {"X-Forwarded-Proto": "https"})
    )
    assert (forged.status_code, forged.headers["Location"]) == (plain.status_code, plain.headers["Location"])
    assert "Strict-Transport-Security" not in forged.headers
    until(lambda: len(site.log("request")) == 2)
    assert {record["address"] for record in site.log("request")} == {"127.0.0.1"}


def test_the_answer_in_the_access_log_and_the_sites_log_has_one_id(behind_nginx):
    answer = behind_nginx.session().get(f"{behind_nginx.url}/login")
    identity = answer.headers["X-Request-ID"]
    until(lambda: identity in behind_nginx.access_log())
    until(lambda: any(record["request_id"] == identity for record in behind_nginx.site.log("request")))


def test_no_certificate_is_shown_for_another_name(behind_nginx):
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized"):
        behind_nginx.connect(server_name="evil.example")


def test_the_instance_itself_refuses_another_host_except_for_health(behind_nginx):
    for path, status in {"/login": 400, "/healthz": 200, "/readyz": 200}.items():
        with connect(behind_nginx.site.port) as connection:
            answer = exchange(connection, f"GET {path} HTTP/1.1\r\nHost: evil.example\r\n\r\n".encode())
        assert answer.status == status
        assert b"evil" not in answer.body
        assert len(answer.body) < 150, "a bare line, not a page"


def test_plain_http_leads_pages_to_https_and_refuses_forms(behind_nginx):
    session = behind_nginx.session()
    led = session.get(f"{behind_nginx.plain_url}/login?next=/account", allow_redirects=False)
    assert (led.status_code, led.headers["Location"]) == (301, f"{behind_nginx.url}/login?next=/account")
    refused = session.post(f"{behind_nginx.plain_url}/login", data={"username": "ana"}, allow_redirects=False)
    assert refused.status_code == 403
    with behind_nginx.connect_plain() as connection:
        assert exchange(connection, b"GET /x HTTP/1.1\r\nHost: evil.example\r\n\r\n").status == 421


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("way", ["through nginx", "straight"])
def test_ten_megabytes_are_refused_at_once_and_fill_no_memory(behind_nginx, sandbox, way, chunked):
    site = behind_nginx.site
    before_kb = behind_nginx.memory_kb, sum(map(memory_kb, pids_of(site)))
    with behind_nginx.connect() if way == "through nginx" else connect(site.port) as connection:
        head = [
            "POST /login HTTP/1.1",
            f"Host: localhost:{behind_nginx.https_port}",
            f"Origin: {behind_nginx.url}",
            "Content-Type: application/x-www-form-urlencoded",
            "Transfer-Encoding: chunked" if chunked else f"Content-Length: {TEN_MEGABYTES}",
        ]
        piece = b"a" * 10_000
        pieces = (
            (b"%x\r\n%s\r\n" % (len(piece), piece) for _ in range(1000)) if chunked else (piece for _ in range(1000))
        )
        began = time.monotonic()
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        with contextlib.suppress(OSError):  # it may stop listening; the answer is there nonetheless
            for each in pieces:
                connection.sendall(each)
        answer = exchange(connection, b"0\r\n\r\n" if chunked else b"")
    assert answer.status == 413
    assert time.monotonic() - began < 5
    assert behind_nginx.memory_kb - before_kb[0] < 4_000
    assert sum(map(memory_kb, pids_of(site))) - before_kb[1] < 4_000
    assert sandbox.calls() == []


def test_the_access_log_holds_no_query_no_referer_no_cookie_and_parses(behind_nginx):
    session = behind_nginx.session()
    headers = {"Referer": "https://localhost/marker-referer", "Cookie": "a=marker-cookie"}
    for path in ("/login?next=marker-query", "/healthz?marker-query", "/%22%0a%5c?marker-query", "/" + "a" * 5000):
        session.get(behind_nginx.url + path, headers=headers, allow_redirects=False)
    with behind_nginx.connect() as connection:
        exchange(connection, b"GET /marker-half?marker-query\r\n\r\n")
    until(lambda: all(path in behind_nginx.access_log() for path in ("/aaaa", "/marker-half")))
    records = [json.loads(line) for line in behind_nginx.access_log().splitlines()]
    assert {"/login", "/healthz", "/%22%0A%5C"} <= {record["path"] for record in records}
    for log in [*(behind_nginx.folder / "log").iterdir(), behind_nginx.folder / "stderr.log"]:
        for marker in ("marker-query", "marker-referer", "marker-cookie", "a" * 300):
            assert marker not in log.read_text()


def test_very_many_sign_ins_of_one_address_wait_and_others_do_not(behind_nginx):
    hasty, other = behind_nginx.session(address="127.0.0.8"), behind_nginx.session(address="127.0.0.9")
    for _ in range(100):
        assert hasty.post(f"{behind_nginx.url}/login").status_code == 422
    statuses = [hasty.post(f"{behind_nginx.url}/login") for _ in range(60)]
    refused = [answer for answer in statuses if answer.status_code == 429]
    assert refused
    assert {answer.headers["Retry-After"] for answer in refused} == {"10"}
    assert hasty.get(f"{behind_nginx.url}/login").status_code == 200
    assert other.post(f"{behind_nginx.url}/login").status_code == 422


def test_slow_clients_hold_no_thread_of_the_site(nginx, start_site):
    site = start_site("--threads", "2", **nginx.settings_of_site)
    nginx.start(site.port)
    with contextlib.ExitStack() as held:
        for _ in range(20):
            slow = held.enter_context(nginx.connect())
            slow.sendall(
                f"POST /login HTTP/1.1\r\nHost: localhost:{nginx.https_port}\r\nContent-Length: 9\r\n\r\na".encode()
            )
        began = time.monotonic()
        assert nginx.session().get(f"{nginx.url}/login").status_code == 200
        assert time.monotonic() - began < 5
    until(lambda: site.log("request"))
    assert [record["method"] for record in site.log("request")] == ["GET"]


def test_sign_ins_of_one_ipv6_network_share_their_limit_and_those_of_its_neighbour_do_not(nginx, start_site):
    nginx.more = "    set_real_ip_from 127.0.0.1;\n    real_ip_header X-Address-For-This-Test;\n"
    nginx.start(start_site(**nginx.settings_of_site).port)
    session = nginx.session()

    def sign_in(address):
        headers = {"X-Address-For-This-Test": address}
        return session.post(f"{nginx.url}/login", headers=headers).status_code

    statuses = [sign_in(f"2001:db8:0:a0a::{number:x}") for number in range(160)]
    assert 429 in statuses
    assert statuses[:100] == [422] * 100
    assert sign_in("2001:db8:0:a0b::1") == 422


@pytest.mark.parametrize(
    ("write", "other"),
    [
        (lambda number: "64:ff9b::192.0.2.7", "64:ff9b::192.0.2.8"),  # one prefix for all guests of IPv4
        (lambda number: "64:ff9b:1::192.0.2.7", "64:ff9b:1::192.0.2.8"),
        (lambda number: ("192.0.2.7", "64:ff9b::192.0.2.7")[number % 2], "192.0.2.8"),
        (lambda number: f"2002:c000:207:{number:x}::1", "2002:c000:208::1"),
        (lambda number: f"2001:0:{number:x}::8000:63bf:3fff:fdd2", "2001:0:1::8000:63bf:3fff:fdd3"),
    ],
)
def test_sign_ins_through_a_translator_are_told_apart_by_the_address_inside(nginx, start_site, write, other):
    nginx.more = "    set_real_ip_from 127.0.0.1;\n    real_ip_header X-Address-For-This-Test;\n"
    nginx.start(start_site(**nginx.settings_of_site, LOGIN_FAILURES_PER_ADDRESS="9999/1 minute").port)
    session = nginx.session()

    def sign_in(address):
        headers = {"X-Address-For-This-Test": address}
        return session.post(f"{nginx.url}/login", headers=headers).status_code

    assert 429 in [sign_in(write(number)) for number in range(160)]
    assert sign_in(other) == 422


def test_sign_ins_from_all_over_a_48_share_a_limit_of_their_own(nginx, start_site, tmp_path, monkeypatch):
    nginx.more = "    set_real_ip_from 127.0.0.1;\n    real_ip_header X-Address-For-This-Test;\n"
    slower = tmp_path / "slower.conf"  # so that no machine is too slow to meet it
    slower.write_text(proxies.SAMPLE.read_text().replace("rate=40r/s", "rate=1r/s"))
    monkeypatch.setattr(proxies, "SAMPLE", slower)
    nginx.start(start_site(**nginx.settings_of_site).port)
    session = nginx.session()

    def sign_in(address):
        headers = {"X-Address-For-This-Test": address}
        return session.post(f"{nginx.url}/login", headers=headers).status_code

    statuses = [sign_in(f"2001:db8:7:{number:x}::1") for number in range(460)]
    assert statuses[:400] == [422] * 400
    assert 429 in statuses
    assert sign_in("2001:db8:8::1") == 422


def test_cookies_of_the_restaurants_other_sites_keep_nobody_from_signing_in(behind_nginx):
    browser = behind_nginx.browser()
    for number in range(4):
        browser.session.cookies.set(f"other{number}", "a" * 3_500)
    assert browser.sign_in().status == 303
    assert browser.get("/account").status == 200


@pytest.mark.parametrize(
    ("header", "says", "whose"),
    [
        ("Cookie: other=" + "a" * 17_000, b"delete the cookies for this site", "the site"),
        ("Cookie: other=" + "a" * 32_000, b"delete the cookies for this site", "the site"),
        ("Cookie: other=" + "a" * 33_000, b"delete the cookies for this site", "nginx"),
    ],
)
def test_too_many_cookies_are_told_with_what_to_do(behind_nginx, header, says, whose):
    with behind_nginx.connect() as connection:
        host = f"localhost:{behind_nginx.https_port}"
        answer = exchange(connection, f"GET /login HTTP/1.1\r\nHost: {host}\r\n{header}\r\n\r\n".encode())
    assert answer.status == 431
    assert says in answer.body
    assert (b"site.css" in answer.body) == (whose == "the site")


@pytest.mark.parametrize("length", [9_000, 40_000])
def test_an_address_that_is_too_long_is_told_with_what_to_do(behind_nginx, length):
    with behind_nginx.connect() as connection:
        line = f"GET /login?utm={'a' * length} HTTP/1.1\r\nHost: localhost:{behind_nginx.https_port}\r\n\r\n"
        answer = exchange(connection, line.encode())
    assert answer.status == 414
    assert b"question mark" in answer.body


def test_an_instance_itself_says_what_to_do_about_too_many_cookies(behind_nginx):
    port = behind_nginx.site.port
    with connect(port) as connection:
        cookies = "a" * 33_000
        answer = exchange(connection, f"GET /login HTTP/1.1\r\nHost: x\r\nCookie: o={cookies}\r\n\r\n".encode())
    assert answer.status == 431
    assert b"Delete the cookies for this site" in answer.body


def test_our_host_with_a_dot_at_its_end_leads_home(behind_nginx):
    with behind_nginx.connect() as connection:
        host = f"localhost.:{behind_nginx.https_port}"
        answer = exchange(connection, f"GET /login?a=1 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert (answer.status, answer.headers["Location"]) == (308, f"{behind_nginx.url}/login?a=1")


def test_cookies_that_http_2_sends_one_by_one_count_together(behind_nginx):
    """A browser sends each as a field of its own, and nginx hands them on as one."""

    def told(count):
        cookies = [each for number in range(count) for each in ("-H", f"Cookie: other{number}={'a' * 3_000}")]
        how = ["curl", "-s", "--http2", "--cacert", behind_nginx.authority, "-w", "\n%{http_version} %{http_code}"]
        done = subprocess.run(
            [*how, *cookies, f"{behind_nginx.url}/login"], capture_output=True, text=True, check=False
        )
        return done.stdout.rpartition("\n")[2], "elete the cookies for this site" in done.stdout

    assert told(5) == ("2 200", False)
    for count in (6, 12, 20):  # more than 64 KB curl cannot send
        assert told(count) == ("2 431", True), count
