"""Servers that are not what the URL says: replaced behind their address, a Cluster's node, short of a right."""

import re
import threading

import pytest

from app.store import StoreUnavailable, open_store
from tests.faults.proxy import Proxy
from tests.sites import ROOT
from tests.stores import count_one, free_ports, redis_server, until

LONG = 60
CLUSTERED = ("--cluster-enabled", "yes", "--cluster-port")
OPERATIONS = ROOT / "docs/operations.md"


@pytest.fixture
def pair(tmp_path):
    """A primary, its replica, and the address of whichever is primary."""
    for name in "ab":
        (tmp_path / name).mkdir()
    with (
        redis_server(tmp_path / "a", "--repl-diskless-sync-delay", "0") as primary,
        redis_server(tmp_path / "b", "--replicaof", "127.0.0.1", str(primary.port)) as replica,
    ):
        with replica.client() as client:
            until(lambda: client.info("replication")["master_link_status"] == "up")
        address = Proxy(primary.port)
        yield primary, replica, address
        address.stop()


def open_connections(store, count):
    """Have the store keep so many connections, as a busy site does."""
    barrier = threading.Barrier(count)

    def ask():
        barrier.wait(10)
        store.acquire(f"l:{{{threading.get_ident()}}}", "holder", LONG)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)


def fail_over(primary, replica, address):
    """As managed services do it: the former primary goes on as a replica, with its connections open."""
    with primary.client() as former, replica.client() as new:
        until(lambda: new.info("replication")["master_repl_offset"] == former.info("replication")["master_repl_offset"])
        new.replicaof("NO", "ONE")
        address.lead_to(replica.port)
        former.replicaof("127.0.0.1", replica.port)


@pytest.mark.parametrize("operation", ["put", "ping", "count_up", "acquire"])
def test_after_a_fail_over_behind_one_address_new_connections_are_used(pair, operation):
    primary, replica, address = pair
    store = open_store(f"redis://127.0.0.1:{address.port}/0")
    store.put("s:{a}", b"value", LONG, "guest")
    open_connections(store, 12)
    fail_over(primary, replica, address)

    operate = {
        "put": lambda: store.put("s:{b}", b"value", LONG, "guest"),
        "ping": store.ping,
        "count_up": lambda: count_one(store, "c"),
        "acquire": lambda: store.acquire("l:{a}", "holder", LONG),
    }[operation]
    failures = 0
    for _ in range(12):
        try:
            operate()
        except StoreUnavailable as error:
            assert error.reason == "readonly"
            failures += 1
    assert failures <= 1, "each old connection cost an operation"
    assert store.get("s:{a}") == [b"value"]
    with replica.client() as client:
        assert client.info("replication")["role"] == "master"
        assert client.dbsize() >= 2
    store.close()


@pytest.mark.parametrize("setting", [("replica-serve-stale-data", "no"), ("replica-read-only", "yes")])
def test_a_reply_that_means_another_server_closes_its_connection(pair, setting):  # MASTERDOWN, READONLY
    primary, replica, address = pair
    store = open_store(f"redis://127.0.0.1:{address.port}/0")
    store.ping()
    with primary.client() as client:
        client.config_set(*setting)
        client.replicaof("127.0.0.1", 1)
    with pytest.raises(StoreUnavailable) as caught:
        store.put("s:{a}", b"value", LONG)
    assert caught.value.reason in {"readonly", "unreachable"}
    with replica.client() as client:
        client.replicaof("NO", "ONE")
    address.lead_to(replica.port)
    store.put("s:{a}", b"value", LONG)
    store.close()


def test_a_frozen_primary_costs_one_operation_for_all_connections(pair):
    primary, replica, address = pair
    store = open_store(f"redis://127.0.0.1:{address.port}/0")
    open_connections(store, 8)
    primary.freeze()
    with replica.client() as client:
        client.replicaof("NO", "ONE")
    address.lead_to(replica.port)
    with pytest.raises(StoreUnavailable) as caught:
        store.ping()
    assert caught.value.reason == "timeout"
    for _ in range(8):
        store.ping()
    store.close()


