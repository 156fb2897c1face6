"""How a serving process writes its log: whoever reads it may stop or go away, and guests do not notice."""

import logging
import os
import select
import time
from logging.handlers import QueueHandler, QueueListener
from queue import Full, Queue

import structlog

LONGEST_QUEUE_LINES = 10_000
LAST_LINES_SECONDS = 1.0
STANDARD_OUTPUT = 1

_log = structlog.get_logger("app")


class LogQueue(QueueHandler):
    """Has a thread write the lines. A pipe that nobody empties blocks that thread and no request.

    What no longer fits in the queue is dropped and counted (``log_lines_dropped`` once the pipe flows again). There is
    one of them in a process; what it forks begins with an empty queue and a thread of its own.
    """

    def __init__(self) -> None:
        super().__init__(Queue(LONGEST_QUEUE_LINES))
        self._start()
        # gunicorn logs in a worker before it calls any hook there, and the former queue may be locked for good.
        os.register_at_fork(after_in_child=self._start)

    def _start(self) -> None:
        self.queue, self.dropped = Queue(LONGEST_QUEUE_LINES), 0
        QueueListener(self.queue, _Output(self)).start()  # a daemon thread

    def enqueue(self, record: logging.LogRecord) -> None:
        """Put a formatted record into the queue, or count it where there is no room."""
        try:
            self.queue.put_nowait(record)
        except Full:
            self.dropped += 1

    def flush(self) -> None:
        """Wait until the queue is written, but not for long: nobody may read."""
        give_up_at = time.monotonic() + LAST_LINES_SECONDS
        while isinstance(self.queue, Queue) and self.queue.unfinished_tasks and time.monotonic() < give_up_at:
            time.sleep(0.005)


class _Output(logging.Handler):
    """Standard output, without a buffer that a process would wait for at its end."""

    def __init__(self, lines: LogQueue) -> None:
        super().__init__()
        self._lines = lines

    def createLock(self) -> None:  # noqa: N802 - named by logging
        """None: one thread writes, and the end of the process must not wait for it."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record).encode(errors="backslashreplace") + b"\n"
        try:
            while line:
                line = line[_written(line) :]
        except OSError:  # nobody reads any more
            self._lines.dropped += 1
            return
        dropped, self._lines.dropped = self._lines.dropped, 0
        if dropped:
            _log.warning("log_lines_dropped", count=dropped)


def _written(line: bytes) -> int:
    """Write what there is room for. Whoever shares a pipe or terminal may have told it not to block."""
    try:
        return os.write(STANDARD_OUTPUT, line)
    except BlockingIOError:
        select.select([], [STANDARD_OUTPUT], [])
        return 0
