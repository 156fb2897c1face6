"""The values of a folder by their key paths, and back: what is compared, imported and written as files.

A key path leads to one thing that is edited as a whole, as in :mod:`app.history.contents`. However the value is written
in the folder, it has one form here. Comments are not among it.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

import tomli_w

from app.messages.builtin import builtin
from app.messages.document import Document
from app.messages.documents import Documents
from app.messages.entries import DEFAULT, PAYTRONIX, SITE, Vocabulary, read_entries
from app.messages.merchant import FILE as MERCHANT_FILE
from app.messages.merchant import KNOWN_LINKS, Merchant, read_merchant
from app.messages.notices import FILE as NOTICES_FILE
from app.messages.notices import read_notices
from app.messages.overlay import MESSAGES, PICTURES
from app.messages.pictures import Asset
from app.messages.positions import KeyPath

Values = Mapping[KeyPath, Any]

_ENTRY = ("text", "title", "link")
_FIELDS = ("from", "until", "while", "url", *_ENTRY)
_TABLES = ("look", "links", "username")  # of merchant.toml, edited name by name
_ORDER = {
    MERCHANT_FILE: (
        *("name", "logo", "phone", "currency", "languages", "show_card_code", "show_vendor_text", "show_code"),
        *_TABLES,
    ),
    NOTICES_FILE: ("time_zone",),
}


def values_of(documents: Documents) -> dict[KeyPath, Any]:
    """All that stands in a folder. Of a picture that the pages show, the fingerprint."""
    found: dict[KeyPath, Any] = {}
    for file, values in documents.values.items():
        alone = "text" if file.startswith(MESSAGES) else None
        for name, value in values.items():
            if isinstance(value, Mapping) and _is_edited_by_names(file, name):
                found |= {(file, name, inner): _plain(each, alone or "url") for inner, each in value.items()}
            else:
                found[file, name] = _plain(value, alone)
    return found | {(PICTURES, name): fingerprint(asset.content) for name, asset in pictures_of(documents).items()}


def _is_edited_by_names(file: str, name: str) -> bool:
    """Whether each value below a heading is a thing of its own."""
    return name in _TABLES if file == MERCHANT_FILE else file.startswith(MESSAGES) and name != DEFAULT[1]


def pictures_of(documents: Documents) -> dict[str, Asset]:
    """The pictures that the pages show, by name."""
    values: Mapping[str, Any] = documents.merchant.values if documents.merchant else {}
    look = values.get("look")
    names = (values.get("logo"), look.get("background_picture") if isinstance(look, Mapping) else None)
    found = {name: documents.picture(name)[0] for name in names if isinstance(name, str)}
    return {name: asset for name, asset in found.items() if asset}


def fingerprint(content: bytes) -> str:
    """By which contents name a picture (SHA-256)."""
    return hashlib.sha256(content).hexdigest()


def patch_of(path: KeyPath, of_folder: Any, value: Any) -> Any:
    """What contents must say so that a value is read where the folder has another one.

    :param of_folder: the folder's value; None for none.
    :returns: a part of a JSON merge patch.
    """
    if path[0].startswith(MESSAGES) and (len(path) == 2 or path[1] in {PAYTRONIX, SITE}):
        given = value if isinstance(value, Mapping) else {"text": value}
        return {name: given.get(name) for name in _ENTRY}  # whole: a merge patch would leave the folder's title
    return _over(of_folder, value)


def without_problems(values: Values, documents: Documents) -> dict[KeyPath, Any]:
    """The values that guests get as they are written."""
    merchant = read_merchant(documents.merchant)[0] if documents.merchant else Merchant()
    links = {*KNOWN_LINKS, *merchant.links}
    vocabulary = Vocabulary(builtin().vocabulary.sections, links)
    zone = {"time_zone": values[NOTICES_FILE, "time_zone"]} if (NOTICES_FILE, "time_zone") in values else {}

    def has_problems(path: KeyPath) -> bool:
        file, *names = path
        table: Any = values[path]
        for name in reversed(names):
            table = {name: table}
        if file == MERCHANT_FILE:
            return bool(read_merchant(Document(file, "", {"name": "x"} | table))[1])
        if file == NOTICES_FILE:
            return bool(read_notices(Document(file, "", zone | table), links)[1])
        return file != PICTURES and bool(read_entries(Document(file, "", table), vocabulary)[1])

    return {path: value for path, value in values.items() if not has_problems(path)}


def files_of(values: Values, heading: str) -> dict[str, str]:
    """The folder's files, in an order of their own, so that two of them differ only where their values do.

    :param heading: a line to stand in front of ``merchant.toml``.
    :returns: file → its text, ``merchant.toml`` always among them.
    """
    tables: dict[str, dict[str, Any]] = {MERCHANT_FILE: {}}
    for path in sorted(values, key=_rank):
        if path[0] == PICTURES:
            continue
        table = tables.setdefault(path[0], {})
        for name in path[1:-1]:
            table = table.setdefault(name, {})
        table[path[-1]] = values[path]
    texts = {file: tomli_w.dumps(table, multiline_strings=True) for file, table in tables.items()}
    return texts | {MERCHANT_FILE: f"# {heading}\n\n{texts[MERCHANT_FILE]}"}


def _rank(path: KeyPath) -> tuple[Any, ...]:
    file, name, *rest = path
    order = _ORDER.get(file) or ("default", *builtin().vocabulary.sections)
    return file, order.index(name) if name in order else len(order), name, *rest


def _plain(value: Any, alone: str | None = None) -> Any:
    """A value in the one form that JSON can hold too.

    :param alone: the name that a table need not be made for, if it is all that would be in it.
    """
    if isinstance(value, Mapping):
        if alone and value.keys() == {alone}:
            return _plain(value[alone])
        return {name: _plain(value[name]) for name in sorted(value, key=_field_rank)}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat(" ", "auto" if value.second or value.microsecond else "minutes")
    return value.isoformat() if isinstance(value, date | time) else value


def _field_rank(name: str) -> int:
    """Where a field stands; languages stay in the merchant's order, which says whose text stands in for others."""
    return _FIELDS.index(name) if name in _FIELDS else -1


def _over(former: Any, value: Any) -> Any:
    """What a merge patch must say to make one value of the other."""
    if not (isinstance(former, Mapping) and isinstance(value, Mapping)):
        return value
    gone = dict.fromkeys(name for name in former if name not in value)
    return gone | {name: _over(former.get(name), each) for name, each in value.items()}
