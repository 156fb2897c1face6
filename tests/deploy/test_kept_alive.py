"""Connections that stay open from request to request, as a proxy has them."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from types import SimpleNamespace

import pytest

from app.serving.worker import Worker
from tests.deploy.wire import connect, exchange
from tests.faults.rig import site_workers

ALIVE = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def test_clients_that_never_pause_leave_room_for_others(start_site):
    site = start_site("--threads", "2", workers=1, PAYTRONIX_MAX_CALLS="1")
    enough = threading.Event()

    def ask_on():
        with connect(site.port) as connection:
            while not enough.is_set():
                assert exchange(connection, ALIVE).status == 200

    busy = [threading.Thread(target=ask_on, daemon=True) for _ in range(4)]
    for each in busy:
        each.start()
    time.sleep(0.5)
    waits = []
    for _ in range(20):
        began_at = time.monotonic()
        with connect(site.port) as connection:
            assert exchange(connection, ALIVE).status == 200
        waits.append(time.monotonic() - began_at)
    assert all(each.is_alive() for each in busy)
    enough.set()
    assert max(waits) < 5
    for each in busy:
        each.join()


def test_connections_without_a_request_cost_no_thread(start_site):
    site = start_site("--threads", "2", workers=1, PAYTRONIX_MAX_CALLS="1")
    with ExitStack() as open_ones:
        connections = [open_ones.enter_context(connect(site.port)) for _ in range(20)]
        for _ in range(3):
            for connection in connections:
                assert exchange(connection, ALIVE).status == 200


def test_clients_that_keep_their_end_of_a_closed_connection_open_hold_nobody_up(start_site):
    site = start_site(workers=1)
    last = ALIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with ExitStack() as open_ones:
        for connection in [open_ones.enter_context(connect(site.port)) for _ in range(40)]:
            connection.sendall(last)
        began_at = time.monotonic()
        with connect(site.port) as other:
            assert exchange(other, ALIVE).status == 200
        assert time.monotonic() - began_at < 15, "gunicorn's own worker waits for up to two seconds for each"


def test_requests_sent_without_waiting_for_the_answers_are_all_answered(start_site):
    site = start_site(workers=1)
    with connect(site.port) as connection:
        connection.sendall(ALIVE * 3 + ALIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        with connection.makefile("rb") as answers:
            assert answers.read().count(b"HTTP/1.1 200 OK") == 4


def test_who_sends_far_too_much_is_told_so_and_not_cut_off(start_site):
    site = start_site(workers=1)
    head = (
        "POST /login HTTP/1.1",
        f"Host: 127.0.0.1:{site.port}",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Length: 1500000",
    )
    with connect(site.port) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + b"a" * 1_000_000)
        time.sleep(0.5)  # it has answered, and nobody has read that yet: a proxy sends all before it reads
        connection.sendall(b"a" * 500_000)
        answer = exchange(connection, b"")
    assert answer.status == 413


@pytest.fixture
def stuck(start_site):
    """A site of one worker, and a connection whose form never comes to its end."""
    site = start_site("--graceful-timeout", "4", "--max-requests", "10", "--max-requests-jitter", "0", workers=1)
    with connect(site.port) as connection:
        head = f"POST /login HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nOrigin: {site.url}\r\nContent-Length: 99\r\n"
        connection.sendall(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\na".encode())
        time.sleep(0.3)
        yield site


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGQUIT])
def test_a_client_that_never_ends_its_form_does_not_hold_up_the_end(stuck, ending):
    began_at = time.monotonic()
    assert stuck.stop(ending) == 0
    assert time.monotonic() - began_at < 10, "until the heartbeat runs out"
    assert "SIGKILL" not in "".join(stuck.output)


def test_a_client_that_never_ends_its_form_does_not_keep_a_worker_from_being_replaced(stuck):
    former = site_workers(stuck)
    began_at = time.monotonic()
    while site_workers(stuck) == former:
        stuck.fetch("GET", "/healthz")
        assert time.monotonic() - began_at < 15, "until the heartbeat runs out"
    assert stuck.is_ready()


def test_a_request_has_one_answer_though_its_body_ends_in_nonsense(start_site):
    site = start_site(workers=1)
    with connect(site.port) as connection:
        head = b"POST /no-such-page HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + b"1\r\na\r\n")
        time.sleep(0.3)  # it is answered before the rest comes
        connection.sendall(b"nonsense\r\n\r\n")
        with connection.makefile("rb") as answers:
            assert answers.read().count(b"HTTP/1.1 ") == 1


def test_an_instance_told_to_quit_while_requests_come_in_ends_soon(start_site):
    site = start_site("--threads", "4", workers=1, PAYTRONIX_MAX_CALLS="1")
    is_over = threading.Event()

    def ask_on(connections):
        with suppress(OSError):
            while not is_over.is_set():
                for connection in connections:
                    connection.sendall(ALIVE)
                for connection in connections:
                    connection.recv(4096)

    with ExitStack() as open_ones:
        connections = [open_ones.enter_context(connect(site.port)) for _ in range(50)]
        clients = [threading.Thread(target=ask_on, args=(connections[first::5],), daemon=True) for first in range(5)]
        for each in clients:
            each.start()
        time.sleep(0.5)
        site.process.send_signal(signal.SIGQUIT)
        assert site.process.wait(10) == 0
        is_over.set()
    for each in clients:
        each.join()


def test_a_worker_told_to_quit_while_it_hands_over_a_connection_does_not_wait_for_itself():
    worker = Worker.__new__(Worker)
    worker.cfg = SimpleNamespace(worker_int=lambda worker: None)

    def quit_meanwhile(tpool):
        with tpool._shutdown_lock, suppress(SystemExit):  # as in ThreadPoolExecutor.submit
            worker.handle_quit(signal.SIGQUIT, None)

    with ThreadPoolExecutor(1) as worker.tpool:
        quitting = threading.Thread(target=quit_meanwhile, args=(worker.tpool,), daemon=True)
        quitting.start()
        quitting.join(5)
        assert not quitting.is_alive()
