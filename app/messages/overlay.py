"""What the merchant has published in the console, laid over the folder: a JSON merge patch (RFC 7396)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.messages.document import Document
from app.messages.entries import DEFAULT, PAYTRONIX, codes
from app.messages.pictures import Asset
from app.messages.positions import KeyPath
from app.messages.problems import SourcePosition

MESSAGES = "messages/"
PICTURES = "pictures"  # the part of a revision's contents that names them: file → fingerprint


@dataclass(frozen=True)
class Overlay:
    """Messages and settings to lay over the folder's.

    :ivar label: its name where a message's source is shown, such as ``revision 12``
    :ivar contents: file → what it says there, as ``tomllib`` would give it; None takes away what the folder has
    :ivar pictures: name → the picture, for names that the folder's pictures may have too
    """

    label: str
    contents: Mapping[str, Any]
    pictures: Mapping[str, Asset] = field(default_factory=dict)


@dataclass(frozen=True)
class OverlaidDocument(Document):
    """A file of the folder with an overlay laid over it; what is from the overlay has its label for a position."""

    patch: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""

    def locate(self, path: KeyPath) -> SourcePosition:
        """Where a key stands."""
        if _says(self.patch, path):
            return SourcePosition(f"{self.label}, {self.file}")
        return super().locate(path)


def with_overlay(file: str, document: Document | None, overlay: Overlay) -> Document | None:
    """The file as guests read it.

    :param document: the folder's; None when it has none, or none that can be read.
    """
    patch = overlay.contents.get(file)
    if not isinstance(patch, Mapping):
        return document
    below = document or Document(file, "", {})
    values = without_entries(with_plain_codes(below.values), patch) if file.startswith(MESSAGES) else below.values
    return OverlaidDocument(file, below.text, merged(values, patch), patch, overlay.label)


def with_plain_codes(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """A language's file with each code as one name in small letters, however it is written."""
    table = values.get(PAYTRONIX)
    if not isinstance(table, Mapping):
        return values
    plain: dict[str, Any] = {}
    for path, entry in codes((), table):
        plain.setdefault(".".join(path).lower(), entry)
    return {**values, PAYTRONIX: plain}


def without_entries(values: Mapping[str, Any], patch: Mapping[str, Any]) -> Mapping[str, Any]:
    """A language's file without the entries that a patch has: an entry is taken over as a whole.

    What else stands in the folder's one, such as a name with a slip in it, would spoil the patch's.
    """
    kept = {name: value for name, value in values.items() if not (name == DEFAULT[1] and name in patch)}
    for section, entries in patch.items():
        if isinstance(entries, Mapping) and isinstance(kept.get(section), Mapping):
            kept[section] = {name: entry for name, entry in kept[section].items() if name not in entries}
    return kept


def merged(target: Any, patch: Any) -> Any:
    """A JSON merge patch applied (RFC 7396, 2)."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def _says(patch: Any, path: KeyPath) -> bool:
    for name in path:
        if not isinstance(patch, Mapping):
            return True
        if name not in patch:
            return False
        patch = patch[name]
    return True
