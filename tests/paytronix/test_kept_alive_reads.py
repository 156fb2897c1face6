"""A kept-alive connection that ends at its next use: a reading call is made once more, a writing one never."""

import json
import ssl
import time

import pytest
import trustme

from app.paytronix import Reason, Unavailable
from tests.misbehaving import Misbehaving, answer, drip, reply, silent
from tests.paytronix.conftest import make_client
from tests.paytronix.replies import USER

OPERATION = "guest/userInformation"
TOKEN_CALL = "oauth/requestGuestToken"
HALF = reply(b'{"result":"success"}', Content_Length=100)


def once_then(data=b"", *, rudely):
    """Answer one request; take the next one, send these bytes and end the connection."""

    def script(peer):
        peer.read_request()
        peer.send(reply(b"first"))
        if peer.read_request():
            peer.send(data)
            if rudely:
                peer.reset()

    return script


@pytest.fixture(params=[True, False], ids=["reset", "closed"])
def ending(request):
    return once_then(rudely=request.param)


def ask(transport, **options):
    return transport.get(OPERATION, options).body


def test_a_reading_call_is_made_once_more_on_a_new_connection(server, make_transport, ending):
    server.follow(ending, answer(reply(b"second")))
    transport = make_transport(server.origin)
    assert [ask(transport), ask(transport, x=1)] == [b"first", b"second"]
    assert [[request.target for request in peer.requests] for peer in server.peers] == [
        ["/rest/25.33/guest/userInformation.json?", "/rest/25.33/guest/userInformation.json?x=1"],
        ["/rest/25.33/guest/userInformation.json?x=1"],
    ]


def test_a_writing_call_is_never_made_twice(server, make_transport, ending):
    server.follow(ending, answer(reply(b"second")))
    transport = make_transport(server.origin)
    ask(transport)
    with pytest.raises(Unavailable) as caught:
        transport.post(TOKEN_CALL, {"password": "secret"})
    assert caught.value.reason is Reason.CLOSED
    assert [len(peer.requests) for peer in server.peers] == [2]


def test_a_reading_call_is_not_made_a_third_time(server, make_transport, ending):
    server.follow(ending)
    transport = make_transport(server.origin)
    ask(transport)
    assert ask(transport) == b"first"  # over the second connection
    server.follow(lambda peer: peer.read_request())
    with pytest.raises(Unavailable) as caught:
        ask(transport)
    assert caught.value.reason is Reason.CLOSED
    assert [len(peer.requests) for peer in server.peers] == [2, 2, 1]


@pytest.mark.parametrize("begun", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n", HALF])
def test_a_call_whose_reply_had_begun_is_not_made_again(server, make_transport, begun):
    server.follow(once_then(begun, rudely=False), answer(reply(b"second")))
    transport = make_transport(server.origin)
    ask(transport)
    with pytest.raises(Unavailable):
        ask(transport)
    assert len(server.peers) == 1


def test_a_new_connection_that_ends_is_not_tried_again(server, make_transport):
    server.follow(lambda peer: peer.read_request(), answer(reply(b"second")))
    with pytest.raises(Unavailable):
        ask(make_transport(server.origin))
    assert len(server.peers) == 1


def test_a_call_that_is_not_answered_in_time_is_not_made_again(server, make_transport):
    def script(peer):
        peer.read_request()
        peer.send(reply(b"first"))
        silent(peer)

    server.follow(script, answer(reply(b"second")))
    transport = make_transport(server.origin, total_seconds=0.5)
    ask(transport)
    with pytest.raises(Unavailable) as caught:
        ask(transport)
    assert caught.value.reason is Reason.TIMEOUT
    assert len(server.peers) == 1


def test_both_tries_together_have_the_time_of_one(server, make_transport):
    def late(peer):
        peer.read_request()
        peer.send(reply(b"first"))
        peer.read_request()
        time.sleep(1.5)

    server.follow(late, drip(reply(b"x" * 100), 0.5))
    transport = make_transport(server.origin, total_seconds=2.5)
    ask(transport)
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        ask(transport)
    assert caught.value.reason is Reason.TIMEOUT
    assert len(server.peers) == 2
    assert time.monotonic() - started < 3.9  # 1.5 and 2.5 more, if each had its own


def test_it_is_one_call_to_whoever_counts_calls(server, make_transport, ending):
    server.follow(ending, answer(reply(json.dumps(USER).encode())))
    told, slots = [], []
    transport = make_transport(server.origin)
    ask(transport)
    client = make_client(transport, observe=told.append, observe_slot=slots.append)
    assert client.user_information("A", "ana").first_name == "Ana"
    assert [call.outcome for call in told] == ["success"]
    assert slots == [1, -1]


def test_it_is_so_over_tls_too(make_transport, ending, tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with Misbehaving(ending, answer(reply(b"second")), tls=context) as server:
        transport = make_transport(server.origin, ca_bundle=str(tmp_path / "ca.pem"))
        assert [ask(transport), ask(transport)] == [b"first", b"second"]
        assert [len(peer.requests) for peer in server.peers] == [2, 1]
