"""What Redis and the way to it can do to a store: be away, late, read-only, full, replaced; and what is in it."""

import contextlib
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from redis.exceptions import ResponseError

from app.store import Decrement, Limit, Put, PutAndRelease, StoreUnavailable, open_store, redis_scripts
from tests.stores import IN_TIME_SECONDS, free_ports, until

LONG = 60


@pytest.fixture
def store(own_redis):
    store = open_store(own_redis.url)
    store.put("s:{a}", b"value", LONG, "guest")
    yield store
    store.close()


class Proxy:
    """Stands between a store and its server, and can cut a connection."""

    def __init__(self, port):
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        self.cuts_reply = 0  # which one from now on; 0 for none
        self.messages = 0  # that went to the server, each in one piece
        self._sockets = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
                self._sockets += [near, far]
                threading.Thread(target=self._pass_on, args=(near, far, False), daemon=True).start()
                threading.Thread(target=self._pass_on, args=(far, near, True), daemon=True).start()

    def _pass_on(self, source, target, is_reply):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.messages += not is_reply
                if is_reply and self.cuts_reply:
                    self.cuts_reply -= 1
                    if not self.cuts_reply:
                        break
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(own_redis):
    proxy = Proxy(own_redis.port)
    yield proxy
    proxy.close()


OPERATIONS = {
    "get": lambda store: store.get("s:{a}", "t:{a}"),  # the first
    "put": lambda store: store.put("s:{b}", b"value", LONG, "guest"),
    "replace": lambda store: store.replace("s:{a}", b"value", b"new", LONG),
    "extend": lambda store: store.extend("s:{a}", LONG),
    "delete": lambda store: store.delete("s:{a}", "t:{a}", owner="guest"),
    "owned": lambda store: store.owned("guest"),
    "delete_owned": lambda store: store.delete_owned("guest"),
    "delete_all": lambda store: store.delete_all(),
    "count_owned": lambda store: store.count_owned(LONG),
    "increment": lambda store: store.increment("c", LONG),
    "count_up": lambda store: store.count_up({"c": Limit(9, LONG), "d": Limit(9, LONG)}),
    "count": lambda store: store.count("c"),
    "acquire": lambda store: store.acquire("l:{a}", "holder", LONG),
    "prolong": lambda store: store.prolong([("l:{a}", "holder"), ("l:{b}", "holder")], LONG),
    "claim": lambda store: store.claim("j:{a}", "holder", LONG, records=["j:{a}"]),
    "write": lambda store: store.write(
        Put({"s:{b}": b"value", "t:{b}": b"value"}, LONG, "guest"),
        PutAndRelease("j:{a}", "holder", b"value", LONG),
        Decrement(["c"]),
    ),
    "release": lambda store: store.release("l:{a}", "holder"),
    "ping": lambda store: store.ping(),
}


def test_every_operation_says_in_time_that_a_stopped_server_is_unreachable(store, own_redis, reasons_given_in_time):
    own_redis.stop()
    assert reasons_given_in_time(store, OPERATIONS.values()) == ["unreachable"] * len(OPERATIONS)


def test_every_operation_says_in_time_that_a_frozen_server_is_late(store, own_redis, reasons_given_in_time):
    own_redis.freeze()
    assert reasons_given_in_time(store, OPERATIONS.values()) == ["timeout"] * len(OPERATIONS)
    store.close()  # and the same without a connection from better days
    assert reasons_given_in_time(store, OPERATIONS.values()) == ["timeout"] * len(OPERATIONS)


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


def test_a_server_that_comes_back_is_used_again_at_once(store, own_redis):
    own_redis.freeze()
    with pytest.raises(StoreUnavailable):
        store.get("s:{a}")
    own_redis.thaw()
    assert store.get("s:{a}") == [b"value"]

    own_redis.stop()
    with pytest.raises(StoreUnavailable):
        store.get("s:{a}")
    own_redis.start()
    own_redis.wait_until_ready()
    assert store.get("s:{a}") == [None]  # it came back empty: the guest signs in again
    store.put("s:{a}", b"value", LONG, "guest")
    assert store.delete_owned("guest") == 1


