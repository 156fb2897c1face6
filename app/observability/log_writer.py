"""Lines of the log on their way out: whoever reads them may stop or go away, and the site must not notice."""

import logging
import os
import select
import threading
import time
from collections import deque
from contextlib import nullcontext
from typing import TextIO

import structlog

LONGEST_QUEUE_LINES = 10_000
GATHER_SECONDS = 0.01
LAST_LINES_SECONDS = 1.0
STANDARD_OUTPUT = 1

_log = structlog.get_logger("app")


class LogWriter(logging.Handler):
    """Writes lines to standard output in a thread of its own.

    A pipe that nobody empties blocks whoever writes to it; here that is the thread, and what no longer fits in the
    queue is dropped and counted (``log_lines_dropped`` once the pipe flows again). Survives a fork: each process
    begins with an empty queue and starts its thread with its first line.

    The thread gathers lines for a moment before it writes them all at once. To wake it for each of them would take
    more of a page's time than making the line: the two threads pass Python's lock to and fro.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pid = 0
        self._lines: deque[bytes] = deque()
        self._has_lines = threading.Event()
        self._is_writing = False
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record."""
        try:
            self.write(self.format(record))
        except Exception:  # noqa: BLE001 - a record that cannot be written must not break what it tells of
            self.handleError(record)

    def write(self, line: str) -> None:
        """Queue a line."""
        if self._pid != os.getpid():
            self._begin()
        if len(self._lines) >= LONGEST_QUEUE_LINES:
            self._dropped += 1
            return
        self._lines.append(line.encode(errors="backslashreplace") + b"\n")
        if not self._has_lines.is_set():
            self._has_lines.set()

    def flush(self) -> None:
        """Wait until the queue is written, but not for long."""
        give_up_at = time.monotonic() + LAST_LINES_SECONDS
        while self._pid == os.getpid() and (self._lines or self._is_writing) and time.monotonic() < give_up_at:
            time.sleep(GATHER_SECONDS / 2)

    def _begin(self) -> None:
        with self.lock or nullcontext():  # which ``logging`` makes anew in a forked process
            if self._pid == os.getpid():
                return
            self._dropped, self._lines, self._has_lines, self._is_writing = 0, deque(), threading.Event(), False
            # A daemon, and no buffered stream: a thread that hangs in a pipe must not keep the process from ending.
            threading.Thread(target=self._write_on, name="log", daemon=True).start()
            self._pid = os.getpid()

    def _write_on(self) -> None:
        while True:
            self._has_lines.wait()
            time.sleep(GATHER_SECONDS)
            self._is_writing = True
            self._has_lines.clear()  # first: who adds a line from here on will set it again
            text = b"".join([self._lines.popleft() for _ in range(len(self._lines))])
            try:
                while text:
                    text = text[_written(text) :]
                dropped, self._dropped = self._dropped, 0
                if dropped:
                    _log.warning("log_lines_dropped", count=dropped)
            except OSError:  # nobody reads any more
                self._dropped += text.count(b"\n")
            self._is_writing = False


def _written(text: bytes) -> int:
    """Write what there is room for. Whoever shares a pipe or terminal may have told it not to block."""
    try:
        return os.write(STANDARD_OUTPUT, text)
    except BlockingIOError:
        select.select([], [STANDARD_OUTPUT], [])
        return 0


class StreamWriter(logging.StreamHandler[TextIO]):
    """The same for a process that does not serve: each line goes out at once."""

    def write(self, line: str) -> None:
        """Write a line."""
        with self.lock or nullcontext():
            self.stream.write(line + self.terminator)
            self.flush()
