"""How the site's cost grows: with workers, threads, a slow vendor, sign-ins in the store, and machines."""

import contextlib
import json
import os
import statistics
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from redis import Redis as Client

from app.auth.pseudonyms import Pseudonyms
from app.auth.sign_ins import SignIns, Tokens
from app.store.redis import RedisStore
from app.store.redis_clients import Step
from app.store.urls import open_store
from benchmarks.contestants import SITE
from benchmarks.measure import Figures, Started, percentile, started
from benchmarks.processes import CORES, Redis, free_port, redis, vendor

SECONDS, TIMES = 3.0, 3
MANY_GUESTS = 200
VENDORS = ((0.0, 16), (0.05, 64), (0.3, MANY_GUESTS))  # how long they take, and guests enough to keep a worker busy
IDLE_SECONDS, MAX_SECONDS = 1800, 86_400
READS = 2000


@dataclass(frozen=True)
class Row:
    """One line of a table: what was set, and what was measured."""

    label: str
    figures: Figures
    memory_mb: float


def _pages(site: Started, *, guests: int) -> Figures:
    """Several times in turn, the quickest: what else a machine does only takes time away."""
    site.warm_up()
    return max((site.serve("page", guests=guests, seconds=SECONDS) for _ in range(TIMES)), key=lambda each: each.rate)


def workers(home: Path) -> list[Row]:
    """1, 2 and 4 workers on all cores, which they share with the load, the store and the vendor."""
    rows = []
    with redis(home) as store, vendor(home) as vendor_url:
        for count in (1, 2, 4):
            about = {"store_url": store.unix_url, "vendor_url": vendor_url, "workers": count}
            with started(SITE, home, cores=CORES, **about) as site:
                figures = _pages(site, guests=16)
                rows.append(Row(f"{count} worker{'s' if count > 1 else ''}", figures, site.memory_mb))
    return rows


def slow_vendor(home: Path) -> list[Row]:
    """Many guests at once on one worker with as many threads as it has by default."""
    rows = []
    with redis(home) as store:
        for delay_seconds, guests in VENDORS:
            with (
                vendor(home, delay_seconds=delay_seconds) as vendor_url,
                started(SITE, home, store_url=store.unix_url, vendor_url=vendor_url) as site,
            ):
                figures = _pages(site, guests=guests)
                rows.append(Row(f"{delay_seconds * 1000:.0f} ms, {guests} guests", figures, site.worker_mb))
    return rows


def threads(home: Path) -> list[Row]:
    """200 guests at once at a vendor of 300 ms, on one worker.

    The cap of calls under way is set to the number of threads: by default a few threads are kept free, and guests
    beyond the cap are told at once to come back, which is no work to compare.
    """
    rows = []
    with redis(home) as store, vendor(home, delay_seconds=0.3) as vendor_url:
        for count in (8, 16, 32, 64, 256):
            settings = {"PAYTRONIX_MAX_CALLS": str(count)}
            about: dict[str, Any] = {"store_url": store.unix_url, "vendor_url": vendor_url, "settings": settings}
            with started(SITE, home, threads=count, **about) as site:
                figures = _pages(site, guests=MANY_GUESTS)
                rows.append(Row(f"{count} threads", figures, site.worker_mb))
    return rows


def ways_to_redis(home: Path) -> list[Row]:
    """The same Redis over a socket of this machine and over TCP."""
    rows = []
    with redis(home) as store, vendor(home) as vendor_url:
        for label, url in (("unix socket", store.unix_url), ("TCP", store.tcp_url)):
            with started(SITE, home, store_url=url, vendor_url=vendor_url) as site:
                rows.append(Row(label, _pages(site, guests=8), site.worker_mb))
    return rows


