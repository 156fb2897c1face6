"""The merchant's words out of the history into a folder, and out of a folder into the history.

A folder says in its first line of which revision it is. So its import tells what somebody has changed in the folder
from what has changed in the history meanwhile.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import click

from app.history import (
    ABSENT,
    Audit,
    ChangedMeanwhile,
    Contents,
    Database,
    DraftChanged,
    Drafts,
    HistoryUnavailable,
    Pictures,
    PicturesFull,
    Place,
    Revisions,
    etag,
    is_current,
    value_at,
    with_changes,
)
from app.history.live import Overlays
from app.messages import PICTURES
from app.messages.editing import LANGUAGES_FOLDER, MERCHANT_FILE, NOTICES_FILE, Documents, Folder
from app.messages.pictures import Asset
from app.messages.values import (
    Values,
    files_of,
    patch_of,
    pictures_of,
    values_of,
    without_problems,
)
from config import Settings

# The mark is SHA-256 of the revision's contents. Older releases wrote its first 16 digits.
_ORIGIN = re.compile(r"# Revision (\d{1,9}) \(([0-9a-f]{64}|[0-9a-f]{16})\)")


class Exchange:
    """The history of the words and the site's folder, as both are now.

    :param settings: with ``MESSAGES_URL``.
    :raises click.ClickException: the history cannot be used; the text says what to do.
    """

    def __init__(self, settings: Settings) -> None:
        if settings.messages_url is None:
            raise click.ClickException(
                "MESSAGES_URL is not set, so there is no history of the words: guests read the folder alone. "
                "Set it to the database of the console."
            )
        self._database = database = Database(settings.messages_url.reveal())
        self._revisions, self._drafts = Revisions(database), Drafts(database)
        self._pictures, self._audit = Pictures(database), Audit(database)
        self._overlays = Overlays(self._pictures)
        self._folder = Folder(settings.merchant_dir)
        self._folder.poll()
        try:
            self._read()
        except click.ClickException:
            self.close()
            raise

    def close(self) -> None:
        """Close what is open."""
        self._database.close()

    def _read(self) -> None:
        with _telling():
            if not is_current(self._database):
                raise HistoryUnavailable("The database of the words lacks tables that this release needs.")
            published = self._revisions.published()
            self.published_number = published.number if published else 0
            self.published: Contents = published.contents if published else {}
            self.draft = {place: draft.value for place, draft in self._drafts.read().items()}

    def export(self, out: Path, *, of_draft: bool) -> int:
        """Write what guests read, or what they would read of the draft, as a folder.

        :returns: how many files were written.
        :raises OSError: they cannot be.
        """
        number, base = self.published_number, self.published
        contents = with_changes(base, self.draft) if of_draft else base
        documents = self.documents(contents)
        what = "with the draft over it" if of_draft else "as guests read it" if number else "the folder alone"
        texts = files_of(values_of(documents), f"Revision {number} ({etag(base)}), {what}.")
        files = {file: text.encode() for file, text in texts.items()}
        write_folder(out, {name: asset.content for name, asset in pictures_of(documents).items()} | files)
        return len(files) + len(pictures_of(documents))

    def documents(self, contents: Contents) -> Documents:
        """The site's folder with contents laid over it."""
        with _telling():
            return self._folder.documents(self._overlays.overlay("", contents))

    def differences(self, folder: Path, *, leave_faults: bool, from_draft: bool) -> "Differences":
        """Where a folder has other words.

        :param leave_faults: leave what has a fault in the folder, or is not in it, as it is.
        :param from_draft: compare with the draft, otherwise with what guests read.
        """
        here = Folder(folder)
        here.poll()
        documents = here.documents()
        wanted = values_of(documents)
        contents = with_changes(self.published, self.draft) if from_draft else self.published
        present = values_of(self.documents(contents))
        if leave_faults:  # what a fault has cost must not look as if it had been taken out
            wanted = present | without_problems(wanted, documents)
        origin = self._origin(documents)
        of_folder = values_of(self._folder.documents())
        return _compare(
            wanted,
            origin=None if origin is None else values_of(self.documents(origin)),
            present=present,
            of_folder=of_folder,
            pictures=pictures_of(documents),
        )

    def _origin(self, documents: Documents) -> Contents | None:
        """The contents that a folder was exported from, if it says so; a revision of another history is none."""
        remarks = takewhile(_is_remark, documents.merchant.text.split("\n") if documents.merchant else ())
        found = next(filter(None, (_ORIGIN.match(line.strip()) for line in remarks)), None)
        if not found:
            return None
        with _telling():
            revision = self._revisions.get(int(found[1]))
        contents = revision.contents if revision else {}
        return contents if etag(contents).startswith(found[2]) else None

    def save(self, differences: "Differences", *, by: str) -> None:
        """Take changes into the draft."""
        seen = {
            place: etag(self.draft[place] if place in self.draft else value_at(self.published, place))
            for place in differences.changes
        }
        with _telling():
            self._add_pictures(differences, by)
            self._drafts.save_all(differences.changes, by=by, is_publisher=True, seen=seen)
            self._audit.note(by, "imported", changes=len(differences.changes))

    def publish(self, differences: "Differences", *, by: str, comment: str) -> int:
        """Publish changes.

        :returns: the number of the new revision.
        """
        with _telling():
            self._add_pictures(differences, by)
            number = self._revisions.publish_changes(
                differences.changes, by=by, comment=comment, seen=self.published_number
            )
            self._audit.note(by, "imported", changes=len(differences.changes), revision=number)
            return number

    def _add_pictures(self, differences: "Differences", by: str) -> None:
        for place, mark in differences.changes.items():
            if place[0] == PICTURES and isinstance(mark, str):
                self._pictures.add(differences.pictures[place[1]].content, by=by)