def test_a_server_that_restarts_is_asked_over_new_connections_by_all_threads(store, own_redis):
    def ask_at_once():
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda number: store.increment(f"c{number % 8}", LONG), range(64)))

    assert max(ask_at_once()) == 8
    own_redis.stop()
    own_redis.start()
    own_redis.wait_until_ready()
    assert max(ask_at_once()) == 8


def test_a_restart_between_two_operations_is_not_noticed(store, own_redis):
    store.increment("c", LONG)
    own_redis.stop()
    own_redis.start()
    own_redis.wait_until_ready()
    assert store.increment("c", LONG) == 1


def test_a_replace_whose_reply_was_lost_is_not_reported_as_refused(own_redis, proxy):
    store = open_store(proxy.url)
    store.put("t:{a}", b"old", LONG)
    proxy.cuts_reply = 1
    assert store.replace("t:{a}", b"old", b"new", LONG)
    assert not proxy.cuts_reply
    assert store.get("t:{a}") == [b"new"]
    store.close()


def test_a_lease_whose_reply_was_lost_is_held(own_redis, proxy):
    store = open_store(proxy.url)
    store.ping()
    for take in (lambda: store.acquire("l:{a}", "holder", LONG), lambda: store.claim("j:{a}", "holder", LONG).is_held):
        proxy.cuts_reply = 1
        assert take()
        assert not proxy.cuts_reply
    store.close()


def test_what_is_written_or_claimed_together_makes_one_round_trip(own_redis, proxy):
    store = open_store(proxy.url)
    store.ping()
    for operation in ("get", "claim", "write", "count_up"):
        before = proxy.messages
        OPERATIONS[operation](store)
        assert proxy.messages == before + 1, operation
    store.close()


def test_what_is_written_together_and_whose_reply_was_lost_is_written_again(own_redis, proxy):
    store = open_store(proxy.url)
    assert store.claim("j:{a}", "holder", LONG).is_held
    proxy.cuts_reply = 1
    store.write(Put({"s:{a}": b"value"}, LONG, "guest"), PutAndRelease("j:{a}", "holder", b"outcome", LONG))
    assert not proxy.cuts_reply
    assert store.claim("j:{a}", "other", LONG, records=["s:{a}", "j:{a}"]) == (True, [b"value", b"outcome"])
    assert store.delete_owned("guest") == 1
    store.close()


def test_what_was_settled_and_ended_before_its_reply_was_missed_is_not_written_again(own_redis, proxy, monkeypatch):
    store, others = open_store(proxy.url), open_store(own_redis.url)
    store.ping()

    def sign_out(_seconds):
        assert others.get("j:{a}") == [b"outcome"]
        others.delete("s:{a}")

    monkeypatch.setattr("app.store.redis.time", SimpleNamespace(sleep=sign_out))
    proxy.cuts_reply = 1
    store.write(Put({"s:{a}": b"value"}, LONG, "guest"), PutAndRelease("j:{a}", "holder", b"outcome", LONG))
    assert not proxy.cuts_reply
    assert others.get("s:{a}") == [None]
    for each in (store, others):
        each.close()


def test_what_would_count_otherwise_the_second_time_is_not_repeated(own_redis, proxy):
    store = open_store(proxy.url)
    store.put("s:{a}", b"value", LONG, "guest")
    proxy.cuts_reply = 1
    with pytest.raises(StoreUnavailable):
        store.increment("c", LONG)
    assert store.count("c").number == 1

    proxy.cuts_reply = 2  # the first gives the owner's records, the second how many of them were ended
    with pytest.raises(StoreUnavailable):
        store.delete_owned("guest")
    assert store.get("s:{a}") == [None]
    store.close()


def test_a_read_only_server_is_told_from_one_that_is_away(store, own_redis, fails_in_time):
    with own_redis.client() as client:
        client.replicaof("127.0.0.1", free_ports(1)[0])
    assert fails_in_time(store.ping).reason == "readonly"
    assert fails_in_time(store.put, "s:{b}", b"value", LONG).reason == "readonly"
    assert store.get("s:{a}") == [b"value"]
    with own_redis.client() as client:
        client.replicaof("NO", "ONE")
    store.ping()


