"""What is wrong with the merchant's folder: where, what, and what to write instead."""

from dataclasses import dataclass

LONGEST_NAME = 60
LONGEST_SENTENCE = 300
_LONGEST_TEXT = 800

Trouble = tuple[str, str]  # what is wrong, and what to do instead


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, in words for someone who does not program.

    Its texts quote the merchant's file, so they are made fit for a log line and a terminal here, once for all: cut,
    and with every character visible.

    :ivar file: path below the merchant's folder, such as ``messages/en.toml``
    :ivar line: counted from 1; 1 when the whole file is meant
    :ivar column: counted from 1
    :ivar description: what is wrong, a sentence
    :ivar suggestion: what to write or do instead, a sentence
    """

    file: str
    line: int
    column: int
    description: str
    suggestion: str

    def __post_init__(self) -> None:
        for name in ("file", "description", "suggestion"):
            object.__setattr__(self, name, _all_visible(getattr(self, name)[:_LONGEST_TEXT]))

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, column {self.column}: {self.description} {self.suggestion}"


def quoted(text: str, *, longest: int = LONGEST_NAME) -> str:
    """Text out of the merchant's file, in quotation marks and cut.

    :param longest: in characters; ``LONGEST_SENTENCE`` where the text is what to write.
    """
    return f'"{text[:longest]}{"…" if len(text) > longest else ""}"'


def _all_visible(text: str) -> str:
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
