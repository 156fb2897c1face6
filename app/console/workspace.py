"""The words that the console works on: the folder, what is published over it, and the draft over both."""

import copy
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

from app.history import (
    Contents,
    Draft,
    Drafts,
    HistoryUnavailable,
    Pictures,
    Place,
    Revision,
    Revisions,
    etag,
    with_changes,
)
from app.history.live import Overlays
from app.messages import Catalogue
from app.messages.editing import Folder, merged


@dataclass(frozen=True)
class Snapshot:
    """All words of one moment.

    :ivar published: what guests read; None when it is the folder alone
    :ivar drafts: what is changed beside it, by place
    :ivar contents: the published ones with the draft
    :ivar of_folder: what the folder says, as contents
    :ivar folder: the folder alone
    :ivar live: what guests read
    :ivar draft: what they would read if the draft were published
    """

    published: Revision | None
    drafts: Mapping[Place, Draft]
    contents: Contents
    of_folder: Contents
    folder: Catalogue
    live: Catalogue
    draft: Catalogue

    @property
    def live_contents(self) -> Contents:
        """The published ones."""
        return self.published.contents if self.published else {}

    @cached_property
    def values(self) -> Contents:
        """What guests would read if the draft were published, file by file."""
        return cast(Contents, merged(self.of_folder, self.contents))

    def link_text(self, name: str, language: str) -> str | None:
        """What guests would read on a link if the draft were published; None where it leads nowhere."""
        voice = self.draft.localizer(language)
        link = voice.link(name) if voice else None
        return link.text if link else None


class Workspace:
    """Makes catalogues of what is in the folder and in the database, and keeps the last ones."""

    def __init__(self, folder: Path, revisions: Revisions, drafts: Drafts, pictures: Pictures) -> None:
        self._folder = Folder(folder)
        self._revisions, self._drafts, self._overlays = revisions, drafts, Overlays(pictures)
        self._lock = threading.Lock()
        self._folder_catalogue: Catalogue | None = None
        self._is_looking = False
        self._of_folder: Contents = {}
        self._catalogues: dict[str, Catalogue] = {}

    def snapshot(self) -> Snapshot:
        """The words as they are now.

        :raises HistoryUnavailable: the database does not say.
        """
        published = self._revisions.published()
        drafts = self._drafts.read()
        base = published.contents if published else {}
        contents = with_changes(base, {place: draft.value for place, draft in drafts.items()}) if drafts else base
        with self._lock:
            folder = self._look()
            live = self._catalogue(f"revision {published.number}", published.contents) if published else folder
            draft = live if contents == base else self._catalogue("draft", contents)
        return Snapshot(published, drafts, contents, self._of_folder, folder, live, draft)

    def get_ready(self) -> None:
        """Make the catalogues that the first page needs. If the database does not say, that page will tell."""
        with suppress(HistoryUnavailable):
            self.snapshot()

    def catalogue_of(self, label: str, contents: Contents) -> Catalogue:
        """The words that guests would read if these contents were published.

        :raises HistoryUnavailable: a picture of theirs cannot be read.
        """
        with self._lock:
            self._look()
            return self._folder.catalogue(self._overlays.overlay(label, contents))

    def _look(self) -> Catalogue:
        """The folder's words. Only the first request waits for a folder that is being changed to come to rest."""
        if self._folder_catalogue is None:
            self._folder.poll()
            return self._take(self._folder)
        if not self._is_looking and not self._folder.is_as_seen():
            self._is_looking = True
            aside = copy.deepcopy(self._folder)
            threading.Thread(target=self._look_aside, args=(aside,), name="merchant-words", daemon=True).start()
        return self._folder_catalogue

    def _look_aside(self, folder: Folder) -> None:
        try:
            folder.poll()
            with self._lock:
                self._take(folder)
        finally:
            self._is_looking = False

    def _take(self, folder: Folder) -> Catalogue:
        self._folder, self._of_folder = folder, folder.documents().contents()
        self._catalogues.clear()
        self._folder_catalogue = folder.catalogue()
        return self._folder_catalogue

    def _catalogue(self, label: str, contents: Contents) -> Catalogue:
        key = f"{label} {etag(contents)}"
        if key not in self._catalogues:
            while len(self._catalogues) >= 4:
                del self._catalogues[next(iter(self._catalogues))]
            self._catalogues[key] = self._folder.catalogue(self._overlays.overlay(label, contents))
        return self._catalogues[key]
