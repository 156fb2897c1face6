"""One TOML file of the merchant's folder, read without trusting it."""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from app.messages.positions import START, KeyPath, Position, position_of, positions
from app.messages.problems import Problem
from app.messages.syntax_errors import explain

LARGEST_BYTES = 256 * 1024  # a folder that words everything needs about 15 KB a language
_MOST_DOTS = 64  # on one line, outside of texts; tomllib's memory grows with the square of a dotted name's parts
_TEXT_OR_REMARK = re.compile(r""""(?:\\.|[^"\\\n])*+"?|'[^'\n]*+'?|#[^\n]*""")


@dataclass(frozen=True)
class Document:
    """A file that could be read.

    :ivar file: its path below the merchant's folder
    :ivar text: what was read
    :ivar values: what is in it, as ``tomllib`` gives it
    """

    file: str
    text: str
    values: Mapping[str, Any]

    @cached_property
    def _positions(self) -> dict[KeyPath, Position]:
        return positions(self.text)

    def problem_at(self, path: KeyPath, description: str, suggestion: str) -> Problem:
        """A problem at the place of a name."""
        line, column = position_of(path, self._positions)
        return Problem(self.file, line, column, description, suggestion)


def read(folder: Path, file: str) -> Document | Problem:
    """Read a file, whatever is in it. Costs little even for a file of 50 MB, a directory or a pipe."""
    try:
        content = read_bytes(folder / file, largest=LARGEST_BYTES)
    except OSError as error:
        return _whole(
            file,
            f"The file cannot be opened: {error.strerror or 'unknown reason'}.",
            "Allow the site to read it.",
        )
    if content is None:
        return _whole(file, "This is no ordinary file.", "Put a text file in its place.")
    return parse(file, content)


def parse(file: str, content: bytes) -> Document | Problem:
    """What a file's content means, or the first reason why it cannot be told."""
    text = _text(file, content)
    if isinstance(text, Problem):
        return text
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > _MOST_DOTS < _TEXT_OR_REMARK.sub("", line).count("."):
            description = f"A name on this line has more than {_MOST_DOTS} dots in it."
            return Problem(file, number, 1, description, "Use fewer of them.")
    try:
        return Document(file, text, tomllib.loads(text))
    except RecursionError:
        return _whole(file, "There are brackets inside brackets, too many to follow.", "Remove them.")
    except ValueError as error:  # tomllib's own, and what int() says of a number with 5,000 digits
        return explain(file, text, error)


def _text(file: str, content: bytes) -> str | Problem:
    """A file's content as text, with the same line ends whatever the editor wrote."""
    if len(content) > LARGEST_BYTES:
        description = f"The file is larger than {LARGEST_BYTES // 1024} KB."
        return _whole(file, description, "Keep only names and sentences in it.")
    if content.startswith(b"{\\rtf"):
        return _whole(file, "The file is saved as rich text (RTF).", "Save it as plain text in your editor.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _whole(file, "The file is saved as UTF-16 text.", "Save it as UTF-8 in your editor.")
    if b"\0" in content:
        return _whole(file, "This is no text file.", "Put a text file in its place, saved as UTF-8.")
    try:
        text = content.decode("utf-8-sig")  # Notepad puts a byte order mark before the first line
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        description = "There is a letter here that is not UTF-8."
        return Problem(file, line, column, description, "Save the file as UTF-8 in your editor.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _whole(file: str, description: str, suggestion: str) -> Problem:
    return Problem(file, *START, description, suggestion)


def read_bytes(path: Path, *, largest: int) -> bytes | None:
    """What is in a file, up to one byte more than allowed; None when it is no regular file.

    :param largest: in bytes.
    :raises OSError: it cannot be read.
    """
    # Without O_NONBLOCK, opening a named pipe would wait for someone to write to it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with open(descriptor, "rb", closefd=False) as opened:
            return opened.read(largest + 1)
    finally:
        os.close(descriptor)
