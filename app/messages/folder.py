"""The merchant's folder as it is now, and what was last good in it."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from app.messages.catalogue import Catalogue, compose
from app.messages.document import Document, read
from app.messages.documents import Documents
from app.messages.languages import language_tag
from app.messages.last_good import LastGood
from app.messages.merchant import FILE as MERCHANT_FILE
from app.messages.notices import FILE as NOTICES_FILE
from app.messages.overlay import MESSAGES, Overlay
from app.messages.pictures import Asset, is_name, read_picture, some_names_in
from app.messages.problems import Problem, quoted
from app.messages.well_known import FILES as WELL_KNOWN_FILES
from app.messages.well_known import FOLDER as WELL_KNOWN_FOLDER
from app.messages.well_known import read_well_known

LANGUAGES_FOLDER = "messages"
MOST_FILES = 64

_SETTLE_SECONDS = 0.05  # more than the grain of a file's time stamp
_MOST_SETTLING_LOOKS = 10
_FILLED_SECONDS = 1.0  # after it was emptied, a file is filled again or is meant to be empty

Stamp = tuple[int, ...]


@dataclass(frozen=True)
class Listing:
    """What is in the folder, without what is in the files.

    :ivar stamps: file → what changes when the file does; None when even that cannot be seen
    :ivar has_languages: whether there is a folder for the languages' files
    :ivar unread: how many files there are beyond ``MOST_FILES``
    """

    stamps: Mapping[str, Stamp | None]
    has_languages: bool
    unread: int = 0


@dataclass
class Folder:
    """Reads what has changed, and keeps for each file what could last be read.

    Not for several threads at once.
    """

    path: Path
    _listing: Listing = Listing({}, has_languages=False)
    _seen: Listing | None = None
    _good: dict[str, Document] = field(default_factory=dict)  # by file
    _broken: dict[str, Problem] = field(default_factory=dict)  # by file; the last good one may be in use
    _emptied: dict[str, Stamp | None] = field(default_factory=dict)  # files found empty at the last poll, not taken yet
    _pictures: LastGood[Asset] = field(init=False)
    _well_known: LastGood[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._pictures = LastGood(partial(read_picture, self.path))
        self._well_known = LastGood(partial(read_well_known, self.path))

    def poll(self) -> set[str] | None:
        """Read what is new.

        :returns: the files that have changed since the last poll, deleted ones included; None when nothing is new.
        """
        listing, is_settled = self._settled_listing()
        if listing == self._seen:
            return None
        changed = self._changed(listing)
        self._pictures.have_changed(changed)
        self._well_known.have_changed(changed)
        for file in WELL_KNOWN_FILES:
            self._well_known.get(file)
        emptied = set()
        # Pictures are read when they are named.
        for file in (each for each in changed if not (is_name(each) or each in WELL_KNOWN_FILES)):
            self._broken.pop(file, None)
            if file in listing.stamps and not self._take(
                file, was_empty=listing.stamps[file] == self._emptied.get(file)
            ):
                emptied.add(file)
        if listing.has_languages:  # a file is deleted by intent; a folder vanishes by mishap, and its messages stay
            for file in self._good.keys() - listing.stamps.keys() - {MERCHANT_FILE}:
                del self._good[file]
        self._listing = listing
        self._emptied = {file: listing.stamps[file] for file in emptied}
        # A folder that is still changing is read as it is, and next time as if it were new.
        stamps = {file: stamp for file, stamp in listing.stamps.items() if file not in emptied}
        self._seen = replace(listing, stamps=stamps) if is_settled else None
        return changed

    def is_as_seen(self) -> bool:
        """Whether nothing has changed since the last poll. Waits for nothing, as a poll may."""
        return self._list() == self._seen

    def well_known(self, name: str) -> bytes | None:
        """What is in one of the files for other programs, as it was last good. May be asked by any thread."""
        return self._well_known.good.get(f"{WELL_KNOWN_FOLDER}/{name}")

    def catalogue(self, overlay: Overlay | None = None, problems_beside: Iterable[Problem] = ()) -> Catalogue:
        """The messages as they were at the last poll, with what an overlay says laid over them.

        :param problems_beside: what is wrong besides.
        """
        documents = self.documents(overlay)
        return compose(replace(documents, problems=(*problems_beside, *documents.problems)))

    def documents(self, overlay: Overlay | None = None) -> Documents:
        """The files as they were at the last poll, with what an overlay says laid over them."""
        problems = [*self._missing(), *self._broken.values(), *self._well_known.problems()]
        by_tag: dict[str, Document] = {}
        for file in sorted(each for each in {*self._listing.stamps, *self._good} if each.startswith(MESSAGES)):
            name = Path(file).stem
            tag = language_tag(name)
            if tag is None:
                suggestion = "Name the file after its language: en.toml, es.toml, pt-BR.toml."
                problems.append(Problem(f"{quoted(name)} is no language.", suggestion, file))
            elif tag in by_tag:
                description = f"There is another file for the language {quoted(tag)}."
                problems.append(Problem(description, "Delete one of the two.", file))
            elif file in self._good:
                by_tag[tag] = self._good[file]
        merchant, notices = self._good.get(MERCHANT_FILE), self._good.get(NOTICES_FILE)
        documents = Documents(merchant, by_tag, notices, tuple(problems), self._pictures.get)
        return documents.with_overlay(overlay) if overlay else documents

    def _changed(self, listing: Listing) -> set[str]:
        files = {*listing.stamps, *self._good, *self._broken, *WELL_KNOWN_FILES}
        if self._seen is None:
            return files
        before = self._seen.stamps
        return {file for file in files if listing.stamps.get(file, ()) != before.get(file, ())}

    def _take(self, file: str, *, was_empty: bool) -> bool:
        """Read a file; False if it is empty now and had entries before.

        Most editors empty a file before they write it. Only if the next poll still finds it so is it meant.
        """
        former = self._good.get(file)
        document = read(self.path, file) if former else self._first_read(file)
        if isinstance(document, Problem):
            self._broken[file] = document
            return True
        if document.values or was_empty or not (former and former.values):
            self._good[file] = document
            return True
        return False

    def _first_read(self, file: str) -> Document | Problem:
        """Read a file of which nothing is known. If it was emptied just now, somebody may be about to fill it."""
        while True:
            document = read(self.path, file)
            is_empty = isinstance(document, Document) and not document.values
            if not is_empty or not _was_written_within(self.path / file, _FILLED_SECONDS):
                return document
            time.sleep(_SETTLE_SECONDS)

    def _missing(self) -> list[Problem]:
        until_then = "Guests read the last good words until then."
        if not self._listing.stamps and not self._listing.has_languages:
            return [Problem("The folder is missing or empty.", f"Put it back. {until_then}")]
        missing = []
        if MERCHANT_FILE not in self._listing.stamps:
            suggestion = 'Make it, with a first line such as: name = "Your Restaurant"'
            missing.append(Problem("This file is missing.", suggestion, MERCHANT_FILE))
        if unread := self._listing.unread:
            description = (
                f"There are {unread} files too many: the site reads {MOST_FILES}, by the order of their names."
            )
            missing.append(Problem(description, "Delete those of languages that no guest gets.", LANGUAGES_FOLDER))
        if not self._listing.has_languages and self._good.keys() - {MERCHANT_FILE, NOTICES_FILE}:
            missing.append(Problem("This folder is missing.", f"Put it back. {until_then}", LANGUAGES_FOLDER))
        return missing

    def _settled_listing(self) -> tuple[Listing, bool]:
        """The folder once it has been the same for a moment, or as it is when it will not rest.

        So a file is not taken while an editor is writing it or has moved it away for an instant; and two changes
        within one tick of the file system's clock cannot be mistaken for one.
        """
        listing = self._list()
        if listing == self._seen:
            return listing, True
        for _ in range(_MOST_SETTLING_LOOKS):
            time.sleep(_SETTLE_SECONDS)
            again = self._list()
            if again == listing:
                return listing, True
            listing = again
        return listing, False

    def _list(self) -> Listing:
        try:
            names = [name for name in some_names_in(self.path / LANGUAGES_FOLDER) if _is_ours(name)]
            has_languages = True
        except OSError:
            names, has_languages = [], False
        try:
            pictures = [name for name in some_names_in(self.path) if is_name(name)][:MOST_FILES]
        except OSError:
            pictures = []
        files = [MERCHANT_FILE, NOTICES_FILE, *(f"{LANGUAGES_FOLDER}/{name}" for name in names[:MOST_FILES])]
        files += dict.fromkeys((*self._pictures.in_use, *pictures, *WELL_KNOWN_FILES))
        stamps = {file: _stamp(self.path / file) for file in files}
        found = {file: stamp for file, stamp in stamps.items() if stamp != ()}
        return Listing(found, has_languages, max(0, len(names) - MOST_FILES))


def _is_ours(name: str) -> bool:
    """Whether a file is meant for the site, and is not what editors and ConfigMaps leave around."""
    return name.lower().endswith(".toml") and not name.startswith(".")


def _was_written_within(path: Path, seconds: float) -> bool:
    try:
        return 0 <= time.time() - path.stat().st_mtime < seconds
    except OSError:
        return False


def _stamp(path: Path) -> Stamp | None:
    """Follows links, so that a ConfigMap's swap of one shows. ``()`` when there is nothing."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
