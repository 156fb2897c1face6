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

IDLE_SECONDS = 20  # a kept-alive connection whose last call is older may be closing at the other end: make a new one
_LONGEST_WAIT_SECONDS = 3600.0  # sockets take no infinity


class _Limits(threading.local):
    """The limits of the call that this thread has under way, as moments of the monotonic clock."""

    connected_by = float("inf")
    done_by = float("inf")


_limits = _Limits()


@contextmanager
def deadline(*, connect_seconds: float, total_seconds: float) -> Iterator[None]:
    """Bound what this thread does on connections of a :class:`DeadlinePools` within the block.

    :param connect_seconds: for look-up, TCP and TLS of a new connection.
    :param total_seconds: for everything, the last byte of the reply included.
    """
    now = time.monotonic()
    _limits.done_by = now + total_seconds
    _limits.connected_by = min(now + connect_seconds, _limits.done_by)
    try:
        yield
    finally:
        _limits.connected_by = _limits.done_by = float("inf")


def _left(moment: float) -> float:
    """Seconds until the moment. Raises TimeoutError once it has passed: 0 would mean 'do not block' to a socket."""
    seconds = moment - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the call's time is over")
    return min(seconds, _LONGEST_WAIT_SECONDS)


class _TimedSocket(socket.socket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_left(_limits.done_by))
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self.settimeout(_left(_limits.done_by))
        super().sendall(*args, **kwargs)


class _TimedTlsSocket(ssl.SSLSocket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_left(_limits.done_by))
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:  # sendall is a loop of these
        self.settimeout(_left(_limits.done_by))
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
    _used_at = 0.0

    def _new_conn(self) -> socket.socket:
        """Open the TCP connection within the call's limit, each address of the host getting a fair share of it."""
        try:
            addresses = _look_ups.addresses(self.host, self.port, _left(_limits.connected_by))
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
            sock.settimeout(_left(_limits.connected_by) / share)
            sock.connect(address)
            sock.settimeout(_left(_limits.connected_by))  # for the TLS handshake
        except BaseException:
            sock.close()
            raise
        return sock

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._used_at = time.monotonic()
        super().request(*args, **kwargs)

    @property
    def is_connected(self) -> bool:
        """Whether the pool may use this connection again."""
        return time.monotonic() - self._used_at < IDLE_SECONDS and super().is_connected


class _TlsConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except TimeoutError:  # of the handshake; urllib3 would take it for a late reply
            raise ConnectTimeoutError(self, "the TLS handshake took too long") from None


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class DeadlinePools(PoolManager):
    """urllib3's pool manager with connections that keep to :func:`deadline` and to TLS 1.2 or later, verified.

    :param ca_bundle: file of the certificate authorities to trust. Read once: it takes longer than a handshake.
    :param connections: how many to keep alive
    """

    def __init__(self, *, ca_bundle: str, connections: int) -> None:
        context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
        context.load_verify_locations(ca_bundle)
        context.sslsocket_class = _TimedTlsSocket
        super().__init__(num_pools=1, maxsize=connections, ssl_context=context)
        self.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
