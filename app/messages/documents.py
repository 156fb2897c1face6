"""The files of a merchant's folder at one moment, and the same with what is published laid over them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time
from pathlib import Path
from typing import Any

from app.messages.document import Document
from app.messages.languages import language_tag
from app.messages.merchant import FILE as MERCHANT_FILE
from app.messages.notices import FILE as NOTICES_FILE
from app.messages.overlay import MESSAGES, Overlay, with_overlay, with_plain_codes
from app.messages.pictures import Asset
from app.messages.problems import Problem

GetPicture = Callable[[str], tuple[Asset | None, Problem | None]]


@dataclass(frozen=True)
class Documents:
    """The files of one moment, as far as they can be used.

    :ivar languages: tag → the language's file
    :ivar problems: why others cannot be used
    :ivar picture: gives a picture by its name, and what is wrong with it
    """

    merchant: Document | None = None
    languages: Mapping[str, Document] = field(default_factory=dict)
    notices: Document | None = None
    problems: tuple[Problem, ...] = ()
    picture: GetPicture = lambda _: (None, None)

    @property
    def files(self) -> Mapping[str, Document]:
        """File → what is in it. A language's file is called by its proper tag here, whatever its name on the disk."""
        files = {MERCHANT_FILE: self.merchant, NOTICES_FILE: self.notices}
        files |= {f"{MESSAGES}{tag}.toml": document for tag, document in self.languages.items()}
        return {file: document for file, document in files.items() if document}

    def with_overlay(self, overlay: Overlay) -> "Documents":
        """The files with what an overlay says laid over them."""
        tags = (language_tag(Path(file).stem) for file in overlay.contents if file.startswith(MESSAGES))
        languages = {
            tag: document
            for tag in dict.fromkeys((*self.languages, *filter(None, tags)))
            if (document := with_overlay(f"{MESSAGES}{tag}.toml", self.languages.get(tag), overlay))
        }
        return replace(
            self,
            merchant=with_overlay(MERCHANT_FILE, self.merchant, overlay),
            languages=languages,
            notices=with_overlay(NOTICES_FILE, self.notices, overlay),
            picture=lambda name: (overlay.pictures[name], None) if name in overlay.pictures else self.picture(name),
        )

    @property
    def values(self) -> Mapping[str, Mapping[str, Any]]:
        """File → its values, with each code of Paytronix as one name."""
        return {
            file: with_plain_codes(document.values) if file.startswith(MESSAGES) else document.values
            for file, document in self.files.items()
        }

    def contents(self) -> Mapping[str, Any]:
        """What the files say, as an overlay's contents do: file → its values, with days and times as texts."""
        return {file: _plain(values) for file, values in self.values.items()}


def _plain(value: Any) -> Any:
    """A value of TOML with what JSON does not know as text."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, date | time) else value  # a datetime is a date
