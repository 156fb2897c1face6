"""Heads of replies: what is read of a sound one, and that one which leaves anything open is no reply."""

import pytest

from app.paytronix import Reason, Unavailable
from tests.misbehaving import answer

OPERATION = "guest/userInformation"
SOUND = b"Content-Type: application/json\r\nContent-Length: 2\r\n"
CHUNKS = b"2\r\n{}\r\n0\r\n\r\n"


def whole(fields, body=b"{}", first=b"HTTP/1.1 200 OK"):
    return first + b"\r\n" + fields + b"\r\n" + body


def bodies(server, make_transport, data):
    """The bodies of two calls, the second of which must meet nothing of the first one's reply."""
    server.follow(answer(data))
    transport = make_transport(server.origin)
    return [transport.get(OPERATION, {}).body for _ in range(2)]


@pytest.mark.parametrize(
    ("data", "connections"),
    [
        (whole(SOUND), 1),
        (whole(SOUND.replace(b"\r\n", b"\n")), 1),
        (whole(b"content-LENGTH:\t2 \t\r\n"), 1),
        (whole(b"Content-Length: 2\r\nContent-Length: 2\r\n"), 1),
        (whole(b"Content-Length: 2, 2\r\n"), 1),
        (whole(b"X:\r\nX-Odd_1.2!: \xff\xfe \t;\r\n" + SOUND), 1),
        (whole(b"X: " + b" " * 65_000 + b"\r\n" + SOUND), 1),
        (whole(b"Transfer-Encoding: chunked\r\n", CHUNKS), 1),
        (whole(b"Transfer-Encoding: Chunked\r\n", b"1;x=y\r\n{\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n"), 1),
        (b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 3 + whole(SOUND), 1),
        (whole(SOUND, first=b"HTTP/1.1 200"), 1),
        (whole(SOUND + b"Connection: keep-alive\r\n", first=b"HTTP/1.0 200 OK"), 1),
        (whole(SOUND, first=b"HTTP/1.0 200 OK"), 2),
        (whole(SOUND + b"Connection: close\r\n"), 2),
        (whole(SOUND + b"Connection: x\r\nConnection: Close\r\n"), 2),
        (whole(b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n", CHUNKS), 2),
    ],
)
def test_a_sound_reply_is_read_and_its_connection_kept_if_it_may_be(server, make_transport, data, connections):
    assert bodies(server, make_transport, data) == [b"{}", b"{}"]
    assert len(server.peers) == connections


@pytest.mark.parametrize("status", [b"204", b"304", b"199"])
def test_a_status_without_a_body_has_none_whatever_its_fields_say(server, make_transport, status):
    data = whole(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"", first=b"HTTP/1.1 " + status + b" x")
    assert bodies(server, make_transport, data) == [b"", b""]


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length: 2, 3\r\n",
        b"Content-Length: +2\r\n",
        b"Content-Length: -2\r\n",
        b"Content-Length: 0x2\r\n",
        b"Content-Length: 1_0\r\n",
        b"Content-Length: \xb2\r\n",
        b"Content-Length:\r\n",
        b"Content-Length: 2,\r\n",
        b"Content-Length : 2\r\n",
        b" Content-Length: 2\r\n",
        b"Content-Length: 2\r\n 3\r\n",
        b"Content-Length\r\n",
        b": 2\r\n",
        b"Content Length: 2\r\n",
        b"X: y\rContent-Length: 2\r\n",
        b"X: y\x00\r\nContent-Length: 2\r\n",
        b"\xe9: y\r\nContent-Length: 2\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding:\r\nContent-Length: 2\r\n",
        b"X: y\r\n" * 101,
        b"X: " + b"y" * 65_536 + b"\r\n",
    ],
    ids=lambda fields: repr(fields[:50]),
)
def test_a_head_that_leaves_anything_open_is_no_reply(server, make_transport, fields):
    server.follow(answer(whole(fields)), answer(whole(SOUND)))
    transport = make_transport(server.origin, total_seconds=5)
    with pytest.raises(Unavailable) as caught:
        transport.get(OPERATION, {})
    assert caught.value.reason == Reason.PROTOCOL
    assert transport.get(OPERATION, {}).body == b"{}"
    assert len(server.peers) == 2, "its connection was used again"


@pytest.mark.parametrize(
    "first", [b"HTTP/2 200 OK", b"HTTP/0.9 200 OK", b"http/1.1 200 OK", b"HTTP/1.1 OK", b"HTTP/1.1"]
)
def test_a_first_line_that_is_not_of_http_1_is_no_reply(server, make_transport, first):
    server.follow(answer(whole(SOUND, first=first)))
    with pytest.raises(Unavailable) as caught:
        make_transport(server.origin, total_seconds=5).get(OPERATION, {})
    assert caught.value.reason == Reason.PROTOCOL


def test_the_fields_of_a_head_are_found_in_any_case(server, make_transport):
    server.follow(answer(whole(b"RETRY-after:  7 \r\nX: a\r\nx: b\r\n" + SOUND)))
    headers = make_transport(server.origin).get(OPERATION, {}).headers
    assert headers.get("Retry-After") == "7"
    assert headers.get("X") == "a, b"
    assert "WWW-Authenticate" not in headers


@pytest.mark.parametrize("operation", ["guest/user\r\nX: y", "guest/user information", "guest/ü", "guest/\x00"])
def test_a_name_of_a_call_that_is_more_than_a_path_is_not_sent(server, make_transport, operation):
    server.follow(answer(whole(SOUND)))
    with pytest.raises(Unavailable) as caught:
        make_transport(server.origin).get(operation, {})
    assert caught.value.reason == Reason.PROTOCOL
    assert server.requests == []
