"""redis-py's clients, each behind the same four methods: for one server, a Sentinel group and a Cluster."""

import ipaddress
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple, Protocol

from redis import Redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    AuthenticationError,
    ClusterDownError,
    RedisClusterException,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

WAIT_SECONDS = 0.4  # of a single wait, such as for a connection or a reply; an operation may have two
SENTINEL_WAIT_SECONDS = 0.2  # for each Sentinel: a frozen one must not use up the time of the next
FIRST_NODES = 3  # of a Cluster, that are asked how it is made up until one answers
SENTINEL_PORT = 26379
REDIS_PORT = 6379

# The kernel notices within 30 seconds that a firewall has dropped an idle connection in silence.
_KEEPALIVE = {socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}
if hasattr(socket, "TCP_KEEPIDLE"):  # not on macOS
    _KEEPALIVE[socket.TCP_KEEPIDLE] = 15

Address = tuple[str, int]


class Step(NamedTuple):
    """One run of a script. All of its keys lie in one slot of a Cluster."""

    script: str
    keys: Sequence[str]
    arguments: Sequence[str | bytes | int] = ()


class Client(Protocol):
    """A way to the Redis that holds the store. It connects at the first use, so it may be made before a fork."""

    name: str
    """Engine and addresses for messages; no password."""

    is_private: bool
    """Whether what travels to it is protected by TLS, or does not leave the machine."""

    def run(self, steps: Sequence[Step]) -> list[Any]:
        """Run scripts in order; what each gives. On one server that is one round trip, and none stops those after it.

        :raises RedisError: what a server or the way to it says; it is not known which steps were run.
        """

    def reconnect(self) -> None:
        """Have the next steps go over new connections, because another server may be in charge by now."""

    def group_by_slot(self, keys: Sequence[str]) -> list[list[str]]:
        """The keys in groups that one script may touch."""

    def close(self) -> None:
        """Close all connections."""


@dataclass(frozen=True)
class Credentials:
    """How to sign in to Redis, and the files to trust it by: arguments of redis-py by the same names.

    :ivar tls: None for plain connections
    """

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: dict[str, str] | None = None

    def options(self) -> dict[str, Any]:
        """What each connection is made with."""
        return {
            "username": self.username,
            "password": self.password,
            "socket_timeout": WAIT_SECONDS,
            "socket_keepalive": True,
            "socket_keepalive_options": _KEEPALIVE,
            "driver_info": None,  # two round trips less for each new connection
            **({} if self.tls is None else {"ssl": True, **self.tls}),
        }


def _never() -> Retry:
    """redis-py repeats nothing: RedisStore knows what may be repeated."""
    return Retry(NoBackoff(), 0)


class ServerClient:
    """One server, or the master of a group."""

    def __init__(self, name: str, redis: Redis, *, is_private: bool) -> None:
        self.name = name
        self.is_private = is_private
        self._redis = redis

    def run(self, steps: Sequence[Step]) -> list[Any]:
        return _raise_first_error(_run(self._redis, steps))

    def reconnect(self) -> None:
        """Connections in use come back to the pool; the error that each of them meets closes it in turn."""
        self._redis.connection_pool.disconnect(inuse_connections=False)

    def group_by_slot(self, keys: Sequence[str]) -> list[list[str]]:
        return [list(keys)] if keys else []

    def close(self) -> None:
        self._redis.close()


def tcp_client(address: Address, credentials: Credentials, *, database: int = 0) -> ServerClient:
    host, port = address
    redis = Redis(host, port, database, retry=_never(), **credentials.options())
    return ServerClient(f"Redis at {_listed([address])}", redis, is_private=_is_private([address], credentials))


def unix_client(path: str, credentials: Credentials, *, database: int = 0) -> ServerClient:
    redis = Redis(unix_socket_path=path, db=database, retry=_never(), **credentials.options())
    return ServerClient(f"Redis at {path}", redis, is_private=True)


class SentinelClient(ServerClient):
    """The master of a group that Sentinels watch and replace.

    :param addresses: of the Sentinels
    :param service: what the Sentinels call the group
    :param of_sentinels: how to sign in to them; the servers have a password of their own
    """

    def __init__(
        self, addresses: Sequence[Address], service: str, credentials: Credentials, of_sentinels: Credentials
    ) -> None:
        self._sentinels = _Sentinels(  # type: ignore[no-untyped-call]
            addresses,
            sentinel_kwargs=of_sentinels.options() | {"socket_timeout": SENTINEL_WAIT_SECONDS, "retry": _never()},
        )
        # No max_connections: the pool of redis-py 7.4 never takes a connection that failed off its count.
        master: Redis = self._sentinels.master_for(  # type: ignore[no-untyped-call]
            service, redis_connect_func=_expect_master, retry=_never(), **credentials.options()
        )
        name = f"Redis {service} behind {_listed(addresses)}"
        super().__init__(name, master, is_private=_is_private(addresses, credentials))

    def close(self) -> None:
        super().close()
        for sentinel in self._sentinels.sentinels:
            sentinel.close()


