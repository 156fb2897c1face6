"""Forms whose browser goes away in the middle: half a password is never tried."""

import socket
from urllib.parse import urlencode

import pytest

from tests.deploy.wire import connect
from tests.stores import until


@pytest.mark.parametrize("ending", ["half-closed", "closed"])
@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_form_that_is_cut_off_is_not_sent_to_paytronix(start_site, sandbox, framing, ending):
    site = start_site()
    browser = site.browser()
    fields = browser.get("/login").fields | {"username": "ana", "password": "taco-tuesday"}
    body = urlencode(fields).encode()
    head = [
        "POST /login HTTP/1.1",
        f"Host: 127.0.0.1:{site.port}",
        "Cookie: " + "; ".join(f"{name}={value}" for name, value in browser.cookies().items()),
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}" if framing == "length" else "Transfer-Encoding: chunked",
    ]
    sent = "\r\n".join([*head, "", ""]).encode()
    sent += body[:-4] if framing == "length" else b"%x\r\n%s" % (len(body), body[:-4])
    answers = len(site.log("request"))
    with connect(site.port) as connection:
        connection.sendall(sent)
        if ending == "half-closed":
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(12) in {b"HTTP/1.1 422", b"HTTP/1.1 400"}
    until(lambda: len(site.log("request")) > answers)
    assert sandbox.calls() == []
    assert browser.submit(browser.get("/login"), "ana", "taco-tuesday").status == 303
