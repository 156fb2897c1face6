"""Pictures in the merchant's folder: the logo, the picture behind the page; and what browsers fetch of them."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from app.messages.document import read_bytes
from app.messages.faults import quoted

LARGEST_BYTES = 512 * 1024
SUFFIXES = {
    "image/svg+xml": ".svg",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "text/css": ".css",
}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}\.(?:svg|png|jpg|jpeg|webp)")

_SVG = re.compile(
    rb"(?>\s+|<\?xml[^>]{0,200}\?>|<!--(?:(?!-->).){0,2000}-->|<!DOCTYPE[^>\[]{0,500}>)*+<svg[\s/>]", re.DOTALL
)


@dataclass(frozen=True)
class Asset:
    """A file that browsers fetch.

    :ivar mimetype: what it is, by its content and not by its name
    """

    content: bytes = field(repr=False)
    mimetype: str

    @cached_property
    def fingerprint(self) -> str:
        """Another one for any other content."""
        return hashlib.sha256(self.content).hexdigest()[:12]

    @property
    def suffix(self) -> str:
        """How the name of such a file ends."""
        return SUFFIXES[self.mimetype]


def is_name(name: str) -> bool:
    """Whether a file is called as a picture is."""
    return NAME.fullmatch(name) is not None


Trouble = tuple[str, str]  # what is wrong, and what to do instead


class Pictures:
    """The folder's pictures that are in use: each read once for each change, and the last good one kept.

    Not for several threads at once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._good: dict[str, Asset] = {}
        self._troubles: dict[str, Trouble | None] = {}  # of files that were read and have not changed since

    def have_changed(self, files: Iterable[str]) -> None:
        """Read these again when they are next asked for."""
        for file in files:
            self._troubles.pop(file, None)

    def get(self, file: str) -> tuple[Asset | None, Trouble | None]:
        """A picture as it was last good, and what is wrong with the file now."""
        if file not in self._troubles:
            found = read_picture(self._folder, file)
            if isinstance(found, Asset):
                self._good[file], self._troubles[file] = found, None
            else:
                self._troubles[file] = found
        return self._good.get(file), self._troubles[file]


def read_picture(folder: Path, file: str) -> Asset | Trouble:
    """Read a picture, whatever is in it."""
    try:
        content = read_bytes(folder / file, largest=LARGEST_BYTES)
    except FileNotFoundError:
        return f"There is no picture {quoted(file)}.", "Put it into this folder, next to merchant.toml."
    except OSError as error:
        reason = error.strerror or "unknown reason"
        return f"The picture {quoted(file)} cannot be opened: {reason}.", "Allow the site to read it."
    if content is None:
        return f"The picture {quoted(file)} is no ordinary file.", "Put a picture in its place."
    return picture_of(file, content)


def picture_of(file: str, content: bytes) -> Asset | Trouble:
    """A picture of some content, or what is wrong with it.

    :param file: its name, to tell of it.
    """
    if len(content) > LARGEST_BYTES:
        problem = f"The picture {quoted(file)} is larger than {LARGEST_BYTES // 1024} KB: phones would wait for it."
        return problem, "Save it smaller; a logo needs 20 KB."
    mimetype = _mimetype(content)
    if mimetype is None:
        return f"{quoted(file)} is no picture that browsers show.", "Save it as SVG, PNG, JPEG or WebP."
    return Asset(content, mimetype)


def _mimetype(content: bytes) -> str | None:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    return "image/svg+xml" if _SVG.match(content.removeprefix(b"\xef\xbb\xbf")) else None
