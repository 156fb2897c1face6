"""What is published in the console, for whoever serves guests.

Read from the database in a thread of its own, and kept while the database is away, so that guests never wait for it.
"""

import threading
import time
import weakref

from app.history import Contents, Database, HistoryUnavailable, Pictures, Revisions
from app.messages import PICTURES, Overlay
from app.messages.pictures import Asset, picture_of
from app.observability import log

ASK_EVERY_SECONDS = 2.0
FIRST_ANSWER_SECONDS = 1.0  # for so long a process that starts waits for it
PATIENCE_SECONDS = 10.0  # a database that has said nothing for so long is away
__all__ = ["HistoryUnavailable", "Overlays", "Published", "read_published"]
_MOST_PICTURES = 32
_UNKNOWN = object()  # which revision it is


class Overlays:
    """Makes overlays of what revisions hold. Not for several threads at once."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._assets: dict[str, Asset] = {}  # by fingerprint; they never change

    def overlay(self, label: str, contents: Contents) -> Overlay:
        """The overlay with the pictures that it names; one that is not there, or is none, is left out.

        :param label: see :class:`Overlay`.
        :raises HistoryUnavailable: a picture cannot be read.
        """
        named = contents.get(PICTURES) or {}
        found = {name: asset for name, mark in named.items() if mark and (asset := self._asset(mark))}
        return Overlay(label, contents, found)

    def published(self, revisions: Revisions) -> tuple[int, Overlay | None]:
        """The number of the revision that guests read and its overlay; 0 and None when it is the folder alone.

        :raises HistoryUnavailable: it cannot be read.
        """
        revision = revisions.published()
        if revision is None:
            return 0, None
        return revision.number, self.overlay(f"revision {revision.number}", revision.contents)

    def _asset(self, fingerprint: str) -> Asset | None:
        if fingerprint not in self._assets:
            content = self._pictures.get(fingerprint)
            if content is None or not isinstance(asset := picture_of(fingerprint[:12], content), Asset):
                return None
            while len(self._assets) >= _MOST_PICTURES:
                del self._assets[next(iter(self._assets))]
            self._assets[fingerprint] = asset
        return self._assets[fingerprint]


def read_published(url: str) -> Overlay | None:
    """What is published at this moment, for a command, which can wait; None when it is the folder alone.

    :param url: see :class:`Database`.
    :raises HistoryUnavailable: it cannot be read.
    """
    database = Database(url)
    try:
        return Overlays(Pictures(database)).published(Revisions(database))[1]
    finally:
        database.engine.dispose()


class Published:
    """What is published, live.

    A thread asks the database for the number of the revision, and for its words only if that is another one. It begins
    with the first use, which therefore comes after a fork, and ends when nobody holds this object any more.

    :param url: see :class:`Database`.
    :param ask_every_seconds: how long after a revision was published the overlay may be the former one, nearly.
    """

    def __init__(self, url: str, *, ask_every_seconds: float = ASK_EVERY_SECONDS) -> None:
        self._ask_every_seconds = ask_every_seconds
        self._database = Database(url)
        self._revisions, self._overlays = Revisions(self._database), Overlays(Pictures(self._database))
        # Whole: in a database that was put back from a copy the number may be the same.
        self._heading: object = _UNKNOWN
        self._is_asking = False
        self._overlay: Overlay | None = None
        self._has_revision = False  # ever; even to go back to the folder alone is a revision
        self._is_away = False
        self._heard_at = time.monotonic()
        self._has_answered = threading.Event()

    @property
    def is_away(self) -> bool:
        """Whether the database did not answer when it was last asked, or not with words."""
        return self._is_away

    def current(self) -> Overlay | None:
        """What was last read; None when it is the folder alone. For one thread.

        Waits for nothing but the first answer of all, and for that a moment only.
        """
        if not self._is_asking:
            self._begin()
        if time.monotonic() - self._heard_at > PATIENCE_SECONDS + self._ask_every_seconds:
            self._tell_once("The database of the words does not answer.")
        return self._overlay

    def _begin(self) -> None:
        self._is_asking, self._heard_at = True, time.monotonic()
        about = (weakref.ref(self), self._database, self._ask_every_seconds)
        threading.Thread(target=_keep_asking, args=about, name="published-words", daemon=True).start()
        self._has_answered.wait(FIRST_ANSWER_SECONDS)

    def ask(self) -> None:
        """Take in what is published, now. For the thread."""
        problem = None
        try:
            heading = self._revisions.published_heading()
            if heading is None and self._has_revision:
                problem = "The database of the words is another one, and empty. Put the former one back, or restart."
            elif heading != self._heading:
                self._take(*self._overlays.published(self._revisions))
                self._heading = heading
        except HistoryUnavailable as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - whatever is in the database, guests read on
            problem = f"What is published cannot be read ({type(error).__name__})."
        if problem:
            self._heading = _UNKNOWN
        self._heard_at = time.monotonic()
        self._tell_once(problem)
        self._has_answered.set()

    def _take(self, number: int, overlay: Overlay | None) -> None:
        if overlay != self._overlay:
            self._overlay = overlay
            log.info("published_words_taken", revision=number)
        self._has_revision = self._has_revision or number > 0

    def _tell_once(self, problem: str | None) -> None:
        """When it goes, and when it is back."""
        if problem and not self._is_away:
            label = self._overlay.label if self._overlay else "the folder"
            log.warning("published_words_away", reason=problem, guests_read=label)
        elif self._is_away and not problem:
            log.info("published_words_back")
        self._is_away = problem is not None


def _keep_asking(itself: "weakref.ref[Published]", database: Database, every_seconds: float) -> None:
    while published := itself():
        published.ask()
        del published  # while asleep, this thread must not be what keeps it alive
        time.sleep(every_seconds)
    database.engine.dispose()
