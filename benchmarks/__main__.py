"""``python -m benchmarks [--quick]``: measure everything, and write RESULTS.md. Begin it with ``make bench``."""

import sys
import time

from benchmarks import growth, report, rounds
from benchmarks.processes import folder


def main(*, quick: bool) -> None:
    """Measure in turn: everybody, then the site alone.

    :param quick: one round and a small store, to see that it works; no figures to rely on.
    """
    started_at = time.monotonic()
    times = 1 if quick else 7
    with folder() as home:
        table = rounds.measure(home, rounds=times)
        capacity = table["site"]["sign_in_rate"].median
        _tell("the site alone")
        grown = report.Grown(
            slow_vendor=growth.slow_vendor(home),
            threads=growth.threads(home),
            workers=growth.workers(home),
            ways_to_redis=growth.ways_to_redis(home),
            own_delay_ms=growth.own_delay(home, capacity=capacity),
            vendor_calls=growth.vendor_calls_of_a_page(home),
            two_workers_mb=growth.memory_of_two_workers(home),
            cluster=growth.cluster(home),
            sign_ins=growth.sign_ins_in_store(home, steps=(10_000,) if quick else (10_000, 100_000, 1_000_000)),
        )
    path = report.write(table, grown, rounds=times, minutes=(time.monotonic() - started_at) / 60)
    _tell(f"written: {path.name}")


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
