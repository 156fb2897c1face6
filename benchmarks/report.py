"""What was measured, as a page to read: ``RESULTS.md`` and its two pictures."""

import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.contestants import EVERYBODY
from benchmarks.growth import SECONDS as SECONDS_EACH
from benchmarks.growth import TIMES, Held, Row
from benchmarks.measure import Spread, percentile
from benchmarks.plot import bars
from benchmarks.processes import CORES, HERE, PEERS_PYTHON, SITE_PYTHON
from benchmarks.rounds import GUESTS, SECONDS, Table

OURS = ("Flask", "gunicorn", "redis", "requests", "urllib3", "structlog", "Jinja2", "msgspec")
PEERS = (
    "Flask",
    "Flask-Session",
    "Flask-WTF",
    "requests",
    "redis",
    "gunicorn",
    "Django",
    "starlette",
    "httpx",
    "uvicorn",
)
EXPRESS = ("express", "express-session", "connect-redis", "redis", "undici")


@dataclass(frozen=True)
class Grown:
    """What was measured of the site alone."""

    workers: Sequence[Row]
    threads: Sequence[Row]
    slow_vendor: Sequence[Row]
    ways_to_redis: Sequence[Row]
    cluster: Sequence[Row]
    sign_ins: Sequence[Held]
    own_delay_ms: float
    vendor_calls: float
    two_workers_mb: float


def write(table: Table, grown: Grown, *, rounds: int, minutes: float) -> Path:
    """Write the report and its pictures beside this file.

    :param minutes: how long all of it took.
    """
    names = [contestant.name for contestant in EVERYBODY]
    pages = {name: table[name]["page_cpu_ms"] for name in names}
    sign_ins = {name: table[name]["sign_in_cpu_ms"] for name in names if "sign_in_cpu_ms" in table[name]}
    (HERE / "pages.svg").write_text(bars("CPU for a signed-in page", names, pages, "ms"))
    (HERE / "sign-ins.svg").write_text(bars("CPU for a sign-in (form and POST)", list(sign_ins), sign_ins, "ms"))
    text = "\n".join(
        [
            "# Results",
            "",
            f"Written by `make bench` on {datetime.now(UTC):%-d %B %Y} in {minutes:.0f} minutes. Absolute figures",
            "depend on the machine and on what else it does; a ratio is of figures of the same run.",
            "",
            *_machine(),
            "",
            "## Everybody",
            "",
            f"One worker on one core; load, vendor and Redis on the others. {rounds} rounds in turn, {GUESTS} guests",
            f"who come again at once, {SECONDS:.0f} seconds each. A vendor that answers at once, Redis over a local",
            "socket. p50 and p99 are of a signed-in page at half of the contestant's own rate. Each figure: median",
            "(least – most).",
            "",
            "![CPU for a signed-in page](pages.svg)",
            "",
            "![CPU for a sign-in](sign-ins.svg)",
            "",
            *_everybody(table),
            "",
            *(f"- **{contestant.name}**: {contestant.title}" for contestant in EVERYBODY),
            "",
            "The site sends and logs everything that it does in production, behind a proxy and over https: two log",
            "lines a page, sealed records, all headers. The peers log nothing and seal nothing.",
            "",
            "## What was to be reached",
            "",
            "Ratios are of the least figures of all rounds: what else a machine does only adds to them.",
            "",
            *_targets(table, grown),
            "",
            "## How the site's cost grows",
            "",
            f"Each line is the quickest of {TIMES} times {SECONDS_EACH:.0f} seconds.",
            "",
            *_rows(
                "Workers on all cores, shared with load, vendor and Redis; 16 guests", grown.workers, "all processes"
            ),
            *_rows("One worker, 256 threads, by the vendor's delay", grown.slow_vendor, "worker"),
            *_rows("200 guests at once, a vendor of 300 ms, by threads", grown.threads, "worker"),
            *_rows("Ways to Redis", grown.ways_to_redis, "worker"),
            *_rows("Instances, on the cores that there are", grown.cluster, "all processes"),
            "### Sign-ins in the store",
            "",
            "| Live sign-ins | Redis memory each | to find and open one | Redis memory in all |",
            "|---:|---:|---:|---:|",
            *(
                f"| {held.sign_ins:,} | {held.bytes_each:,.0f} bytes | {held.read_us:.0f} µs "
                f"| {held.sign_ins * held.bytes_each / 1e6:,.0f} MB |"
                for held in grown.sign_ins
            ),
            "",
        ]
    )
    path = HERE / "RESULTS.md"
    path.write_text(text)
    return path


