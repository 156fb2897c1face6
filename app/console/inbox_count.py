"""How many codes wait for words: told on every page, and so not asked for at each."""

import threading
import time

from app.console.overview import unworded
from app.console.workspace import Workspace
from app.history import HistoryUnavailable
from app.store import StoreUnavailable
from app.usage import UsageCounter

COUNTED_FOR_SECONDS = 10.0


class InboxCount:
    """Counts them, and remembers the count for a moment."""

    def __init__(self, workspace: Workspace, codes_seen: UsageCounter) -> None:
        self._workspace, self._codes_seen = workspace, codes_seen
        self._lock = threading.Lock()
        self._count: int | None = None
        self._counted_at = float("-inf")

    def now(self) -> int | None:
        """How many codes guests met that have no words; None while nobody can say. Never raises."""
        with self._lock:
            if time.monotonic() - self._counted_at < COUNTED_FOR_SECONDS:
                return self._count
            self._counted_at = time.monotonic()
        try:
            self._count = len(unworded(self._workspace.snapshot().live, self._codes_seen.read()))
        except (HistoryUnavailable, StoreUnavailable):
            self._count = None
        return self._count
