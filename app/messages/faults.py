"""What is wrong with the merchant's folder: where, what, and what to write instead."""

from dataclasses import dataclass

LONGEST_NAME = 60
LONGEST_SENTENCE = 300


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, in words for someone who does not program.

    :ivar file: path below the merchant's folder, such as ``messages/en.toml``
    :ivar line: counted from 1; 1 when the whole file is meant
    :ivar column: counted from 1
    :ivar problem: what is wrong, a sentence
    :ivar instead: what to write or do instead, a sentence
    """

    file: str
    line: int
    column: int
    problem: str
    instead: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, column {self.column}: {self.problem} {self.instead}"


def quoted(text: str, *, longest: int = LONGEST_NAME) -> str:
    """Text out of the merchant's file, made fit for a log line and a terminal: short, and every character visible.

    :param longest: in characters; ``LONGEST_SENTENCE`` where the text is what to write.
    """
    shown = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text[:longest])
    return f'"{shown}{"…" if len(text) > longest else ""}"'
