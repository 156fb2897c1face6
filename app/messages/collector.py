"""Gathers what is wrong with one file, and no more of it than somebody will read."""

import difflib
from collections.abc import Iterable

from app.messages.document import Document
from app.messages.faults import Fault
from app.messages.places import Path

MOST_FAULTS = 50  # of one file that are told; each costs a line in the log


class Collector:
    """The faults of one file, in the order in which they are found."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._faults: list[Fault] = []
        self._untold = 0

    def add(self, path: Path, problem: str, instead: str) -> None:
        """Note a fault at the place of a name."""
        if len(self._faults) < MOST_FAULTS:
            self._faults.append(self._document.fault(path, problem, instead))
        else:
            self._untold += 1

    def close_to(self, word: str, known: Iterable[str]) -> str | None:
        """The known name that may have been meant. Slow, so it is looked for only while somebody will be told."""
        if len(self._faults) >= MOST_FAULTS:
            return None
        return next(iter(difflib.get_close_matches(word, list(known), 1)), None)

    def faults(self) -> tuple[Fault, ...]:
        """All that was noted; where that is too much, how much is left untold."""
        if not self._untold:
            return tuple(self._faults)
        problem = f"There are {self._untold} more faults in this file."
        more = Fault(self._document.file, self._faults[-1].line, 1, problem, "Put right those above first.")
        return (*self._faults, more)
