"""A language's words: from a file such as ``messages/en.toml`` to checked entries."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.messages import placeholders
from app.messages.document import Document
from app.messages.plain_text import text_problem
from app.messages.problem_list import Collector
from app.messages.problems import Problem, quoted

Key = tuple[str, str]  # section and name; codes in lower case
DEFAULT: Key = ("", "default")
PAYTRONIX = "paytronix"
LINKS = "links"
SITE = "site"

_MESSAGES = ("", PAYTRONIX, SITE)  # the others hold labels, which are a text and nothing else
_FIELDS = ("text", "title", "link")
_LONGEST_CODE = 100
_DEEPEST_CODE = 8  # dotted parts
_DEFAULT_BELOW = (
    '"default" stands below a heading, so no guest reads it.',
    "Move it to the very top of the file, above the first line in [ ].",
)
_EXAMPLE = '"What guests read."'


@dataclass(frozen=True, slots=True)
class Entry:
    """What guests read in one situation.

    :ivar link: the name of a link of ``merchant.toml``
    :ivar file: where it stands, below the folder
    :ivar line: counted from 1
    """

    text: str
    title: str | None = None
    link: str | None = None
    file: str = ""
    line: int = 1


Entries = Mapping[Key, Entry]


@dataclass(frozen=True)
class Vocabulary:
    """The names that entries may have.

    :ivar sections: the names in each section; those of Paytronix's codes are examples, any other code is as good
    :ivar links: the names that links may have
    """

    sections: Mapping[str, Collection[str]]
    links: Collection[str]


def read_entries(document: Document, vocabulary: Vocabulary) -> tuple[Entries, tuple[Problem, ...]]:
    """Every entry without a problem, and the problems of the others.

    Two problems leave an entry in place, because its sentence is still the merchant's best: a word in braces that is no
    placeholder (shown as typed) and a link that ``merchant.toml`` does not have (not shown).
    """
    reader = _Reader(document, vocabulary)
    reader.read()
    return reader.words, reader.collector.problems()


class _Reader:
    def __init__(self, document: Document, vocabulary: Vocabulary) -> None:
        self.words: dict[Key, Entry] = {}
        self.collector = Collector(document)
        self._document = document
        self._vocabulary = vocabulary

    def read(self) -> None:
        for name, value in self._document.values.items():
            if name == "default":
                self._add(DEFAULT, (name,), value)
            elif name not in self._vocabulary.sections:
                self.collector.add((name,), *self._unknown_on_top(name))
            elif not isinstance(value, dict):
                self.collector.add((name,), f"{quoted(name)} is a heading.", f"Write it on a line of its own: [{name}]")
            elif name == PAYTRONIX:
                for path, code in codes((name,), value):
                    self._add_code(path, code)
            else:
                for inner, entry in value.items():
                    self._add_named(name, inner, entry)

    def _add_code(self, path: tuple[str, ...], value: Any) -> None:
        code = ".".join(path[1:])
        if len(code) > _LONGEST_CODE or len(path) - 1 > _DEEPEST_CODE or not code.isprintable():
            self.collector.add(
                path,
                f"{quoted(code)} is no code of Paytronix.",
                "Copy the code as Paytronix or the log gives it.",
            )
        elif code.lower() == "default":
            self.collector.add(path, *_DEFAULT_BELOW)
        elif (PAYTRONIX, code.lower()) in self.words:
            self.collector.add(
                path,
                f"The code {quoted(code)} is in this file twice.",
                "Keep one of the two and delete the other.",
            )
        else:
            self._add((PAYTRONIX, code.lower()), path, value)

    def _add_named(self, section: str, name: str, value: Any) -> None:
        known = self._vocabulary.links if section == LINKS else self._vocabulary.sections[section]
        if name in known:
            self._add((section, name), (section, name), value)
        else:
            self.collector.add((section, name), *self._unknown_in(section, name, known))

    def _add(self, key: Key, path: tuple[str, ...], value: Any) -> None:
        given = {"text": value} if isinstance(value, str) else value
        label = quoted(key[1])
        if not isinstance(given, dict):
            self.collector.add(path, f"{label} is no text.", f"Put the words in quotation marks: {key[1]} = {_EXAMPLE}")
            return
        for field in given:
            if field not in _FIELDS:
                close = self.collector.close_to(field, _FIELDS)
                suggestion = f"Write {close} instead." if close else "Only text, title and link can stand there."
                self.collector.add(path, f"{label} has {quoted(field)} in it, which means nothing here.", suggestion)
                return
        if key[0] not in _MESSAGES and len(given) > 1:
            self.collector.add(path, f"{label} can only be a text.", f"Write it like this: {key[1]} = {_EXAMPLE}")
            return
        if "text" not in given:
            self.collector.add(path, f"{label} has no text.", f"Add one: {key[1]} = {{ text = {_EXAMPLE} }}")
            return
        for field, words in given.items():
            trouble = (
                text_problem(words)
                if isinstance(words, str)
                else (
                    f"The {field} is no text.",
                    f"Put quotation marks around it: {field} = {_EXAMPLE}",
                )
            )
            if trouble:
                self.collector.add(path, f"{label}: {trouble[0]}", trouble[1])
                return
        place = self._document.problem_at(path, "", "")
        self.words[key] = Entry(
            text=given["text"].strip(),
            title=given["title"].strip() if "title" in given else None,
            link=self._checked_link(path, label, given.get("link")),
            file=place.file,
            line=place.line,
        )
        self._check_placeholders(key, path, label, f"{given.get('title', '')} {given['text']}")

    def _checked_link(self, path: tuple[str, ...], label: str, link: str | None) -> str | None:
        if link is None or link in self._vocabulary.links:
            return link
        close = self.collector.close_to(link, self._vocabulary.links)
        self.collector.add(
            path,
            f"{label} names the link {quoted(link)}, which merchant.toml does not have.",
            f"Did you mean {quoted(close)}?" if close else "Add it to [links] in merchant.toml.",
        )
        return None

    def _check_placeholders(self, key: Key, path: tuple[str, ...], label: str, text: str) -> None:
        allowed = placeholders.allowed_in(*key)
        for word in placeholders.unknown(text, allowed):
            close = self.collector.close_to(word.strip().lower(), allowed)
            offer = f"Did you mean {{{close}}}? " if close else ""
            names = ", ".join(f"{{{name}}}" for name in allowed)
            self.collector.add(
                path,
                f"{label} has {quoted(f'{{{word}}}')} in it. Guests would read it as it is typed.",
                f"{offer}Here you can use {names}.",
            )

    def _unknown_on_top(self, name: str) -> tuple[str, str]:
        for section, names in self._vocabulary.sections.items():
            if name in names:
                return (
                    f"{quoted(name)} stands outside its section.",
                    f"Move it below a line that says [{section}].",
                )
        if close := self.collector.close_to(name, ["default", *self._vocabulary.sections]):
            return f"{quoted(name)} means nothing here.", f"Did you mean {quoted(close)}?"
        sections = ", ".join(f"[{section}]" for section in self._vocabulary.sections)
        return f"{quoted(name)} means nothing here.", f"Entries stand below one of {sections}."

    def _unknown_in(self, section: str, name: str, known: Collection[str]) -> tuple[str, str]:
        description = f"[{section}] has no entry named {quoted(name)}."
        if name.lower() == "default":
            return _DEFAULT_BELOW
        if section == LINKS:
            return description, "Give the link its address in merchant.toml first."
        if close := self.collector.close_to(name, known):
            return description, f"Did you mean {quoted(close)}?"
        for other, names in self._vocabulary.sections.items():
            if name in names:
                return description, f"It belongs below [{other}]."
        return description, f"The names there are: {', '.join(sorted(known))}."


def codes(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every code below [paytronix], with the path that leads to it.

    ``user_info.not_found = "…"`` without quotation marks makes TOML see a table ``user_info`` with ``not_found`` in
    it; what the merchant means is the code.
    """
    for name, value in table.items():
        here = (*path, name)
        if isinstance(value, dict) and not _is_entry(value) and len(here) <= _DEEPEST_CODE + 1:
            yield from codes(here, value)
        else:
            yield here, value


def _is_entry(table: Mapping[str, Any]) -> bool:
    """Whether a table is an entry's fields, misspelt ones included, and no part of a dotted code."""
    if not table or not table.keys().isdisjoint(_FIELDS):
        return True  # as nearly all; to look for names with a slip in them takes long
    return any(difflib.get_close_matches(name, _FIELDS, 1, cutoff=0.8) for name in table)
