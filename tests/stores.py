"""Real stores for tests: a SQLite file, and Redis as one server, as a Sentinel group and as a Cluster on loopback."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.store import Decrement, Limit, open_store

START_SECONDS = 30
IN_TIME_SECONDS = 5  # for an operation, so that a guest is answered; it takes one or two, unless the machine is busy
# Each of the processes that test side by side has ports of its own.
_PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_PROCESSES = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_OURS = range(15_000, 32_000)[_PROCESS::_PROCESSES]


_given = set()


def free_ports(count):
    """Ports that nobody listens on, and that no other test is given meanwhile.

    Below those from which systems take the port of an outgoing connection: one of thousands that the tests make would
    sooner or later have the port that a server is about to be given.
    """
    with contextlib.ExitStack() as held:
        ports = []
        while len(ports) < count:
            probe, port = held.enter_context(socket.socket()), random.choice(_OURS)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                if port not in _given:
                    ports.append(port)
                    _given.add(port)
        return ports


def until(condition, *, seconds=START_SECONDS):
    """Wait until a condition holds, and fail if it does not within the time."""
    give_up_at = time.monotonic() + seconds
    while True:
        with contextlib.suppress(redis.RedisError):
            if found := condition():
                return found
        if time.monotonic() > give_up_at:
            pytest.fail(f"still not so after {seconds} seconds: {condition.__qualname__}")
        time.sleep(0.02)


class RedisServer:
    """One redis-server process on loopback; a Sentinel if it is given a configuration file."""

    def __init__(self, folder, port, *options):
        program = shutil.which("redis-server")
        if program is None:
            pytest.fail("redis-server is not installed. Install it with: apt-get install redis-server")
        self.port = port
        self.address = f"127.0.0.1:{port}"
        self.url = f"redis://{self.address}/0"
        self._folder = folder
        self._command = [program, *options, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
        if "--sentinel" not in options:
            self._command += ["--save", "", "--appendonly", "no"]
        self.start()

    def start(self):
        with open(self._folder / f"{self.port}.log", "ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log)

    def wait_until_listening(self):
        def listens():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return True

        until(listens)

    def wait_until_ready(self):
        with self.client() as client:
            until(client.ping)

    def stop(self):
        """End the process as a power failure would: at once, with nothing kept."""
        self.thaw()
        self.process.kill()
        self.process.wait(START_SECONDS)

    def freeze(self):
        """Leave the server connected and silent."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def client(self):
        return redis.Redis(port=self.port, socket_timeout=2, retry=Retry(NoBackoff(), 0))


@contextlib.contextmanager
def redis_server(folder, *options):
    server = RedisServer(folder, free_ports(1)[0], *options)
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.stop()


class SentinelGroup:
    """A master, a replica, and three Sentinels that replace the master once it has been silent for so long."""

    def __init__(self, folder, running, *, patience_ms):
        def start(port, *options):
            home = folder / str(port)
            home.mkdir()
            server = RedisServer(home, port, *options)
            running.callback(server.stop)
            return server

        master_port, replica_port, *sentinel_ports = free_ports(5)
        self.master = start(master_port, "--repl-diskless-sync-delay", "0")
        self.replica = start(replica_port, "--replicaof", "127.0.0.1", str(master_port))
        # They are told of each other and of the replica: finding out takes them ten seconds.
        names = {port: f"{port:040d}" for port in sentinel_ports}
        self.sentinels = []
        for port in sentinel_ports:
            others = [
                f"sentinel known-sentinel guests 127.0.0.1 {other} {name}"
                for other, name in names.items()
                if other != port
            ]
            configuration = folder / f"sentinel-{port}.conf"
            configuration.write_text(
                "\n".join(
                    [
                        f"sentinel myid {names[port]}",
                        f"sentinel monitor guests 127.0.0.1 {master_port} 2",
                        f"sentinel down-after-milliseconds guests {patience_ms}",
                        "sentinel failover-timeout guests 3000",
                        f"sentinel known-replica guests 127.0.0.1 {replica_port}",
                        *others,
                    ]
                )
            )
            self.sentinels.append(start(port, str(configuration), "--sentinel"))
        self.url = f"redis+sentinel://{','.join(each.address for each in self.sentinels)}/guests"
        with self.replica.client() as replica:
            until(lambda: replica.info("replication")["master_link_status"] == "up")
        for sentinel in self.sentinels:
            with sentinel.client() as client:
                until(lambda: _is_complete(client))

    def wait_until_copied(self, key):
        """Wait until the replica has a key. WAIT would not do: it answers for its own connection's writes."""
        with self.replica.client() as replica:
            until(lambda: replica.exists(key))


