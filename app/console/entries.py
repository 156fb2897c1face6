"""One entry of the words, as somebody edits it: what is there, what was typed, and what is wrong with that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.console.workspace import Snapshot
from app.history import ABSENT, Change, Draft, Place, value_at
from app.messages import KNOWN_LINKS, Catalogue, Message, Problem
from app.messages.editing import (
    DEFAULT,
    LINKS,
    MERCHANT_FILE,
    MESSAGES,
    PAYTRONIX,
    SITE,
    Document,
    Entry,
    Key,
    Vocabulary,
    builtin,
    check_entry,
    direction_of,
    english_name_of,
    language_tag,
    merged,
    read_entries,
)

LONGEST_CODE = 100
_MESSAGES = frozenset({"", PAYTRONIX, SITE})  # the others hold labels, which are a text and nothing else
# What the folder's check says to those who edit its files, and what it means here.
_MEANT = (
    ("Add a next step", "Choose a next step."),
    ("Put it into [links]", "Leave it out, and choose a next step instead."),
    ("Add a line at the top of merchant.toml", "Give the number on the page Look."),
    ("Move it below the line", "Write it as a text of the site."),
)


@dataclass(frozen=True)
class Typed:
    """What stands in the fields of one language. Empty is what is not given.

    :ivar link: the name of a link
    """

    text: str = ""
    title: str = ""
    link: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether there are no words. A next step alone is nothing that guests could read."""
        return not (self.text or self.title)

    def is_same_as(self, other: "Typed") -> bool:
        """Whether guests would read the same."""
        return self == other or (self.is_blank and other.is_blank)


@dataclass(frozen=True)
class Source:
    """Words that the fields of a language can be filled with.

    :ivar name: as the button's value has it
    :ivar button: what it says
    """

    name: str
    button: str
    words: Typed


@dataclass(frozen=True)
class Language:
    """What stands around the fields of one language.

    :ivar otherwise: what guests read when nothing stands in the fields
    :ivar sources: what would fill them with something else
    """

    tag: str
    name: str
    direction: str
    otherwise: Message
    sources: tuple[Source, ...]
    draft: Draft | None


@dataclass(frozen=True)
class Findings:
    """What a check says of what was typed, by language.

    :ivar errors: what guests would not read as it is typed
    :ivar warnings: what works, and may not be meant
    """

    errors: Mapping[str, tuple[str, ...]]
    warnings: Mapping[str, tuple[str, ...]]

    @property
    def has_errors(self) -> bool:
        """Whether it cannot be saved like this."""
        return any(self.errors.values())


def key_of(section: str, name: str, catalogue: Catalogue) -> Key | None:
    """The key of an entry that somebody asks for; None when there can be no such entry."""
    if section == PAYTRONIX:
        code = name.strip().lower()
        fits = 0 < len(code) <= LONGEST_CODE and code.isprintable() and code != DEFAULT[1]
        return (PAYTRONIX, code) if fits else None
    names = (
        {*KNOWN_LINKS, *catalogue.merchant.links} if section == LINKS else builtin().vocabulary.sections.get(section)
    )
    return (section, name) if (section, name) == DEFAULT or name in (names or ()) else None


def place_of(key: Key, language: str) -> Place:
    """Where an entry stands in the contents of a revision."""
    return (f"{MESSAGES}{language}.toml", *(part for part in key if part))


def any_place(snapshot: Snapshot, key: Key) -> Place:
    """Where an entry stands in one of the languages. Restricted there, it is restricted in all."""
    return place_of(key, snapshot.draft.localizers[0].language)