def own_delay(home: Path, *, capacity: float) -> float:
    """What the site itself adds to POST /login, p99 in milliseconds: half load, a vendor of 200 ms.

    :param capacity: sign-ins a second that one worker can do.
    """
    with (
        redis(home) as store,
        vendor(home, delay_seconds=0.2) as vendor_url,
        started(SITE, home, store_url=store.unix_url, vendor_url=vendor_url) as site,
    ):
        site.warm_up()
        figures = site.serve("sign-in", guests=64, seconds=2 * SECONDS, rate=capacity / 2)
        return percentile(figures.times_ms["submit"], 99) - 200


def vendor_calls_of_a_page(home: Path) -> float:
    """How often a signed-in page asks the vendor, once a guest has seen it before."""
    with (
        redis(home) as store,
        vendor(home) as vendor_url,
        started(SITE, home, store_url=store.unix_url, vendor_url=vendor_url) as site,
    ):
        site.warm_up()
        before, pages = _calls(vendor_url), 500
        site.serve("page", guests=4, count=pages)
        signing_in = 4 * 3  # each guest signs in and sees the page once: token, user, account
        return (_calls(vendor_url) - before - signing_in) / pages


def _calls(vendor_url: str) -> int:
    with urllib.request.urlopen(f"{vendor_url}/rest/25.33/calls") as reply:
        return sum(json.load(reply).values())


def memory_of_two_workers(home: Path) -> float:
    """Both workers and their parent, after work, in MB."""
    with (
        redis(home) as store,
        vendor(home) as vendor_url,
        started(SITE, home, cores=CORES, store_url=store.unix_url, vendor_url=vendor_url, workers=2) as site,
    ):
        site.warm_up()
        site.serve("page", guests=16, count=1000)
        return site.memory_mb


# --- How many sign-ins are in the store ---


@dataclass(frozen=True)
class Held:
    """A store that holds so many sign-ins.

    :ivar bytes_each: of Redis's memory, its indices included
    :ivar read_us: to find a sign-in and open its records, median
    """

    sign_ins: int
    bytes_each: float
    read_us: float


class _Pipelined:
    """A client for a RedisStore that only puts: scripts are gathered, and their replies looked at in bulk."""

    name = "Redis behind a pipeline"
    is_private = True

    def __init__(self, socket: str) -> None:
        self._pipeline = Client(unix_socket_path=socket).pipeline(transaction=False)

    def run(self, steps: Sequence[Step]) -> list[Any]:
        for script, keys, arguments in steps:
            self._pipeline.eval(script, len(keys), *keys, *arguments)
        if len(self._pipeline) >= 1000:
            self.flush()
        return [0] * len(steps)

    def flush(self) -> None:
        self._pipeline.execute()  # raises what any of the replies says

    def group_by_slot(self, keys: Sequence[str]) -> list[list[str]]:
        return [list(keys)] if keys else []

    def reconnect(self) -> None:
        """Nothing fails over here."""

    def close(self) -> None:
        self.flush()


def _fill(socket: str, first: int, count: int) -> list[str]:
    """Begin sign-ins of as many guests; the session ids of some of them."""
    client = _Pipelined(socket)
    sign_ins = _sign_ins(RedisStore(client))
    now = datetime.now(UTC)
    some = []
    for number in range(first, first + count):
        tokens = Tokens(
            access_token=f"{number:042}",
            refresh_token=f"{number:042}",
            ends_at=now + timedelta(seconds=1800),
            refresh_at=now + timedelta(seconds=1770),
        )
        # What a sign-in holds once its guest has seen the account page.
        session = {
            "csrf_token": f"{number:040x}",
            "username": f"{number:08}@example.com",
            "first_name": "Ana",
            "card_number": "6000000000410017",
        }
        sign_in = sign_ins.keep(sign_ins.new(session, tokens))
        if number % 97 == 0:
            some.append(sign_in.session_id)
    client.flush()
    return some


def _sign_ins(store: Any) -> SignIns:
    key = "a-key-for-measurements-and-nothing-else"
    return SignIns(store, Pseudonyms([key]), idle_seconds=IDLE_SECONDS, max_seconds=MAX_SECONDS, most_of_guest=20)