def test_a_full_server_is_told_from_one_that_is_away(store, own_redis, fails_in_time):
    with own_redis.client() as client:
        client.config_set("maxmemory", 1)
    assert fails_in_time(store.ping).reason == "full"
    assert fails_in_time(store.put, "s:{b}", b"value", LONG, "guest").reason == "full"
    assert store.get("s:{a}") == [b"value"]
    store.delete("s:{a}")
    assert store.get("s:{a}") == [None]


def test_a_lease_whose_outcome_a_full_server_does_not_take_is_not_given_back(store, own_redis, fails_in_time):
    assert store.claim("j:{a}", "first", LONG).is_held
    settle = PutAndRelease("j:{a}", "first", b"value", LONG)
    with own_redis.client() as client:
        client.config_set("maxmemory", 1)
        assert fails_in_time(store.write, Put({"s:{b}": b"value"}, LONG, "guest"), settle).reason == "full"
        client.config_set("maxmemory", 0)
    assert store.claim("j:{a}", "second", LONG, records=["j:{a}", "s:{b}"]) == (False, [None, None])
    store.write(settle)
    assert store.claim("j:{a}", "second", LONG, records=["j:{a}"]) == (True, [b"value"])


def test_a_record_whose_entry_in_the_index_fails_is_not_written_whatever_is_sent_with_it(own_redis, fails_in_time):
    with own_redis.client() as client:
        client.execute_command("ACL", "SETUSER", "site", "on", ">secret", "~guest-login:*", "+@all", "-zadd")
    store = open_store(f"redis://site:secret@{own_redis.address}/0")
    assert store.claim("j:{a}", "first", LONG).is_held
    changes = Put({"s:{b}": b"value"}, LONG, "guest"), PutAndRelease("j:{a}", "first", b"outcome", LONG)
    assert fails_in_time(store.write, *changes).reason == "refused"
    assert store.get("s:{b}") == [None]
    store.close()


