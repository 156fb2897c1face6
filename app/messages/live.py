"""Keeps the messages of a running site up to date with the merchant's folder, and with what is published over it."""

import logging
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

from app.messages.catalogue import Catalogue
from app.messages.folder import Folder
from app.messages.overlay import Overlay
from app.messages.problems import Problem

POLL_SECONDS = 1.0


class Messages:
    """The merchant's messages and theme, live.

    A thread polls the folder, so that a request never waits for a disk: on a network share that hangs, the pages go
    on with what they have. It begins with the first use, which therefore comes after a fork, and ends when
    nobody holds this object any more.

    :param folder: the merchant's folder; may be missing, empty or full of problems.
    :param published: gives the overlay to lay over the folder at this moment, the same object while it is the same;
        None for the folder alone. Asked at each poll; must neither wait nor raise.
    :param on_problem: told of every problem of a file whenever that file changes, and of every colour that guests see
        otherwise than it is written. Called from any thread.
    :param poll_seconds: how long after a change the messages may be the old ones, nearly.
    """

    def __init__(
        self,
        folder: Path,
        *,
        published: Callable[[], Overlay | None] | None = None,
        on_problem: Callable[[Problem], None] | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._folder = Folder(folder)
        self._published = published
        self._overlay: Overlay | None = None  # what the catalogue is made with
        self._seen_overlay: Overlay | None = None
        self._on_problem = on_problem
        self._poll_seconds = poll_seconds
        self._told: frozenset[Problem] = frozenset()
        self._starting = threading.Lock()
        self._is_watched = False
        self._catalogue: Catalogue
        self.poll()  # the first poll always finds something new, if only that there is nothing

    def current(self) -> Catalogue:
        """The messages of this moment. One call a request, so that a page is all of one piece."""
        if not self._is_watched:
            self._watch()
        return self._catalogue

    def well_known(self, name: str) -> bytes | None:
        """One of the files that other programs look for (``app/messages/well_known.py``)."""
        self.current()  # which begins to watch
        return self._folder.well_known(name)

    def _watch(self) -> None:
        with self._starting:
            if self._is_watched:
                return
            _poll_and_log(self)  # much may have changed between the start of the process and its first request
            threading.Thread(
                target=_poll_forever,
                args=(weakref.ref(self), self._poll_seconds),
                name="merchant-words",
                daemon=True,
            ).start()
            self._is_watched = True

    def poll(self) -> None:
        """Take in what has changed in the folder, and what is newly published, now. Not for several threads at once."""
        changed_files = self._folder.poll()
        overlay = self._published() if self._published else None
        if changed_files is not None or overlay is not self._seen_overlay:
            self._seen_overlay = overlay
            self._take_in(changed_files or set(), overlay)

    def _take_in(self, changed_files: set[str], overlay: Overlay | None) -> None:
        self._catalogue = self._composed(overlay)  # one assignment: readers see the former messages or these
        problems = (*self._catalogue.problems, *self._catalogue.theme.corrections)
        news = [problem for problem in problems if problem not in self._told or problem.file in changed_files]
        self._told = frozenset(problems)
        if self._on_problem:
            for problem in news:
                self._on_problem(problem)

    def _composed(self, overlay: Overlay | None) -> Catalogue:
        """The messages with an overlay; with the last good one and a problem if nothing can be made of this one."""
        try:
            catalogue = self._folder.catalogue(overlay)
        except Exception as error:
            if overlay is None or overlay is self._overlay:
                raise
            description = (
                f"What is published makes no sense ({type(error).__name__}). Guests read the words from before."
            )
            problem = Problem(description, "Publish other words, or roll back.", overlay.label)
            return self._folder.catalogue(self._overlay, (problem,))
        self._overlay = overlay
        return catalogue


def _poll_forever(itself: "weakref.ref[Messages]", every_seconds: float) -> None:
    while True:
        time.sleep(every_seconds)
        messages = itself()
        if messages is None:
            return
        _poll_and_log(messages)
        del messages  # while asleep, this thread must not be what keeps it alive


def _poll_and_log(messages: Messages) -> None:
    try:
        messages.poll()
    except Exception:  # whatever it is, it must end neither a request nor the thread
        logging.getLogger(__name__).exception("could not look at the merchant's folder")
