"""Looking again and again at what somebody else is doing under a lease."""

import time
from collections.abc import Iterator

from app.deadline import Deadline
from app.observability import log


def poll(lease: str, deadline: Deadline, *, pause_seconds: float, longest_seconds: float) -> Iterator[None]:
    """One turn at once, and one after each pause until the deadline. The log is told how long it took, if it waited.

    :param lease: what kind of lease: ``refresh`` or ``submit``.
    :param pause_seconds: the first pause; each is half as long again as the one before.
    :param longest_seconds: the longest pause.
    """
    began_at = None
    try:
        while not deadline.is_over:
            yield
            began_at = began_at or time.monotonic()
            time.sleep(min(pause_seconds, deadline.left_seconds))
            pause_seconds = min(pause_seconds * 1.5, longest_seconds)
    finally:
        if began_at is not None:
            log.debug("lease_awaited", lease=lease, seconds=round(time.monotonic() - began_at, 4))
