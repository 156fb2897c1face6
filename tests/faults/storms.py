"""Storms of requests in rounds. The tests of races run a few of them, `make soak` runs many."""

import contextlib
import http.client
import os
import random
import signal
import sqlite3
import threading
import time

from tests.faults.guests import Guest, Later, at_once, percentile
from tests.faults.rig import guests_file, site_workers
from tests.stores import until


def stampede(rig, *, rounds, delay_seconds, guest=None, meanwhile=lambda: None):
    """50 parallel pages of one guest at a token that has ended: one refresh, 50 pages, and the guest stays signed in.

    :param meanwhile: what happens while the refresh is under way.
    :returns: for each round how long the last page took, in seconds.
    """
    rig.sandbox.switch(refresh_tokens="single-use", delay_seconds=0)
    guest = guest or rig.signed_in()
    assert guest.get("/account").status == 200
    slowest = []
    for number in range(rounds):
        rig.sandbox.expire()
        rig.sandbox.clear_calls()
        rig.sandbox.switch(delay_seconds=delay_seconds)
        gate = Later(_after, delay_seconds / 2, meanwhile)
        answers = at_once(lambda _: guest.get("/account"), range(50))
        gate.result()
        rig.sandbox.switch(delay_seconds=0)
        assert [answer.status for answer in answers] == [200] * 50, f"round {number}: {_counts(answers)}"
        assert [call["outcome"] for call in rig.refreshes()] == ["success"], f"round {number}"
        assert guest.get("/account").status == 200
        slowest.append(max(answer.seconds for answer in answers))
    return slowest


def many_expiries(rig, *, guests, reads=3):
    """Many sign-ins at their end at once, a few parallel reads of each: as many refreshes as sign-ins.

    :returns: how long all of it took, in seconds.
    """
    rig.sandbox.switch(refresh_tokens="single-use")
    browsers = [rig.guest() for _ in range(guests)]
    in_parallel(lambda number: _signed_in(browsers[number], number), range(guests), threads=8)
    rig.sandbox.expire()
    rig.sandbox.clear_calls()
    wanted = [browser for browser in browsers for _ in range(reads)]
    started = time.monotonic()
    answers = in_parallel(lambda browser: browser.get("/account"), wanted, threads=60)
    seconds = time.monotonic() - started
    assert {answer.status for answer in answers} == {200}, _counts(answers)
    refreshes = rig.refreshes()
    assert len(refreshes) == guests
    assert {call["outcome"] for call in refreshes} == {"success"}
    assert len({call["guest"] for call in refreshes}) == guests
    return seconds


def sign_outs(rig, *, rounds, seed):
    """Sign-outs at random moments of slow pages and refreshes. Nothing may work with the cookie afterwards.

    :returns: how many sign-ins were revived.
    """
    chance = random.Random(seed)
    rig.sandbox.switch(refresh_tokens="single-use")
    revived = 0
    for _ in range(rounds):
        rig.sandbox.switch(delay_seconds=0)
        guest = rig.signed_in()
        token = guest.get("/account").form_token
        former = guest.twin()
        if chance.random() < 0.7:
            rig.sandbox.expire()
        rig.sandbox.switch(delay_seconds=round(chance.uniform(0.01, 0.08), 3))
        pages = [Later(former.twin().get, "/account") for _ in range(3)]
        time.sleep(chance.uniform(0, 0.15))
        assert guest.sign_out(token).status == 303
        for page in pages:
            assert page.result().status in {200, 303}
        again = former.get("/account")
        revived += again.status != 303
        assert "/login" in again.location
    return revived


def outage(rig, *, guests, away_seconds):
    """Redis goes away under signed-in guests who go on asking for their page, with single-use refreshes under way.

    :returns: how many lost their sign-in, the slowest answer, and how long after its return all was well, in seconds.
    """
    server = rig.redis()
    proxy = rig.proxy(server.port)
    rig.start(1, 1, store_url=f"redis://127.0.0.1:{proxy.port}/0")
    rig.sandbox.switch(refresh_tokens="single-use")
    browsers = [rig.guest() for _ in range(guests)]
    in_parallel(lambda number: _signed_in(browsers[number], number), range(guests), threads=8)
    rig.sandbox.switch(delay_seconds=0.2)
    rig.sandbox.expire()
    before = len(rig.answers)
    stopping = threading.Event()
    well_at = [0.0] * guests

    def visit(number):
        while not stopping.is_set():
            answer = browsers[number].get("/account")
            assert answer.status in {200, 503}, answer
            if answer.status == 503:
                well_at[number] = 0.0
            elif not well_at[number]:
                well_at[number] = time.monotonic()
            time.sleep(0.3)

    visitors = Later(in_parallel, visit, range(guests), guests)
    time.sleep(0.3)
    proxy.cut()
    time.sleep(away_seconds)
    proxy.heal()
    healed_at = time.monotonic()
    time.sleep(3)
    stopping.set()
    visitors.result()
    during = rig.answers[before:]
    assert sum(answer.status == 503 for answer in during) >= guests, "the outage was not felt"
    last = [browser.get("/account") for browser in browsers]
    return {
        "lost": sum(answer.status != 200 for answer in last),
        "slowest": max(answer.seconds for answer in during),
        "well after": max(max(well_at) - healed_at, 0.0) if all(well_at) else float("inf"),
        "answers": len(during),
    }


