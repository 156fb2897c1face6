"""The HTTP server: reads a request, has it answered, and sends the reply the way the reply asks for."""

import re
import socket
import sys
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.api import Call
from sandbox.control import answer_control
from sandbox.replies import Delivery, Reply, html_reply
from sandbox.state import State

_MOST_BODY_BYTES = 1_000_000
_HANG_SECONDS = 60
_DRIP_SECONDS = 1
_WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}

_CALL = re.compile(r"(?:/[^/]+)*/[0-9]+\.[0-9]+/(?P<service>\w+)/(?P<endpoint>\w+)\.json")
_CONTROL = re.compile(r"/_sandbox/(?P<name>\w+)")


def answer(state: State, method: str, target: str, authorization: str, body: bytes) -> Reply:
    """The reply to a request, be it a call or of the control API.

    :param target: path and query.
    :param authorization: the Authorization header, empty when none came.
    """
    url = urlsplit(target)
    if control := _CONTROL.fullmatch(url.path):
        return answer_control(state, method, control["name"], body)
    if call := _CALL.fullmatch(url.path):
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        return Call(state, call["endpoint"]).answer(method, authorization, query, body, service=call["service"])
    return html_reply(404, "")


class Server(ThreadingMixIn, TCPServer):
    """A thread for every connection. Threads do not keep the process alive."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024  # so that hundreds may connect in the same moment

    def __init__(self, host: str, port: int, state: State) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.state = state
        super().__init__((host, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller who went away is no fault of ours; all else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "Sandbox"
    sys_version = ""
    wbufsize = -1  # a reply leaves as one piece
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._send(self._answer())

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - named by http.server

    def log_message(self, *_: object) -> None:
        """Nothing: addresses hold access tokens, and /_sandbox/calls tells more."""

    def _answer(self) -> Reply:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.close_connection = True
            return html_reply(411, "")
        if int(length) > _MOST_BODY_BYTES:
            self.close_connection = True
            return html_reply(413, "")
        body = self.rfile.read(int(length))
        return answer(self.server.state, self.command, self.path, self.headers.get("Authorization", ""), body)

    def _send(self, reply: Reply) -> None:
        time.sleep(reply.wait_seconds)
        if reply.delivery is not Delivery.WHOLE:
            self.close_connection = True
        if reply.delivery is Delivery.HANGING:
            self._wait_until_the_caller_leaves()
        if reply.delivery in {Delivery.HANGING, Delivery.CLOSED}:
            return
        body = b"" if reply.status in _WITHOUT_BODY else reply.body
        self._send_head(reply, len(body))
        if reply.delivery is Delivery.BROKEN:
            body = body[: len(body) // 2]
        if reply.delivery is Delivery.DRIP:
            self._drip(body)
        else:
            self.wfile.write(body)

    def _send_head(self, reply: Reply, length: int) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", reply.content_type)
        if reply.status not in _WITHOUT_BODY:
            self.send_header("Content-Length", str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _drip(self, body: bytes) -> None:
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(_DRIP_SECONDS)

    def _wait_until_the_caller_leaves(self) -> None:
        self.connection.settimeout(_HANG_SECONDS)
        try:
            self.connection.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return
