"""What gunicorn's threaded worker does differently here: how it waits, refuses nonsense, and ends."""

import secrets
import signal
import sys
import time
from concurrent import futures
from contextlib import suppress
from socket import SHUT_RD, SHUT_RDWR, socket
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

from app.observability import log
from app.serving import shutdown
from app.serving.worker_context import WorkerContext
from app.web.security_headers import EVERYWHERE, HSTS

DRAIN_SECONDS = 5  # a balancer that asks /servez every two seconds hears twice that it is to send nobody here
HEARSAY_SECONDS = 0.5  # between a worker's hearing of the end and the master's, when both are told
# How long a thread may compute before another one may make it stop. None of ours computes so long; but each thread that
# waits looks that often whether it may go on, and with 200 guests at once that takes a tenth of all the time.
TURN_SECONDS = 0.02
# Of a body that nobody wants any more. Whoever closes while more of it comes cuts the sender off: a proxy then knows
# nothing of the answer that says why, and tells the guest that the site is away. Proxies pass on half as much.
MOST_UNWANTED_BYTES = 4 * 1024 * 1024
LAST_WORDS_SECONDS = 2  # before the master loses patience
# Each of 256 threads can hold a guest's connection and one each to Paytronix and to the store, and hundreds of guests'
# connections stay open between requests. A process that may open no more closes connections without an answer, or
# ends. Services are given 1,024 unless they ask for more.
DESCRIPTORS = 16_384

_STATUS = {
    ExpectationFailed: "417 Expectation Failed",
    LimitRequestHeaders: "431 Request Header Fields Too Large",
    LimitRequestLine: "414 URI Too Long",
    UnsupportedTransferCoding: "501 Not Implemented",
}
# For a guest who reads it in a browser.
_WHAT_TO_DO = {
    _STATUS[LimitRequestHeaders]: "Delete the cookies for this site in your browser's settings, then try again.\n",
    _STATUS[LimitRequestLine]: "Open this address without what stands behind its question mark.\n",
}


class Worker(ThreadWorker):  # type: ignore[misc]
    """Refuses with our headers, and ends so that no request is lost.

    An instance that is told to end (SIGTERM) while a proxy stands in front goes on serving for ``DRAIN_SECONDS``:
    ``/servez`` says 503, every answer closes its connection, new connections are welcome. Then it takes what the
    kernel has accepted for it, closes its listener and ends when the last answer is out. A worker that only makes
    place for another one (SIGHUP, ``max_requests``) ends soon: its siblings have the same listener. Whether the
    instance ends is known a moment after the signal, because a worker may hear of it before the master does: systemd
    sends SIGTERM to every process of a service.
    """

    sockets: list[Any]
    _told_at: float | None = None
    _patience_seconds: float
    wsgi: Flask | None = None  # until this worker has loaded the application

    # --- How it ends ---

    def run(self) -> None:
        """Serve until told to end, and keep what would be lost with the process."""
        sys.setswitchinterval(TURN_SECONDS)
        self._served_now: set[TConn] = set()
        self._patience_seconds = self.cfg.graceful_timeout
        try:
            super().run()
        except SystemExit:  # told to quit: who has not been listened to yet never will be
            self.tpool.shutdown(wait=False, cancel_futures=True)
            self._keep_tokens(within_seconds=0)
            self._hang_up(SHUT_RD)
            raise
        self._keep_tokens(within_seconds=self._seconds_left())
        self._hang_up(SHUT_RDWR)

    def _seconds_left(self) -> float:
        """Until the last words: the master loses patience so long after it has told us to end."""
        now = time.monotonic()
        return (self._told_at or now) + self._patience_seconds - LAST_WORDS_SECONDS - now

    def _hang_up(self, how: int) -> None:
        """Have nobody wait for a client any more: before a process is gone, Python waits for each of its threads."""
        for conn in tuple(self._served_now):
            with suppress(OSError):
                socket.shutdown(conn.sock, how)  # not as a TLS socket does it: its thread would write on in the clear

    def _keep_tokens(self, *, within_seconds: float) -> None:
        tokens = self._served().tokens
        if tokens is None:
            return
        give_up_at = time.monotonic() + within_seconds
        while not tokens.finish(within_seconds=1) and time.monotonic() < give_up_at:
            self.notify()
        tokens.give_up()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """On SIGTERM: end, either now or when the balancer has had its time. Told again, nothing changes."""
        if self._told_at is None:
            self._told_at = time.monotonic()
            if self.wsgi is None or not self._served().is_behind_proxy:
                super().handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """On SIGINT and SIGQUIT: answer what is being answered, and end.

        gunicorn's threaded worker shuts its pool down here already, for which it takes a lock. If the signal meets it
        while it hands the pool a connection, it has that lock, and waits for itself until the master kills it.
        """
        super(ThreadWorker, self).handle_quit(sig, frame)

    def notify(self) -> None:
        """The beat of the main loop, once a second at least."""
        super().notify()
        if self._told_at is None and shutdown.is_draining():  # SIGTERM came before this process could hear it
            self.handle_exit(signal.SIGTERM, None)
        if self._told_at is not None:
            wait_seconds = DRAIN_SECONDS if shutdown.is_draining() else HEARSAY_SECONDS
            if time.monotonic() >= self._told_at + wait_seconds:
                self.alive = False

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """Answer one request; while draining the client is asked to come back on another connection."""
        if self._told_at is not None:
            req.force_close()
        return cast(bool, super().handle_request(req, conn))

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take new connections, or no more."""
        super().set_accept_enabled(enabled)
        if self.alive:
            return
        self.cfg.set("graceful_timeout", max(int(self._seconds_left()), 1))  # of which a drain has taken its part
        if shutdown.is_draining():
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
        """Serve a request in a thread of the pool, and close its connection there if that is to be closed.

        gunicorn waits in its main loop for the client's end of a closed connection, up to two seconds each: a few
        clients that keep their end open would stop all others from coming in.
        """
        self._served_now.add(conn)
        try:
            keep = super().handle(conn)
            if not keep:
                util.close_graceful(conn.sock, max_drain=MOST_UNWANTED_BYTES)
            return keep
        finally:
            self._served_now.discard(conn)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        """Read past a body that was of no interest, and keep the connection only if what follows makes sense.

        gunicorn answers nonsense in there with an error: a second answer, which is taken for that of the next request.
        """
        try:
            return cast(bool, super()._keepalive_after(conn, keepalive))
        except (ParseException, OSError):
            return False

    def finish_request(self, conn: TConn, fs: futures.Future[object]) -> None:
        """Note in the main loop that a thread is done with a connection."""
        if fs.cancelled() or fs.exception() is not None or fs.result():
            super().finish_request(conn, fs)
        else:
            self.nr_conns -= 1

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
        body = f"{status}\n{_WHAT_TO_DO.get(status, '')}"
        headers = EVERYWHERE | {
            "Cache-Control": "no-store",
            "Connection": "close",
            "Content-Length": str(len(body)),
            "Content-Type": "text/plain; charset=utf-8",
            "Date": util.http_date(),
            "X-Request-ID": request_id,
        }
        if self._served().is_secure:
            headers["Strict-Transport-Security"] = HSTS
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items()), "", body]
        return "\r\n".join(lines).encode("ascii")

    def _served(self) -> WorkerContext:
        return cast(WorkerContext, cast(Flask, self.wsgi).extensions["worker_context"])
