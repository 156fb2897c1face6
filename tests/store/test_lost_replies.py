"""Connections to Redis that break before the reply, and replies that nobody asked for."""

import contextlib
import socket
import threading
from types import SimpleNamespace

import pytest

from app.store import Put, PutAndRelease, StoreUnavailable, open_store
from tests.store.test_redis import OPERATIONS
from tests.stores import count_one, number_of

LONG = 60


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
        count_one(store, "c")
    assert number_of(store, "c") == 1

    proxy.cuts_reply = 2  # the first gives the owner's records, the second how many of them were ended
    with pytest.raises(StoreUnavailable):
        store.delete_owned("guest")
    assert store.get("s:{a}") == [None]
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