def _is_complete(sentinel):
    state = sentinel.sentinel_master("guests")
    return state["num-slaves"] == 1 and state["num-other-sentinels"] == 2


class Cluster:
    """Three masters with a third of the slots each, and no replicas."""

    def __init__(self, folder, running):
        free = free_ports(6)
        ports, bus_ports = free[:3], free[3:]
        self.nodes = []
        for port, bus_port in zip(ports, bus_ports, strict=True):
            home = folder / str(port)
            home.mkdir()
            node = RedisServer(
                home,
                port,
                "--cluster-enabled",
                "yes",
                "--cluster-port",
                str(bus_port),
                "--cluster-node-timeout",
                "500",
                "--cluster-require-full-coverage",
                "no",
            )
            running.callback(node.stop)
            self.nodes.append(node)
        bounds = [0, 5461, 10923, 16384]
        for node in self.nodes:
            node.wait_until_ready()
        for number, node in enumerate(self.nodes):
            with node.client() as client:
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
                client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        with self.nodes[0].client() as client:
            for port, bus_port in zip(ports[1:], bus_ports[1:], strict=True):
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", port, bus_port)
        for node in self.nodes:
            with node.client() as client:
                until(lambda: _knows_all(client))
                client.config_set("cluster-node-timeout", 5000)  # short until now, for a quick start
        self.url = f"redis+cluster://{','.join(each.address for each in self.nodes)}"


def _knows_all(node):
    state = node.cluster("INFO")
    return (state["cluster_state"], state["cluster_slots_ok"], state["cluster_known_nodes"]) == ("ok", "16384", "3")


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory):
    """A Redis server that all tests of this worker share. It must be left running."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_url(shared_redis):
    """An empty Redis server."""
    with shared_redis.client() as client:
        client.flushall()
    return shared_redis.url


@pytest.fixture
def own_redis(tmp_path):
    """A Redis server for one test, which may stop and freeze it."""
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def shared_sentinel_group(tmp_path_factory):
    """A Sentinel group that all tests of this worker share. It must be left running."""
    with contextlib.ExitStack() as running:
        yield SentinelGroup(tmp_path_factory.mktemp("sentinel"), running, patience_ms=60_000)


@pytest.fixture
def sentinel_url(shared_sentinel_group):
    """An empty Sentinel group."""
    with shared_sentinel_group.master.client() as client:
        client.flushall()
    return shared_sentinel_group.url


@pytest.fixture
def own_sentinel_group(tmp_path):
    """A Sentinel group for one test, quick to replace its master."""
    with contextlib.ExitStack() as running:
        yield SentinelGroup(tmp_path, running, patience_ms=1500)


@pytest.fixture(scope="session")
def shared_cluster(tmp_path_factory):
    """A Cluster that all tests of this worker share. It must be left running."""
    with contextlib.ExitStack() as running:
        yield Cluster(tmp_path_factory.mktemp("cluster"), running)


@pytest.fixture
def cluster_url(shared_cluster):
    """An empty Cluster."""
    for node in shared_cluster.nodes:
        with node.client() as client:
            client.flushall()
    return shared_cluster.url


@pytest.fixture
def sqlite_url(tmp_path):
    """A SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture(params=["sqlite", "redis"])
def store_url(request):
    """The URL of an empty store of each engine in turn."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def store(store_url):
    """An empty store of each engine in turn."""
    store = open_store(store_url)
    yield store
    store.close()


def count_one(store, key, window_seconds=60):
    """Count one more in a counter that is never full."""
    assert store.count_up({key: Limit(10**9, window_seconds)}) is None


def number_of(store, key):
    """How far a counter has come: the largest limit that it has reached. What finding out counts is taken back."""
    number = 0
    while store.count_up({key: Limit(number + 1, 60)}) is not None:
        number += 1
    store.write(Decrement([key]))
    return number


def in_processes(count, work):
    """Do ``work(number)`` in forked processes at once; fail unless all of them return within 30 seconds."""
    children = []
    for number in range(count):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                work(number)
                status = 0
            except BaseException as error:
                os.write(2, f"process {number}: {error!r}\n".encode())
            finally:
                os._exit(status)
        children.append(pid)
    give_up_at = time.monotonic() + 30
    outcomes = []
    for pid in children:
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                outcomes.append(os.waitstatus_to_exitcode(status))
                break
            if time.monotonic() > give_up_at:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                outcomes.append("too late")
                break
            time.sleep(0.005)
    assert outcomes == [0] * count
