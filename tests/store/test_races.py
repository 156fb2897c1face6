"""What every store promises when many threads and processes use it at once."""

import gc
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.store import Limit, StoreUnavailable, open_store, redis_clients, sqlite_connections
from tests.stores import START_SECONDS, in_processes, number_of

LONG = 60


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """So many at once may wait longer for their turn than guests should: how long says something of the machine."""
    for module in (redis_clients, sqlite_connections):
        monkeypatch.setattr(module, "WAIT_SECONDS", 20)


def in_threads(count, work):
    """Do ``work(number)`` in threads that begin together; give the results."""
    start = threading.Barrier(count)

    def begin(number):
        start.wait(10)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def test_of_many_threads_that_replace_one_version_exactly_one_succeeds(store):
    for attempt in range(5):
        store.put("t:{a}", b"old", LONG)
        values = [b"%d %d" % (attempt, number) for number in range(16)]
        done = in_threads(16, lambda number, values=values: store.replace("t:{a}", b"old", values[number], LONG))
        assert sum(done) == 1
        assert store.get("t:{a}") == [values[done.index(True)]]


def test_no_change_is_lost_between_processes_that_compare_and_set(store):
    store.put("t:{a}", b"0 start", LONG)
    store.close()  # nothing is open while a process forks

    def add_one(number):
        while True:
            (held,) = store.get("t:{a}")
            total = int(held.split()[0])
            # A sealed value is never written twice; neither is this one.
            if store.replace("t:{a}", held, b"%d %s" % (total + 1, os.urandom(8).hex().encode()), LONG):
                return

    in_processes(3, lambda _: in_threads(4, lambda _: [add_one(n) for n in range(10)]))
    assert store.get("t:{a}")[0].split()[0] == b"120"


def test_no_counter_goes_past_its_limit_however_many_count_at_once(store, tmp_path):
    limits = {"{a}one": Limit(100, LONG), "{b}two": Limit(40, LONG)}

    def count(process):
        full = in_threads(5, lambda _: [store.count_up(limits) for _ in range(10)])
        (tmp_path / f"{process}").write_text("\n".join(str(each) for thread in full for each in thread))

    in_processes(3, count)
    full = "\n".join((tmp_path / f"{process}").read_text() for process in range(3)).splitlines()
    assert full.count("None") == 40
    assert full.count("{b}two") == 110
    assert [number_of(store, key) for key in limits] == [40, 40]


def test_a_lease_never_has_two_holders(store, tmp_path):
    inside = tmp_path / "inside"

    def work(process):
        def hold(thread):
            taken = 0
            give_up_at = time.monotonic() + 15
            while taken < 5 and time.monotonic() < give_up_at:
                holder = f"{process} {thread} {taken}"
                if not store.acquire("l:{a}", holder, LONG):
                    time.sleep(0.002)
                    continue
                os.close(os.open(inside, os.O_CREAT | os.O_EXCL))  # fails if somebody else is inside
                inside.unlink()
                store.release("l:{a}", holder=holder)
                taken += 1
            assert taken == 5

        in_threads(3, hold)

    in_processes(3, work)


def test_what_was_deleted_stays_so_whatever_was_in_flight(store):
    for attempt in range(20):
        key = f"s:{{{attempt}}}"
        store.put(key, b"0", LONG, "guest")
        stop = threading.Event()

        def keep_busy(number, key=key, stop=stop):
            value = b"0"
            while not stop.is_set():
                new = b"%d %d" % (number, time.monotonic_ns())
                value = new if store.replace(key, value, new, LONG) else store.get(key)[0] or b"gone"
                store.extend(key, ttl_seconds=LONG)

        threads = [threading.Thread(target=keep_busy, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        if attempt % 2:
            store.delete(key)
        else:
            assert store.delete_owned("guest") == 1
        assert store.get(key) == [None]
        stop.set()
        for thread in threads:
            thread.join(10)
        assert store.get(key) == [None]


def test_processes_that_write_at_once_lose_nothing(store):
    def write(process):
        def keep(thread):
            for number in range(20):
                name = f"{process}-{thread}-{number}"
                store.put(f"s:{{{name}}}", name.encode(), LONG, f"guest {number}")
                assert store.get(f"s:{{{name}}}") == [name.encode()]

        in_threads(8, keep)

    in_processes(3, write)
    assert sum(store.delete_owned(f"guest {number}") for number in range(20)) == 3 * 8 * 20


def test_a_store_opened_before_the_fork_and_never_used_works_in_every_child(store_url):
    store = open_store(store_url)
    in_processes(3, lambda number: store.put(f"s:{{{number}}}", b"child", LONG))
    assert store.get("s:{0}", "s:{1}", "s:{2}") == [b"child"] * 3
    store.close()


def test_256_threads_share_a_store_and_its_descriptors_stay_bounded(store, store_url):
    def work(number):
        time.sleep(random.random())  # threads are many because they mostly wait for something else
        key = f"s:{{{number}}}"
        in_the_end(lambda: store.put(key, b"value", LONG, f"guest {number}"))
        assert in_the_end(lambda: store.get(key, f"t:{{{number}}}")) == [b"value", None]
        assert in_the_end(lambda: store.replace(key, b"value", b"new", LONG))

    before = _open_descriptors()
    for _ in range(2):
        in_threads(256, work)
        # A connection a thread to each server, of which a Cluster has three; SQLite takes two for each of 64.
        assert _open_descriptors() - before <= (3 * 256 if store_url.startswith("redis+cluster") else 256)
    store.close()
    assert _open_descriptors() <= before


def in_the_end(operation):
    """What an operation gives, however often a busy machine makes it fail."""
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        try:
            return operation()
        except StoreUnavailable:
            if time.monotonic() > give_up_at:
                raise


def test_closing_a_store_gives_its_descriptors_back(store_url):
    gc.collect()  # what other tests have left is not to be given back meanwhile
    store = open_store(store_url)
    before = _open_descriptors()
    for _ in range(3):
        store.put("s:{a}", b"value", LONG, "guest")
        store.get("s:{a}", "s:{b}")
        assert _open_descriptors() > before
        store.close()
        assert _open_descriptors() == before


def _open_descriptors():
    return len(os.listdir("/proc/self/fd"))
