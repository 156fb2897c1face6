"""What is wrong with the merchant's folder: where, what, and what to write instead."""

from dataclasses import dataclass, replace
from typing import NamedTuple

LONGEST_NAME = 60
LONGEST_SENTENCE = 300
_LONGEST_TEXT = 800


class SourcePosition(NamedTuple):
    """A position in a file; line and column are counted from 1."""

    file: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, in words for someone who does not program.

    Its texts quote the merchant's file, so they are made fit for a log line and a terminal here, once for all: cut,
    and with every character visible.

    :ivar description: what is wrong, a sentence
    :ivar suggestion: what to write or do instead, a sentence
    :ivar file: path below the merchant's folder, such as ``messages/en.toml``; ``.`` for the folder itself
    :ivar line: counted from 1; 1 when the whole file is meant
    :ivar column: counted from 1
    """

    description: str
    suggestion: str
    file: str = "."
    line: int = 1
    column: int = 1

    def __post_init__(self) -> None:
        for name in ("file", "description", "suggestion"):
            object.__setattr__(self, name, _all_visible(getattr(self, name)[:_LONGEST_TEXT]))

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, column {self.column}: {self.description} {self.suggestion}"

    def at(self, position: SourcePosition) -> "Problem":
        """The same at a position."""
        return replace(self, file=position.file, line=position.line, column=position.column)

    def as_record(self) -> dict[str, str | int]:
        """Under the names that logs and ``messages check --json`` have for it."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "problem": self.description,
            "instead": self.suggestion,
        }


class Invalid(Exception):
    """A value or a picture cannot be used.

    :ivar problem: why not, and what to do instead
    """

    def __init__(self, description: str, suggestion: str, *, line: int = 1, column: int = 1) -> None:
        super().__init__(description)
        self.problem = Problem(description, suggestion, line=line, column=column)


def quoted(text: str, *, longest: int = LONGEST_NAME) -> str:
    """Text out of the merchant's file, in quotation marks and cut.

    :param longest: in characters; ``LONGEST_SENTENCE`` where the text is what to write.
    """
    return f'"{text[:longest]}{"…" if len(text) > longest else ""}"'


def _all_visible(text: str) -> str:
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
