"""Connections that keep to a deadline: look-up, connect, TLS, and every read and write until the last byte.

The time-outs of requests and urllib3 hold for a single read, so a reply that drips a byte at a time lasts for ever.
Here each read and write of a socket gets only the time that the whole call has left.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context

IDLE_SECONDS = 20  # a kept-alive connection unused for longer may be closing at the other end: make a new one


class _Call(threading.local):
    """The limits of the call that this thread has under way, as moments of the monotonic clock."""

    connected_by = float("inf")
    done_by = float("inf")


_call = _Call()


@contextmanager
def deadline(*, connect_seconds: float, total_seconds: float) -> Iterator[None]:
    """Bound what this thread does on connections of a :class:`DeadlinePools` within the block.

    :param connect_seconds: for look-up, TCP and TLS of a new connection.
    :param total_seconds: for everything, the last byte of the reply included.
    """
    now = time.monotonic()
    _call.done_by = now + total_seconds
    _call.connected_by = min(now + connect_seconds, _call.done_by)
    try:
        yield
    finally:
        _call.connected_by = _call.done_by = float("inf")


def _left(moment: float) -> float:
    """Seconds until the moment. Raises TimeoutError once it has passed: 0 would mean 'do not block' to a socket."""
    seconds = moment - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the call's time is over")
    return min(seconds, 3600.0)


class _TimedSocket(socket.socket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_left(_call.done_by))
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self.settimeout(_left(_call.done_by))
        super().sendall(*args, **kwargs)


class _TimedTlsSocket(ssl.SSLSocket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_left(_call.done_by))
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:  # sendall is a loop of these
        self.settimeout(_left(_call.done_by))
        return super().send(*args, **kwargs)


class _LookUps:
    """Name look-ups with a limit. getaddrinfo cannot be interrupted, so it runs in a thread of its own.

    Callers that ask for the same name share one look-up: a resolver that hangs then holds one thread, not one per guest.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[tuple[str, int], Future[list[tuple[Any, ...]]]] = {}

    def addresses(self, host: str, port: int, seconds: float) -> list[tuple[Any, ...]]:
        """:raises OSError: socket.gaierror for a name that does not resolve, TimeoutError after the limit."""
        key = (host, port)
        with self._lock:
            look_up = self._under_way.get(key)
            if look_up is None:
                look_up = self._under_way[key] = Future()
                threading.Thread(target=self._run, args=(key, look_up), daemon=True).start()
        return look_up.result(seconds)

    def _run(self, key: tuple[str, int], look_up: Future[list[tuple[Any, ...]]]) -> None:
        try:
            look_up.set_result(socket.getaddrinfo(*key, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            look_up.set_exception(error if isinstance(error, OSError) else socket.gaierror("not a host name"))
        finally:
            with self._lock:
                del self._under_way[key]


_look_ups = _LookUps()


def _connect(connection: HTTPConnection) -> socket.socket:
    """Open the TCP connection within the call's limit, each address of the host getting a fair share of it."""
    host, port = connection._dns_host, connection.port or connection.default_port
    try:
        addresses = _look_ups.addresses(host, port, _left(_call.connected_by))
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from None
    except TimeoutError:
        raise NameResolutionError(host, connection, socket.gaierror("the look-up took too long")) from None
    failure: OSError = OSError("the host has no address")
    for position, (family, kind, protocol, _, address) in enumerate(addresses):
        sock = _TimedSocket(family, kind, protocol)
        try:
            for option in connection.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(_left(_call.connected_by) / (len(addresses) - position))
            sock.connect(address)
            sock.settimeout(_left(_call.connected_by))  # for the TLS handshake
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, "the connection took too long")
    raise NewConnectionError(connection, type(failure).__name__)


class _Connection(HTTPConnection):
    _used_at = 0.0

    def _new_conn(self) -> socket.socket:
        return _connect(self)

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._used_at = time.monotonic()
        super().request(*args, **kwargs)

    @property
    def is_connected(self) -> bool:
        return time.monotonic() - self._used_at < IDLE_SECONDS and super().is_connected


class _TlsConnection(HTTPSConnection):
    _used_at = 0.0

    def _new_conn(self) -> socket.socket:
        return _connect(self)

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._used_at = time.monotonic()
        super().request(*args, **kwargs)

    @property
    def is_connected(self) -> bool:
        return time.monotonic() - self._used_at < IDLE_SECONDS and super().is_connected


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class DeadlinePools(PoolManager):
    """urllib3's pool manager with connections that keep to :func:`deadline`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
        context.sslsocket_class = _TimedTlsSocket
        super().__init__(*args, ssl_context=context, **kwargs)
        self.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
