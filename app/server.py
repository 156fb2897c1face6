"""What gunicorn's threaded worker does differently here: how it refuses nonsense, and how it ends."""

import secrets
import time
from concurrent import futures
from socket import socket
from types import FrameType
from typing import Any, cast

from flask import Flask
from gunicorn import util
from gunicorn.http.errors import (
    ExpectationFailed,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.gthread import TConn, ThreadWorker

from app import ending
from app.headers import EVERYWHERE, HSTS
from app.logs import log
from config import Settings

DRAIN_SECONDS = 5  # a balancer that asks /readyz every two seconds hears twice that it is to send nobody here

_STATUS = {
    ExpectationFailed: "417 Expectation Failed",
    LimitRequestHeaders: "431 Request Header Fields Too Large",
    LimitRequestLine: "414 URI Too Long",
    UnsupportedTransferCoding: "501 Not Implemented",
}


class Worker(ThreadWorker):  # type: ignore[misc]
    """Refuses with our headers, and ends so that no request is lost.

    An instance that is told to end (SIGTERM) while a proxy stands in front goes on serving for ``DRAIN_SECONDS``:
    ``/readyz`` says 503, every answer closes its connection, new connections are welcome. Then it takes what the
    kernel has accepted for it, closes its listener and ends when the last answer is out. A worker that only makes
    place for another one (SIGHUP, ``max_requests``) ends at once: its siblings have the same listener.
    """

    sockets: list[Any]
    wsgi: Flask | None = None  # until this worker has loaded the site
    _drained_at: float | None = None

    # --- How it ends ---

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """On SIGTERM: end, either now or when the balancer has had its time."""
        serves = self.wsgi is not None
        if serves and self._drained_at is None and ending.has_begun() and self._settings().trusted_proxy_hops:
            self._drained_at = time.monotonic() + DRAIN_SECONDS
        else:
            super().handle_exit(sig, frame)

    def notify(self) -> None:
        """The beat of the main loop, once a second at least."""
        super().notify()
        if self._drained_at is not None and time.monotonic() >= self._drained_at:
            self.alive = False

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """Answer one request; while draining the client is asked to come back on another connection."""
        if self._drained_at is not None:
            req.force_close()
        return cast(bool, super().handle_request(req, conn))

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take new connections, or no more."""
        super().set_accept_enabled(enabled)
        if not self.alive and ending.has_begun():
            # Nobody comes after us: closing a listener resets the connections that wait in it.
            for listener in self.sockets:
                taken = -1
                while taken != self.nr_conns:
                    taken = self.nr_conns
                    self.accept(listener)
                listener.close()
            self.sockets = []

    # --- How it closes ---

    def handle(self, conn: TConn) -> object:
        """Serve a connection in a thread of the pool, and see it closed there.

        gunicorn waits for the client's end of a closed connection in its main loop, up to two seconds each. A few
        clients that keep their end open would stop all others from coming in.
        """
        keep = super().handle(conn)
        if not keep:
            conn.close(graceful=True)
        return keep

    def finish_request(self, conn: TConn, fs: futures.Future[object]) -> None:
        """Note in the main loop that a thread is done with a connection."""
        if not fs.cancelled() and fs.exception() is None and not fs.result():
            self.nr_conns -= 1
        else:
            super().finish_request(conn, fs)

    # --- How it refuses ---

    def handle_error(self, req: Any, client: socket, addr: tuple[str, int] | None, exc: BaseException) -> None:
        """Answer what never reached the application; the client learns the status and nothing else."""
        request_id = secrets.token_hex(8)
        about = {"request_id": request_id, "address": addr[0] if addr else None}
        is_ours = isinstance(exc, InvalidResponseHeader | InvalidResponseHeaderName)
        if isinstance(exc, ParseException) and not is_ours:
            status = _STATUS.get(type(exc), "400 Bad Request")
            log.warning("request_refused", **about, reason=type(exc).__name__, status=int(status[:3]))
        else:
            status = "500 Internal Server Error"
            log.error("unexpected_error", **about, exc_info=exc)
        try:
            util.write_nonblock(client, self._bare_answer(status, request_id))
        except OSError:
            log.info("refusal_unread", request_id=request_id)

    def _bare_answer(self, status: str, request_id: str) -> bytes:
        body = f"{status}\n"
        headers = EVERYWHERE | {
            "Cache-Control": "no-store",
            "Connection": "close",
            "Content-Length": str(len(body)),
            "Content-Type": "text/plain; charset=utf-8",
            "Date": util.http_date(),
            "X-Request-ID": request_id,
        }
        if self._settings().public_url.is_secure:
            headers["Strict-Transport-Security"] = HSTS
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items()), "", body]
        return "\r\n".join(lines).encode("ascii")

    def _settings(self) -> Settings:
        return cast(Settings, cast(Flask, self.wsgi).extensions["site"].settings)
