"""Waits for what somebody else is doing under a lease, told to the log once they are over."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.observability import log


@contextmanager
def waits(lease: str) -> Iterator[Callable[[float], None]]:
    """Gives a function that waits so many seconds.

    Who never needs it is not told of.

    :param lease: what kind of lease: ``refresh`` or ``submit``.
    """
    began_at: list[float] = []

    def wait(seconds: float) -> None:
        began_at.append(time.monotonic())
        time.sleep(seconds)

    try:
        yield wait
    finally:
        if began_at:
            log.debug("lease_awaited", lease=lease, seconds=round(time.monotonic() - began_at[0], 4))