@pytest.mark.parametrize("node", [0, 1, 2])
def test_a_node_of_a_cluster_is_never_ready_as_a_server_of_its_own(cluster_url, shared_cluster, node):
    store = open_store(shared_cluster.nodes[node].url)
    with pytest.raises(StoreUnavailable, match="node of a Redis Cluster") as caught:
        store.ping()
    assert "redis+cluster://" in caught.value.todo
    store.close()


def test_a_cluster_of_one_node_is_named_too(tmp_path):
    with redis_server(tmp_path, *CLUSTERED, str(free_ports(1)[0])) as node:
        with node.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            until(lambda: client.cluster("INFO")["cluster_state"] == "ok")
        store = open_store(node.url)
        with pytest.raises(StoreUnavailable, match="node of a Redis Cluster"):
            store.ping()
        store.close()


def test_a_node_without_slots_is_named_too(tmp_path):
    with redis_server(tmp_path, *CLUSTERED, str(free_ports(1)[0])) as node:
        store = open_store(node.url)
        with pytest.raises(StoreUnavailable) as caught:
            store.ping()
        assert "redis+cluster://" in caught.value.todo
        store.close()


# --- Rights ---


def documented_rights():
    (rights,) = re.findall(r"`(~guest-login:\*[^`]+)`", OPERATIONS.read_text())
    return rights.split()


def user(server, *rights):
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "site", "reset", "on", ">secret", *rights)
    return open_store(f"redis://site:secret@{server.address}/0")


def test_the_documented_access_list_lets_the_site_work_and_empty_nothing(own_redis):
    store = user(own_redis, *documented_rights())
    store.ping()
    assert store.facts().engine.startswith("Redis")
    store.put("s:{a}", b"value", LONG, "guest")
    assert store.delete_all() == 1
    store.close()
    with own_redis.client() as client:
        for command in ("FLUSHALL", "FLUSHDB", "SWAPDB 0 1", "KEYS *", "CONFIG GET *", "DEBUG SLEEP 0"):
            said = client.execute_command("ACL", "DRYRUN", "site", *command.split())
            assert b"no permissions" in said, command


def documented_besides(place):
    (rights,) = re.findall(rf"{place} `([^`]+)`", OPERATIONS.read_text())
    return rights.split()


def test_the_documented_rights_with_a_cluster_and_with_sentinels_are_enough(
    tmp_path, shared_sentinel_group, sentinel_url
):
    with redis_server(tmp_path, *CLUSTERED, str(free_ports(1)[0])) as node:
        rights = documented_rights() + documented_besides("with a Cluster")
        with node.client() as client:
            client.execute_command("ACL", "SETUSER", "site", "on", ">secret", *rights)
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            until(lambda: client.cluster("INFO")["cluster_state"] == "ok")
            assert client.execute_command("ACL", "DRYRUN", "site", "ASKING") == b"OK"
        store = open_store(f"redis+cluster://site:secret@{node.address}")
        store.ping()
        store.close()

    rights = documented_rights() + documented_besides("With Sentinel")
    with shared_sentinel_group.master.client() as client:
        client.execute_command("ACL", "SETUSER", "site", "on", ">secret", *rights)
        store = open_store(sentinel_url.replace("://", "://site:secret@"))
        store.ping()
        store.close()
        client.execute_command("ACL", "DELUSER", "site")


def test_a_right_that_is_missing_shows_in_a_ping(own_redis):
    for right in (
        "time",
        "eval",
        "zadd",
        "incr",
        "decr",
        "pexpire",
        "zrangebyscore",
        "del",
        "zcount",
        "zscan",
        "zcard",
    ):
        store = user(own_redis, *documented_rights(), f"-{right}")
        with pytest.raises(StoreUnavailable) as caught:
            store.ping()
        assert caught.value.reason == "refused", right
        store.close()


def test_a_ping_is_one_round_trip_and_leaves_nothing(own_redis):
    store = open_store(own_redis.url)
    store.ping()
    with own_redis.client() as client:
        before = client.info("stats")["total_reads_processed"]
        store.ping()
        assert client.info("stats")["total_reads_processed"] - before <= 3  # one, INFO itself, and a split segment
        until(lambda: client.dbsize() == 0, seconds=10)
    store.close()
