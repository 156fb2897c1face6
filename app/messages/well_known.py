"""``well-known/`` in the merchant's folder: files that programs look for at fixed addresses (RFC 8615)."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.messages.document import read_bytes
from app.messages.problems import Problem, quoted

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
                self._problems[file] = Problem(
                    f"The file cannot be opened: {reason}.", "Allow the site to read it.", file
                )
                continue
            if content is None:
                self._problems[file] = Problem("This is no ordinary file.", "Put the file itself in its place.", file)
            elif problem := _problem(file, content):
                self._problems[file] = problem
            else:
                self._good[file] = content


def unused_files(folder: Path) -> Iterator[Problem]:
    """What lies in there and is not served."""
    for each in sorted(folder.joinpath(FOLDER).glob("[!.]*"))[:50]:
        if each.name not in MIMETYPES:
            description = f"The site does not serve a file of this name: it serves {', '.join(map(quoted, MIMETYPES))}."
            yield Problem(description, "Correct its name, or delete it.", f"{FOLDER}/{each.name}")


def _problem(file: str, content: bytes) -> Problem | None:
    if len(content) > LARGEST_BYTES:
        description = f"The file is larger than {LARGEST_BYTES // 1024} KB."
        return Problem(description, "Nobody would read it: make it shorter.", file)
    if MIMETYPES[file.removeprefix(f"{FOLDER}/")] == "application/json":
        try:
            json.loads(content)
        except (ValueError, RecursionError):
            suggestion = "Save it as its maker gave it to you; a comma or a bracket may be missing."
            return Problem("This is no JSON.", suggestion, file)
    elif b"\ncontact:" not in b"\n" + content.lower():
        description = 'There is no line that begins with "Contact:".'
        return Problem(description, "Write one: Contact: mailto:security@example.com", file)
    return None
