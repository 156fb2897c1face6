"""Connections that keep to a deadline: look-up, connect, TLS, and every read and write until the last byte.

The time-outs of requests and urllib3 hold for a single read, so a reply that drips a byte at a time lasts for ever.
Here each read and write of a socket gets only the time that the whole call has left.
"""

import socket
import ssl
import threading
import time
import weakref
from concurrent.futures import Future
from http.client import IncompleteRead
from typing import Any, NamedTuple

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util import parse_url
from urllib3.util.ssl_ import create_urllib3_context

from app.paytronix.http_reply import HttpReply, read_reply

IDLE_SECONDS = 20  # a kept-alive connection whose last call is older may be closing at the other end: make a new one
_LONGEST_WAIT_SECONDS = 3600.0  # sockets take no infinity
_NEVER = float("inf")


def _left(moment: float) -> float:
    """Seconds until the moment. Raises TimeoutError once it has passed: 0 would mean 'do not block' to a socket."""
    seconds = moment - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the call's time is over")
    return min(seconds, _LONGEST_WAIT_SECONDS)


class _TimedSocket(socket.socket):
    done_by = _NEVER  # the call under way: a moment of the monotonic clock

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        self.settimeout(_left(self.done_by))
        return super().recv(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self.settimeout(_left(self.done_by))
        super().sendall(*args, **kwargs)


class _TimedTlsSocket(ssl.SSLSocket):
    done_by = _NEVER

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        self.settimeout(_left(self.done_by))
        return super().recv(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:  # sendall is a loop of these
        self.settimeout(_left(self.done_by))
        return super().send(*args, **kwargs)


class _LookUps:
    """Name look-ups with a limit. getaddrinfo cannot be interrupted, so it runs in a thread of its own.

    Callers that ask for the same name share one look-up: a resolver that hangs holds one thread, not one per guest.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[tuple[str, int], Future[list[tuple[Any, ...]]]] = {}

    def addresses(self, host: str, port: int, seconds: float) -> list[tuple[Any, ...]]:
        """Where the host is, as getaddrinfo tells it.

        :raises OSError: socket.gaierror for a name that does not resolve, TimeoutError after the limit.
        """
        with self._lock:
            look_up = self._under_way.get((host, port))
            if look_up is None:
                look_up = Future()
                try:
                    threading.Thread(target=self._run, args=(host, port, look_up), daemon=True).start()
                except RuntimeError:
                    raise OSError("this machine gives no thread for the look-up") from None
                self._under_way[host, port] = look_up
        return look_up.result(seconds)

    def _run(self, host: str, port: int, look_up: Future[list[tuple[Any, ...]]]) -> None:
        try:
            look_up.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            look_up.set_exception(error)
        except ValueError:  # such as a label of more than 63 characters
            look_up.set_exception(socket.gaierror("not a host name"))
        finally:
            with self._lock:
                del self._under_way[host, port]


_look_ups = _LookUps()


class _Connection(HTTPConnection):
    sock: Any  # one of the two above, once it is connected
    connected_by = _NEVER  # look-up, TCP and TLS
    used_at = 0.0
    has_received = False  # a byte of the reply to the request under way

    def _new_conn(self) -> socket.socket:
        """Open the TCP connection within the call's limit, each address of the host getting a fair share of it."""
        try:
            addresses = _look_ups.addresses(self.host, self.port, _left(self.connected_by))
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from None
        except TimeoutError:
            raise NameResolutionError(self.host, self, socket.gaierror("the look-up took too long")) from None
        failure: OSError | None = None
        for position, (family, kind, protocol, _, address) in enumerate(addresses):
            try:
                return self._reach(family, kind, protocol, address, share=len(addresses) - position)
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, "the connection took too long")
        raise NewConnectionError(self, type(failure).__name__)

    def _reach(self, family: int, kind: int, protocol: int, address: tuple[Any, ...], *, share: int) -> socket.socket:
        """Connect to one address in its share of the time left: all of it for the last one."""
        sock = _TimedSocket(family, kind, protocol)
        try:
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(_left(self.connected_by) / share)
            sock.connect(address)
            sock.settimeout(_left(self.connected_by))  # for the TLS handshake
        except BaseException:
            sock.close()
            raise
        return sock

    @property
    def is_connected(self) -> bool:
        """Whether the connection may be used again."""
        return time.monotonic() - self.used_at < IDLE_SECONDS and super().is_connected


class _TlsConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except TimeoutError:  # of the handshake; urllib3 would take it for a late reply
            raise ConnectTimeoutError(self, "the TLS handshake took too long") from None


class _Limits(NamedTuple):
    """What holds for a whole call, over however many connections.

    :ivar done_by: a moment of the monotonic clock
    """

    connect_seconds: float
    done_by: float
    longest_bytes: int


class Connections:
    """The connections to one origin, kept alive and shared by all threads. With TLS 1.2 or later, always verified.

    :param origin: scheme, host and port, such as ``https://m777777.api.example.com``
    :param ca_bundle: file of the certificate authorities to trust. Read once: it takes longer than a handshake.
    :ivar host: as the field Host names it
    """

    def __init__(self, origin: str, *, ca_bundle: str) -> None:
        at = parse_url(origin)
        usual_port = 443 if at.scheme == "https" else 80
        self._host, self._port = (at.host or "").strip("[]"), at.port or usual_port
        self.host = f"{at.host}" if self._port == usual_port else f"{at.host}:{self._port}"
        self._tls: ssl.SSLContext | None = None
        if at.scheme == "https":
            self._tls = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
            self._tls.load_verify_locations(ca_bundle)
            self._tls.sslsocket_class = _TimedTlsSocket
            self._tls.keylog_filename = None  # type: ignore[assignment]  # urllib3 would write the keys of calls to where SSLKEYLOGFILE says
        self._idle: list[_Connection] = []  # the one that was used last is used next
        weakref.finalize(self, _close, self._idle)

    def exchange(
        self,
        request: bytes,
        *,
        connect_seconds: float,
        total_seconds: float,
        longest_bytes: int,
        may_be_repeated: bool = False,
    ) -> HttpReply:
        """Send a request and read the whole reply.

        A kept-alive connection may have ended at the other end without this end knowing yet. A request that changes
        nothing is then sent once more, over a new connection and within the same time.

        :param connect_seconds: for look-up, TCP and TLS of a new connection.
        :param total_seconds: for everything, the last byte of the reply included.
        :param longest_bytes: of the body.
        :param may_be_repeated: it changes nothing at the other end (RFC 9110, 9.2.2).
        :raises TooLong: the body is longer.
        :raises OSError: there is no whole reply; urllib3's HTTPError and http.client's HTTPException say the same.
        """
        limits = _Limits(connect_seconds, time.monotonic() + total_seconds, longest_bytes)
        kept = self._kept_alive()
        if kept is not None:
            try:
                return self._exchange_over(kept, request, limits)
            except (ConnectionError, ssl.SSLEOFError, IncompleteRead):
                if not may_be_repeated or kept.has_received:
                    raise
        return self._exchange_over(self._new(), request, limits)

    def _exchange_over(self, connection: _Connection, request: bytes, limits: _Limits) -> HttpReply:
        connection.has_received, is_good = False, False

        def receive(count: int) -> bytes:
            data: bytes = connection.sock.recv(count)
            connection.has_received = connection.has_received or bool(data)
            return data

        try:
            connection.used_at = now = time.monotonic()
            if connection.sock is None:
                connection.connected_by = min(now + limits.connect_seconds, limits.done_by)
                connection.connect()
            connection.sock.done_by = limits.done_by
            connection.sock.sendall(request)
            reply = read_reply(receive, longest_bytes=limits.longest_bytes)
            is_good = not reply.is_last
            return reply
        finally:
            if is_good:
                self._idle.append(connection)
            else:  # no other call must meet the rest of this reply
                connection.close()

    def close(self) -> None:
        """Close those that no call is using."""
        _close(self._idle)

    def _kept_alive(self) -> _Connection | None:
        while (connection := _taken_from(self._idle)) is not None:
            if connection.is_connected:
                return connection
            connection.close()
        return None

    def _new(self) -> _Connection:
        if self._tls:
            return _TlsConnection(self._host, self._port, ssl_context=self._tls)
        return _Connection(self._host, self._port)


def _taken_from(idle: list[_Connection]) -> _Connection | None:
    try:
        return idle.pop()
    except IndexError:  # which another thread may have emptied just now
        return None


def _close(idle: list[_Connection]) -> None:
    while (connection := _taken_from(idle)) is not None:
        connection.close()
