"""Where Redis runs: on one server, in a Sentinel group, or as a Cluster; and how to reach it in each case."""

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from redis import Redis, RedisCluster
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode
from redis.connection import ConnectionPool
from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from app.store.redis_connections import LONGEST_WAIT_SECONDS, TcpConnection, TlsConnection, UnixConnection, time_limit

# One operation holds one connection, so threads bound them: this is above any sensible number of threads.
MOST_CONNECTIONS = 512
SENTINEL_SECONDS = 0.2  # for each Sentinel asked: a frozen one must not use up the time of the next
SENTINEL_PORT = 26379
REDIS_PORT = 6379

# An idle connection that a firewall dropped in silence is noticed by the kernel within 30 seconds, and redis-py looks
# at a connection before it uses it. Its own health check would cost a round trip and fail the operation instead.
_KEEPALIVE = {socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}
if hasattr(socket, "TCP_KEEPIDLE"):  # not on macOS
    _KEEPALIVE[socket.TCP_KEEPIDLE] = 15


class Client(Protocol):
    """What Redis and RedisCluster have in common, as far as it is used here."""

    def execute_command(self, *command: Any) -> Any:
        """Send a command and wait for its reply."""

    def close(self) -> None:
        """Close all connections."""


class Servers(Protocol):
    """A way to reach Redis."""

    @property
    def name(self) -> str:
        """Engine and addresses for messages; no password."""

    def client(self) -> Client:
        """A client for the server or servers in charge now."""

    def distrust(self, client: Client) -> None:
        """The client failed in a way that may mean that another server is in charge by now."""

    def together(self, keys: Sequence[str]) -> Iterator[list[str]]:
        """The keys in groups that one script may touch."""

    def close(self) -> None:
        """Close all connections."""


@dataclass(frozen=True)
class Credentials:
    """How to sign in to Redis, and how to trust it. The arguments of redis-py of the same names."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: dict[str, str] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        return {"username": self.username, "password": self.password, **self.tls}


def _connection_arguments() -> dict[str, Any]:
    return {
        "socket_timeout": LONGEST_WAIT_SECONDS,
        "retry": Retry(NoBackoff(), 0),  # RedisStore knows which operations may be repeated
        "driver_info": None,  # two round trips less for each new connection
    }


def _tcp_arguments() -> dict[str, Any]:
    return _connection_arguments() | {"socket_keepalive": True, "socket_keepalive_options": _KEEPALIVE}


def _client(connection_class: type, **arguments: Any) -> Client:
    pool = ConnectionPool(connection_class=connection_class, max_connections=MOST_CONNECTIONS, **arguments)
    client: Client = Redis(connection_pool=pool)
    return client


class OneServer:
    """One Redis server, by host and port or by the path of its socket."""

    def __init__(self, name: str, connection_class: type, **arguments: Any) -> None:
        self.name = name
        self._client = _client(connection_class, **arguments)

    @classmethod
    def at(cls, host: str, port: int, database: int, credentials: Credentials, *, tls: bool) -> "OneServer":
        return cls(
            f"Redis at {host}:{port}",
            TlsConnection if tls else TcpConnection,
            host=host,
            port=port,
            db=database,
            **credentials.arguments(),
            **_tcp_arguments(),
        )

    @classmethod
    def at_socket(cls, path: str, database: int, credentials: Credentials) -> "OneServer":
        return cls(
            f"Redis at {path}",
            UnixConnection,
            path=path,
            db=database,
            **credentials.arguments(),
            **_connection_arguments(),
        )

    def client(self) -> Client:
        return self._client

    def distrust(self, client: Client) -> None:
        """There is no other server to turn to."""

    def together(self, keys: Sequence[str]) -> Iterator[list[str]]:
        yield list(keys)

    def close(self) -> None:
        self._client.close()


class SentinelGroup:
    """A master that Sentinels watch and replace.

    redis-py's own Sentinel support is not used: its pool counts a connection that failed for ever, so that a time
    without master uses up ``max_connections``, and threads that reorder its list of Sentinels at once can lose some.

    :param addresses: of the Sentinels, which are asked without a password
    :param service: what the Sentinels call the group
    """

    def __init__(self, addresses: Sequence[tuple[str, int]], service: str, credentials: Credentials) -> None:
        self.name = f"Redis {service} behind {_listed(addresses)}"
        self._service = service
        self._credentials = credentials
        self._sentinels = [_client(TcpConnection, host=host, port=port, **_tcp_arguments()) for host, port in addresses]
        self._master: OneServer | None = None

    def client(self) -> Client:
        master = self._master
        if master is None:
            # Threads that come here at once each ask a Sentinel; the first answer serves them all.
            found = OneServer.at(*self._ask(), 0, self._credentials, tls=False)
            master = self._master = self._master or found
        return master.client()

    def distrust(self, client: Client) -> None:
        master = self._master
        if master is not None and master.client() is client:
            self._master = None

    def together(self, keys: Sequence[str]) -> Iterator[list[str]]:
        yield list(keys)

    def close(self) -> None:
        for sentinel in self._sentinels:
            sentinel.close()
        if self._master is not None:
            self._master.close()

    def _ask(self) -> tuple[str, int]:
        for sentinel in self._sentinels:
            with time_limit(SENTINEL_SECONDS):
                try:
                    master = sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service)
                except RedisError:
                    continue
            if master is not None:
                return master[0].decode(), int(master[1])
        raise RedisConnectionError("no Sentinel knows a master")


class Cluster:
    """A Redis Cluster, found through any of its nodes."""

    def __init__(self, addresses: Sequence[tuple[str, int]], credentials: Credentials) -> None:
        self.name = f"Redis Cluster at {_listed(addresses)}"
        self._addresses = list(addresses)
        self._credentials = credentials
        self._client: Client | None = None

    def client(self) -> Client:
        client = self._client
        if client is None:
            found = self._connected()  # here and not at the start: RedisCluster connects when it is made
            client = self._client = self._client or found
        return client

    def distrust(self, client: Client) -> None:
        """RedisCluster has asked the other nodes by itself who is in charge."""

    def together(self, keys: Sequence[str]) -> Iterator[list[str]]:
        slots: dict[int, list[str]] = {}
        for key in keys:
            slots.setdefault(key_slot(key.encode()), []).append(key)
        yield from slots.values()

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _connected(self) -> Client:
        arguments = _tcp_arguments() | self._credentials.arguments()
        (host, port), *others = self._addresses
        client: Client = RedisCluster(
            url=f"redis://{host}:{port}",  # redis-py takes a connection class only together with a URL
            startup_nodes=[ClusterNode(*address) for address in others],  # type: ignore[no-untyped-call]
            connection_class=TcpConnection,
            max_connections=MOST_CONNECTIONS,
            **arguments,
        )
        return client


def _listed(addresses: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{host}:{port}" for host, port in addresses)
