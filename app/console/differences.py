"""What is different between two sets of words, for somebody to read: names in plain English, word by word."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from flask import url_for

from app.console import entries
from app.console.pieces import Piece, pieces
from app.console.settings import LINK_LABELS, SETTINGS
from app.console.workspace import Snapshot
from app.history import ABSENT, Change, Contents, Draft, Place, etag, value_at
from app.messages import Catalogue, Message
from app.messages.editing import (
    BUILTIN_FOLDER,
    DEFAULT,
    MERCHANT_FILE,
    MESSAGES,
    NOTICES_FILE,
    PAYTRONIX,
    SITE,
    Key,
    builtin,
    direction_of,
    english_name_of,
    language_tag,
    merged,
)

PICTURES = "pictures"
A_PAGE = 50  # of differences
_LABELS = {setting.path: setting.label for setting in SETTINGS}
_PICTURES = frozenset(setting.place for setting in SETTINGS if setting.kind == "picture")
_LINK = "Link: "
_PARTS = {
    "text": "Text",
    "title": "Title",
    "link": "Next step",
    "url": "Address",
    "from": "From",
    "until": "Until",
    "while": "Only while",
}


@dataclass(frozen=True)
class Line:
    """One part of a thing, such as its title, before and after.

    :ivar label: what part it is; empty where there is but one
    :ivar language: of the words; None for what is no words
    :ivar before: empty when there was nothing
    :ivar after: empty when there is nothing any more
    """

    label: str
    language: str | None
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]

    @property
    def direction(self) -> str | None:
        """Which way the words are read."""
        return direction_of(self.language) if self.language else None


@dataclass(frozen=True)
class Name:
    """What a place is called.

    :ivar text: such as a code, or "Colour of buttons"
    :ivar page: where it is edited
    :ivar language: of its words; None when it is in all languages, or in none
    """

    text: str
    page: str
    language: str | None = None

    @property
    def language_name(self) -> str | None:
        """In English."""
        return english_name_of(self.language) if self.language else None


@dataclass(frozen=True)
class Difference:
    """One thing that is different.

    :ivar before_from: where the words stand that guests had before, if nobody has published any
    :ivar after_from: the same for those that they get
    :ivar instead: what stands on the side of a line that is empty
    :ivar draft: the change, where it is one of the draft
    :ivar picture_before: fingerprint of the picture that it named
    :ivar picture_after: fingerprint of the picture that it names
    """

    place: Place
    name: Name
    lines: tuple[Line, ...]
    before_from: str | None = None
    after_from: str | None = None
    instead: str = "nothing"
    draft: Draft | None = None
    picture_before: str | None = None
    picture_after: str | None = None

    @property
    def key(self) -> str:
        """For the hidden field of a form; ``place_of`` reads it."""
        return json.dumps(self.place, ensure_ascii=False)

    @property
    def tag(self) -> str:
        """What tells the draft's value from another."""
        return etag(self.draft.value) if self.draft else ""

    @property
    def heading(self) -> str:
        """What it is found below: "Words, Spanish"."""
        return f"{self.name.page}, {self.name.language_name}" if self.name.language else self.name.page

    @property
    def entry(self) -> Key | None:
        """Which entry of the words it is; None when it is none."""
        if self.name.page != "Words" or len(self.place) == 1:
            return None
        return ("", self.place[1]) if len(self.place) == 2 else (self.place[1], ".".join(self.place[2:]))

    @property
    def address(self) -> str | None:
        """The page that edits it."""
        if self.entry:
            section, name = self.entry
            return url_for("entry.show", section=section, name=name)
        if self.name.page == "Notices":
            is_zone = self.place[-1] == "time_zone"
            return url_for("notices.show") if is_zone else url_for("notices.edit", name=self.place[-1])
        return url_for("look.show") if self.name.page == "Look" else None


