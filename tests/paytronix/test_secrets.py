"""No password, token, credential or URL in any text that an error or a value gives of itself, nor in a log."""

import base64
import logging
import socket
import ssl
import traceback
from datetime import UTC, datetime

import pytest
import trustme

from app.observability.logs import _QUIET
from app.paytronix import PaytronixError, Transport, Unavailable, errors, models
from app.paytronix.account import read_account
from tests.misbehaving import (
    Misbehaving,
    answer,
    answer_and_close,
    answer_and_reset,
    close_at_once,
    drip,
    reply,
    silent,
    unreachable_port,
)
from tests.paytronix.conftest import CLIENT_ID, CLIENT_SECRET, make_client

PASSWORD, ACCESS_TOKEN, REFRESH_TOKEN = "marker-password", "marker-access-token", "marker-refresh-token"
BASIC = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
SECRETS = [PASSWORD, ACCESS_TOKEN, REFRESH_TOKEN, CLIENT_ID, CLIENT_SECRET, BASIC, "marker-guest", "600000000041"]
ADDRESSES = ["http://", "https://", "localhost", "/rest/", ".json", "access_token="]

CALLS = {
    "sign-in": lambda client: client.token_by_password("marker-guest", PASSWORD),
    "refresh": lambda client: client.token_by_refresh_token(REFRESH_TOKEN),
    "user": lambda client: client.user_information(ACCESS_TOKEN, "marker-guest"),
    "account": lambda client: client.account_information(ACCESS_TOKEN, "6000000000410017"),
    "edit": lambda client: client.post("enrollment/editAccount", ACCESS_TOKEN, models.read_guest, password=PASSWORD),
}
ECHO = f'"access_token":"{ACCESS_TOKEN}","refresh_token":"{REFRESH_TOKEN}","errorMessage":"{PASSWORD}"'.encode()
TOO_LONG = b"x" * 2_000_000

SCRIPTS = {
    "closed": close_at_once,
    "closed after the request": answer_and_close(),
    "reset": answer_and_reset(),
    "cut": answer_and_close(reply(b"{" + ECHO, Content_Length=10_000)),
    "silent": silent,
    "dripped": drip(reply(b"{" + ECHO + b"}"), 0.05),
    "too long": answer(reply(TOO_LONG)),
    "no http": answer_and_close(b"hello " + ECHO + b"\r\n\r\n"),
    "a bad head": answer_and_close(b"HTTP/1.1 200 OK\r\n" + ECHO + b"\r\n\r\n"),
    "bad chunks": answer_and_close(reply(Transfer_Encoding="chunked", Content_Length=None) + ECHO + b"\r\n"),
    "badly packed": answer(reply(ECHO, Content_Encoding="gzip")),
    "a redirect": answer(reply(ECHO, 302, Location=f"http://localhost/?access_token={ACCESS_TOKEN}")),
    "html": answer(reply(b"<html>" + ECHO)),
    "cut json": answer(reply(b'{"result":"success",' + ECHO)),
    "no utf-8": answer(
        reply(b'{"result":"success",' + ECHO + b',"username":"\xff","fields":{"firstName":"\xff"},"tierLabel":"\xff"}')
    ),
    "no utf-8 in the envelope": answer(reply(b'{"result":"success\xff",' + ECHO + b"}")),
    "wrong types": answer(
        reply(b'{"result":"success",' + ECHO + b',"access_token":7,"primaryCardNumbers":{"x":7},"pointBalances":7}')
    ),
    "a token in a list": answer(
        reply(
            f'{{"result":"success","access_token":["{ACCESS_TOKEN}"],'
            f'"primaryCardNumbers":[["{PASSWORD}"]],"tierLabel":[]}}'.encode()
        )
    ),
    "deep": answer(reply(b'{"result":"success",' + ECHO + b',"error":' + b"[" * 50_000 + b"}")),
    "a failure": answer(reply(b'{"result":"failure","errorCode":"could_not_authenticate",' + ECHO + b"}")),
    "an invalid token": answer(reply(b'{"result":"failure","errorCode":"invalid_token",' + ECHO + b"}", 401)),
    "a bare 401": answer(reply(ECHO, 401)),
    "a 429": answer(reply(ECHO, 429, Retry_After=ACCESS_TOKEN)),
    "a 500": answer(reply(ECHO, 500)),
}


@pytest.fixture
def make_hasty_transport(make_transport):
    """A function that makes a transport with little time for a call."""
    return lambda origin: make_transport(origin, total_seconds=0.15)


def chain_of(error):
    """An error and all that led to it, whether it is shown or suppressed."""
    seen, waiting = [], [error]
    while waiting:
        if (one := waiting.pop()) is not None and one not in seen:
            seen.append(one)
            waiting += [one.__cause__, one.__context__]
    return seen


