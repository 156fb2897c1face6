"""One TOML file of the merchant's folder, read without trusting it."""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from app.messages.positions import KeyPath, Position, position_of, positions
from app.messages.problems import Invalid, Problem, SourcePosition
from app.messages.syntax_errors import explain

LARGEST_BYTES = 256 * 1024  # a folder with every entry needs about 15 KB a language
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

    def locate(self, path: KeyPath) -> SourcePosition:
        """Where a key stands."""
        return SourcePosition(self.file, *position_of(path, self._positions))


def read(folder: Path, file: str) -> Document | Problem:
    """Read a file, whatever is in it. Costs little even for a file of 50 MB, a directory or a pipe."""
    try:
        content = read_bytes(folder / file, largest=LARGEST_BYTES)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        return Problem(f"The file cannot be opened: {reason}.", "Allow the site to read it.", file)
    if content is None:
        return Problem("This is no ordinary file.", "Put a text file in its place.", file)
    return parse(file, content)


def parse(file: str, content: bytes) -> Document | Problem:
    """What a file's content means, or the first reason why it cannot be read."""
    try:
        text = _text(content)
        _check_dots(text)
        return Document(file, text, _values(text))
    except Invalid as invalid:
        return replace(invalid.problem, file=file)


def _values(text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise Invalid("There are brackets inside brackets, too many to follow.", "Remove them.") from None
    except ValueError as error:  # tomllib's own, and what int() says of a number with 5,000 digits
        raise explain(text, error) from None


def _check_dots(text: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > _MOST_DOTS < _TEXT_OR_REMARK.sub("", line).count("."):
            description = f"A name on this line has more than {_MOST_DOTS} dots in it."
            raise Invalid(description, "Use fewer of them.", line=number)


def _text(content: bytes) -> str:
    """A file's content as text, with the same line ends whatever the editor wrote."""
    if len(content) > LARGEST_BYTES:
        raise Invalid(f"The file is larger than {LARGEST_BYTES // 1024} KB.", "Keep only names and sentences in it.")
    if content.startswith(b"{\\rtf"):
        raise Invalid("The file is saved as rich text (RTF).", "Save it as plain text in your editor.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Invalid("The file is saved as UTF-16 text.", "Save it as UTF-8 in your editor.")
    if b"\0" in content:
        raise Invalid("This is no text file.", "Put a text file in its place, saved as UTF-8.")
    try:
        text = content.decode("utf-8-sig")  # Notepad puts a byte order mark before the first line
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        description = "There is a letter here that is not UTF-8."
        raise Invalid(description, "Save the file as UTF-8 in your editor.", line=line, column=column) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


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
