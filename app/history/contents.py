"""What a revision holds: a JSON merge patch (RFC 7396) on the merchant's folder.

The keys on top are the folder's files, and ``pictures``; below them stands what the file holds, as ``tomllib`` gives
it, with days and times as texts and Paytronix's codes in small letters. ``None`` takes away what the folder has. What
is not there is as the folder has it (docs/decisions/0013-a-patch-on-the-folder.md).
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

Contents = Mapping[str, Any]
Place = tuple[str, ...]  # of one thing that is edited as a whole: ("messages/en.toml", "site", "signed_out")


class _Absent:
    """Stands for "as the folder has it": not the same as None, which takes away what the folder has."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()
Change = Any  # a new value, None, or ABSENT


def value_at(contents: Contents, place: Place) -> Change:
    """What the contents say of a place; ABSENT when they say nothing."""
    value: Any = contents
    for name in place:
        if not isinstance(value, Mapping) or name not in value:
            return ABSENT
        value = value[name]
    return value


def with_changes(contents: Contents, changes: Mapping[Place, Change]) -> Contents:
    """The contents with other values at some places. The contents that were given stay as they are."""
    changed: Contents = contents
    for place, value in changes.items():
        changed = _with_change(changed, place, value)
    return changed


def _with_change(table: Change, place: Place, value: Change) -> dict[str, Any]:
    """The table anew; only what is on the way to the place is copied."""
    name, *rest = place
    copy = dict(table) if isinstance(table, Mapping) else {}
    new = _with_change(copy.get(name), tuple(rest), value) if rest else value
    if new is ABSENT or (rest and not new):  # an empty table would say nothing
        copy.pop(name, None)
    else:
        copy[name] = new
    return copy


def etag(value: Change) -> str:
    """What tells one value from another: a form carries that of the value that was shown (as RFC 9110's ETag).

    The whole of SHA-256: whoever edits chooses values, and two with the same first 64 bits are found in minutes. One
    would be shown to a publisher and the other one published.
    """
    content = "absent" if value is ABSENT else json.dumps(value, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def differences(old: Contents, new: Contents) -> dict[Place, tuple[Change, Change]]:
    """Where two contents differ, as ``place → (old, new)``; places as they are edited."""
    found: dict[Place, tuple[Change, Change]] = {}
    _compare(old, new, (), found)
    return found


# Below these stand tables whose values are edited one by one; elsewhere a value is edited as a whole.
_TABLES = {"merchant.toml": ("look", "links", "username")}


def _compare(old: Change, new: Change, place: Place, found: dict[Place, tuple[Change, Change]]) -> None:
    if old is new:
        return
    if _is_table(place) and isinstance(old, Mapping | _Absent) and isinstance(new, Mapping | _Absent):
        former, present = (each if isinstance(each, Mapping) else {} for each in (old, new))
        for name in [*former, *(name for name in present if name not in former)]:
            _compare(former.get(name, ABSENT), present.get(name, ABSENT), (*place, name), found)
    elif not _is_same(old, new):
        found[place] = (old, new)


def _is_same(one: Change, other: Change) -> bool:
    """As their tags would say, and much faster. For Python, True is 1."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_is_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other)


def _is_table(place: Place) -> bool:
    if len(place) <= 1:
        return True
    if len(place) > 2:
        return False
    file, name = place
    return (file.startswith("messages/") and name != "default") or name in _TABLES.get(file, ())
