"""A Sentinel group and a Cluster in trouble, and servers of every kind that are frozen under load."""

import contextlib
import threading
import time

import pytest
from redis.exceptions import ResponseError

from app.store import StoreUnavailable, open_store
from tests.stores import IN_TIME_SECONDS, until

LONG = 60


@pytest.mark.parametrize("engine", ["redis", "sentinel", "cluster"])
@pytest.mark.parametrize("is_known", [True, False])
def test_many_threads_in_front_of_frozen_servers_wait_side_by_side(request, engine, is_known):
    """Each within five seconds, which is what a guest may wait; one after the other they would take half a minute."""
    store = open_store(request.getfixturevalue(f"{engine}_url"))
    group = request.getfixturevalue({"sentinel": "shared_sentinel_group"}.get(engine, f"shared_{engine}"))
    servers = {
        "redis": lambda: [group],
        "sentinel": lambda: [*group.sentinels, group.master],
        "cluster": lambda: group.nodes,
    }
    if is_known:
        store.put("s:{a}", b"value", LONG)
    took = []

    def ask():
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            store.get("s:{a}")
        took.append(time.monotonic() - began)

    threads = [threading.Thread(target=ask) for _ in range(60)]
    with contextlib.ExitStack() as thawed:
        for server in servers[engine]():
            server.freeze()
            thawed.callback(server.thaw)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(took) == 60
    assert max(took) < 5
    until(lambda: is_ready(store))
    store.close()


def is_ready(store):
    with contextlib.suppress(StoreUnavailable):
        store.ping()
        return True


def test_a_sentinel_group_gets_a_new_master_and_the_store_follows(own_sentinel_group):
    store = open_store(own_sentinel_group.url)
    store.put("s:{a}", b"value", LONG, "guest")
    own_sentinel_group.wait_until_copied("guest-login:r:s:{a}")

    own_sentinel_group.master.stop()
    began = time.monotonic()
    slowest = 0
    while True:
        asked = time.monotonic()
        try:
            store.ping()
            break
        except StoreUnavailable:
            assert time.monotonic() - began < 30, "no new master"
        slowest = max(slowest, time.monotonic() - asked)
        time.sleep(0.05)
    assert slowest < IN_TIME_SECONDS
    assert store.get("s:{a}") == [b"value"]
    assert store.replace("s:{a}", b"value", b"new", LONG)
    assert store.delete_owned("guest") == 1
    store.close()


def test_a_master_that_is_frozen_and_replaced_is_left_behind(own_sentinel_group):
    store = open_store(own_sentinel_group.url)
    store.put("s:{a}", b"value", LONG, "guest")
    own_sentinel_group.wait_until_copied("guest-login:r:s:{a}")
    own_sentinel_group.master.freeze()

    def works_again():
        with contextlib.suppress(StoreUnavailable):
            store.ping()
            return True

    until(works_again, seconds=30)
    assert store.get("s:{a}") == [b"value"]
    store.close()


def test_what_was_signed_out_is_not_read_from_a_master_that_was_replaced(own_sentinel_group):
    group = own_sentinel_group
    reader, writer = open_store(group.url), open_store(group.url)
    reader.put("s:{a}", b"signed in", LONG)
    group.wait_until_copied("guest-login:r:s:{a}")

    def fails_over():
        with group.sentinels[0].client() as sentinel, contextlib.suppress(ResponseError):
            return sentinel.execute_command("SENTINEL", "FAILOVER", "guests")

    until(fails_over, seconds=30)  # refused while the sentinel knows of no replica in good health
    with group.master.client() as former, group.replica.client() as new:
        until(lambda: new.info("replication")["role"] == "master", seconds=30)
        until(lambda: former.info("replication")["role"] == "slave", seconds=30)
        former.replicaof("127.0.0.1", 1)  # what the new master is told does not reach it any more

    def signs_out():
        with contextlib.suppress(StoreUnavailable):
            writer.delete("s:{a}")
            return True

    until(signs_out)
    for _ in range(10):
        with contextlib.suppress(StoreUnavailable):
            assert reader.get("s:{a}") == [None]
        time.sleep(0.1)
    assert reader.get("s:{a}") == [None]
    for store in (reader, writer):
        store.close()


