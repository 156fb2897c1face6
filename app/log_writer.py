"""Lines of the log on their way out: whoever reads them may stop or go away, and the site must not notice."""

import logging
import os
import queue
import threading

import structlog

LONGEST_QUEUE_LINES = 10_000
LAST_LINES_SECONDS = 1.0
STANDARD_OUTPUT = 1

_log = structlog.get_logger("app")


class LogWriter(logging.Handler):
    """Writes records to standard output in a thread of its own.

    A pipe that nobody empties blocks whoever writes to it; here that is the thread, and what no longer fits in the
    queue is dropped and counted (``log_lines_dropped`` once the pipe flows again). Survives a fork: each process
    begins with an empty queue and starts its thread with its first record.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pid = 0
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record. ``logging`` holds this handler's lock meanwhile."""
        if self._pid != os.getpid():
            self._begin()
        try:
            self._lines.put_nowait(self.format(record).encode(errors="backslashreplace") + b"\n")
        except queue.Full:
            self._dropped += 1
        except Exception:  # noqa: BLE001 - a record that cannot be written must not break what it tells of
            self.handleError(record)

    def flush(self) -> None:
        """Wait until the queue is written, but not for long."""
        if self._pid == os.getpid():
            with self._lines.all_tasks_done:
                self._lines.all_tasks_done.wait_for(lambda: not self._lines.unfinished_tasks, LAST_LINES_SECONDS)

    def _begin(self) -> None:
        self._pid, self._dropped, self._lines = os.getpid(), 0, queue.Queue(LONGEST_QUEUE_LINES)
        # A daemon, and no buffered stream: a thread that hangs in a pipe must not keep the process from ending.
        threading.Thread(target=self._write, args=(self._lines,), name="log", daemon=True).start()

    def _write(self, lines: "queue.Queue[bytes]") -> None:
        while True:
            line = lines.get()
            try:
                while line:
                    line = line[os.write(STANDARD_OUTPUT, line) :]
                dropped, self._dropped = self._dropped, 0
                if dropped:
                    _log.warning("log_lines_dropped", count=dropped)
            except OSError:  # nobody reads any more
                self._dropped += 1
            finally:
                lines.task_done()