def place_of(key: str) -> Place:
    """The place that a form names.

    :raises ValueError: it names none.
    """
    try:
        place = json.loads(key)
    except RecursionError as error:
        raise ValueError("this is no place") from error
    if not isinstance(place, list) or not place or not all(isinstance(name, str) for name in place):
        raise ValueError("this is no place")
    return tuple(place)


def name_of(place: Place) -> Name:
    """What a place is called. Whatever is in a revision has a name."""
    file, *below = place
    if file.startswith(MESSAGES):
        language = language_tag(file.removeprefix(MESSAGES).removesuffix(".toml"))
        section = below[0] if len(below) > 1 else ""
        named = ".".join(below[1:] or below) or "All words"
        return Name(named if section in {"", PAYTRONIX, SITE} else f"{section}: {named}", "Words", language)
    if file == NOTICES_FILE:
        return Name("Time zone" if below == ["time_zone"] else ".".join(below), "Notices")
    if file == MERCHANT_FILE and below[:1] == ["links"] and len(below) == 2:
        return Name(f"{_LINK}{LINK_LABELS.get(below[1], below[1])}", "Look")
    if file == PICTURES:
        return Name(f"Picture {'.'.join(below)}", "Look")
    return Name(_LABELS.get(tuple(below), ".".join(below)), "Look")


@dataclass(frozen=True)
class Readings:
    """All words before and after; made only if somebody asks, for entries that read the words of another one."""

    before: Callable[[], Catalogue]
    after: Callable[[], Catalogue]


def difference(
    place: Place, before: Change, after: Change, snapshot: Snapshot, readings: Readings | None = None
) -> Difference:
    """What is different at a place. Where a value is ABSENT, the folder counts.

    :param readings: with them, what guests really read where nobody has words for an entry.
    """
    named = name_of(place)
    old, before_from = _what_counts(place, before, snapshot.of_folder, readings.before if readings else None)
    new, after_from = _what_counts(place, after, snapshot.of_folder, readings.after if readings else None)
    olds, news = _parts(named, old), _parts(named, new)
    lines = []
    for label in dict.fromkeys((*olds, *news)):
        if olds.get(label) != news.get(label):
            text_before, text_after = olds.get(label, ""), news.get(label, "")
            if label == "link" and named.language:
                text_before, text_after = (
                    snapshot.link_text(each, named.language) or LINK_LABELS.get(each, each)
                    for each in (text_before, text_after)
                )
            language = named.language or _language_in(label)
            lines.append(Line(_shown_label(label), language, *pieces(text_before, text_after)))
    is_without_words = place[1:2] == (PAYTRONIX,) and named.language and (old is None or new is None)
    instead = "the general words" if is_without_words else "nothing"
    return Difference(place, named, tuple(lines), before_from, after_from, instead)


