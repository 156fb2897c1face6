"""Connections to Redis on which an operation as a whole has a time limit, whatever it does and whoever dawdles.

redis-py bounds each wait of a socket. An operation can have many: connecting, authenticating, asking a Sentinel where
the master is, each piece of a reply. Here all of them share what is left of the operation's time. Looking up a host
name is the one wait that cannot be bounded: it is the system resolver's.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection

LONGEST_WAIT_SECONDS = 0.5  # of a single wait, so that a frozen server leaves time to look for another


class _Limit(threading.local):
    ends_at = 0.0


_limit = _Limit()


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Give what this thread does with Redis so many seconds; within another limit, only what that leaves."""
    outer = _limit.ends_at
    ends_at = time.monotonic() + seconds
    _limit.ends_at = min(ends_at, outer) if outer else ends_at
    try:
        yield
    finally:
        _limit.ends_at = outer


def seconds_left() -> float:
    """What is left of the thread's time limit, at most the longest single wait.

    :raises TimeoutError: nothing is left.
    """
    left = _limit.ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError("The time for this operation is up.")
    return min(left, LONGEST_WAIT_SECONDS)


class _BoundedSocket:
    """A connected socket that asks before each wait how long it may take."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._waits = True

    def recv(self, size: int) -> bytes:
        if self._waits:
            self._socket.settimeout(seconds_left())
        return self._socket.recv(size)

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(seconds_left())
        self._socket.sendall(data)

    def settimeout(self, seconds: float | None) -> None:
        self._waits = seconds != 0  # redis-py looks with 0 whether a server has hung up
        self._socket.settimeout(seconds)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class _Bounded:
    """Mixed into redis-py's connection classes; replaces the socket under them."""

    socket_connect_timeout: float | None

    def _connect(self) -> Any:
        self.socket_connect_timeout = seconds_left()
        return _BoundedSocket(super()._connect())  # type: ignore[misc]


class TcpConnection(_Bounded, Connection):
    """``redis://``."""


class TlsConnection(_Bounded, SSLConnection):
    """``rediss://``."""


class UnixConnection(_Bounded, UnixDomainSocketConnection):
    """``unix://``."""