def check(error):
    for one in chain_of(error):
        assert isinstance(one, (PaytronixError, models.OddReply)), f"a library's error is kept: {type(one)}"
    trace = "".join(traceback.format_exception(error))
    # What it quotes of source files is ours, and this file names the markers.
    told = [line for line in trace.splitlines() if not line.startswith(("    ", '  File "'))]
    text = "\n".join([repr(error), str(error), repr(getattr(error, "detail", None)), *told])
    assert not [marker for marker in SECRETS + ADDRESSES if marker in text], text


def check_log(records):
    for record in records:
        said = f"{record.getMessage()} {record.args!r} {record.exc_info!r} {record.exc_text!r}"
        if any(marker in said for marker in SECRETS):
            assert record.name.partition(".")[0] in _QUIET, f"{record.name} says {said}"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_no_failure_gives_a_secret_away(server, make_hasty_transport, caplog, script, call):
    server.follow(script)
    transport = make_hasty_transport(server.origin)
    told = []
    with caplog.at_level(logging.DEBUG):
        try:
            account = call(make_client(transport, observe=told.append))
        except PaytronixError as error:
            check(error)
        else:  # of an account, what can be read is kept
            assert account.unreadable
            assert not any(marker in repr(account) for marker in SECRETS)
    check_log(caplog.records)
    assert not any(marker in repr(told) for marker in SECRETS)


def failing_calls(transport, **options):
    for call in CALLS.values():
        with pytest.raises(Unavailable) as caught:
            call(make_client(transport, **options))
        yield caught.value


def test_a_refused_connection_gives_no_secret_away(server, make_hasty_transport, caplog):
    transport = make_hasty_transport(server.origin)
    server.refuse()
    with caplog.at_level(logging.DEBUG):
        for error in failing_calls(transport):
            check(error)
    check_log(caplog.records)


def test_an_unreachable_host_gives_no_secret_away(make_hasty_transport, caplog):
    with unreachable_port() as port, caplog.at_level(logging.DEBUG):
        for error in failing_calls(make_hasty_transport(f"http://127.0.0.1:{port}")):
            check(error)
    check_log(caplog.records)


def test_a_name_that_does_not_resolve_gives_no_secret_away(make_hasty_transport, caplog, monkeypatch):
    def look_up(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with caplog.at_level(logging.DEBUG):
        for error in failing_calls(make_hasty_transport("http://localhost")):
            check(error)
    check_log(caplog.records)


def test_a_certificate_that_is_not_trusted_gives_no_secret_away(make_hasty_transport, caplog):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with Misbehaving(silent, tls=context) as server, caplog.at_level(logging.DEBUG):
        for error in failing_calls(make_hasty_transport(server.origin)):
            check(error)
    check_log(caplog.records)


def test_a_call_beyond_the_cap_gives_no_secret_away(make_transport):
    for error in failing_calls(make_transport("http://localhost"), max_calls=0):
        check(error)


def test_no_value_gives_a_secret_away():
    body = b'{"result":"success","username":"marker-guest","printedCardNumber":"6000000000410017",' + ECHO + b"}"
    user = b'{"fields":{"firstName":"marker-guest"},"primaryCardNumbers":["6000000000410017"]}'
    account = b'{"pointBalances":[{"balance":"1","name":"marker-guest"}],"tierLabel":"marker-guest"}'
    token = models.read_token(body, asked_at=datetime(2026, 11, 24, tzinfo=UTC))
    for value in (token, models.read_guest(user), read_account(account), [token], {"token": token}):
        for text in (repr(value), str(value), f"{value}"):
            assert not any(marker in text for marker in SECRETS), text


def test_neither_a_transport_nor_a_client_gives_a_secret_away(make_transport):
    transport = make_transport("http://localhost")
    for value in (transport, make_client(transport), transport.get):
        assert not any(marker in repr(value) for marker in SECRETS + ADDRESSES)


def test_a_reply_does_not_give_its_body_away(server, make_transport):
    server.follow(answer(reply(ECHO)))
    found = make_transport(server.origin).get("guest/userInformation", {"access_token": ACCESS_TOKEN})
    assert not any(marker in f"{found} {found!r}" for marker in SECRETS)


def test_every_reason_has_words():
    assert set(errors.PSEUDO_CODES) == set(errors.Reason)


@pytest.mark.parametrize(
    "call",
    [
        lambda client, broken: client.token_by_password("marker-guest", broken),
        lambda client, broken: client.user_information(ACCESS_TOKEN, broken),
    ],
)
def test_text_that_cannot_be_sent_is_in_no_error(call):
    transport = Transport("http://127.0.0.1:1", client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    with pytest.raises(ValueError, match="half a character") as caught:
        call(make_client(transport), PASSWORD + "\ud800")
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert PASSWORD not in told
    assert caught.value.__context__ is None
