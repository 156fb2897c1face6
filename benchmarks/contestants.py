"""Who is measured: how each is started, and what its guests send."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.processes import HERE, PEERS_PYTHON, SITE_PYTHON, free_port

ROOT = HERE.parent
PYTHON_PEERS = HERE / "peers" / "python"
HOST = "rewards.example.com"
THREADS = 256  # of every threaded server: what the site has by default


# What nginx hands on of a browser's request, and what it adds.
HEADERS = {
    "Host": HOST,
    "X-Forwarded-For": "192.0.2.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": HOST,
    "User-Agent": "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.9",
    "Accept-Encoding": "gzip, deflate, br",
}
FORM_HEADERS = {"Origin": f"https://{HOST}", "Referer": f"https://{HOST}/login", "Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Around:
    """What a contestant works with: its port, its store and the vendor; how many workers and threads it may have."""

    port: int
    store_url: str
    vendor_url: str
    workers: int = 1
    threads: int = THREADS
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Contestant:
    """Somebody who is measured.

    :ivar name: one word
    :ivar title: what it is made of
    :ivar ready_path: answers 200 once guests can come
    :ivar signs_in: its sign-in does the same work as the others'
    """

    name: str
    title: str
    command: Callable[[Around], Sequence[object]]
    environment: Callable[[Around], Mapping[str, str]]
    folder: Path = PYTHON_PEERS
    ready_path: str = "/login"
    signs_in: bool = True


def _site_environment(around: Around) -> Mapping[str, str]:
    return {
        "PUBLIC_URL": f"https://{HOST}",
        "TRUSTED_PROXY_HOPS": "1",
        "SECRET_KEY": "a-key-for-measurements-and-nothing-else",
        "PAYTRONIX_BASE_URL": f"{around.vendor_url}/rest/25.33",
        "PAYTRONIX_MERCHANT_ID": "777777",
        "PAYTRONIX_CLIENT_ID": "measurement",
        "PAYTRONIX_CLIENT_SECRET": "measurement-secret",
        "STORE_URL": around.store_url,
        "LOGIN_FAILURES_PER_ADDRESS": "999999/1 minute",  # all guests come from this machine
        "METRICS_ADDRESS": f"127.0.0.1:{free_port()}",
        "WEB_CONCURRENCY": str(around.workers),
        "MALLOC_ARENA_MAX": "1",  # as deploy/ sets it
    } | around.settings


def _gunicorn(app: str) -> Callable[[Around], Sequence[object]]:
    def command(around: Around) -> Sequence[object]:
        served_by = [PEERS_PYTHON, "-m", "gunicorn", "--bind", f"127.0.0.1:{around.port}", "--worker-class", "gthread"]
        return [*served_by, "--workers", around.workers, "--threads", around.threads, "--keep-alive", "75", app]

    return command


def _peers_environment(around: Around) -> Mapping[str, str]:
    return {"VENDOR_URL": around.vendor_url, "STORE_URL": around.store_url, "PORT": str(around.port)}


SITE = Contestant(
    name="site",
    title="guest login, as shipped",
    command=lambda around: [
        *(SITE_PYTHON, "-m", "gunicorn", "--bind", f"127.0.0.1:{around.port}"),
        *("--threads", around.threads, "wsgi:app"),
    ],
    environment=_site_environment,
    folder=ROOT,
    ready_path="/readyz",
)
FLOOR = Contestant(
    name="floor",
    title="bare WSGI: one Redis read, one pooled call, nothing rendered",
    command=_gunicorn("floor:app"),
    environment=_peers_environment,
    signs_in=False,
)
STOCK = Contestant(
    name="stock",
    title="Flask, Flask-Session on Redis, Flask-WTF, requests a call at a time",
    command=_gunicorn("stock:app"),
    environment=_peers_environment,
)
DJANGO = Contestant(
    name="django",
    title="Django, sessions in its Redis cache, a pooled requests.Session",
    command=_gunicorn("django_peer:app"),
    environment=_peers_environment,
)
STARLETTE = Contestant(
    name="starlette",
    title="Starlette, redis.asyncio, httpx, under uvicorn",
    command=lambda around: [
        *(PEERS_PYTHON, "-m", "uvicorn", "--host", "127.0.0.1", "--port", around.port),
        *("--workers", around.workers, "--log-level", "warning", "--timeout-keep-alive", 75, "starlette_peer:app"),
    ],
    environment=_peers_environment,
)
EXPRESS = Contestant(
    name="express",
    title="Express, express-session, connect-redis, undici",
    command=lambda around: ["node", "server.js"],
    environment=lambda around: _peers_environment(around) | {"NODE_ENV": "production"},
    folder=HERE / "peers" / "express",
)
EVERYBODY = (FLOOR, SITE, STOCK, DJANGO, STARLETTE, EXPRESS)
