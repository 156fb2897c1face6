"""Where Redis runs: on one server, in a Sentinel group, or as a Cluster; and how to reach it in each case."""

import ipaddress
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import AskError, AuthenticationError, MovedError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from app.store.redis_connections import (
    LONGEST_WAIT_SECONDS,
    READ_BYTES,
    Command,
    Connections,
    TcpConnection,
    TlsConnection,
    UnixConnection,
    time_limit,
)

GUIDE_SECONDS = 0.2  # for each server asked who is in charge: a frozen one must not use up the time of the next
MOST_REDIRECTIONS = 5
SLOTS = 16384
FIRST_KEY = 3  # in EVAL script count key…
_NO_HOST = (None, "", "?", b"", b"?")  # how nodes leave out a host, by version and by where they do
SENTINEL_PORT = 26379
REDIS_PORT = 6379

# An idle connection that a firewall dropped in silence is noticed by the kernel within 30 seconds, and a connection is
# looked at before it is used. A health check would cost a round trip and fail the operation instead.
_KEEPALIVE = {socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}
if hasattr(socket, "TCP_KEEPIDLE"):  # not on macOS
    _KEEPALIVE[socket.TCP_KEEPIDLE] = 15

Address = tuple[str, int]


class Servers(Protocol):
    """A way to reach the Redis that holds the store."""

    name: str
    """Engine and addresses for messages; no password."""

    is_private: bool
    """Whether what travels to it is protected by TLS, or does not leave the machine."""

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Send each ``EVAL`` to the server that is in charge of its first key, and give the replies in order.

        Where all keys are on one server it is one round trip, and each is done whatever becomes of those before it.

        :raises RedisError: what a server or the way to it says.
        """

    def distrust(self) -> None:
        """Something went wrong that may mean that another server is in charge by now: find out before the next."""

    def together(self, keys: Sequence[str]) -> Iterator[list[str]]:
        """The keys in groups that one script may touch."""

    def close(self) -> None:
        """Close all connections."""


@dataclass(frozen=True)
class Credentials:
    """How to sign in to Redis, and the files to trust it by. The arguments of redis-py of the same names.

    :ivar tls: None for plain connections
    """

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: dict[str, str] | None = None


def tcp_connections(
    address: Address,
    credentials: Credentials,
    *,
    database: int = 0,
    greet: Callable[[Any], None] | None = None,
) -> Connections:
    """Connections to one server.

    :param greet: makes a new connection ready for its first command, in place of ``connection.on_connect()``.
    """
    host, port = address
    keepalive = {"socket_keepalive": True, "socket_keepalive_options": _KEEPALIVE}
    return _connections(
        TcpConnection if credentials.tls is None else TlsConnection,
        credentials,
        database,
        host=host,
        port=port,
        redis_connect_func=greet,
        **keepalive,
        **(credentials.tls or {}),
    )


def unix_connections(path: str, credentials: Credentials, *, database: int = 0) -> Connections:
    """Connections to a server on this machine, through its socket."""
    return _connections(UnixConnection, credentials, database, path=path)


def _connections(connection_class: type, credentials: Credentials, database: int, **arguments: Any) -> Connections:
    return Connections(
        partial(
            connection_class,
            socket_timeout=LONGEST_WAIT_SECONDS,
            socket_read_size=READ_BYTES,
            retry=Retry(NoBackoff(), 0),  # RedisStore knows which operations may be repeated
            driver_info=None,  # two round trips less for each new connection
            protocol=2,
            username=credentials.username,
            password=credentials.password,
            db=database,
            **arguments,
        )
    )


class OneServer:
    """One Redis server."""

    def __init__(self, name: str, connections: Connections, *, is_private: bool) -> None:
        self.name = f"Redis at {name}"
        self.is_private = is_private
        self._connections = connections

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        return self._connections.exchange(*commands)

    def distrust(self) -> None:
        """Another server may stand behind the address by now: new connections lead there, the old ones do not."""
        self._connections.close()

    def together(self, keys: Sequence[str]) -> Iterator[list[str]]:
        yield list(keys)

    def close(self) -> None:
        self._connections.close()


class SentinelGroup:
    """A master that Sentinels watch and replace.

    redis-py's own Sentinel support is not used: its pool counts a connection that failed for ever, so that a time
    without master uses up ``max_connections``, and threads that reorder its list of Sentinels at once can lose some.

    :param addresses: of the Sentinels
    :param service: what the Sentinels call the group
    :param of_sentinels: how to sign in to them; the servers have a password of their own
    """

    def __init__(
        self, addresses: Sequence[Address], service: str, credentials: Credentials, of_sentinels: Credentials
    ) -> None:
        self.name = f"Redis {service} behind {_listed(addresses)}"
        self.is_private = credentials.tls is not None or all(map(is_loopback, addresses))
        self._service = service
        self._credentials = credentials
        self._sentinels = _Guides(
            {address: tcp_connections(address, of_sentinels) for address in addresses}, kind="Sentinel"
        )
        self._master: Connections | None = None

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        master = self._master
        if master is None:
            _, (host, port) = self._sentinels.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service)
            self._sentinels.hang_up()  # it may be long until they are asked again
            found = tcp_connections((host.decode(), int(port)), self._credentials, greet=_greet_master)
            # Threads that come here at once each ask; the first answer serves them all.
            master = self._master = self._master or found
        return master.exchange(*commands)

    def distrust(self) -> None:
        self._master = None

    def together(self, keys: Sequence[str]) -> Iterator[list[str]]:
        yield list(keys)

    def close(self) -> None:
        self._sentinels.hang_up()
        master, self._master = self._master, None
        if master is not None:
            master.close()


def _greet_master(connection: Any) -> None:
    """Use a connection only if it leads to a master.

    A master that was replaced breaks its connections. Who has not heard of it connects again, and would read what it
    still has.

    :raises ConnectionError: the server is no master, or no more.
    """
    connection.on_connect()
    connection.send_command("ROLE")
    role, *_ = connection.read_response()
    if role != b"master":
        raise RedisConnectionError(f"the server that the Sentinels named is a {role.decode()}")


class Cluster:
    """A Redis Cluster, found through any of its nodes (Redis Cluster specification).

    redis-py's RedisCluster is not used: it connects when it is made, waits for its locks and its pauses without a
    limit, and drops every connection to a node when one of them is late.

    :param addresses: of some of the nodes
    """

    def __init__(self, addresses: Sequence[Address], credentials: Credentials) -> None:
        self.name = f"Redis Cluster at {_listed(addresses)}"
        self.is_private = credentials.tls is not None or all(map(is_loopback, addresses))
        self._credentials = credentials
        self._nodes = {address: tcp_connections(address, credentials) for address in addresses}
        self._guides = _Guides(self._nodes, kind="node")
        self._masters: list[Address | None] | None = None  # by slot; None while nobody has been asked

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        return [self._reply(command) for command in commands]

    def distrust(self) -> None:
        self._masters = None

    def together(self, keys: Sequence[str]) -> Iterator[list[str]]:
        slots: dict[int, list[str]] = {}
        for key in keys:
            slots.setdefault(key_slot(key.encode()), []).append(key)
        yield from slots.values()

    def close(self) -> None:
        for node in list(self._nodes.values()):
            node.close()

    def _reply(self, command: Command) -> Any:
        slot = key_slot(str(command[FIRST_KEY]).encode())
        masters = self._masters
        if masters is None:
            masters = self._masters = self._ask_for_masters()
        master = masters[slot]
        if master is None:
            raise RedisConnectionError(f"no node is in charge of slot {slot}")
        once = False  # whether the node is to serve the slot this once, because it is being moved there
        for _ in range(MOST_REDIRECTIONS):
            try:
                return self._send(master, command, once=once)
            except AskError as redirection:  # "MOVED" is one too
                once = not isinstance(redirection, MovedError)
                if not once:
                    self._masters = None
                master = (master[0] if redirection.host in _NO_HOST else redirection.host, redirection.port)
        raise RedisConnectionError(f"the nodes do not agree who is in charge of slot {slot}")

    def _send(self, address: Address, command: Command, *, once: bool) -> Any:
        if address not in self._nodes:
            self._nodes.setdefault(address, tcp_connections(address, self._credentials))
        commands = [("ASKING",), command] if once else [command]
        return self._nodes[address].exchange(*commands)[-1]

    def _ask_for_masters(self) -> list[Address | None]:
        masters: list[Address | None] = [None] * SLOTS
        asked, slots = self._guides.ask("CLUSTER", "SLOTS")
        for first, last, (host, port, *_), *_replicas in slots:
            # A node that does not know its own address, or is not to tell it, names none: it is where we have asked.
            address = (host.decode() if host not in _NO_HOST else asked, int(port))
            masters[first : last + 1] = [address] * (last + 1 - first)
        return masters


class _Guides:
    """Servers of which each can say who is in charge. The one that answered last is asked first.

    :param kind: what each of them is, for messages
    """

    def __init__(self, servers: Mapping[Address, Connections], *, kind: str) -> None:
        self._servers = tuple(servers.items())  # replaced as a whole, so that threads need no lock
        self._kind = kind

    def ask(self, *question: str) -> tuple[str, Any]:
        """The host that answered, and what it said.

        :raises RedisError: nobody knows; with what the last of them said, or one that refused to say.
        """
        refusal: RedisError | None = None
        last = ""
        for guide in self._servers:
            (host, _), connections = guide
            with time_limit(GUIDE_SECONDS):
                try:
                    (answer,) = connections.exchange(question)
                except (AuthenticationError, ResponseError) as error:
                    refusal = type(error)(f"a {self._kind} says: {error}")
                    continue
                except RedisError as error:
                    last = f": {error}"
                    continue
            if answer:
                self._servers = (guide, *(other for other in self._servers if other is not guide))
                return host, answer
        raise refusal or RedisConnectionError(f"nobody there knows who is in charge{last}")

    def hang_up(self) -> None:
        for _, connections in self._servers:
            connections.close()


def is_loopback(address: Address) -> bool:
    """Whether an address is this very machine; a name other than localhost is not taken for it."""
    host = address[0]
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listed(addresses: Sequence[Address]) -> str:
    return ", ".join(f"{host}:{port}" for host, port in addresses)
