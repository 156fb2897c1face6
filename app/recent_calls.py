"""Whether Paytronix is failing, as far as this process has seen."""

import time
from collections import deque
from collections.abc import Callable

from app.observability.observers import Observer
from app.paytronix import Call, Reason
from app.paytronix.errors import may_be_a_firewall

FAILING_AFTER = 3  # calls in a row; one failure is bad luck
FORGOTTEN_AFTER_SECONDS = 300.0  # nobody has called since, so nobody knows
# Busy is our own limit, and says nothing about Paytronix.
_FAILURES = frozenset(reason.value for reason in Reason) - {Reason.BUSY.value}


class RecentCalls(Observer):
    """How the last calls to Paytronix went. For all threads of a process.

    :param clock: gives seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed_at: deque[float] = deque(maxlen=FAILING_AFTER)  # since the last call that Paytronix answered

    def on_call(self, call: Call) -> None:
        """Take in how a call went. A refusal is an answer like any other."""
        if may_be_a_firewall(call.outcome, call.status):
            return
        if call.outcome in _FAILURES:
            self._failed_at.append(self._clock())
        elif call.outcome != Reason.BUSY:
            self._failed_at.clear()

    def is_failing(self) -> bool:
        """Whether the last calls all failed, and lately."""
        failed_at = list(self._failed_at)
        return len(failed_at) == FAILING_AFTER and self._clock() - failed_at[-1] < FORGOTTEN_AFTER_SECONDS