def hanging_vendor(rig, *, seconds):
    """Paytronix takes connections and says nothing, while sign-ins come ten times as often as they can be carried.

    :returns: how fast the other pages and the refusals were, in seconds.
    """
    places, limit_seconds, workers = 4, 2, 2
    proxy, base_url = rig.vendor_proxy()
    (site,) = rig.start(
        workers,
        PAYTRONIX_BASE_URL=base_url,
        PAYTRONIX_MAX_CALLS=str(places),
        PAYTRONIX_TOTAL_SECONDS=str(limit_seconds),
    )
    workers_before = site_workers(site)
    per_second = 10 * places * workers / limit_seconds
    visitor = rig.guest()
    form = visitor.form()
    proxy.freeze()
    stopping = threading.Event()

    def look(path):
        seen = []
        while not stopping.is_set():
            seen.append(rig.guest().get(path))
            time.sleep(0.05)
        return seen

    looks = {path: Later(look, path) for path in ("/healthz", "/login")}
    submits = []
    for number in range(int(seconds * per_second)):
        submits.append(Later(visitor.twin().sign_in, f"guest-{number}", "marker-password-é", form))
        time.sleep(1 / per_second)
    submits = [submit.result() for submit in submits]
    stopping.set()
    looks = {path: look.result() for path, look in looks.items()}
    assert {answer.status for answer in submits} == {503}
    assert {answer.status for seen in looks.values() for answer in seen} == {200}
    excess = [answer for answer in submits if answer.seconds < limit_seconds / 2]
    proxy.heal()
    healed_at = time.monotonic()
    until(lambda: rig.guest().sign_in().status == 303, seconds=20)
    return {
        "sign-ins": len(submits),
        "excess": len(excess),
        "median of excess": percentile(excess, 0.5),
        "p99 of excess": percentile(excess, 0.99),
        "p99 of /healthz": percentile(looks["/healthz"], 0.99),
        "p99 of /login": percentile(looks["/login"], 0.99),
        "slowest sign-in": max(answer.seconds for answer in submits),
        "back after": time.monotonic() - healed_at,
        "workers": "the same" if site_workers(site) == workers_before else "others",
    }


def killings(rig, *, rounds, seed):
    """Workers and whole instances are killed under guests who sign in, look and sign out without a pause.

    Nobody who was told that they are signed in, or out, may find it otherwise, and the database stays sound.

    :returns: how many sign-ins and sign-outs were told, how many requests were cut off, and the slowest answer.
    """
    chance = random.Random(seed)
    rig.use_sandbox("--guests", str(guests_file(rig.folder, 8)))
    store_url = rig.sqlite_url()
    path = store_url.removeprefix("sqlite:///")
    (site,) = rig.start(2, store_url=store_url)
    stopping = threading.Event()
    signed_in, signed_out, cut = [], [], []

    def visit(number):
        while not stopping.is_set():
            guest, leaves = Guest([site.port], rig.answers), number % 2
            try:
                if guest.sign_in(f"guest-{number}", f"password-of-{number}").status != 303:
                    continue
                signed_in.append(guest)
                page = guest.get("/account")
                if page.status == 200 and leaves:
                    former = guest.twin()
                    signed_in.remove(guest)  # nobody knows, until the answer is there
                    if guest.sign_out(page.form_token).status == 303:
                        signed_out.append(former)
            except (OSError, http.client.HTTPException) as error:
                cut.append(error)
                time.sleep(0.05)

    visitors = [Later(visit, number) for number in range(8)]
    for number in range(rounds):
        told = len(signed_in) + len(signed_out) + 4
        until(lambda told=told: len(signed_in) + len(signed_out) >= told, seconds=60)  # however slow the machine is
        time.sleep(chance.uniform(0, 0.1))
        if number % 5 == 4:
            _kill_whole(site)
            assert integrity(path) == "ok", f"round {number}"
            site.start()
        else:
            workers = site_workers(site)
            _kill(*chance.sample(workers, k=chance.randint(1, len(workers))))
            assert integrity(path) == "ok", f"round {number}"
        until(site.is_ready)
    stopping.set()
    for visitor in visitors:
        visitor.result()
    assert {guest.get("/account").status for guest in signed_in} == {200}
    assert {guest.get("/account").status for guest in signed_out} == {303}
    assert integrity(path) == "ok"
    rig.sandbox.clear_calls()  # some of them were made for submits that were cut off
    return {
        "sign-ins": len(signed_in) + len(signed_out),
        "sign-outs": len(signed_out),
        "cut off": len(cut),
        "slowest answer": max(answer.seconds for answer in rig.answers),
    }


def _kill(*pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _kill_whole(site):
    site.process.send_signal(signal.SIGSTOP)  # so that it begins no worker that nobody knows of
    _kill(*site_workers(site), site.process.pid)
    site.process.wait(5)


def integrity(path):
    """What SQLite itself finds in a store's file."""
    with contextlib.closing(sqlite3.connect(path, timeout=5)) as db:
        return "; ".join(row[0] for row in db.execute("PRAGMA integrity_check"))


def in_parallel(work, arguments, threads):
    """Do ``work(argument)`` for each argument with so many threads; the results in order."""
    arguments = list(arguments)
    results, errors, lock, left = [None] * len(arguments), [], threading.Lock(), iter(range(len(arguments)))

    def run(_):
        while not errors:
            with lock:
                number = next(left, None)
            if number is None:
                return
            try:
                results[number] = work(arguments[number])
            except BaseException as error:
                errors.append(error)

    at_once(run, range(threads))
    if errors:
        raise errors[0]
    return results


def _signed_in(browser, number):
    answer = browser.sign_in(f"guest-{number}", f"password-of-{number}")
    assert answer.status == 303, answer
    assert f"Name{number}x" in browser.get("/account").body


def _after(seconds, work):
    time.sleep(seconds)
    work()


def _counts(answers):
    statuses = [answer.status for answer in answers]
    return {status: statuses.count(status) for status in set(statuses)}
