"""How long a call may take, and how large a reply may be, whatever the other end does (security.md, OA-13)."""

import time

import pycurl
import pytest

from app.paytronix import Reason, Unavailable
from app.paytronix.transport import LONGEST_REPLY_BYTES
from tests.misbehaving import answer, drip, reply, silent, unreachable_port

ASYNCHRONOUS_LOOK_UPS = 1 << 7  # CURL_VERSION_ASYNCHDNS
CONNECT_SECONDS, TOTAL_SECONDS = 0.3, 0.6
GRACE_SECONDS = 10  # for a machine that is busy with other tests
PAUSE_SECONDS = 0.05  # between dripped bytes; far below any time-out for a single read


@pytest.fixture
def make_limited(make_transport):
    def make(origin, **options):
        return make_transport(origin, connect_seconds=CONNECT_SECONDS, total_seconds=TOTAL_SECONDS, **options)

    return make


def failure_after(transport, limit_seconds, grace_seconds=GRACE_SECONDS):
    """Make a call that fails when this limit is reached, neither earlier nor much later."""
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        transport.post("oauth/requestGuestToken", {"password": "x" * 1000})
    took_seconds = time.monotonic() - started
    assert limit_seconds * 0.9 <= took_seconds <= limit_seconds + grace_seconds
    return caught.value


WHOLE = reply(b'{"result":"success"}' + b" " * 400)
HEAD, BODY = WHOLE[:-400], WHOLE[-400:]


@pytest.mark.parametrize(
    "script",
    [
        silent,
        drip(WHOLE, PAUSE_SECONDS),
        drip(WHOLE, PAUSE_SECONDS, at_once=b"HTTP/1.1 100 Continue\r\n\r\n" * 3),
        drip(BODY, PAUSE_SECONDS, at_once=HEAD),
        drip(b"1\r\nx\r\n" * 100, PAUSE_SECONDS, at_once=reply(Transfer_Encoding="chunked", Content_Length=None)),
        drip(b"x" * 100, PAUSE_SECONDS, at_once=reply(Content_Length=None)),
    ],
    ids=["silent", "dripped head", "dripped head after 100s", "dripped body", "dripped chunks", "body without an end"],
)
def test_a_reply_that_does_not_end_ends_at_the_total_limit(server, make_limited, script):
    server.follow(script)
    assert failure_after(make_limited(server.origin), TOTAL_SECONDS).reason == Reason.TIMEOUT
    assert len(server.peers) == 1


def test_a_request_that_is_not_taken_ends_at_the_total_limit(server, make_limited):
    server.follow(lambda peer: peer.stopping.wait(10))  # reads nothing, so that buffers fill
    transport = make_limited(server.origin)
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        transport.post("enrollment/editAccount", {"x": "x" * 20_000_000})
    assert caught.value.reason == Reason.TIMEOUT
    assert time.monotonic() - started <= TOTAL_SECONDS + GRACE_SECONDS


@pytest.mark.parametrize(
    "script",
    [silent, lambda peer: peer.drip(b"\x16\x03\x03\x40\x00" + b"\x02" * 200, PAUSE_SECONDS)],
    ids=["silent", "dripped"],
)
def test_a_tls_handshake_that_does_not_end_ends_at_the_connect_limit(server, make_limited, script):
    server.follow(script)
    transport = make_limited(server.origin.replace("http:", "https:"))
    assert failure_after(transport, CONNECT_SECONDS).reason == Reason.CONNECT_TIMEOUT


def test_a_connection_that_is_not_made_ends_at_the_connect_limit(make_limited):
    with unreachable_port() as port:
        transport = make_limited(f"http://127.0.0.1:{port}")
        assert failure_after(transport, CONNECT_SECONDS).reason == Reason.CONNECT_TIMEOUT


def test_a_look_up_has_a_limit():
    """libcurl can bound a look-up only in a thread of its own, or by asking name servers itself."""
    assert pycurl.version_info()[4] & ASYNCHRONOUS_LOOK_UPS


def test_a_name_that_does_not_resolve_is_told_apart(make_transport):
    error = failure_after(make_transport("http://nowhere.invalid", connect_seconds=10), 0, grace_seconds=11)
    assert error.reason == Reason.DNS


def test_a_limit_ends_with_its_call(server, make_limited):
    server.follow(answer(reply(b"{}")))
    transport = make_limited(server.origin)
    for _ in range(2):
        assert transport.get("guest/userInformation", {}).body == b"{}"
        time.sleep(TOTAL_SECONDS * 1.1)
    assert transport.get("guest/userInformation", {}).body == b"{}"
    assert len(server.peers) == 1


# --- Size ---


@pytest.mark.parametrize(
    "data",
    [
        reply(b"x" * 10_000_000),
        reply(b"x" * 10_000_000, 302, Location="http://127.0.0.1:9/"),
        reply(b"x" * 10_000_000, 500),
        reply(Content_Length=None) + b"x" * 10_000_000,
        reply(Content_Length=None, Transfer_Encoding="chunked") + b"989680\r\n" + b"x" * 10_000_000 + b"\r\n0\r\n\r\n",
    ],
    ids=["with a length", "redirect", "error", "without a length", "chunked"],
)
def test_a_reply_that_is_too_long_is_not_read_to_its_end(server, make_transport, data):
    sent = []

    def script(peer):
        peer.read_request()
        for at in range(0, len(data), 100_000):
            peer.send(data[at : at + 100_000])
            sent.append(at)

    server.follow(script, answer(reply(b"{}")))
    transport = make_transport(server.origin, total_seconds=5)
    with pytest.raises(Unavailable) as caught:
        transport.get("guest/userInformation", {})
    assert (caught.value.reason, caught.value.detail) == (Reason.PROTOCOL, "a reply of more than 1000000 bytes")
    assert transport.get("guest/userInformation", {}).body == b"{}"  # and its rest is met by no other call
    assert len(sent) < 100, "all of it was taken"


def test_the_longest_reply_is_read_whole(server, make_transport):
    server.follow(answer(reply(b"x" * LONGEST_REPLY_BYTES)))
    assert len(make_transport(server.origin).get("guest/userInformation", {}).body) == LONGEST_REPLY_BYTES


@pytest.mark.parametrize("line", [b"X: " + b"x" * 70_000, b"X: x\r\n" * 12_000, b"x" * 70_000])
def test_a_head_that_is_too_long_is_a_protocol_fault(server, make_transport, line):
    server.follow(answer(b"HTTP/1.1 200 OK\r\n" + line + b"\r\nContent-Length: 2\r\n\r\n{}"))
    with pytest.raises(Unavailable) as caught:
        make_transport(server.origin).get("guest/userInformation", {})
    assert caught.value.reason == Reason.PROTOCOL
