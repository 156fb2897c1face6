"""``well-known/`` in the merchant's folder: files that programs look for at fixed addresses (RFC 8615)."""

import json
from collections.abc import Iterator
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


def read_well_known(folder: Path, file: str) -> bytes | Problem | None:
    """Read one of these files, whatever is in it; None when there is none."""
    try:
        content = read_bytes(folder / file, largest=LARGEST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        reason = error.strerror or "unknown reason"
        return Problem(f"The file cannot be opened: {reason}.", "Allow the site to read it.", file)
    if content is None:
        return Problem("This is no ordinary file.", "Put the file itself in its place.", file)
    return _problem(file, content) or content


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
