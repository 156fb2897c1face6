"""What the metrics process shows: ``/metrics`` for Prometheus, ``/readyz`` for whoever asks what is wrong.

Serve it to operators only. There is no secret in it, but it tells how busy the site is.
"""

import json
import platform
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from typing import Any, Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from app import __version__
from app.messages import Messages
from app.observability import log
from app.store import Store, StoreUnavailable

STORE_EVERY_SECONDS = 15.0  # however often somebody asks
POLL_SECONDS = 0.5  # whether the master is still there
LONGEST_REQUEST_SECONDS = 10.0


class Published(Protocol):
    """What is published in the console."""

    @property
    def is_away(self) -> bool:
        """Whether it could not be read when it was last asked for."""


class Overview(Collector):
    """What is counted of the whole site rather than in a worker."""

    def __init__(
        self,
        store: Store,
        count_sign_ins: Callable[[], int],
        messages: Messages,
        published: Published | None = None,
        *,
        is_draining: Callable[[], bool],
    ) -> None:
        self._is_draining = is_draining
        self._store = store
        self._count_sign_ins = count_sign_ins
        self._messages = messages
        self._published = published
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._alive: int | None = None

    def collect(self) -> Iterator[Metric]:
        alive = self._sign_ins_alive()
        yield GaugeMetricFamily(
            "guest_login_store_up", "Whether the store could be read when it was last asked.", float(alive is not None)
        )
        if alive is not None:  # unknown is not 0
            yield GaugeMetricFamily(
                "guest_login_sign_ins_alive", "Sign-ins in the store, of all instances that share it.", alive
            )
        problems = len(self._messages.current().problems)
        yield GaugeMetricFamily("guest_login_words_faults", "Faults in the merchant's words at this moment.", problems)
        if self._published:
            yield GaugeMetricFamily(
                "guest_login_published_words_up",
                "Whether what is published could be read when it was last asked for.",
                float(not self._published.is_away),
            )
        build = GaugeMetricFamily("guest_login_build_info", "Which release runs.", labels=["version", "python"])
        build.add_metric([__version__, platform.python_version()], 1)
        yield build

    def _sign_ins_alive(self) -> int | None:
        with self._lock:
            if time.monotonic() - self._asked_at >= STORE_EVERY_SECONDS:
                try:
                    self._alive = self._count_sign_ins()
                except StoreUnavailable:
                    self._alive = None
                self._asked_at = time.monotonic()
            return self._alive

    def readiness(self) -> dict[str, Any]:
        """Whether the site can serve guests, and what is wrong with the store and the merchant's folder."""
        started = time.monotonic()
        try:
            self._store.ping()
            store: dict[str, Any] = {"ready": True, "seconds": round(time.monotonic() - started, 4)}
        except StoreUnavailable as error:
            store = {"ready": False, "reason": error.reason.value, "problem": str(error)}
        problems = [
            {"file": problem.file, "line": problem.line, "problem": problem.description, "instead": problem.suggestion}
            for problem in self._messages.current().problems
        ]
        is_ending = self._is_draining()
        detail = {"ready": store["ready"] and not is_ending, "ending": is_ending, "store": store, "words": problems}
        if self._published:  # guests read on without it, so it makes nobody unready
            detail["published_words"] = {"away": self._published.is_away}
        return detail


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = LONGEST_REQUEST_SECONDS
    server: "_Server"

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, self.server.text())
            case "/readyz":
                detail = self.server.overview.readiness()
                body = json.dumps(detail, indent=2, ensure_ascii=False).encode() + b"\n"
                self._answer(200 if detail["ready"] else 503, "application/json", body)
            case _:
                self._answer(404, "text/plain; charset=utf-8", b"Here are /metrics and /readyz.\n")

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - named by http.server
        """Nothing: who watches is not what happens."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    timeout = POLL_SECONDS

    def __init__(self, listener: socket, folder: Path, overview: Overview) -> None:
        super().__init__(listener.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.overview = overview
        self._registries = CollectorRegistry(), CollectorRegistry()
        MultiProcessCollector(self._registries[0], path=str(folder))
        self._registries[1].register(overview)

    def text(self) -> bytes:
        """What the workers count, then the metrics of the whole site, as Prometheus reads them."""
        return b"".join(map(generate_latest, self._registries))

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller who went away is no fault of ours; all else is told."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            log.exception("metrics_failed")


def serve(listener: socket, folder: Path, overview: Overview, is_over: Callable[[], bool]) -> None:
    """Answer until it is over."""
    server = _Server(listener, folder, overview)
    while not is_over():
        server.handle_request()
    server.server_close()
