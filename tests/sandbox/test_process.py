"""The process: how it starts, refuses to start, carries many connections and ends."""

import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

ROOT = Path(__file__).parents[2]


def run(*options):
    """Run a sandbox that is not expected to start."""
    command = [sys.executable, "-m", "sandbox", "--port", "0", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=10, check=False)


def address(sandbox):
    url = urlsplit(sandbox.base_url)
    return url.hostname, url.port


def password_call(sandbox, username, timeout):
    body = {"authentication": "anonymous", "merchantId": 777777, "grant_type": "password"}
    requests.post(
        f"{sandbox.base_url}/oauth/requestGuestToken.json",
        auth=(sandbox.client_id, sandbox.client_secret),
        json=body | {"username": username, "password": "x"},
        timeout=timeout,
    )


def test_the_start_shows_the_address_the_demo_guests_and_how_to_rehearse(start_sandbox):
    sandbox = start_sandbox()
    sandbox.process.terminate()
    shown = sandbox.process.stdout.read()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/rest/25\.33", sandbox.base_url)
    assert "taco-tuesday" in shown
    assert "layla@example.com" in shown
    assert "sandbox-client" in shown
    assert "code:could_not_authenticate" in shown
    assert sandbox.process.wait(5) == 0
    sandbox.process.stdout.close()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_whatever_is_under_way(start_sandbox, ending):
    sandbox = start_sandbox()
    half_a_request = b"POST /rest/25.33/oauth/requestGuestToken.json HTTP/1.1\r\nContent-Length: 9\r\n\r\n"
    with socket.create_connection(address(sandbox)) as unfinished:
        unfinished.sendall(half_a_request)
        with pytest.raises(requests.Timeout):
            password_call(sandbox, "hang", timeout=0.5)
        sent_at = time.monotonic()
        sandbox.process.send_signal(ending)
        assert sandbox.process.wait(5) == 0
        assert time.monotonic() - sent_at < 4
    sandbox.process.stdout.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_it_refuses_to_listen_anywhere_but_loopback(host):
    done = run("--host", host)
    assert done.returncode == 1
    assert done.stderr.startswith("The sandbox listens on loopback only")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2"])
def test_it_listens_on_any_loopback_address(start_sandbox, host):
    sandbox = start_sandbox("--host", host)
    assert sandbox.calls() == []


def test_a_port_that_is_taken_is_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--port", str(port))
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_none_is_a_sentence():
    done = run("--port", "70000")
    assert done.returncode == 1
    assert "0 to 65535" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--token-seconds", "0"), "token_seconds takes a whole number"),
        (("--token-seconds", "soon"), "takes a whole number"),
        (("--basic-header-suffices", "maybe"), "yes or no"),
        (("--refresh-tokens", "twice"), "one of stay"),
    ],
)
def test_a_wrong_switch_on_the_command_line_is_a_sentence(options, said):
    done = run(*options)
    assert done.returncode in {1, 2}
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_switches_can_be_given_on_the_command_line(start_sandbox):
    sandbox = start_sandbox("--token-seconds", "20", "--oauth-prefix", "yes", "--delay-seconds", "0.01")
    switches = sandbox.switch()
    assert (switches["token_seconds"], switches["oauth_prefix"], switches["delay_seconds"]) == (20, True, 0.01)


GUEST = """
[[guests]]
account_id = 1
username = "{username}"
password = "p"
about = "one of ours"
enrolled = 2024-01-01
fields = {{ firstName = "Own" }}
"""


def test_other_guests_can_be_given(start_sandbox, tmp_path):
    file = tmp_path / "guests.toml"
    file.write_text(GUEST.format(username="own"))
    sandbox = start_sandbox("--guests", str(file))
    assert sandbox.expire("OWN") == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        ("[[guests", "cannot be used"),
        ("guests = []", "length >= 1"),
        (GUEST.format(username="a").replace('password = "p"', ""), "missing required field `password`"),
        (GUEST.format(username="a") + "shoes = 41", "unknown field"),
        (GUEST.format(username="a") * 2, "two guests have the same"),
        (GUEST.format(username="hang"), "one for rehearsing"),
        (GUEST.format(username="then:x"), "one for rehearsing"),
        (GUEST.format(username="a") + "card = { number = '60001234', points = '1.234' }", "points"),
    ],
)
def test_a_file_of_guests_that_cannot_be_used_is_a_sentence(tmp_path, content, said):
    file = tmp_path / "guests.toml"
    if content is not None:
        file.write_text(content)
    done = run("--guests", str(file))
    assert done.returncode == 1
    assert said in done.stderr
    assert str(file) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_connection_serves_many_calls(sandbox, call):
    call.sign_in()
    [pool] = call.session.get_adapter(sandbox.base_url).poolmanager.pools._container.values()
    for _ in range(20):
        call.sign_in("ana", "wrong")
    assert (pool.num_connections, pool.num_requests) == (1, 21)


def test_two_hundred_connections_at_once_are_all_answered(sandbox):
    """All connect first, then all ask, so that they are truly there together."""
    connections = [socket.create_connection(address(sandbox), timeout=10) for _ in range(200)]
    request = b"GET /rest/25.33/guest/userInformation.json HTTP/1.1\r\nHost: sandbox\r\n\r\n"
    try:
        for connection in connections:
            connection.sendall(request)
        answers = [connection.recv(12) for connection in connections]
    finally:
        for connection in connections:
            connection.close()
    assert answers == [b"HTTP/1.1 401"] * 200
    assert len(sandbox.calls("userInformation")) == 200


def test_two_hundred_threads_that_connect_in_the_same_moment_are_all_answered(sandbox):
    together = threading.Barrier(200)
    answers = []

    def ask():
        together.wait(10)
        with socket.create_connection(address(sandbox), timeout=10) as connection:
            connection.sendall(b"GET /_sandbox/switches HTTP/1.1\r\nHost: sandbox\r\n\r\n")
            answers.append(connection.recv(12))

    threads = [threading.Thread(target=ask) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
    assert answers == [b"HTTP/1.1 200"] * 200


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: 1000001", b"413"),
        (b"Content-Length: -1", b"411"),
        (b"Transfer-Encoding: chunked", b"411"),
    ],
)
def test_a_body_that_it_will_not_read_ends_the_connection(sandbox, head, status):
    with socket.create_connection(address(sandbox), timeout=5) as connection:
        connection.sendall(b"POST /rest/25.33/oauth/requestGuestToken.json HTTP/1.1\r\n" + head + b"\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 " + status)
