"""Pictures in the merchant's folder: the logo, the picture behind the page; and what browsers fetch of them."""

import hashlib
import os
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

from app.messages.document import read_bytes
from app.messages.problems import Invalid, Problem, quoted
from app.messages.rasters import size_of, type_of
from app.messages.svg import clean

LARGEST_BYTES = 512 * 1024
MOST_NAMES = 2_000  # of the folder that are looked at
SUFFIXES = {
    "image/svg+xml": ".svg",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "text/css": ".css",
}
_ENDS = (".svg", ".png", ".jpg", ".jpeg", ".webp")
_LONGEST_NAME = 100
_BEFORE_A_TAG = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"  # byte order marks too, and UTF-16's zeros


@dataclass(frozen=True)
class Asset:
    """A file that browsers fetch.

    :ivar mimetype: what it is, by its content and not by its name
    :ivar taken_out: what a drawing had in it besides, in a designer's words
    """

    content: bytes = field(repr=False)
    mimetype: str
    taken_out: tuple[str, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """Another one for any other content: whoever draws both of two pictures cannot make them share one."""
        return hashlib.sha256(self.content).hexdigest()[:32]

    @property
    def suffix(self) -> str:
        """How the name of such a file ends."""
        return SUFFIXES[self.mimetype]


def is_name(name: str) -> bool:
    """Whether a file is called as a picture is, by whatever program: ``logo.PNG``, ``my logo.svg``."""
    is_plain = not name.startswith(".") and not any(char in "/\\" or _acts(char) for char in name)
    return is_plain and len(name) <= _LONGEST_NAME and name.lower().endswith(_ENDS)


def _acts(char: str) -> bool:
    return unicodedata.category(char)[0] == "C"  # control and formatting characters, and halves of characters


def some_names_in(folder: Path) -> list[str]:
    """What is in a folder by name, in order; of a folder of more than ``MOST_NAMES`` only so many.

    :raises OSError: it cannot be read.
    """
    with os.scandir(folder) as entries:
        return sorted(each.name for each in islice(entries, MOST_NAMES))


def read_picture(folder: Path, file: str) -> Asset | Problem:
    """Read a picture, whatever is in it."""
    try:
        content = read_bytes(folder / file, largest=LARGEST_BYTES)
    except FileNotFoundError:
        description = f"There is no picture {quoted(file)}."
        if close := _called_nearly(folder, file):
            return Problem(description, f"There is {quoted(close)}: write its name as it is, capitals and blanks too.")
        return Problem(description, "Put it into this folder, next to merchant.toml.")
    except OSError as error:
        reason = error.strerror or "unknown reason"
        return Problem(f"The picture {quoted(file)} cannot be opened: {reason}.", "Allow the site to read it.")
    if content is None:
        return Problem(f"The picture {quoted(file)} is no ordinary file.", "Put a picture in its place.")
    return picture_of(file, content)


def picture_of(file: str, content: bytes) -> Asset | Problem:
    """A picture of some content, or what is wrong with it.

    :param file: its name, to tell of it.
    """
    if not content:
        return Problem(f"The picture {quoted(file)} is empty.", "Put another one in its place.")
    if len(content) > LARGEST_BYTES:
        description = f"The picture {quoted(file)} is larger than {LARGEST_BYTES // 1024} KB: phones would wait for it."
        return Problem(description, "Save it smaller; a logo needs 20 KB.")
    mimetype = type_of(content)
    if mimetype:
        try:
            size_of(content)
        except Invalid as unfit:
            return Problem(f"The picture {quoted(file)} {unfit}.", unfit.problem.suggestion)
        return Asset(content, mimetype)
    if not content.lstrip(_BEFORE_A_TAG).startswith(b"<"):
        return Problem(f"{quoted(file)} is no picture that browsers show.", "Save it as SVG, PNG, JPEG or WebP.")
    try:
        drawn = clean(content)
    except Invalid as invalid:
        return Problem(f"{quoted(file)}: {invalid}", invalid.problem.suggestion)
    return Asset(drawn.content, "image/svg+xml", drawn.taken_out)


def _called_nearly(folder: Path, file: str) -> str | None:
    """Another file, whose name differs by capitals, blanks or the way that letters are composed."""
    try:
        names = some_names_in(folder)
    except OSError:
        return None
    return next((name for name in names if is_name(name) and _folded(name) == _folded(file)), None)


def _folded(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
