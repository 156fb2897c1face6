"""One measurement: a contestant on its core, guests in front of it, and what that took."""

import contextlib
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contestants import FORM_HEADERS, HEADERS, Around, Contestant
from benchmarks.processes import SITE_CORE, Load, Process, free_port, running

WARM_UP_REQUESTS = 200


@dataclass(frozen=True)
class Figures:
    """What some guests took of a contestant.

    :ivar cpu_ms: of all its processes, for each page or sign-in
    :ivar rate: pages or sign-ins a second
    :ivar times_ms: of each kind of request, in order
    """

    cpu_ms: float
    rate: float
    times_ms: dict[str, list[float]]
    failed: int


@dataclass(frozen=True)
class Spread:
    """Several rounds of one figure."""

    least: float
    median: float
    most: float

    @classmethod
    def of(cls, rounds: Sequence[float]) -> "Spread":
        return cls(min(rounds), statistics.median(rounds), max(rounds))


@dataclass(frozen=True)
class Started:
    """A contestant that guests can come to.

    :ivar ready_seconds: from its start to the first good answer
    """

    process: Process
    port: int
    ready_seconds: float

    def serve(self, work: str, *, guests: int, seconds: float = 0, count: int = 0, rate: float = 0) -> Figures:
        """Let guests come.

        :param work: ``page``, each guest signed in before; or ``sign-in``, the form and the form sent.
        :param rate: how many come a second; otherwise each comes again as soon as it is served.
        """
        task: dict[str, Any] = {"seconds": seconds, "count": count, "rate": rate}
        load = Load(port=self.port, headers=HEADERS, form_headers=FORM_HEADERS, guests=guests, work=work, **task)
        before = self.process.cpu_seconds()
        measured = load.go()
        cpu_seconds = self.process.cpu_seconds() - before
        return Figures(
            cpu_ms=cpu_seconds / measured["done"] * 1000,
            rate=measured["done"] / measured["seconds"],
            times_ms={kind: [time * 1000 for time in times] for kind, times in measured["times"].items()},
            failed=measured["failed"],
        )

    def warm_up(self) -> None:
        """Let a few guests come that do not count."""
        self.serve("page", guests=8, count=WARM_UP_REQUESTS)

    @property
    def memory_mb(self) -> float:
        """All that it holds."""
        return sum(self.process.memory_bytes()) / 1e6

    @property
    def worker_mb(self) -> float:
        """What its largest process holds: the worker."""
        return max(self.process.memory_bytes()) / 1e6


@contextlib.contextmanager
def started(
    contestant: Contestant, home: Path, *, cores: Sequence[int] = SITE_CORE, **around: Any
) -> Iterator[Started]:
    """A contestant for the length of a block.

    :param around: as in :class:`Around`, but for the port.
    """
    about = Around(port=free_port(), **around)
    with running(
        *contestant.command(about),
        cores=cores,
        output=home / f"{contestant.name}.log",
        environment=contestant.environment(about),
        folder=contestant.folder,
    ) as process:
        yield Started(process, about.port, process.wait_until(about.port, contestant.ready_path))


def percentile(times: Sequence[float], percent: float) -> float:
    """A time that so many in a hundred are not above; the times come in order."""
    return times[min(len(times) - 1, int(len(times) * percent / 100))]
