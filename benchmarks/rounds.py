"""Everybody in turn, several times: machines have good and bad minutes, and all shall share them."""

import sys
from collections import defaultdict
from pathlib import Path

from benchmarks.contestants import EVERYBODY
from benchmarks.measure import Spread, percentile, started
from benchmarks.processes import redis, vendor

GUESTS = 8
SECONDS = 2.0
Table = dict[str, dict[str, Spread]]  # by contestant, then by figure


def measure(home: Path, *, rounds: int) -> Table:
    """The figures of all contestants at a vendor that answers at once."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with redis(home) as store, vendor(home) as vendor_url:
        for number in range(rounds):
            for contestant in EVERYBODY:
                print(f"round {number + 1} of {rounds}: {contestant.name}", file=sys.stderr)
                mine = found[contestant.name]
                with started(contestant, home, store_url=store.unix_url, vendor_url=vendor_url) as site:
                    site.warm_up()
                    page = site.serve("page", guests=GUESTS, seconds=SECONDS)
                    mine["ready_seconds"].append(site.ready_seconds)
                    mine["page_cpu_ms"].append(page.cpu_ms)
                    mine["page_rate"].append(page.rate)
                    easy = site.serve("page", guests=GUESTS * 4, seconds=SECONDS, rate=page.rate / 2)
                    mine["page_p50_ms"].append(percentile(easy.times_ms["page"], 50))
                    mine["page_p99_ms"].append(percentile(easy.times_ms["page"], 99))
                    if contestant.signs_in:
                        sign_ins = site.serve("sign-in", guests=GUESTS, seconds=SECONDS)
                        mine["sign_in_cpu_ms"].append(sign_ins.cpu_ms)
                        mine["sign_in_rate"].append(sign_ins.rate)
                    mine["worker_mb"].append(site.worker_mb)
    return {name: {figure: Spread.of(each) for figure, each in mine.items()} for name, mine in found.items()}
