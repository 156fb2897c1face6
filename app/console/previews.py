"""The guests' own pages with words that they do not read yet: real templates, for the frames of the console."""

import re
from contextvars import copy_context
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast, get_args

from flask import g

from app.console.differences import english_name_of
from app.factory import create_app
from app.messages import Catalogue
from app.messages.editing import SchemeName
from app.messages.pictures import Asset
from app.previews import PreviewState, preview_of
from config import Settings

SCHEMES: tuple[SchemeName, ...] = get_args(SchemeName)
# What a page runs, and hidden fields, which would make every page another one.
_LEFT_OUT = re.compile(r"<script\b.*?(?:</script>\n?|\Z)", re.DOTALL)
_INPUT = re.compile(r"<input [^<>]*>\n?")

_FOCUS = ' tabindex="-1" autofocus'  # of what is wrong, in templates/components.html


@dataclass(frozen=True)
class Frame:
    """A page of the guests' site, for the ``srcdoc`` of a frame.

    :ivar language: of the words
    :ivar scheme: light or dark, whatever the device of the onlooker is set to
    :ivar page: its HTML. Nothing on it can be pressed, nothing of it runs
    """

    language: str
    scheme: SchemeName
    page: str

    @property
    def language_name(self) -> str:
        """In English."""
        return english_name_of(self.language)


class Previews:
    """Makes pages through a guests' application of its own, which serves nobody and opens nothing.

    Sets the log up for commands: to be made before the console sets it up for itself.

    :param merchant_dir: the merchant's folder.
    """

    def __init__(self, merchant_dir: Path) -> None:
        self._app = create_app(Settings.for_words({"MERCHANT_DIR": str(merchant_dir)}).for_command())
        site = self._app.extensions["services"]
        self._app.extensions["services"] = replace(site, messages=_OfThisContext())

    def frames(self, catalogue: Catalogue, state: PreviewState) -> dict[str, list[Frame]]:
        """A page in each language, light and dark; by language."""
        # In a context of its own: what the guests' application does at the end of a request is for its own log.
        found = copy_context().run(self._frames, catalogue, state)
        return {tag: [each for each in found if each.language == tag] for tag in catalogue.merchant.languages}

    def _frames(self, catalogue: Catalogue, state: PreviewState) -> list[Frame]:
        frames: list[Frame] = []
        for scheme in SCHEMES:
            shown = catalogue.in_scheme(scheme)
            with self._app.app_context():
                g.catalogue = shown
                frames += [Frame(each.language, scheme, _still(preview_of(state, each))) for each in shown.localizers]
        return frames


def asset_of(catalogue: Catalogue, fingerprint: str, name: str) -> Asset | None:
    """A part of the look that one of the frames names, in whichever scheme."""
    for scheme in SCHEMES:
        asset = catalogue.theme.in_scheme(scheme).assets.get(name)
        if asset and asset.fingerprint == fingerprint:
            return asset
    return None


def _still(page: str) -> str:
    """The page as a picture of itself: out of the reach of keys and of readers of the page around it."""
    page = _INPUT.sub(lambda found: "" if 'type="hidden"' in found[0] else found[0], page)
    page = _LEFT_OUT.sub("", page).replace(_FOCUS, "")
    return page.replace("<body", "<body inert", 1)


class _OfThisContext:
    """The words that a page is being made with, in place of those of the folder."""

    def current(self) -> Catalogue:
        return cast(Catalogue, g.catalogue)
