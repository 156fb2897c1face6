"""Who asks, by which scheme: read from what proxies write, in every form, and never from what a client could write."""

import socket
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.forwarding import Forwarding, bare_address
from tests.console.conftest import console_environment, make_console  # noqa: F401 - a fixture
from tests.sites import ROOT, browser_of, environment, log_of
from tests.words_databases import prepare

GUEST, PROXY = "203.0.113.9", "35.191.0.1"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("198.51.100.7:4711", "198.51.100.7"),
        (" 198.51.100.7\t", "198.51.100.7"),
        ('"198.51.100.7:4711"', "198.51.100.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ('"[2001:db8::1]"', "2001:db8::1"),
        ("[2001:DB8:0::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:db8:0:0:0:0:0:1:4711", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:443", "fe80::1"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("unknown", None),
        ("_hidden", None),
        ("", None),
        ("198.51.100", None),
        ("198.51.100.7.example.com", None),
        ("[198.51.100.7", None),
        ("²198.51.100.7", None),
    ],
)
def test_every_written_form_of_an_address_is_read(written, address):
    assert bare_address(written) == address


@given(st.text() | st.ip_addresses().map(str), st.text(), st.integers(0, 3))
def test_whatever_is_written_what_comes_out_is_an_address(written, connection, hops):
    def tell(environ, start_response):
        assert bare_address(environ["REMOTE_ADDR"]) == environ["REMOTE_ADDR"]
        return []

    Forwarding(tell, trusted_hops=hops)({"REMOTE_ADDR": connection, "HTTP_X_FORWARDED_FOR": written}, None)


def seen(hops, **headers):
    """What an application behind so many proxies sees: address, scheme and host."""
    told = []

    def tell(environ, start_response):
        told.append((environ["REMOTE_ADDR"], environ["wsgi.url_scheme"], environ["HTTP_HOST"]))
        return []

    environ = {"REMOTE_ADDR": "10.0.0.1", "wsgi.url_scheme": "http", "HTTP_HOST": "inner"}
    names = {"for_": "HTTP_X_FORWARDED_FOR", "proto": "HTTP_X_FORWARDED_PROTO", "host": "HTTP_X_FORWARDED_HOST"}
    environ |= {names[name]: value for name, value in headers.items()}
    Forwarding(tell, trusted_hops=hops)(environ, None)
    return told[0]


def test_each_header_has_its_own_count():
    assert seen(2, for_=f"{GUEST}, {PROXY}", proto="https", host="a") == (GUEST, "https", "a")
    assert seen(2, for_=f"6.6.6.6, {GUEST}, {PROXY}", proto="http, https, http", host="b, a") == (GUEST, "https", "b")
    assert seen(3, for_=f"{GUEST}, 192.0.2.1, {PROXY}", proto="HTTPS") == (GUEST, "https", "inner")
    assert seen(1) == ("10.0.0.1", "http", "inner")


def test_of_too_few_values_the_last_one_counts_because_the_others_could_be_the_clients():
    assert seen(2, for_=GUEST)[0] == GUEST
    assert seen(3, for_=f"6.6.6.6, {PROXY}")[0] == PROXY
    assert seen(4, for_=f"6.6.6.6, 6.6.6.7, {PROXY}", proto="http, https") == (PROXY, "https", "inner")


@pytest.mark.parametrize("forged", ['"6.6.6.6', '"6.6.6.6\\', "6.6.6.6,", ",,", '"', "a\tb", "6.6.6.6 ,\t"])
def test_nothing_that_a_client_writes_moves_what_a_proxy_appends(forged):
    assert seen(1, for_=f"{forged}, {GUEST}")[0] == GUEST
    assert seen(2, for_=f"{forged}, {GUEST}, {PROXY}")[0] == GUEST


def test_without_a_trusted_proxy_no_header_counts():
    assert seen(0, for_=GUEST, proto="https", host="evil.example") == ("10.0.0.1", "http", "inner")


def test_an_address_that_cannot_be_read_is_that_of_the_connection_and_is_told_once(make_site):
    site = make_site(TRUSTED_PROXY_HOPS="1")
    browser = browser_of(site)
    for _ in range(5):
        assert browser.get("/login", X_Forwarded_For="unknown\x1b" * 90).status == 200
    (told,) = log_of(site, "address_unreadable")
    assert told["level"] == "warning"
    assert told["came"].startswith("unknown")
    assert len(told["came"]) <= 60
    assert "X-Forwarded-For" in told["todo"]
    assert {record["address"] for record in log_of(site, "request")} == {"127.0.0.1"}


