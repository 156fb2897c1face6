"""The guests' own pages with words that they do not read yet: real templates, for the frames of the console."""

import re
from dataclasses import dataclass
from typing import get_args

from app.messages import Catalogue
from app.messages.editing import SchemeName, english_name_of
from app.messages.pictures import Asset
from app.previews import PreviewState, make_preview_app, render_preview
from app.views import PAGES

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
    """Makes them, through an application that does nothing else."""

    def __init__(self) -> None:
        self._app = make_preview_app(page.bp for page in PAGES)

    def frames(self, catalogue: Catalogue, state: PreviewState) -> dict[str, list[Frame]]:
        """A page in each language, light and dark; by language."""
        frames: dict[str, list[Frame]] = {tag: [] for tag in catalogue.merchant.languages}
        with self._app.app_context():
            for scheme in SCHEMES:
                shown = catalogue.in_scheme(scheme)
                for each in shown.localizers:
                    page = _still(render_preview(shown, each, state))
                    frames[each.language].append(Frame(each.language, scheme, page))
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
