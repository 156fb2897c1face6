"""Connections: kept and shared, ended by the other end in every way, and nothing taken along that was not asked for."""

import threading
import time

import pytest

from app.paytronix import Reason, Unavailable
from app.paytronix.curl_adapter import CurlAdapter
from app.paytronix.transport import CERTIFICATE_AUTHORITIES
from tests.misbehaving import (
    Misbehaving,
    answer,
    answer_and_close,
    answer_and_reset,
    close_at_once,
    reply,
)

OPERATION = "guest/userInformation"
GOOD = answer(reply(b"{}"))


def failure(transport):
    with pytest.raises(Unavailable) as caught:
        transport.post("oauth/requestGuestToken", {})
    return caught.value


# --- Kept and shared ---


def test_a_connection_is_used_again(server, make_transport):
    server.follow(GOOD)
    transport = make_transport(server.origin)
    for _ in range(3):
        transport.get(OPERATION, {})
        transport.post("oauth/requestGuestToken", {})
    assert len(server.peers) == 1
    assert len(server.requests) == 6


@pytest.mark.parametrize("status", [201, 302, 401, 429, 503])
def test_a_connection_is_used_again_after_a_reply_of_any_status(server, make_transport, status):
    server.follow(answer(reply(status=status, Location="http://127.0.0.1:9/", Retry_After="0")))
    transport = make_transport(server.origin)
    assert [transport.get(OPERATION, {}).status for _ in range(3)] == [status] * 3
    assert (len(server.peers), len(server.requests)) == (1, 3)


def test_a_connection_that_the_other_end_closed_while_idle_is_replaced(server, make_transport):
    server.follow(answer_and_close(reply(b"{}")))
    transport = make_transport(server.origin)
    for _ in range(3):
        transport.post("oauth/requestGuestToken", {})
        server.wait_until_closed()
    assert [len(peer.requests) for peer in server.peers] == [1, 1, 1]


def test_a_connection_that_was_idle_for_long_is_replaced(server, make_transport):
    server.follow(GOOD)
    adapter = CurlAdapter(ca_bundle=CERTIFICATE_AUTHORITIES, longest_reply_bytes=100, idle_seconds=0)
    transport = make_transport(server.origin, adapter=adapter)
    for _ in range(2):
        transport.get(OPERATION, {})
    assert [len(peer.requests) for peer in server.peers] == [1, 1]


