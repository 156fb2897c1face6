"""``well-known/`` in the merchant's folder: files that programs look for at fixed addresses (RFC 8615)."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.messages.document import read_bytes
from app.messages.positions import START
from app.messages.problems import Problem, Trouble, quoted

FOLDER = "well-known"
LARGEST_BYTES = 128 * 1024  # what Apple takes
# By name, because a file of any other kind would be a page of this site.
MIMETYPES = {
    "apple-app-site-association": "application/json",
    "assetlinks.json": "application/json",
    "security.txt": "text/plain",
}
FILES = tuple(f"{FOLDER}/{name}" for name in MIMETYPES)


class WellKnown:
    """These files, each as it was last good.

    Not for several threads at once; but ``get`` may be asked by any.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._good: dict[str, bytes] = {}
        self._problems: dict[str, Problem] = {}

    def get(self, name: str) -> bytes | None:
        """What is in a file, by its name in this folder."""
        return self._good.get(f"{FOLDER}/{name}")

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the files now."""
        return tuple(self._problems.values())

    def read(self, files: Iterable[str]) -> None:
        """Read again what has changed of these."""
        for file in set(files).intersection(FILES):
            self._problems.pop(file, None)
            try:
                content = read_bytes(self._folder / file, largest=LARGEST_BYTES)
            except (FileNotFoundError, NotADirectoryError):
                self._good.pop(file, None)
                continue
            except OSError as error:
                reason = error.strerror or "unknown reason"
                self._tell(file, (f"The file cannot be opened: {reason}.", "Allow the site to read it."))
                continue
            if content is None:
                self._tell(file, ("This is no ordinary file.", "Put the file itself in its place."))
            elif trouble := _trouble(file, content):
                self._tell(file, trouble)
            else:
                self._good[file] = content

    def _tell(self, file: str, trouble: Trouble) -> None:
        self._problems[file] = Problem(file, *START, *trouble)


def strays(folder: Path) -> Iterator[Problem]:
    """What lies in there and is not served."""
    for each in sorted(folder.joinpath(FOLDER).glob("[!.]*"))[:50]:
        if each.name not in MIMETYPES:
            description = f"The site does not serve a file of this name: it serves {', '.join(map(quoted, MIMETYPES))}."
            yield Problem(f"{FOLDER}/{each.name}", *START, description, "Correct its name, or delete it.")


def _trouble(file: str, content: bytes) -> Trouble | None:
    if len(content) > LARGEST_BYTES:
        return f"The file is larger than {LARGEST_BYTES // 1024} KB.", "Nobody would read it: make it shorter."
    if MIMETYPES[file.removeprefix(f"{FOLDER}/")] == "application/json":
        try:
            json.loads(content)
        except (ValueError, RecursionError):
            return "This is no JSON.", "Save it as its maker gave it to you; a comma or a bracket may be missing."
    elif b"\ncontact:" not in b"\n" + content.lower():
        return 'There is no line that begins with "Contact:".', "Write one: Contact: mailto:security@example.com"
    return None
