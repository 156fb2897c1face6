"""Where a reply ends: a sound one is read, and one that leaves anything open is none."""

import time

import pytest

from app.paytronix import Reason, Unavailable
from tests.misbehaving import answer, reply

OPERATION = "guest/userInformation"
SOUND = b"Content-Type: application/json\r\nContent-Length: 2\r\n"
CHUNKS = b"2\r\n{}\r\n0\r\n\r\n"


def whole(fields, body=b"{}", first=b"HTTP/1.1 200 OK"):
    return first + b"\r\n" + fields + b"\r\n" + body


def reason_of(transport):
    with pytest.raises(Unavailable) as caught:
        transport.get(OPERATION, {})
    return caught.value.reason


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
        (whole(SOUND) + whole(SOUND, b"no"), 2),
        (whole(b"Transfer-Encoding: chunked\r\n", CHUNKS) + b"\r\n", 2),
    ],
)
def test_a_sound_reply_is_read_and_its_connection_kept_if_it_may_be(server, make_transport, data, connections):
    assert bodies(server, make_transport, data) == [b"{}", b"{}"]
    assert len(server.peers) == connections


@pytest.mark.parametrize("size", [b"-2", b"+2", b"0x2", b"2_0", b"", b" 2", b"2 2", b"2;\x00", b"\xb2", b"2" * 16])
def test_a_chunk_without_a_size_is_no_reply(server, make_transport, size):
    server.follow(answer(whole(b"Transfer-Encoding: chunked\r\n", size + b"\r\n{}\r\n0\r\n\r\n")))
    assert reason_of(make_transport(server.origin, total_seconds=5)) == Reason.PROTOCOL


@pytest.mark.parametrize(
    "rest", [b"2\r\n{}0\r\n\r\n", b"2\r\n{} \r\n0\r\n\r\n", b"0\r\n" + b"X: y\r\n" * 101, b"0" * 70_000]
)
def test_chunks_in_no_order_are_no_reply(server, make_transport, rest):
    server.follow(answer(whole(b"Transfer-Encoding: chunked\r\n", rest)))
    assert reason_of(make_transport(server.origin, total_seconds=5)) == Reason.PROTOCOL


PIECES = whole(b"Transfer-Encoding: chunked\r\nX: y\r\n", CHUNKS)
END_OF_HEAD = PIECES.index(b"\r\n\r\n")


@pytest.mark.parametrize("at", [1, 16, 17, 30, *range(END_OF_HEAD, END_OF_HEAD + 9), len(PIECES) - 2])
def test_a_reply_is_whole_in_whatever_pieces_it_comes(server, make_transport, at):
    def script(peer):
        while peer.read_request():
            peer.send(PIECES[:at])
            peer.stopping.wait(0.02)
            peer.send(PIECES[at:])

    server.follow(script)
    transport = make_transport(server.origin)
    assert [transport.get(OPERATION, {}).body for _ in range(2)] == [b"{}", b"{}"]
    assert len(server.peers) == 1


@pytest.mark.parametrize("status", [b"204", b"304"])
def test_a_status_without_a_body_has_none_and_is_the_last_of_its_connection(server, make_transport, status):
    data = whole(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"", first=b"HTTP/1.1 " + status + b" x")
    assert bodies(server, make_transport, data) == [b"", b""]
    assert len(server.peers) == 2


@pytest.mark.parametrize("status", [b"100", b"102", b"103", b"199"])
def test_what_comes_ahead_of_a_reply_is_not_taken_for_it(server, make_transport, status):
    def script(peer):
        while request := peer.read_request():
            peer.send(b"HTTP/1.1 " + status + b" x\r\nLink: y\r\n\r\n")
            time.sleep(0.2)
            peer.send(reply(request.target.encode()))

    server.follow(script)
    transport = make_transport(server.origin)
    for name in ("ana", "ben"):
        assert f"={name}".encode() in transport.get(OPERATION, {"username": name}).body
    assert len(server.peers) == 1


def test_a_change_to_another_protocol_is_no_reply(server, make_transport):
    server.follow(answer(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + whole(SOUND)))
    assert reason_of(make_transport(server.origin, total_seconds=5)) == Reason.PROTOCOL


def test_a_first_line_without_an_end_is_no_reply(server, make_transport):
    def script(peer):
        peer.read_request()
        peer.send(b"HTTP/1.1 200 " + b"x" * 5000)
        peer.stopping.wait(5)

    server.follow(script)
    assert reason_of(make_transport(server.origin, total_seconds=5)) == Reason.PROTOCOL


def test_a_body_in_more_pieces_than_anybody_makes_is_no_reply(server, make_transport):
    chunks = b"1\r\n \r\n" * 300_000 + CHUNKS
    server.follow(answer(whole(b"Transfer-Encoding: chunked\r\n", chunks)))
    assert reason_of(make_transport(server.origin, total_seconds=5)) == Reason.PROTOCOL


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
        b"".join(b"X-%d: " % number + b"y" * 1000 + b"\r\n" for number in range(80)),
    ],
    ids=lambda fields: repr(fields[:50]),
)
def test_a_head_that_leaves_anything_open_is_no_reply(server, make_transport, fields):
    server.follow(answer(whole(fields)), answer(whole(SOUND)))
    transport = make_transport(server.origin, total_seconds=5)
    assert reason_of(transport) == Reason.PROTOCOL
    assert transport.get(OPERATION, {}).body == b"{}"
    assert len(server.peers) == 2, "its connection was used again"


@pytest.mark.parametrize(
    "first", [b"HTTP/2 200 OK", b"HTTP/0.9 200 OK", b"http/1.1 200 OK", b"HTTP/1.1 OK", b"HTTP/1.1"]
)
def test_a_first_line_that_is_not_of_http_1_is_no_reply(server, make_transport, first):
    server.follow(answer(whole(SOUND, first=first)))
    assert reason_of(make_transport(server.origin, total_seconds=5)) == Reason.PROTOCOL


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