def differences_of(
    changes: Mapping[Place, tuple[Change, Change]],
    snapshot: Snapshot,
    *,
    before: Contents,
    after: Contents,
    readings: Readings | None = None,
    drafts: Mapping[Place, Draft] | None = None,
    page: int = 1,
) -> "Differences":
    """What is different, by page and name; a picture stands where it is named, and not by itself.

    :param changes: as ``app.history.differences`` gives them.
    :param before: the contents that hold the pictures' fingerprints before.
    :param after: those after.
    :param readings: all words before and after.
    :param drafts: who has made the changes, if they are in the draft.
    :param page: from 1; of some words there is more different than anybody reads at once.
    """
    named = {each for place, values in changes.items() if is_picture(place) for each in values if isinstance(each, str)}
    places = sorted((place for place in changes if place[0] != PICTURES or place[-1] not in named), key=_rank)
    pages = max(1, -(-len(places) // A_PAGE))
    page = min(max(page, 1), pages)
    found = []
    for place in places[A_PAGE * (page - 1) : A_PAGE * page]:
        one = _with_pictures(place, *changes[place], snapshot, before=before, after=after, readings=readings)
        found.append(replace(one, draft=(drafts or {}).get(place)))
    groups = [(heading, list(group)) for heading, group in groupby(found, key=lambda one: one.heading)]
    return Differences(groups, len(places), page, pages)


def _with_pictures(
    place: Place,
    old: Change,
    new: Change,
    snapshot: Snapshot,
    *,
    before: Contents,
    after: Contents,
    readings: Readings | None,
) -> Difference:
    """What is different at one place, with the fingerprints of the pictures that it names or is."""
    if place[0] == PICTURES:
        return Difference(
            place, name_of(place), (), picture_before=_text_or_none(old), picture_after=_text_or_none(new)
        )
    one = difference(place, old, new, snapshot, readings)
    if is_picture(place):
        return replace(one, picture_before=_fingerprint(before, old), picture_after=_fingerprint(after, new))
    return one


@dataclass(frozen=True)
class Differences:
    """A page of what is different.

    :ivar groups: by the heading that they stand below
    :ivar count: how many there are on all pages
    """

    groups: list[tuple[str, list[Difference]]]
    count: int
    page: int
    pages: int


def picture_of(place: Place, contents: Contents) -> list[Place]:
    """The picture that the value of a place names, if it names one."""
    name = value_at(contents, place)
    return [(PICTURES, name)] if is_picture(place) and isinstance(name, str) else []


def is_picture(place: Place) -> bool:
    """Whether the value of a place is the name of a picture."""
    return place in _PICTURES


def _rank(place: Place) -> tuple[int, str, str]:
    name = name_of(place)
    return ("Words", "Notices", "Look").index(name.page), name.language or "", name.text


def _what_counts(
    place: Place, value: Change, folder: Contents, read: Callable[[], Catalogue] | None
) -> tuple[Any, str | None]:
    """What guests get for a value, and where it stands if not in the contents."""
    of_folder = value_at(folder, place)
    if value is not ABSENT and value is not None:
        return merged(of_folder, value), None
    if value is ABSENT and of_folder is not ABSENT:
        return of_folder, "the folder"
    if place[0].startswith(MESSAGES) and len(place) > 1:
        language = name_of(place).language
        words = builtin().entries.get(language or "", {})
        key = ("", place[1]) if len(place) == 2 else (place[1], ".".join(place[2:]))
        if read and language and (message := entries.message_of(read(), key, language)).text:
            return vars(entries.as_read(message)), _where_of(message, key, language)
        if entry := words.get(key):
            return {"text": entry.text, "title": entry.title, "link": entry.link}, "the built-in words"
    return None, None


def _where_of(message: Message, key: Key, language: str) -> str:
    """Where words stand that guests read for an entry without any of its own."""
    if message.entry and message.entry != key:
        return "the general words" if message.entry == DEFAULT else f"the words for “{message.entry[1]}”"
    is_built_in = message.source.startswith(f"{BUILTIN_FOLDER.name}/")
    return "the built-in words" if is_built_in and message.language == language else "the words in another language"


def _parts(named: Name, value: Any) -> dict[str, str]:
    """The texts of a value: by label, or with a language behind a bar."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        only = "url" if named.text.startswith(_LINK) else "text" if named.page == "Words" else ""
        return {only: _as_text(value)}
    parts: dict[str, str] = {}
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            texts = {language_tag(tag) or tag: text for tag, text in inner.items() if text is not None}
            parts |= {f"{name}|{tag}": _as_text(text) for tag, text in texts.items()}
        elif inner is not None:
            parts[name] = _as_text(inner)
    return parts


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def _language_in(label: str) -> str | None:
    return language_tag(label.partition("|")[2])


def _shown_label(label: str) -> str:
    part, _, tag = label.partition("|")
    language = language_tag(tag)
    return (
        f"{_PARTS.get(part, part)}, {english_name_of(language) if language else tag}" if tag else _PARTS.get(part, part)
    )


def _fingerprint(contents: Contents, name: Change) -> str | None:
    return _text_or_none(value_at(contents, (PICTURES, name))) if isinstance(name, str) else None


def _text_or_none(value: Change) -> str | None:
    return value if isinstance(value, str) else None
