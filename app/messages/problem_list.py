"""Gathers what is wrong with one file, and no more of it than somebody will read."""

import difflib
from collections.abc import Iterable

from app.messages.document import Document
from app.messages.positions import KeyPath
from app.messages.problems import Problem

MOST_PROBLEMS = 50  # of one file that are told; each costs a line in the log


class Collector:
    """The problems of one file, in the order in which they are found."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._problems: list[Problem] = []
        self._untold = 0

    def add(self, path: KeyPath, description: str, suggestion: str) -> None:
        """Note a problem at the place of a name."""
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(self._document.problem_at(path, description, suggestion))
        else:
            self._untold += 1

    def close_to(self, word: str, known: Iterable[str]) -> str | None:
        """The known name that may have been meant. Slow, so it is looked for only while somebody will be told."""
        if len(self._problems) >= MOST_PROBLEMS:
            return None
        return next(iter(difflib.get_close_matches(word, list(known), 1)), None)

    def problems(self) -> tuple[Problem, ...]:
        """All that was noted; where that is too much, how much is left untold."""
        if not self._untold:
            return tuple(self._problems)
        description = f"There are {self._untold} more faults in this file."
        more = Problem(self._document.file, self._problems[-1].line, 1, description, "Put right those above first.")
        return (*self._problems, more)