def _machine() -> list[str]:
    peers = json.loads(
        subprocess.run(
            [PEERS_PYTHON, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"],
            capture_output=True,
            check=True,
            text=True,
        ).stdout
    )
    theirs = {each["name"].lower(): each["version"] for each in peers}
    locked = json.loads((HERE / "peers" / "express" / "package-lock.json").read_text())["packages"]
    node = subprocess.run(["node", "--version"], capture_output=True, check=True, text=True).stdout.strip()
    redis = subprocess.run(["redis-server", "--version"], capture_output=True, check=True, text=True).stdout.split()
    processor = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    python = subprocess.run([SITE_PYTHON, "--version"], capture_output=True, check=True, text=True).stdout.strip()
    return [
        f"- Machine: {processor}, {len(CORES)} cores, {memory_gb:.0f} GB, Linux {platform.release().split('-')[0]}",
        f"- {python}, Node {node.lstrip('v')}, Redis {redis[2].removeprefix('v=')}",
        f"- The site: {', '.join(f'{name} {importlib.metadata.version(name)}' for name in OURS)}",
        f"- The peers: {', '.join(f'{name} {theirs[name.lower()]}' for name in PEERS)}; "
        + ", ".join(f"{name} {locked[f'node_modules/{name}']['version']}" for name in EXPRESS),
    ]


def _everybody(table: Table) -> list[str]:
    rows = [
        "| | CPU ms a page | CPU ms a sign-in | pages/s a core | p50 ms | p99 ms | MB a worker | ready after s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    order = ("page_cpu_ms", "sign_in_cpu_ms", "page_rate", "page_p50_ms", "page_p99_ms", "worker_mb", "ready_seconds")
    digits = (2, 2, 0, 1, 1, 0, 2)
    for contestant in EVERYBODY:
        mine = table[contestant.name]
        cells = [
            _spread(mine[name], places) if name in mine else "–" for name, places in zip(order, digits, strict=True)
        ]
        rows.append(f"| {contestant.name} | {' | '.join(cells)} |")
    return rows


def _spread(spread: Spread, places: int) -> str:
    return f"**{spread.median:.{places}f}** ({spread.least:.{places}f} – {spread.most:.{places}f})"


def _targets(table: Table, grown: Grown) -> list[str]:
    site, stock = table["site"], table["stock"]
    slowest, (two, *_) = grown.slow_vendor[-1], (grown.two_workers_mb,)
    of_page = {
        name: site["page_cpu_ms"].least / table[name]["page_cpu_ms"].least for name in ("stock", "django", "starlette")
    }
    of_sign_in = site["sign_in_cpu_ms"].least / stock["sign_in_cpu_ms"].least
    checks = [
        ("a signed-in page, CPU, by the stock stack's", f"{of_page['stock']:.2f}", "≤ 0.8", of_page["stock"] <= 0.8),
        ("a signed-in page, CPU, by Django's", f"{of_page['django']:.2f}", "≤ 1", of_page["django"] <= 1),
        ("a signed-in page, CPU, by Starlette's", f"{of_page['starlette']:.2f}", "≤ 1", of_page["starlette"] <= 1),
        ("a sign-in, CPU, by the stock stack's", f"{of_sign_in:.2f}", "≤ 1", of_sign_in <= 1),
        (
            "vendor at 300 ms, 200 guests at once: pages/s of one worker",
            f"{slowest.figures.rate:.0f}",
            "≥ 400",
            slowest.figures.rate >= 400,
        ),
        ("memory of that worker, MB", f"{slowest.memory_mb:.0f}", "≤ 100", slowest.memory_mb <= 100),
        (
            "POST /login, own delay at half load, vendor at 200 ms, p99 ms",
            f"{grown.own_delay_ms:.0f}",
            "≤ 60",
            grown.own_delay_ms <= 60,
        ),
        (
            "ready after start, median s",
            f"{site['ready_seconds'].median:.2f}",
            "≤ 1",
            site["ready_seconds"].median <= 1,
        ),
        ("two workers, their parent and the metrics' process, MB", f"{two:.0f}", "≤ 130", two <= 130),
        (
            "a sign-in in the store, bytes",
            f"{grown.sign_ins[-1].bytes_each:.0f}",
            "≤ 2048",
            grown.sign_ins[-1].bytes_each <= 2048,
        ),
        ("vendor calls of a signed-in page", f"{grown.vendor_calls:.2f}", "1", round(grown.vendor_calls, 2) == 1),
    ]
    rows = ["| What | Measured | To reach | |", "|---|---:|---:|---|"]
    return rows + [
        f"| {what} | {got} | {goal} | {'reached' if ok else '**not reached**'} |" for what, got, goal, ok in checks
    ]


def _rows(title: str, rows: Sequence[Row], whose_memory: str) -> list[str]:
    lines = [
        f"### {title}",
        "",
        f"| | pages/s | CPU ms a page | p50 ms | p99 ms | not served | MB ({whose_memory}) |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        times = row.figures.times_ms["page"]
        lines.append(
            f"| {row.label} | {row.figures.rate:.0f} | {row.figures.cpu_ms:.2f} | {percentile(times, 50):.0f} "
            f"| {percentile(times, 99):.0f} | {row.figures.failed / (row.figures.failed + len(times)):.1%} "
            f"| {row.memory_mb:.0f} |"
        )
    return [*lines, ""]
