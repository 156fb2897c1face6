"""Files of the merchant's folder of which the last good content is kept while a newer one cannot be used."""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from app.messages.problems import Problem

Content = TypeVar("Content")


class LastGood(Generic[Content]):
    """The contents of some files: each read once for each change.

    Not for several threads at once; but ``good`` may be looked into by any.

    :param read: gives what is in a file, or what is wrong with it; None when it may be missing, and is.
    :ivar good: file → what was last good in it
    """

    def __init__(self, read: Callable[[str], Content | Problem | None]) -> None:
        self.good: dict[str, Content] = {}
        self._read = read
        self._problems: dict[str, Problem | None] = {}  # of files that were read and have not changed since

    @property
    def in_use(self) -> list[str]:
        """Those that were asked for."""
        return list(self._problems)

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the files now."""
        return tuple(filter(None, self._problems.values()))

    def have_changed(self, files: Iterable[str]) -> None:
        """Read these again when they are next asked for."""
        for file in files:
            self._problems.pop(file, None)

    def get(self, file: str) -> tuple[Content | None, Problem | None]:
        """What was last good in a file, and what is wrong with it now."""
        if file not in self._problems:
            found = self._read(file)
            self._problems[file] = found if isinstance(found, Problem) else None
            if found is None:
                self.good.pop(file, None)
            elif not isinstance(found, Problem):
                self.good[file] = found
        return self.good.get(file), self._problems[file]
