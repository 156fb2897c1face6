"""Reads a TOML document by tables of fields (name → reader), and collects all that is wrong with it.

A reader is given a :class:`Node` and returns what the value means. What makes it unusable it raises as
:class:`Invalid`; what is wrong with a part of it, or does no harm, it reports and goes on. So one mistake costs the
value that has it, and everything is reported at once, each with file, line and key path.
"""

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.messages.document import Document
from app.messages.plain_text import text_problem
from app.messages.positions import KeyPath
from app.messages.problems import Invalid, Problem, quoted

MOST_PROBLEMS = 50  # of one file that are reported; each costs a line in the log


class ProblemList:
    """The problems of one document, in the order in which they are found, and no more than somebody will read."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._problems: list[Problem] = []
        self._untold = 0

    def add(self, path: KeyPath, problem: Problem) -> None:
        """Note a problem at the position of a key."""
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(problem.at(self._document.locate(path)))
        else:
            self._untold += 1

    @property
    def is_full(self) -> bool:
        """Whether what comes next is counted and not reported."""
        return len(self._problems) >= MOST_PROBLEMS

    def all(self) -> tuple[Problem, ...]:
        """All that was noted; where that is too much, how much is left untold."""
        if not self._untold:
            return tuple(self._problems)
        description = f"There are {self._untold} more faults in this file."
        last = self._problems[-1].line
        return *self._problems, Problem(description, "Put right those above first.", self._document.file, last)


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a document.

    :ivar path: the names that lead to it
    :ivar value: as ``tomllib`` gives it
    """

    path: KeyPath
    value: Any
    document: Document
    problems: ProblemList

    @classmethod
    def root(cls, document: Document) -> "Node":
        """The whole of a document, with a list of problems of its own."""
        return cls((), document.values, document, ProblemList(document))

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path[-1]

    @property
    def line(self) -> int:
        """Where it stands, counted from 1."""
        return self.document.locate(self.path).line

    def child(self, *names: str, value: Any) -> "Node":
        """A value below this one; without names, another value in its place."""
        return Node((*self.path, *names), value, self.document, self.problems)

    def children(self) -> Iterator["Node"]:
        """The values of a table."""
        return (self.child(name, value=value) for name, value in self.value.items())

    def report(self, description: str, suggestion: str) -> None:
        """Note that something is wrong here."""
        self.problems.add(self.path, Problem(description, suggestion))

    def try_read(self, read: "Read") -> Any:
        """What the value means; None, and noted, when it is unusable."""
        try:
            return read(self)
        except Invalid as invalid:
            self.problems.add(self.path, invalid.problem)
            return None

    def read(self, fields: Mapping[str, "Read"], unknown: "Read | None" = None) -> dict[str, Any]:
        """The usable values of a table by name.

        :param unknown: tells of a name that is not among the fields, by raising.
        """
        found = {}
        for child in self.children():
            value = child.try_read(fields.get(child.name) or unknown or refuse_unknown(fields))
            if value is not None:
                found[child.name] = value
        return found

    def close_to(self, word: str, known: Iterable[str]) -> str | None:
        """The known name that may have been meant. Slow, so it is looked for only while problems are reported."""
        return None if self.problems.is_full else next(iter(difflib.get_close_matches(word, list(known), 1)), None)


Read = Callable[[Node], Any]


def table(fields: Mapping[str, Read], on_top: Collection[str] = ()) -> Read:
    """A heading with fields below it.

    :param on_top: names that belong above all headings.
    """
    return lambda node: mapping(node).read(fields, refuse_unknown(fields, on_top))


def mapping(node: Node) -> Node:
    """The node itself, which is a heading.

    :raises Invalid: it is none.
    """
    if not isinstance(node.value, Mapping):
        raise Invalid(f"{quoted(node.name)} is a heading.", f"Write it on a line of its own: [{node.name}]")
    return node


def choice(*choices: str) -> Read:
    """One of a closed list of words."""

    def read(node: Node) -> str:
        if node.value not in choices:
            description = f"{quoted(node.name)} can only be one of {', '.join(choices)}."
            raise Invalid(description, f'Write: {node.name} = "{choices[0]}"')
        return str(node.value)

    return read


def text(longest: int) -> Read:
    """A text that may stand on a page.

    :param longest: in characters.
    """

    def read(node: Node) -> str:
        if not isinstance(node.value, str):
            raise Invalid("This is no text.", f'Put quotation marks around it: {node.name} = "…"')
        if problem := text_problem(node.value, longest=longest):
            raise Invalid(problem.description, problem.suggestion)
        return node.value.strip()

    return read


def switch(node: Node) -> bool:
    """True or false."""
    if not isinstance(node.value, bool):
        raise Invalid("This is neither true nor false.", f"Write: {node.name} = false")
    return node.value


def stands_too_low(name: str) -> Invalid:
    """Of a name that belongs above all headings."""
    return Invalid(f"{quoted(name)} means nothing here, below a heading.", "Move it above the first line in [ ].")


def refuse_unknown(known: Collection[str], on_top: Collection[str] = ()) -> Read:
    """Of every name that is not known there.

    :param on_top: names that belong above all headings.
    """

    def refuse(node: Node) -> None:
        if node.name in on_top:
            raise stands_too_low(node.name)
        close = node.close_to(node.name, known)
        suggestion = f"Did you mean {quoted(close)}?" if close else f"Only these can stand here: {', '.join(known)}."
        raise Invalid(f"{quoted(node.name)} means nothing here.", suggestion)

    return refuse