def sign_ins_in_store(home: Path, *, steps: tuple[int, ...]) -> list[Held]:
    """One Redis, filled step by step."""
    rows: list[Held] = []
    with redis(home) as store, Client(unix_socket_path=str(store.socket)) as client:
        empty = client.info("memory")["used_memory"]
        there, known = 0, []
        for step in steps:
            processes = os.cpu_count() or 1
            share = (step - there) // processes
            with ProcessPoolExecutor(processes) as pool:
                parts = [pool.submit(_fill, str(store.socket), there + i * share, share) for i in range(processes)]
                for part in parts:
                    known += part.result()
            there += share * processes
            used = client.info("memory")["used_memory"] - empty
            rows.append(Held(there, used / there, _read_us(store, known)))
    return rows


def _read_us(store: Redis, session_ids: list[str]) -> float:
    sign_ins = _sign_ins(open_store(store.unix_url))
    every = max(1, len(session_ids) // READS)
    seconds = []
    for session_id in session_ids[::every]:
        started_at = time.perf_counter()
        found = sign_ins.find(session_id)
        seconds.append(time.perf_counter() - started_at)
        if found is None:
            raise RuntimeError("a sign-in that was put into the store is not there")
    return statistics.median(seconds) * 1e6


# --- Several machines ---


@contextlib.contextmanager
def _cluster(home: Path) -> Iterator[str]:
    """A Redis Cluster of three nodes, each in charge of a third: its address."""
    with contextlib.ExitStack() as stack:
        nodes, bus_ports = [], [free_port() for _ in range(3)]
        for number, bus_port in enumerate(bus_ports):
            folder = home / f"node-{number}"
            folder.mkdir()
            nodes.append(stack.enter_context(redis(folder, "--cluster-enabled", "yes", "--cluster-port", bus_port)))
        bounds = (0, 5461, 10_923, 16_384)
        for number, node in enumerate(nodes):
            with Client(port=node.port) as client:
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
                client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", nodes[0].port, bus_ports[0])
        give_up_at = time.monotonic() + 30
        for node in nodes:
            with Client(port=node.port) as client:
                while b"cluster_state:ok" not in client.execute_command("CLUSTER", "INFO"):
                    if time.monotonic() > give_up_at:
                        raise RuntimeError("the nodes of the cluster did not find each other")
                    time.sleep(0.1)
        yield "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in nodes)


def cluster(home: Path) -> list[Row]:
    """One instance on one Redis, then three instances on a cluster of three nodes; all on the cores there are."""
    rows = []
    with vendor(home) as vendor_url:
        with redis(home) as store:
            about = {"store_url": store.tcp_url, "vendor_url": vendor_url}
            with started(SITE, home, cores=CORES, **about) as site:
                figures = _pages(site, guests=12)
                rows.append(Row("1 instance, 1 Redis", figures, site.memory_mb))
        with _cluster(home) as url, contextlib.ExitStack() as stack:
            about = {"store_url": url, "vendor_url": vendor_url}
            sites = [stack.enter_context(started(SITE, home, cores=CORES, **about)) for _ in range(3)]
            for site in sites:
                site.warm_up()
            figures = max((_at_once(sites) for _ in range(TIMES)), key=lambda each: each.rate)
            rows.append(Row("3 instances, cluster of 3", figures, sum(site.memory_mb for site in sites)))
    return rows


def _at_once(sites: list[Started]) -> Figures:
    """Guests at several instances at once: what all of them took together."""
    with ThreadPoolExecutor(len(sites)) as pool:
        parts = list(pool.map(lambda site: site.serve("page", guests=4, seconds=SECONDS), sites))
    done = [part.rate for part in parts]
    cpu_ms = sum(part.cpu_ms * part.rate for part in parts) / sum(done)
    times = sorted(time for part in parts for time in part.times_ms["page"])
    return Figures(cpu_ms, sum(done), {"page": times}, sum(part.failed for part in parts))
