"""How many calls may be under way at once, in all and for one guest."""

import threading
from contextlib import ExitStack

import pytest

from app.paytronix import PaytronixError, Reason, Unavailable
from app.paytronix.limits import CallLimiter
from tests.misbehaving import answer, answer_and_close, answer_and_reset, reply, silent
from tests.paytronix.conftest import make_client

OPERATION = "guest/userInformation"
GOOD = reply(b'{"result":"success"}')


def ask(client):
    return client.get(OPERATION, "A", bytes)


def in_another_thread(function, *args):
    """What a function gives in a thread of its own, or the error that it raises."""
    found = []

    def run():
        try:
            found.append(function(*args))
        except PaytronixError as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    return found[0]


def test_a_call_beyond_the_cap_is_refused_at_once(server, make_transport):
    waiting, go_on = threading.Semaphore(0), threading.Event()

    def script(peer):
        while peer.read_request():
            waiting.release()
            go_on.wait(10)
            peer.send(GOOD)

    server.follow(script)
    observed = []
    client = make_client(make_transport(server.origin), max_calls=3, observe_slot=observed.append)
    found = []
    threads = [threading.Thread(target=lambda: found.append(ask(client))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert all(waiting.acquire(timeout=10) for _ in threads)
    with pytest.raises(Unavailable) as caught:
        ask(client)
    assert (caught.value.reason, caught.value.code) == (Reason.BUSY, "busy")
    assert (found, observed) == ([], [1, 1, 1])  # it waited for nobody
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert len(found) == len(server.requests) == 3
    ask(client)
    assert sum(observed) == 0


FAILING = {
    "closed": answer_and_close(),
    "reset": answer_and_reset(),
    "silent": silent,
    "too long": answer(reply(b"x" * 2_000_000)),
    "no http": answer_and_close(b"hello\r\n"),
    "a failure": answer(reply(b'{"result":"failure","errorCode":"x"}')),
    "good": answer(GOOD),
}


@pytest.mark.parametrize("script", FAILING.values(), ids=FAILING)
def test_a_slot_is_given_back_after_every_kind_of_reply(server, make_transport, script):
    server.follow(script, answer(GOOD))
    client = make_client(make_transport(server.origin, total_seconds=0.5), max_calls=1)
    for _ in range(2):
        try:
            ask(client)
        except PaytronixError as error:
            assert error.code != "busy"


def test_a_thread_that_holds_a_slot_needs_no_second_one(server, make_transport):
    server.follow(answer(GOOD))
    client = make_client(make_transport(server.origin), max_calls=1)
    with client.slot("ana"):
        ask(client)
        ask(client)
        assert in_another_thread(ask, client).reason is Reason.BUSY
    assert in_another_thread(ask, client) == b'{"result":"success"}'


def test_a_slot_held_by_a_thread_that_fails_is_given_back():
    limiter = CallLimiter(1)
    with pytest.raises(RuntimeError), limiter.slot(OPERATION), limiter.slot(OPERATION):
        raise RuntimeError
    with limiter.slot(OPERATION):
        pass


def test_one_guest_leaves_slots_for_others():
    limiter = CallLimiter(20)

    def take(guest):
        held.enter_context(limiter.slot(OPERATION, guest))

    with ExitStack() as held:
        for _ in range(5):
            in_another_thread(take, "ana")
        assert in_another_thread(take, "ana").reason is Reason.BUSY
        in_another_thread(take, "ben")
    take_and_give_back = limiter.slot(OPERATION, "ana")
    with take_and_give_back:
        pass