def test_one_sentinel_that_answers_is_enough(own_sentinel_group, fails_in_time):
    frozen, stopped, _ = own_sentinel_group.sentinels
    frozen.freeze()
    stopped.stop()
    store = open_store(own_sentinel_group.url)
    began = time.monotonic()
    store.ping()
    assert time.monotonic() - began < IN_TIME_SECONDS
    store.close()

    nobody = open_store(own_sentinel_group.url.replace("/guests", "/strangers"))
    assert fails_in_time(nobody.ping).reason == "unreachable"
    nobody.close()


def test_a_frozen_node_of_a_cluster_takes_its_own_records_with_it_and_no_others(
    cluster_url, shared_cluster, fails_in_time
):
    store = open_store(cluster_url)
    names = [f"s:{{{number}}}" for number in range(30)]
    for name in names:
        store.put(name, name.encode(), LONG)
    frozen = shared_cluster.nodes[0]
    with frozen.client() as client:
        lost = {key.decode().removeprefix("guest-login:r:") for key in client.keys("*")}
    assert 0 < len(lost) < len(names)
    frozen.freeze()
    try:
        assert fails_in_time(store.get, min(lost)).reason == "timeout"
        assert fails_in_time(lambda: store.extend(min(lost), ttl_seconds=LONG)).reason == "timeout"
        for name in set(names) - lost:
            began = time.monotonic()
            assert store.get(name) == [name.encode()]
            assert time.monotonic() - began < IN_TIME_SECONDS
        assert open_store(cluster_url).get(*(set(names) - lost)) != []
    finally:
        frozen.thaw()
    assert store.get(*names) == [name.encode() for name in names]
    store.close()


def test_a_cluster_that_moves_a_slot_is_followed_on_the_way_and_after(cluster_url, shared_cluster):
    store = open_store(cluster_url)
    store.put("s:{moving}", b"value", LONG)
    with contextlib.ExitStack() as opened:
        nodes = [opened.enter_context(node.client()) for node in shared_cluster.nodes]
        slot = nodes[0].execute_command("CLUSTER", "KEYSLOT", "guest-login:r:s:{moving}")
        names = [node.execute_command("CLUSTER", "MYID").decode() for node in nodes]
        source = next(index for index, node in enumerate(nodes) if node.keys("*moving*"))
        target = (source + 1) % 3
        nodes[target].execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", names[source])
        nodes[source].execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", names[target])

        store.put("t:{moving}", b"new", LONG)  # not there yet: the source sends it on to the target
        assert store.get("t:{moving}") == [b"new"]
        assert store.get("s:{moving}") == [b"value"]

        port = shared_cluster.nodes[target].port
        nodes[source].execute_command("MIGRATE", "127.0.0.1", port, "guest-login:r:s:{moving}", 0, 2000)
        for index in (target, source, 3 - target - source):
            nodes[index].execute_command("CLUSTER", "SETSLOT", slot, "NODE", names[target])
        assert store.get("s:{moving}", "t:{moving}") == [b"value", b"new"]
        assert store.extend("s:{moving}", ttl_seconds=LONG)
        store.delete("s:{moving}", "t:{moving}")

        for index in (source, target, 3 - target - source):  # back, for the tests that come after
            nodes[index].execute_command("CLUSTER", "SETSLOT", slot, "NODE", names[source])
    store.close()


@pytest.mark.xdist_group("cluster")
def test_a_cluster_whose_nodes_do_not_tell_their_address_is_found_where_it_was_asked(cluster_url, shared_cluster):
    def tell(what):
        for node in shared_cluster.nodes:
            with node.client() as client:
                client.config_set("cluster-preferred-endpoint-type", what)

    tell("unknown-endpoint")
    try:
        store = open_store(cluster_url)
        for number in range(20):
            store.put(f"s:{{{number}}}", b"value", LONG)
            assert store.get(f"s:{{{number}}}") == [b"value"]
        store.close()
    finally:
        tell("ip")