def languages(snapshot: Snapshot) -> list[str]:
    """Those of the draft's guests, and those in its list that have no words yet: the first ones are written here."""
    listed = value_at(snapshot.values, (MERCHANT_FILE, "languages"))
    tags = [language_tag(each) for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    return list(dict.fromkeys((*(voice.language for voice in snapshot.draft.localizers), *filter(None, tags))))


def links(snapshot: Snapshot) -> dict[str, str]:
    """The links that an entry can have as its next step, with what guests read on them."""
    voice = snapshot.draft.localizers[0]
    found = ((name, voice.link(name)) for name in snapshot.draft.merchant.links)
    return {name: link.text for name, link in found if link}


def is_label(key: Key) -> bool:
    """Whether it is a text and nothing else."""
    return key[0] not in _MESSAGES


def of_entry(entry: Entry) -> Typed:
    """What an entry looks like in the fields."""
    return Typed(entry.text, entry.title or "", entry.link or "")


def of_value(value: Change) -> Typed:
    """What a value of the contents looks like in the fields."""
    if isinstance(value, str):
        return Typed(value)
    if not isinstance(value, Mapping):
        return Typed()
    return Typed(*(str(value.get(name) or "") for name in ("text", "title", "link")))


def of_folder(snapshot: Snapshot, key: Key, language: str) -> Typed | None:
    """What the folder has; None when it has nothing."""
    entry = snapshot.folder.own_entries.get(language, {}).get(key)
    if entry is None or entry.file.endswith(MERCHANT_FILE):
        return None
    return of_entry(entry)


def is_built_in(key: Key, language: str) -> bool:
    """Whether the site says something of its own without any words of the merchant's."""
    return key in builtin().entries.get(language, {})


def present(snapshot: Snapshot, key: Key, language: str) -> Typed:
    """What would be published now: of the draft, published, or the folder's. Blank for the built-in words."""
    value = value_at(snapshot.contents, place_of(key, language))
    return (of_folder(snapshot, key, language) or Typed()) if value is ABSENT else of_value(value)


def otherwise(snapshot: Snapshot, key: Key, language: str, typed: Mapping[str, Typed]) -> Message:
    """What guests read if nothing stands in the fields of a language.

    :param typed: what stands in those of the others.
    """
    blank, _ = with_typed(snapshot, key, {**typed, language: Typed()})
    return message_of(blank, key, language)


def as_read(message: Message) -> Typed:
    """What guests read, as it would stand in the fields."""
    return Typed(message.text, message.title or "", message.next_step or "")


def sources(snapshot: Snapshot, key: Key, language: str, read: Message) -> list[Source]:
    """What the fields of a language can be filled with, each words once.

    :param read: what guests read if nothing stands there.
    """
    found, of_the_folder = [], of_folder(snapshot, key, language)
    if place_of(key, language) in snapshot.drafts:
        published = value_at(snapshot.live_contents, place_of(key, language))
        words = of_the_folder or Typed() if published is ABSENT else of_value(published)
        found += [
            Source("published", "Back to what is published", words),
            Source("draft", "Back to the draft", present(snapshot, key, language)),
        ]
    if of_the_folder:
        found.append(Source("folder", "As the folder has it", of_the_folder))
    if read.language == language and not is_label(key):
        found.append(Source("read", "Start from what guests read", as_read(read)))
    found.append(Source("built-in", "Built-in words" if is_built_in(key, language) else "No words", Typed()))
    first = {each.words: each for each in reversed(found)}  # of those that say the same
    return [each for each in found if first[each.words] is each]


def language_of(snapshot: Snapshot, key: Key, tag: str, typed: Mapping[str, Typed]) -> Language:
    """What stands around the fields of a language.

    :param typed: what stands in them, and in those of the others.
    """
    read = otherwise(snapshot, key, tag, typed)
    found = sources(snapshot, key, tag, read)
    return Language(
        tag=tag,
        name=english_name_of(tag),
        direction=direction_of(tag),
        otherwise=read,
        sources=tuple(each for each in found if not each.words.is_same_as(typed[tag])),
        draft=snapshot.drafts.get(place_of(key, tag)),
    )


def change_of(typed: Typed, snapshot: Snapshot, key: Key, language: str) -> Change:
    """What has to stand in the contents, so that guests read what was typed.

    Words that are the folder's stay the folder's: when it changes, guests read the change.
    """
    folder = of_folder(snapshot, key, language)
    if typed.is_blank:
        return ABSENT if folder is None else None
    if typed == folder:
        return ABSENT
    if is_label(key):
        return typed.text
    return {"text": typed.text, "title": typed.title or None, "link": typed.link or None}


def with_typed(
    snapshot: Snapshot, key: Key, typed: Mapping[str, Typed]
) -> tuple[Catalogue, dict[str, tuple[Problem, ...]]]:
    """The draft with what was typed, and what is wrong with that, by language.

    Where something cannot be read, guests would read what they would without it.
    """
    entries: dict[str, Entry | None] = {}
    faults: dict[str, tuple[Problem, ...]] = {}
    for language, each in typed.items():
        if each.is_blank:
            entries[language] = _of_merchant_file(snapshot.draft, key, language)
        else:
            entries[language], faults[language] = _read(snapshot.draft, key, language, each)
    return snapshot.draft.with_entries(key, entries), faults


def findings(catalogue: Catalogue, key: Key, faults: Mapping[str, tuple[Problem, ...]]) -> Findings:
    """All that a check says of an entry.

    :param catalogue: as :func:`with_typed` gives it.
    """
    warnings = check_entry(catalogue, key)
    return Findings(
        errors={tag: tuple(map(_said, found)) for tag, found in faults.items()},
        warnings={tag: tuple(map(_said, found)) for tag, found in warnings.items() if not faults.get(tag)},
    )


def message_of(catalogue: Catalogue, key: Key, language: str) -> Message:
    """What guests read for an entry, whether anybody has words for it or not."""
    voice = catalogue.localizer(language) or catalogue.localizers[0]
    section, name = key
    if section == PAYTRONIX:
        return voice.as_met(name)
    try:
        return voice.message(section, name)
    except KeyError:  # a link of the draft's own
        return Message(text="", code=name, language=voice.language)


def _read(catalogue: Catalogue, key: Key, language: str, typed: Typed) -> tuple[Entry | None, tuple[Problem, ...]]:
    given: Any = {"text": typed.text, "title": typed.title or None, "link": typed.link or None}
    value = typed.text if is_label(key) else merged({}, given)
    section, name = key
    values = {section: {name: value}} if section else {name: value}
    vocabulary = Vocabulary(builtin().vocabulary.sections, {*KNOWN_LINKS, *catalogue.merchant.links})
    words, faults = read_entries(Document(f"{MESSAGES}{language}.toml", "", values), vocabulary)
    return words.get(key), faults


def _of_merchant_file(catalogue: Catalogue, key: Key, language: str) -> Entry | None:
    entry = catalogue.own_entries.get(language, {}).get(key)
    return entry if entry and entry.file.endswith(MERCHANT_FILE) else None


def _said(problem: Problem) -> str:
    for begins, meant in _MEANT:
        if problem.suggestion.startswith(begins):
            return f"{problem.description} {meant}"
    if problem.suggestion.endswith(f"to [links] in {MERCHANT_FILE}."):
        return f"{problem.description} Give it an address on the page Look."
    return problem.description if ".toml" in problem.suggestion else f"{problem.description} {problem.suggestion}"