def test_a_reply_that_nobody_asked_for_costs_the_connection_and_is_read_by_nobody():
    values = iter(range(1, 100))

    def serve(listener):
        for _ in range(2):
            with contextlib.suppress(OSError), listener.accept()[0] as peer:
                while b"EVAL" in peer.recv(65536):
                    reply = b"*1\r\n$3\r\n\n%02d\r\n" % next(values)
                    peer.sendall(reply * (2 if b"\n01" in reply else 1))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        store = open_store(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")
        assert [store.get("s:{a}") for _ in range(3)] == [[b"01"], [b"02"], [b"03"]]
        store.close()


def test_a_server_that_refuses_the_password_is_told_from_one_that_is_away(own_redis, fails_in_time):
    with own_redis.client() as client:
        client.config_set("requirepass", "the right one")
    for userinfo in ("", ":marker-password@", "guest:marker-password@"):
        store = open_store(f"redis://{userinfo}{own_redis.address}/0")
        failure = fails_in_time(store.ping)
        assert failure.reason == "refused"
        assert "marker" not in str(failure) + repr(failure) + str(failure.__cause__)
        store.close()


def test_a_server_whose_access_list_forbids_something_refuses(own_redis, fails_in_time):
    with own_redis.client() as client:
        client.execute_command("ACL", "SETUSER", "site", "on", ">secret", "~guest-login:*", "+@all", "-eval")
    store = open_store(f"redis://site:secret@{own_redis.address}/0")
    assert fails_in_time(store.ping).reason == "refused"
    store.close()


def test_an_access_list_with_nothing_but_what_is_needed_is_enough(own_redis):
    with own_redis.client() as client:
        client.execute_command(
            "ACL", "SETUSER", "site", "on", ">secret", "~guest-login:*", "-@all", "+eval", "+mget", "+get", "+set",
            "+del", "+pexpire", "+pexpireat", "+pttl", "+incr", "+time", "+zadd", "+zrem", "+zrange",
            "+zrangebyscore", "+zscan", "+zcount", "+select", "+zcard", "+decr",
        )  # fmt: skip
    store = open_store(f"redis://site:secret@{own_redis.address}/0")
    store.put("s:{a}", b"value", LONG, "guest")
    for operation in OPERATIONS.values():
        operation(store)
    store.close()


def test_what_was_signed_out_leaves_the_indices_at_once(store, own_redis):
    for name in "abc":
        store.put(f"s:{{{name}}}", b"value", LONG, f"guest {name}")
    store.delete("s:{a}")
    store.delete_owned("guest b")
    with own_redis.client() as client:
        assert client.zrange("guest-login:{owned}:all", 0, -1) == [b"guest-login:r:s:{c}"]


def test_the_server_says_by_which_rule_it_drops_records_and_whether_it_keeps_them(store, own_redis):
    facts = store.facts()
    assert facts.engine.startswith("Redis 7.")
    assert (facts.eviction, facts.persistence, facts.is_encrypted) == ("", "", True)
    with own_redis.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        assert store.facts().eviction == "", "without a bound on its memory it drops nothing"
        client.config_set("maxmemory", "100mb")
        client.config_set("appendonly", "yes")
        facts = store.facts()
        assert (facts.eviction, facts.persistence) == ("allkeys-lru", "an append-only file")


def test_every_key_has_our_prefix_and_an_end(store, own_redis):
    for operation in OPERATIONS.values():
        operation(store)
        store.put("s:{a}", b"value", LONG, "guest")
    with own_redis.client() as client:
        keys = client.keys("*")
        assert len(keys) >= 5
        for key in keys:
            assert key.startswith(b"guest-login:")
            assert 0 < client.pttl(key) <= 2 * LONG * 1000


def test_the_indices_forget_what_is_past_its_end(store, own_redis):
    for number in range(100):
        store.put(f"s:{{{number}}}", b"value", 0.05, "guest")
    time.sleep(0.2)
    for number in range(20):
        store.put(f"t:{{{number}}}", b"value", LONG, "guest")
    with own_redis.client() as client:
        # What was there before, and what came after.
        assert client.zcard("guest-login:{owned}:all") == 21
        assert client.zcard("guest-login:{owned}:by:guest") == 21


@pytest.mark.parametrize("junk", [b"", b"junk", b"\x80\x04\x95pickle.", b"\xff" * 5000])
def test_junk_in_place_of_a_record_is_no_record(store, own_redis, junk):
    with own_redis.client() as client:
        client.set("guest-login:r:s:{a}", junk)
    assert store.get("s:{a}") == [None]
    assert not store.replace("s:{a}", junk, b"new", LONG)
    assert store.delete_owned("guest") == 0
    store.delete("s:{a}")


def test_junk_of_another_type_in_place_of_a_record_is_no_record(store, own_redis):
    with own_redis.client() as client:
        client.delete("guest-login:r:s:{a}")
        client.hset("guest-login:r:s:{a}", "field", "value")
    assert store.get("s:{a}") == [None]


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
        assert fails_in_time(store.extend, min(lost), LONG).reason == "timeout"
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
        assert store.extend("s:{moving}", LONG)
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


def test_no_message_shows_a_record(own_redis, fails_in_time):
    store = open_store(own_redis.url)
    with own_redis.client() as client:
        client.set("guest-login:c:c", "marker-value")
    failure = fails_in_time(store.increment, "c", LONG)
    assert failure.reason == "error"
    assert not re.search("marker", str(failure))
    store.close()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis+cluster://127.0.0.1:1"])
def test_a_ping_tries_every_command_that_any_script_needs(url):
    """Or a script that is added later would show a right that is missing to guests only."""
    store, tried = open_store(url), []
    store._execute = tried.extend
    store.ping()
    of_one_server, of_a_cluster = {"INDEX", "PUT"}, {"INDEX_AND_PUT"}
    elsewhere = of_a_cluster if "cluster" in url else of_one_server
    told_by_doctor = {"FACTS"}
    needed = {
        command
        for name, script in vars(redis_scripts).items()
        if name.isupper() and name not in elsewhere | told_by_doctor
        for command in re.findall(r"redis\.call\('(\w+)'", script)
    }
    assert len(needed) > 10
    assert needed == {command for step in tried for command in re.findall(r"redis\.call\('(\w+)'", step.script)}