def test_connections_that_were_idle_for_long_are_closed_at_the_next_call(server, make_transport):
    all_are_here = threading.Barrier(3)

    def script(peer):
        while peer.read_request():
            all_are_here.wait(10)
            peer.send(reply(b"{}"))
        ended.release()

    ended = threading.Semaphore(0)
    adapter = CurlAdapter(ca_bundle=CERTIFICATE_AUTHORITIES, longest_reply_bytes=100, idle_seconds=0.5)
    transport = make_transport(server.origin, adapter=adapter)
    server.follow(script)
    threads = [threading.Thread(target=transport.get, args=(OPERATION, {})) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    time.sleep(0.6)
    server.follow(GOOD)
    transport.get(OPERATION, {})
    assert all(ended.acquire(timeout=10) for _ in threads)
    transport.get(OPERATION, {})
    assert [len(peer.requests) for peer in server.peers] == [1, 1, 1, 2]


def test_threads_share_a_transport(server, make_transport):
    def script(peer):
        while request := peer.read_request():
            peer.send(reply(request.target.encode()))

    server.follow(script)
    transport = make_transport(server.origin)
    wrong = []

    def calls(number):
        for turn in range(20):
            mark = f"{number}-{turn}"
            body = transport.get(OPERATION, {"mark": mark}).body
            if not body.endswith(f"?mark={mark}".encode()):
                wrong.append((mark, body))

    threads = [threading.Thread(target=calls, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not wrong
    assert len(server.requests) == 50 * 20
    assert len(server.peers) <= 50


# --- Ended by the other end ---

HALF = reply(b'{"result":"success","access_token":"A"}', Content_Length=100)
CHUNKED = reply(Transfer_Encoding="chunked", Content_Length=None)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (close_at_once, Reason.CLOSED),
        (answer_and_close(), Reason.CLOSED),
        (answer_and_reset(), Reason.CLOSED),
        (answer_and_reset(HALF), Reason.CLOSED),
        (answer_and_close(HALF), Reason.CLOSED),
        (answer_and_close(CHUNKED + b"5\r\n{}"), Reason.CLOSED),
        (answer_and_close(b"HTTP/1.1 200 OK\r\n"), Reason.CLOSED),
        (answer_and_close(b"HTTP/1.1 200 OK\r\nContent-Le"), Reason.CLOSED),
        (answer_and_close(b"HTTP/1."), Reason.CLOSED),
        (answer_and_close(b"SSH-2.0-OpenSSH_9.9\r\n"), Reason.PROTOCOL),
        (answer_and_close(b"\x00\xff\xfe\r\n\r\n"), Reason.PROTOCOL),
        (answer_and_close(b"HTTP/1.1 OK\r\n\r\n{}"), Reason.PROTOCOL),
        (answer_and_close(b"HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n{}"), Reason.PROTOCOL),
        (answer_and_close(CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n"), Reason.CLOSED),
        (answer_and_close(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} "), Reason.PROTOCOL),
        (answer_and_close(b"HTTP/1.1 200 OK\r\nX: y\x00\r\nContent-Length: 2\r\n\r\n{}"), Reason.PROTOCOL),
    ],
)
def test_a_reply_that_breaks_off_or_is_no_http_is_told_apart(server, make_transport, script, reason):
    server.follow(script, GOOD)
    transport = make_transport(server.origin, total_seconds=5)
    assert failure(transport).reason == reason
    assert len(server.peers) == 1, "the call was repeated"
    server.wait_until_closed()
    assert transport.get(OPERATION, {}).body == b"{}"


def test_a_reply_that_nobody_asked_for_is_met_by_no_call(server, make_transport):
    go_on, sent = threading.Event(), threading.Event()

    def script(peer):
        peer.read_request()
        peer.send(reply(b"first"))
        go_on.wait(10)
        peer.send(reply(b"unasked"))
        sent.set()
        peer.stay_silent()

    server.follow(script, answer(reply(b"second")))
    transport = make_transport(server.origin)
    assert transport.get(OPERATION, {}).body == b"first"
    go_on.set()
    assert sent.wait(10)
    assert transport.get(OPERATION, {}).body == b"second"


@pytest.mark.parametrize(
    "first",
    [
        reply(b"{}"),
        CHUNKED + b"2\r\n{}\r\n0\r\n\r\n",
        reply(b"2\r\n{}\r\n0\r\n\r\n", Transfer_Encoding="chunked", Content_Length=9),
        reply(status=204, Content_Length=5),
        reply(status=304, Content_Length=5),
    ],
    ids=["with a length", "chunked", "with two ends", "204", "304"],
)
@pytest.mark.parametrize("pause_seconds", [0, 0.05])
def test_what_comes_behind_a_reply_is_met_by_no_call(server, make_transport, first, pause_seconds):
    has_come = threading.Event()

    def script(peer):
        while peer.read_request():
            if pause_seconds:
                peer.send(first)
                time.sleep(pause_seconds)
                peer.send(reply(b"another guest's"))
            else:
                peer.send(first + reply(b"another guest's"))
            has_come.set()

    server.follow(script)
    transport = make_transport(server.origin, total_seconds=5)
    for _ in range(4):
        assert transport.get(OPERATION, {}).body in {b"{}", b""}
        assert has_come.wait(30)  # till then nobody can know that more will come
        has_come.clear()


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_what_comes_ahead_of_a_reply_is_not_taken_for_it(server, make_transport, status):
    def script(peer):
        while request := peer.read_request():
            peer.send(f"HTTP/1.1 {status} x\r\nRetry-After: 7\r\n\r\n".encode())
            time.sleep(0.02)
            peer.send(reply(request.target.encode()))

    server.follow(script)
    transport = make_transport(server.origin)
    for name in ("ana", "ben"):
        found = transport.get(OPERATION, {"username": name})
        assert f"={name}".encode() in found.body
        assert "Retry-After" not in found.headers
    assert len(server.peers) == 1


def test_the_fields_of_a_head_are_found_in_any_case(server, make_transport):
    server.follow(answer(b"HTTP/1.1 200 OK\r\nRETRY-after:  7 \r\nX: a\r\nx: b\xff\r\nContent-Length: 0\r\n\r\n"))
    headers = make_transport(server.origin).get(OPERATION, {}).headers
    assert (headers["Retry-After"], headers["X"]) == ("7", "a, b\xff")
    assert "WWW-Authenticate" not in headers


def test_what_follows_the_last_chunk_is_no_part_of_the_head(server, make_transport):
    server.follow(answer(CHUNKED + b"2\r\n{}\r\n0\r\nRetry-After: 7\r\n\r\n"))
    found = make_transport(server.origin).get(OPERATION, {})
    assert (found.body, "Retry-After" in found.headers) == (b"{}", False)


def test_a_body_in_a_coding_that_nobody_asked_for_is_left_as_it_is(server, make_transport):
    server.follow(answer(reply(b"packed", Content_Encoding="gzip")))
    assert make_transport(server.origin).get(OPERATION, {}).body == b"packed"


def test_a_refused_connection_is_told_apart(server, make_transport):
    server.follow(GOOD)
    transport = make_transport(server.origin)
    server.refuse()
    error = failure(transport)
    assert (error.reason, error.code) == (Reason.CONNECTION_REFUSED, "connection")


def test_a_server_that_comes_back_is_called_again(server, make_transport):
    server.follow(answer_and_close(reply(b"{}")))
    transport = make_transport(server.origin)
    transport.get(OPERATION, {})
    server.wait_until_closed()
    server.refuse()
    assert failure(transport).reason == Reason.CONNECTION_REFUSED
    with Misbehaving(GOOD, port=server.port):
        assert transport.get(OPERATION, {}).body == b"{}"


# --- Nothing taken along ---


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(server, make_transport, status):
    with Misbehaving(GOOD) as elsewhere:
        server.follow(
            answer(reply(b"{}", status, Location=f"{elsewhere.origin}/rest/25.33/oauth/requestGuestToken.json"))
        )
        transport = make_transport(server.origin)
        assert transport.get(OPERATION, {}).status == status
        assert transport.post("oauth/requestGuestToken", {"password": "secret"}).status == status
        assert elsewhere.peers == []
        assert len(server.requests) == 2


@pytest.mark.parametrize("location", ["", "//", "http://[", "\xff", "javascript:alert(1)", "http://a b/", "/loop"])
def test_an_odd_redirect_is_a_reply_like_any_other(server, make_transport, location):
    server.follow(answer(reply(b"", 302, Location=location)))
    assert make_transport(server.origin).get(OPERATION, {}).status == 302


def test_no_cookie_is_kept_between_calls(server, make_transport):
    server.follow(answer(reply(b"{}", Set_Cookie="guest=ana; Path=/")))
    transport = make_transport(server.origin)
    for _ in range(3):
        transport.get(OPERATION, {})
    assert not any("cookie" in request.headers for request in server.requests)


def test_proxies_and_netrc_of_the_environment_are_ignored(server, make_transport, monkeypatch, tmp_path):
    with Misbehaving(answer(reply(b"from the proxy"))) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.origin)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        netrc = tmp_path / "netrc"
        netrc.write_text("machine localhost login somebody password else\ndefault login somebody password else\n")
        monkeypatch.setenv("NETRC", str(netrc))
        server.follow(GOOD)
        assert make_transport(server.origin).get(OPERATION, {}).body == b"{}"
        assert proxy.peers == []
    (request,) = server.requests
    assert request.headers["authorization"].startswith("Basic bWFya2VyLWNsaWVudC1pZDp")  # "marker-client-id:"
