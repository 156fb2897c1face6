"""What Redis can do to a store: be away, late, read-only, full, short of a right; and what is in it."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.store import Decrement, Limit, Put, PutAndRelease, StoreUnavailable, open_store, redis_scripts
from tests.stores import free_ports

LONG = 60


@pytest.fixture
def store(own_redis):
    store = open_store(own_redis.url)
    store.put("s:{a}", b"value", LONG, "guest")
    yield store
    store.close()


OPERATIONS = {
    "get": lambda store: store.get("s:{a}", "t:{a}"),  # the first
    "put": lambda store: store.put("s:{b}", b"value", LONG, "guest"),
    "replace": lambda store: store.replace("s:{a}", b"value", b"new", LONG),
    "extend": lambda store: store.extend("s:{a}", ttl_seconds=LONG),
    "delete": lambda store: store.delete("s:{a}", "t:{a}", owner="guest"),
    "owned": lambda store: store.owned("guest"),
    "delete_owned": lambda store: store.delete_owned("guest"),
    "delete_all": lambda store: store.delete_all(),
    "count_owned": lambda store: store.count_owned(LONG),
    "count_up": lambda store: store.count_up({"c": Limit(9, LONG), "d": Limit(9, LONG)}),
    "acquire": lambda store: store.acquire("l:{a}", "holder", LONG),
    "prolong": lambda store: store.prolong([("l:{a}", "holder"), ("l:{b}", "holder")], LONG),
    "claim": lambda store: store.claim("j:{a}", "holder", LONG, records=["j:{a}"]),
    "write": lambda store: store.write(
        Put({"s:{b}": b"value", "t:{b}": b"value"}, LONG, "guest"),
        PutAndRelease("j:{a}", "holder", b"value", LONG),
        Decrement(["c"]),
    ),
    "release": lambda store: store.release("l:{a}", holder="holder"),
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
            return list(pool.map(lambda number: store.count_up({f"c{number % 8}": Limit(8, LONG)}), range(65)))

    assert [each for each in ask_at_once() if each] == ["c0"]
    own_redis.stop()
    own_redis.start()
    own_redis.wait_until_ready()
    assert [each for each in ask_at_once() if each] == ["c0"]


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


def test_a_server_that_refuses_the_password_is_told_from_one_that_is_away(own_redis, fails_in_time):
    with own_redis.client() as client:
        client.config_set("requirepass", "the right one")
    for userinfo in ("", ":marker-password@", "guest:marker-password@"):
        store = open_store(f"redis://{userinfo}{own_redis.address}/0")
        failure = fails_in_time(store.ping)
        assert failure.reason == "refused"
        assert "marker" not in str(failure) + repr(failure) + str(failure.__cause__)
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


def test_junk_in_place_of_a_record_is_no_record(store, own_redis):
    with own_redis.client() as client:
        for junk in (b"", b"junk", b"\x80\x04\x95pickle.", b"\xff" * 5000):
            client.set("guest-login:r:s:{a}", junk)
            assert store.get("s:{a}") == [None]
            assert not store.replace("s:{a}", junk, b"new", LONG)
            assert store.delete_owned("guest") == 0
            store.delete("s:{a}")
        client.hset("guest-login:r:s:{a}", "field", "value")
        assert store.get("s:{a}") == [None]


def test_no_message_shows_a_record(own_redis, fails_in_time):
    store = open_store(own_redis.url)
    with own_redis.client() as client:
        client.set("guest-login:c:c", "marker-value")
    failure = fails_in_time(store.count_up, {"c": Limit(9, LONG)})
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
