"""Connections to Redis on which an operation as a whole has a time limit, whatever it does and whoever dawdles.

redis-py bounds each wait of a socket. An operation can have many: connecting, authenticating, asking a Sentinel where
the master is, each piece of a reply. Here all of them share what is left of the operation's time. Looking up a host
name is the one wait that cannot be bounded: it is the system resolver's.

redis-py opens a connection and signs in on it. Commands and replies then go past it: its pool and its commands look
for caches, retries, converters and somebody to measure it for on each command, which takes longer than the exchange.
"""

import os
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import hiredis
from redis import exceptions
from redis.connection import Connection, DefaultParser, SSLConnection, UnixDomainSocketConnection

LONGEST_WAIT_SECONDS = 0.5  # of a single wait, so that a frozen server leaves time to look for another
READ_BYTES = 16_384

_INCOMPLETE = object()

Command = tuple[str | bytes | int, ...]
_packed: Callable[[Any], bytes] = hiredis.pack_command  # its own types know commands of one word only


class _Limit(threading.local):
    ends_at = 0.0


_limit = _Limit()


class time_limit:  # noqa: N801 - as the standard library writes what stands after "with"
    """Give what this thread does with Redis so many seconds; within another limit, only what that leaves."""

    __slots__ = ("_outer", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._outer = _limit.ends_at
        ends_at = time.monotonic() + self._seconds
        _limit.ends_at = min(ends_at, self._outer) if self._outer else ends_at

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _limit.ends_at = self._outer


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

    def recv(self, size: int) -> bytes:
        self._socket.settimeout(seconds_left())
        return self._socket.recv(size)

    def recv_into(self, buffer: bytearray) -> int:
        self._socket.settimeout(seconds_left())
        return self._socket.recv_into(buffer)

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(seconds_left())
        self._socket.sendall(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class _Bounded:
    """Mixed into redis-py's connection classes; replaces the socket under them."""

    socket_connect_timeout: float | None

    def _connect(self) -> Any:
        self.socket_connect_timeout = seconds_left()
        self._bounded = _BoundedSocket(super()._connect())  # type: ignore[misc]
        self._ready = select.poll()
        self._ready.register(self._bounded.fileno(), select.POLLIN)
        self._replies = hiredis.Reader(
            protocolError=exceptions.InvalidResponse,
            replyError=DefaultParser.parse_error,
            notEnoughData=_INCOMPLETE,
        )
        return self._bounded

    def is_left(self) -> bool:
        """Whether the server has hung up, or said what nobody asked for."""
        return bool(self._ready.poll(0))

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in one piece, and give their replies in order.

        After an error the connection is of no use: what is still on its way would be taken for the next reply.

        :raises redis.exceptions.TimeoutError, redis.exceptions.ConnectionError: whether they were done is not known.
        """
        try:
            self._bounded.sendall(b"".join([_packed(command) for command in commands]))
            replies = [self._reply() for _ in commands]
        except TimeoutError as error:
            raise exceptions.TimeoutError("The server was late.") from error
        except OSError as error:
            raise exceptions.ConnectionError(f"The connection broke: {error.strerror}") from error
        if self._replies.has_data():  # so nobody knows which reply is to which command
            raise exceptions.InvalidResponse("The server said what nobody asked for.")
        return replies

    def _reply(self) -> Any:
        while (reply := self._replies.gets()) is _INCOMPLETE:
            received = self._bounded.recv(READ_BYTES)
            if not received:
                raise exceptions.ConnectionError("The server hung up.")
            self._replies.feed(received)
        if isinstance(reply, exceptions.ConnectionError):
            raise reply
        return reply


class TcpConnection(_Bounded, Connection):
    """``redis://``."""


class TlsConnection(_Bounded, SSLConnection):
    """``rediss://``."""


class UnixConnection(_Bounded, UnixDomainSocketConnection):
    """``unix://``."""


class Connections:
    """Connections to one server, each lent to one thread at a time, and opened when there is none to spare.

    There are never more of them than threads that asked at once.

    :param make: gives a connection that is not open yet.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._process = os.getpid()
        self._spare: list[Any] = []

    def exchange(self, *commands: Command) -> list[Any]:
        """Send commands in one piece, and give their replies in order.

        :raises RedisError: what is wrong with the server or the way to it, or the first reply that is an error; the
            commands after that one were done all the same.
        """
        if self._process != os.getpid():
            self.close()  # only here: what was open before a fork is the parent's to use
        spare = self._spare
        connection = _sound(spare) or self._open()
        try:
            replies: list[Any] = connection.exchange(commands)
        except BaseException:
            connection.disconnect()
            raise
        if spare is self._spare:
            spare.append(connection)
        else:  # closed meanwhile
            connection.disconnect()
        for reply in replies:
            if isinstance(reply, exceptions.RedisError):
                raise reply
        return replies

    def close(self) -> None:
        """Close what is to spare; what is lent is closed when it comes back."""
        spare, self._spare = self._spare, []
        self._process = os.getpid()
        for connection in spare:
            connection.disconnect()

    def _open(self) -> Any:
        connection = self._make()
        connection.connect()
        return connection


def _sound(spare: list[Any]) -> Any | None:
    """A connection to spare on which the server has not hung up meanwhile."""
    while True:
        try:
            connection = spare.pop()
        except IndexError:
            return None
        if not connection.is_left():
            return connection
        connection.disconnect()
