"""Requests as bytes, and their answers header by header: for what no client would send or show."""

import contextlib
import http.client
import re
import socket

from tests.expected_headers import EVERYWHERE, HSTS


def connect(port):
    """A connection straight to an instance."""
    return socket.create_connection(("127.0.0.1", port), 10)


def exchange(connection, request):
    """Send bytes and read one answer, its ``body`` in bytes. None if the connection closes without one."""
    with contextlib.suppress(OSError):  # refused before all was sent: the answer is there
        connection.sendall(request)
    method = request.partition(b" ")[0].decode("latin-1")
    answer = http.client.HTTPResponse(connection, method=method)  # to a HEAD there is no body to wait for
    try:
        answer.begin()
    except (http.client.BadStatusLine, ConnectionError):
        return None
    answer.body = answer.read()
    return answer


def assert_complete(answer, *, over_https):
    """An answer has each header that every answer has, and has it once."""
    expected = dict(EVERYWHERE)
    if b"site.js" not in answer.body:  # nginx's own pages name no script, and their policy allows none
        (policy,) = answer.headers.get_all("Content-Security-Policy")
        without_script = re.sub(r" script-src [^;]+;", "", expected["Content-Security-Policy"])
        assert policy in {expected.pop("Content-Security-Policy"), without_script}
    for name, value in expected.items():
        assert answer.headers.get_all(name) == [value], name
    assert answer.headers.get_all("Strict-Transport-Security") == ([HSTS] if over_https else None)
    assert len(answer.headers.get_all("Cache-Control")) == 1
    (request_id,) = answer.headers.get_all("X-Request-ID")
    assert re.fullmatch("[A-Za-z0-9-]{8,64}", request_id)
    assert len(answer.headers.get_all("Content-Type")) == 1
    assert not re.search(r"(?i)werkzeug|flask|python|x-powered|access-control|\w/\d", str(answer.headers.get("Server")))
    assert "X-Powered-By" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("Access-Control-")]