@dataclass(frozen=True)
class Differences:
    """Where a folder has other words than the history.

    :ivar changes: place → what contents must say there, so that guests read what the folder has
    :ivar conflicts: those of them that have changed in the history too since the folder was written
    :ivar knows_origin: the folder says from which revision it was exported. If not, nobody can tell what was changed in
        it from what has been published since, and all that it would undo is a conflict.
    :ivar pictures: the folder's, by name
    """

    changes: Mapping[Place, Any]
    conflicts: tuple[Place, ...]
    knows_origin: bool
    pictures: Mapping[str, Asset]


def _compare(
    wanted: Values, *, origin: Values | None, present: Values, of_folder: Values, pictures: Mapping[str, Asset]
) -> Differences:
    changes, conflicts = {}, []
    for place in {**wanted, **present}:
        value, now = wanted.get(place, ABSENT), present.get(place, ABSENT)
        # Without an origin only what is the site's folder's own has certainly been seen.
        first = (of_folder if origin is None else origin).get(place, ABSENT)
        is_unused_picture = place[0] == PICTURES and value is ABSENT  # which hurts nobody
        if value == now or (origin is not None and value == first) or is_unused_picture:
            continue
        if value is ABSENT:
            changes[place] = None if place in of_folder else ABSENT
        elif value == of_folder.get(place, ABSENT):
            changes[place] = ABSENT
        else:
            changes[place] = patch_of(place, of_folder.get(place), value)
        if now != first:
            conflicts.append(place)
    return Differences(changes, tuple(conflicts), origin is not None, pictures)


def _is_remark(line: str) -> bool:
    """Whether a line says nothing: what stands above the first setting."""
    return not line.strip() or line.lstrip().startswith("#")


def name_of(place: Place) -> str:
    """A place as people say it: ``messages/en.toml: [site] signed_out``."""
    file, *path = place
    section = f"[{path[0]}] " if len(path) > 1 else ""
    return f"{file}: {section}{path[-1]}"


def write_folder(out: Path, files: Mapping[str, bytes]) -> None:
    """Write a merchant's folder. One that is there is replaced file by file: whoever reads it meanwhile finds words.

    :param files: path below the folder → content.
    :raises OSError: it cannot be written. What is there by then is whole, and may be old.
    """
    (out / LANGUAGES_FOLDER).mkdir(parents=True, exist_ok=True)
    beside = {file: (out / file).with_name(f".{Path(file).name}.{os.getpid()}") for file in files}
    try:
        for file, content in files.items():
            with beside[file].open("wb") as opened:
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
        # What others name comes before what names it.
        for file in sorted(files, key=lambda file: (file == MERCHANT_FILE, "/" in file)):
            beside[file].replace(out / file)
    finally:
        for path in beside.values():
            path.unlink(missing_ok=True)
    there = [*(out / LANGUAGES_FOLDER).glob("[!.]*.toml"), out / NOTICES_FILE]
    for path in there:
        if path.relative_to(out).as_posix() not in files:
            path.unlink(missing_ok=True)


@contextmanager
def _telling() -> Iterator[None]:
    """Says what went wrong with the history in words for a terminal."""
    try:
        yield
    except HistoryUnavailable as error:
        todo = "Check MESSAGES_URL and the server; for a new database: flask --app wsgi console migrate"
        raise click.ClickException(f"{error} {todo}") from None
    except PicturesFull as error:
        raise click.ClickException(f"{error}. No words were imported.") from None
    except (ChangedMeanwhile, DraftChanged):
        raise click.ClickException("The words have been changed at this very moment. Import again.") from None
