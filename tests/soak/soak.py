"""Long storms, each with the figures that it measured. ``make soak``."""

import re
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.faults import test_any_order, test_vendor
from tests.faults.guests import Guest, Later
from tests.faults.rig import guests_file, site_workers
from tests.faults.storms import hanging_vendor, in_parallel, killings, many_expiries, outage, sign_outs, stampede

BEN = "ben@example.com", "soup-of-the-day"
NO_LIMITS = {"LOGIN_FAILURES_PER_GUEST": "100000/1 minute", "LOGIN_FAILURES_PER_ADDRESS": "100000/1 minute"}


def tell(what, **figures):
    told = (f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items())
    print(f"\n{what}: {', '.join(told)}", flush=True)


def test_100_rounds_of_the_stampede_on_two_instances_with_two_workers(rig):
    rig.start(2, 2, store_url=rig.redis().url)
    seconds = stampede(rig, rounds=100, delay_seconds=1)
    tell("stampede, 2 x 2 workers on Redis", rounds=len(seconds), lost=0, slowest_page=max(seconds))


def test_100_rounds_of_the_stampede_on_three_workers_with_sqlite(rig):
    rig.start(3)
    seconds = stampede(rig, rounds=100, delay_seconds=1)
    tell("stampede, 3 workers on SQLite", rounds=len(seconds), lost=0, slowest_page=max(seconds))


def test_1000_sign_ins_that_end_at_once(rig):
    rig.use_sandbox("--guests", str(guests_file(rig.folder, 1000)))
    rig.start(2, 2, store_url=rig.redis().url, **NO_LIMITS)
    seconds = many_expiries(rig, guests=1000)
    tell("1,000 sign-ins at their end, 3 reads each", refreshes=1000, seconds=seconds)


@pytest.mark.parametrize("engine", ["sqlite", "redis"])
def test_500_sign_outs_among_slow_pages_and_refreshes(rig, engine):
    rig.start(1, 1, store_url=rig.redis().url if engine == "redis" else rig.sqlite_url())
    revived = sign_outs(rig, rounds=500, seed=time.time())
    tell(f"sign-outs on {engine}", rounds=500, revived=revived)
    assert revived == 0


def test_a_vendor_that_hangs_for_30_seconds(rig):
    figures = hanging_vendor(rig, seconds=30)
    tell("hanging vendor", **figures)
    test_vendor.check_hanging(figures)
    assert figures["p99 of excess"] <= 0.1


def test_redis_away_for_5_seconds_under_200_guests(rig):
    rig.use_sandbox("--guests", str(guests_file(rig.folder, 200)))
    figures = outage(rig, guests=200, away_seconds=5)
    tell("Redis away for 5 s under 200 guests", **figures)
    assert figures["lost"] == 0
    assert figures["slowest"] < 2.5
    assert figures["well after"] < 2


def test_a_database_whose_writers_are_killed_100_times(rig):
    told = killings(rig, rounds=100, seed=time.time())
    tell("killed 100 times under load, on SQLite", **told, lost=0, integrity="ok")


class Balancer:
    """Asks every instance whether it is ready, as often as a balancer does, and knows where to send guests."""

    def __init__(self, sites):
        self._sites = sites
        self._stopping = threading.Event()
        self.ports = [site.port for site in sites]
        self._looks = Later(self._look)

    def _look(self):
        while not self._stopping.wait(0.5):
            self.ports = [site.port for site in self._sites if site.is_ready()]

    def stop(self):
        self._stopping.set()
        self._looks.result()


def test_a_rolling_restart_of_three_instances_loses_no_request_of_10000(rig):
    sites = rig.start(1, 1, 1, store_url=rig.redis().url, TRUSTED_PROXY_HOPS="1", **NO_LIMITS)
    guests = [rig.signed_in() for _ in range(20)]
    balancer = Balancer(sites)
    failed, pending = [], []

    def visit(number):
        guest = guests[number % len(guests)]
        ports = balancer.ports
        try:
            port = ports[number % len(ports)]
            answer = guest.twin(port).get("/account") if number % 5 else Guest([port], rig.answers).sign_in(*BEN)
            if answer.status not in {200, 303}:
                failed.append(answer)
        except Exception as error:
            failed.append(error)

    def restart():
        for site in sites * 2:
            time.sleep(15)
            assert site.stop(signal.SIGTERM) == 0
            time.sleep(1)
            site.start()

    restarts = Later(restart)
    started = time.monotonic()
    for number in range(10_000):
        pending.append(Later(visit, number))
        if len(pending) > 500:
            pending.pop(0).result()
        time.sleep(max(started + number / 50 - time.monotonic(), 0))
    restarts.result()
    for each in pending:
        each.result()
    balancer.stop()
    still_in = sum(guest.twin(balancer.ports[0]).get("/account").status == 200 for guest in guests)
    tell("rolling restart", requests=10_000, restarts=6, failed=len(failed), signed_in=f"{still_in} of {len(guests)}")
    assert not failed, failed[:5]
    assert still_in == len(guests)


def test_20000_sign_ins_leave_memory_and_descriptors_flat(rig):
    sites = rig.start(2, store_url=rig.redis().url, SESSIONS_PER_GUEST="100", **NO_LIMITS)

    def visit(_):
        guest = Guest([sites[0].port], [])
        assert guest.sign_in().status == 303
        assert guest.get("/account").status == 200

    in_parallel(visit, range(4000), 16)
    before = memory(sites[0])
    started = time.monotonic()
    in_parallel(visit, range(20_000), 16)
    seconds = time.monotonic() - started
    after = memory(sites[0])
    tell(
        "20,000 sign-ins",
        mib_before=before,
        mib_after=after,
        growth_percent=100 * (after / before - 1),
        per_second=20_000 / seconds,
    )
    assert after < before * 1.05
    rig.sandbox.clear_calls()  # these submits are not in rig.answers


def test_300_stories_of_events_in_any_order(machine):
    test_any_order.run(machine, examples=300)


def memory(site):
    """Resident memory of an instance's workers, in MiB."""
    sizes = [re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1] for pid in site_workers(site)]
    return sum(map(int, sizes)) / 1024