def test_a_proxy_that_says_nothing_is_told_and_a_balancer_that_asks_for_itself_is_not(make_site):
    site = make_site(TRUSTED_PROXY_HOPS="1")
    for path in ("/healthz", "/servez", "/readyz"):
        assert browser_of(site).get(path).status == 200
    assert log_of(site, "address_unreadable") == []
    for _ in range(3):
        assert browser_of(site).get("/login").status == 200
    (told,) = log_of(site, "address_unreadable")
    assert told["came"] == "none"


@pytest.mark.parametrize("form", ["198.51.100.{}", "198.51.100.{}:5{}123", "[2001:db8:{}::1]:4711"])
def test_strangers_with_wrong_passwords_keep_nobody_else_out(make_site, form):
    site = make_site(TRUSTED_PROXY_HOPS="1", LOGIN_FAILURES_PER_ADDRESS="3/15 minutes")
    for number in range(1, 6):
        stranger = browser_of(site).sign_in("ben@example.com", "wrong", X_Forwarded_For=form.format(number, number))
        assert stranger.status == 422
    assert browser_of(site).sign_in(X_Forwarded_For=form.format(77, 7)).status == 303


def test_behind_two_proxies_of_which_one_says_the_scheme_guests_get_their_page(make_site):
    site = make_site(PUBLIC_URL="https://rewards.example.com", TRUSTED_PROXY_HOPS="2")
    chain = {"X_Forwarded_For": f"{GUEST}, {PROXY}", "X_Forwarded_Proto": "https"}
    assert browser_of(site).get("/login", **chain).status == 200
    assert log_of(site, "request")[-1]["address"] == GUEST
    assert browser_of(site).sign_in(**chain).status == 303


def test_the_console_reads_them_the_same_way(make_console):  # noqa: F811
    app = make_console(CONSOLE_URL="https://words.example.com", TRUSTED_PROXY_HOPS="2")
    client = app.test_client()
    headers = {"X-Forwarded-For": f"[2001:db8::1]:443, {PROXY}", "X-Forwarded-Proto": "https"}
    assert client.get("/sign-in", headers=headers).status_code == 200
    assert log_of(app, "request")[-1]["address"] == "2001:db8::1"


def test_one_stranger_keeps_no_staff_out_of_the_console(make_console):  # noqa: F811
    app = make_console(TRUSTED_PROXY_HOPS="1")

    def try_link(address):
        client = app.test_client()
        data = {"csrf_token": client.token("/sign-in"), "link": "x" * 43}
        return client.post("/sign-in", data=data, headers={"X-Forwarded-For": address}).status_code

    statuses = [try_link(f"198.51.100.7:{4000 + number}") for number in range(25)]
    assert statuses[-1] == 429
    assert try_link("198.51.100.8:4000") == statuses[0] != 429


# --- A listener without addresses ---


def start_at_unix_socket(settings, application, tmp_path):
    command = [sys.executable, "-m", "gunicorn", "--bind", f"unix:{tmp_path}/site.sock", application]
    return subprocess.Popen(
        command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.parametrize("application", ["wsgi:app", "wsgi:console"])
def test_a_unix_socket_without_a_proxy_that_says_addresses_is_refused_at_the_start(sandbox, tmp_path, application):
    if application == "wsgi:app":
        settings = environment(sandbox, tmp_path)
    else:
        settings = console_environment(tmp_path)
        prepare(settings["MESSAGES_URL"]).close()
    process = start_at_unix_socket(settings, application, tmp_path)
    told, _ = process.communicate(timeout=60)
    assert process.returncode not in {0, None}
    assert "TRUSTED_PROXY_HOPS" in told
    assert "unix socket" in told
    assert "Traceback" not in told


def test_a_unix_socket_behind_a_proxy_takes_its_word(sandbox, tmp_path):
    process = start_at_unix_socket(environment(sandbox, tmp_path, TRUSTED_PROXY_HOPS="1"), "wsgi:app", tmp_path)
    try:
        lines = iter(process.stdout.readline, "")
        assert any("site_started" in line for line in lines)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(f"{tmp_path}/site.sock")
            connection.sendall(
                b"GET /login HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n"
            )
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
        assert any('"address": "203.0.113.9"' in line for line in lines)
    finally:
        process.terminate()
        process.communicate(timeout=60)
