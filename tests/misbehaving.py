"""A server over raw sockets that misbehaves as told, and records what it was sent.

Each connection follows a script: a function that is given the :class:`Peer` and runs in a thread of its own. When the
script ends, the connection is closed. Ready-made scripts are below; a test can write its own in a few lines::

    with Misbehaving(answer(reply(b"{}")), silent) as server:  # the second connection and all later ones stay silent
        ...
        assert server.requests[0].target == "/guest/userInformation.json?username=ana"
"""

import contextlib
import itertools
import socket
import struct
import threading
from dataclasses import dataclass, field

LONGEST_WAIT_SECONDS = 20  # for a request that does not come


@dataclass(frozen=True)
class Request:
    """A whole request as it came in. Names of headers are in lower case."""

    method: str
    target: str
    headers: dict
    body: bytes


@dataclass
class Peer:
    """The other end of one connection.

    :ivar received: every byte of it, within TLS if the server speaks TLS
    :ivar requests: the whole requests among them
    """

    socket: socket.socket
    stopping: threading.Event
    received: bytes = b""
    requests: list = field(default_factory=list)
    _read: int = 0

    def read_request(self):
        """The next request; None when the other end has closed."""
        while b"\r\n\r\n" not in self.received[self._read :]:
            if not self._receive():
                return None
        head, _, _ = self.received[self._read :].partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body_at = self._read + len(head) + 4
        end = body_at + int(headers.get("content-length", 0))
        while len(self.received) < end:
            if not self._receive():
                return None
        method, target, _ = first.split(" ")
        request = Request(method, target, headers, self.received[body_at:end])
        self._read = end
        self.requests.append(request)
        return request

    def send(self, data):
        self.socket.sendall(data)

    def drip(self, data, pause_seconds):
        """Send one byte at a time."""
        for position in range(len(data)):
            self.send(data[position : position + 1])
            if self.stopping.wait(pause_seconds):
                return

    def stay_silent(self):
        """Keep the connection open until the other end closes it."""
        while self._receive():
            pass

    def reset(self):
        """End the connection with RST in place of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _receive(self):
        data = self.socket.recv(65536)
        self.received += data
        return bool(data)


class Misbehaving:
    """A server on a free loopback port; a context manager.

    :param scripts: what the first connection meets, the second one, …; the last one is for all that follow
    :param tls: a server's SSLContext
    :param port: a free one unless given
    :ivar peers: the connections that came in, oldest first
    """

    def __init__(self, *scripts, tls=None, port=0):
        self.peers = []
        self.port = port
        self._tls = tls
        self._stopping = threading.Event()
        self._threads = []  # the first accepts, each of the others follows a script
        self._lock = threading.Lock()
        self.follow(*scripts)

    def follow(self, *scripts):
        """Have the connections that come from now on follow other scripts."""
        self._scripts = itertools.chain(scripts[:-1], itertools.repeat(scripts[-1])) if scripts else None

    @property
    def requests(self):
        """The whole requests that came in, connection by connection."""
        return [request for peer in self.peers for request in peer.requests]

    @property
    def origin(self):
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}"

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(self, *error):
        self.refuse()
        self._threads[0].join(LONGEST_WAIT_SECONDS)  # no connection comes after this
        self._stopping.set()
        for peer in self.peers:
            with contextlib.suppress(OSError):
                peer.socket.shutdown(socket.SHUT_RDWR)
        self.wait_until_closed()

    def wait_until_closed(self):
        """Wait until each connection that came in has followed its script to the end and is closed."""
        with self._lock:
            following = self._threads[1:]
        for thread in following:
            thread.join(LONGEST_WAIT_SECONDS)
            assert not thread.is_alive(), "a script does not end"

    def refuse(self):
        """Listen no more: connections that come from now on are refused. Those under way go on."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _start(self, function, *args):
        with self._lock:  # a thread cannot be waited for before it runs
            self._threads.append(threading.Thread(target=function, args=args, daemon=True))
            self._threads[-1].start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # it was closed
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(LONGEST_WAIT_SECONDS)
            peer = Peer(connection, self._stopping)
            self.peers.append(peer)
            self._start(self._serve, peer, next(self._scripts))

    def _serve(self, peer, script):
        with contextlib.suppress(OSError):  # the other end has gone, or has refused our certificate
            if self._tls:
                peer.socket = self._tls.wrap_socket(peer.socket, server_side=True, do_handshake_on_connect=False)
                peer.socket.do_handshake()
            script(peer)
        with contextlib.suppress(OSError):
            peer.socket.shutdown(socket.SHUT_RDWR)
        peer.socket.close()


def reply(body=b"", status=200, **headers):
    """A reply's bytes. Headers are given as ``Retry_After="5"``; ``Content_Length=None`` leaves one out."""
    fields = {"Content_Type": "application/json; charset=UTF-8", "Content_Length": len(body), **headers}
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items() if value is not None]
    return f"HTTP/1.1 {status} Whatever\r\n{''.join(lines)}\r\n".encode("latin-1") + body


def answer(*replies):
    """Give the replies to the requests in order, the last one again and again, and keep the connection."""

    def script(peer):
        for data in itertools.chain(replies[:-1], itertools.repeat(replies[-1])):
            if peer.read_request() is None:
                return
            peer.send(data)

    return script


def answer_and_close(data=b""):
    """Take one request, send these bytes and close: cuts a reply short, or gives none."""

    def script(peer):
        peer.read_request()
        peer.send(data)

    return script


def answer_and_reset(data=b""):
    """Like :func:`answer_and_close`, but rudely."""

    def script(peer):
        peer.read_request()
        peer.send(data)
        peer.reset()

    return script


def drip(data, pause_seconds, at_once=b""):
    """Take one request, and answer a byte at a time.

    :param at_once: what goes before, in one piece.
    """

    def script(peer):
        peer.read_request()
        peer.send(at_once)
        peer.drip(data, pause_seconds)

    return script


def silent(peer):
    """Take whatever comes and say nothing."""
    peer.stay_silent()


def close_at_once(peer):
    """Accept, and close before a request."""


@contextlib.contextmanager
def unreachable_port():
    """A loopback port to which no connection can be made and none is refused: as if packets were dropped."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):  # fill the backlog; Linux takes one more than told
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