class _Sentinels(Sentinel):
    """Sentinels of which any number of threads may ask at once, and that tell why none of them knows a master.

    In redis-py 7.4, two threads that swap the Sentinels of one list at once can lose one of them, and errors are named
    by their class alone.
    """

    def discover_master(self, service_name: str) -> tuple[str, int]:
        trouble: RedisError = MasterNotFoundError("no Sentinel knows a master of that name")
        for sentinel in self.sentinels:
            try:
                state = sentinel.sentinel_masters().get(service_name)
            except RedisError as error:
                if not isinstance(trouble, AuthenticationError):
                    trouble = type(error)(f"a Sentinel says: {error}")
                continue
            if state and self.check_master_state(state, service_name):  # type: ignore[no-untyped-call]
                others = (other for other in self.sentinels if other is not sentinel)
                self.sentinels = [sentinel, *others]  # a new list, for those who are going through the old one
                return state["ip"], state["port"]
        raise trouble


def _expect_master(connection: Any) -> None:
    """Use a new connection only if it leads to a master: a Sentinel may name one that was replaced a moment ago.

    :raises ConnectionError: the server is no master, or no more.
    """
    connection.on_connect()
    connection.send_command("ROLE")
    role, *_ = connection.read_response()
    if role != b"master":
        raise RedisConnectionError(f"the server that the Sentinels named is a {role.decode()}")


class ClusterClient:
    """A Redis Cluster, found through any of its nodes.

    RedisCluster knows which node has which slot, and follows redirections. Steps are sent by the node's own client:
    RedisCluster asks all nodes anew whenever one is late, thread after thread, each waiting for the one before. Sixty
    threads in front of a frozen Cluster would be answered after a minute and a half.

    :param addresses: of some of the nodes
    """

    def __init__(self, addresses: Sequence[Address], credentials: Credentials) -> None:
        self.name = f"Redis Cluster at {_listed(addresses)}"
        self.is_private = _is_private(addresses, credentials)
        self._addresses = addresses
        self._credentials = credentials
        self._finding = threading.Lock()
        self._cluster: RedisCluster | None = None
        self._is_outdated = False

    def run(self, steps: Sequence[Step]) -> list[Any]:
        try:
            cluster = self._found()
            replies: list[Any] = []
            for node, group in groupby(steps, key=lambda step: cluster.get_node_from_key(step.keys[0])):
                replies += _raise_first_error(self._run_at(cluster, node, list(group)))
        except RedisClusterException as error:  # which is no RedisError, and hides one
            cause = error.__cause__
            raise cause if isinstance(cause, RedisError) else ClusterDownError(str(error)) from error
        except IndexError as error:  # what redis-py 7.4 makes of nodes that know of no slot
            raise ClusterDownError("no node of the Cluster has a slot") from error
        return replies

    def reconnect(self) -> None:
        self._is_outdated = True

    def group_by_slot(self, keys: Sequence[str]) -> list[list[str]]:
        slots: dict[int, list[str]] = {}
        for key in keys:
            slots.setdefault(key_slot(key.encode()), []).append(key)
        return list(slots.values())

    def close(self) -> None:
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            cluster.close()

    def _run_at(self, cluster: RedisCluster, node: ClusterNode, steps: Sequence[Step]) -> list[Any]:
        replies = _run(cluster.get_redis_connection(node), steps)
        for number, (script, keys, arguments) in enumerate(steps):
            if isinstance(replies[number], AskError | TryAgainError):  # "MOVED" is a kind of "ASK"; nothing was run
                replies[number] = cluster.eval(script, len(keys), *keys, *arguments)
        return replies

    def _found(self) -> RedisCluster:
        """The Cluster, as its nodes last said that it is.

        One thread looks again when it is outdated, and the others go on meanwhile.
        """
        if self._finding.acquire(timeout=WAIT_SECONDS if self._cluster is None else 0):
            try:
                if self._cluster is None:
                    self._cluster = self._find()
                elif self._is_outdated:
                    self._is_outdated = False
                    self._cluster.nodes_manager.initialize()
            finally:
                self._finding.release()
        cluster = self._cluster
        if cluster is None:
            raise RedisTimeoutError("other threads are still looking for the nodes")
        return cluster

    def _find(self) -> RedisCluster:
        cluster = RedisCluster(
            startup_nodes=[ClusterNode(host, port) for host, port in self._addresses],
            dynamic_startup_nodes=False,  # the URL may have names whose addresses change
            require_full_coverage=False,
            # Nodes that are not to tell where they are: what answers at this address leads there.
            address_remap=lambda address: (address[0] or self._addresses[0][0], address[1]),
            retry=Retry(NoBackoff(), FIRST_NODES - 1),  # for what it asks of one node when it is made
            **self._credentials.options(),
        )
        cluster.set_retry(_never())
        return cluster


def _run(redis: Redis, steps: Sequence[Step]) -> list[Any]:
    """The replies to scripts that are sent in one piece; errors are among them.

    Scripts travel as text: EVALSHA would need a right of its own and, in a pipeline, a round trip before each.
    """
    with redis.pipeline(transaction=False) as pipeline:
        for script, keys, arguments in steps:
            pipeline.eval(script, len(keys), *keys, *arguments)
        return pipeline.execute(raise_on_error=False)  # redis-py would put keys and values into the error's text


def _raise_first_error(replies: list[Any]) -> list[Any]:
    for reply in replies:
        if isinstance(reply, RedisError):
            raise reply
    return replies


def _is_private(addresses: Sequence[Address], credentials: Credentials) -> bool:
    return credentials.tls is not None or all(_is_loopback(host) for host, _ in addresses)


def _is_loopback(host: str) -> bool:
    """Whether a host is this very machine; a name other than localhost is not taken for it."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listed(addresses: Sequence[Address]) -> str:
    return ", ".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in addresses)
