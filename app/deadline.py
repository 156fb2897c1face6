"""A deadline that one task hands from step to step, so that all of its steps share one limit."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment by which something must be done. Made with :meth:`after`.

    :ivar at: on the clock's own scale, which begins anywhere.
    :ivar clock: monotonic, in seconds; setting the machine's time does not move a deadline.
    """

    at: float
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> Self:
        """The deadline so many seconds from now."""
        return cls(clock() + seconds, clock)

    @property
    def left_seconds(self) -> float:
        """How long until then, and 0 afterwards: fit for the timeout of a wait."""
        return max(0.0, self.at - self.clock())

    @property
    def is_over(self) -> bool:
        """Whether the moment has come."""
        return self.clock() >= self.at
