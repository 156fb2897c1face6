"""A language's entries: from a file such as ``messages/en.toml``, checked."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.messages import placeholders
from app.messages.document import Document
from app.messages.plain_text import text_problem
from app.messages.problems import Invalid, Problem, quoted
from app.messages.reader import Node, mapping

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
_KEEP_ONE = "Keep one of the two and delete the other."


@dataclass(frozen=True, slots=True)
class Entry:
    """A message as it is written in a file: its text with placeholders, and the name of its link.

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

    Two problems leave an entry in place, because its text is still the merchant's best: a word in braces that is no
    placeholder (shown as typed) and a link that ``merchant.toml`` does not have (not shown).
    """
    root = Node.root(document)
    found: dict[Key, Entry] = {}
    for node in root.children():
        for key, entry in _of_section(node, vocabulary):
            if key in found:
                entry.report(f"The code {quoted('.'.join(entry.path[1:]))} is in this file twice.", _KEEP_ONE)
            elif read := entry.try_read(partial(_entry, key, vocabulary)):
                found[key] = read
    return found, root.problems.all()


def _of_section(node: Node, vocabulary: Vocabulary) -> Iterator[tuple[Key, Node]]:
    """The entries of a section, with the keys under which they are looked for; others are reported."""
    name = node.name
    if name == "default":
        yield DEFAULT, node
    elif name not in vocabulary.sections:
        node.report(*_unknown_on_top(node, vocabulary))
    elif not node.try_read(mapping):
        return
    elif name == PAYTRONIX:
        for path, value in codes((), node.value):
            entry, code = node.child(*path, value=value), ".".join(path)
            if len(code) > _LONGEST_CODE or len(path) > _DEEPEST_CODE or not code.isprintable():
                description = f"{quoted(code)} is no code of Paytronix."
                entry.report(description, "Copy the code as Paytronix or the log gives it.")
            elif code.lower() == "default":
                entry.report(*_DEFAULT_BELOW)
            else:
                yield (PAYTRONIX, code.lower()), entry
    else:
        known = vocabulary.links if name == LINKS else vocabulary.sections[name]
        for entry in node.children():
            if entry.name in known:
                yield (name, entry.name), entry
            else:
                entry.report(*_unknown_in(name, entry, known, vocabulary))


def _entry(key: Key, vocabulary: Vocabulary, node: Node) -> Entry:
    given = {"text": node.value} if isinstance(node.value, str) else node.value
    section, name = key
    label = quoted(name)
    if not isinstance(given, dict):
        raise Invalid(f"{label} is no text.", f"Put the words in quotation marks: {name} = {_EXAMPLE}")
    if unknown := [field for field in given if field not in _FIELDS]:
        close = node.close_to(unknown[0], _FIELDS)
        suggestion = f"Write {close} instead." if close else "Only text, title and link can stand there."
        raise Invalid(f"{label} has {quoted(unknown[0])} in it, which means nothing here.", suggestion)
    if section not in _MESSAGES and len(given) > 1:
        raise Invalid(f"{label} can only be a text.", f"Write it like this: {name} = {_EXAMPLE}")
    if "text" not in given:
        raise Invalid(f"{label} has no text.", f"Add one: {name} = {{ text = {_EXAMPLE} }}")
    for field, value in given.items():
        if not isinstance(value, str):
            raise Invalid(f"{label}: The {field} is no text.", f"Put quotation marks around it: {field} = {_EXAMPLE}")
        if problem := text_problem(value):
            raise Invalid(f"{label}: {problem.description}", problem.suggestion)
    _report_placeholders(node, label, f"{given.get('title', '')} {given['text']}", placeholders.allowed_in(*key))
    link = given.get("link")
    if link and link not in vocabulary.links:
        close = node.close_to(link, vocabulary.links)
        suggestion = f"Did you mean {quoted(close)}?" if close else "Add it to [links] in merchant.toml."
        node.report(f"{label} names the link {quoted(link)}, which merchant.toml does not have.", suggestion)
        link = None
    title = given["title"].strip() if "title" in given else None
    position = node.document.locate(node.path)
    return Entry(given["text"].strip(), title, link, position.file, position.line)


def _report_placeholders(node: Node, label: str, text: str, allowed: Collection[str]) -> None:
    for word in placeholders.unknown(text, allowed):
        close = node.close_to(word.strip().lower(), allowed)
        offer = f"Did you mean {{{close}}}? " if close else ""
        names = ", ".join(f"{{{name}}}" for name in allowed)
        description = f"{label} has {quoted(f'{{{word}}}')} in it. Guests would read it as it is typed."
        node.report(description, f"{offer}Here you can use {names}.")


def _unknown_on_top(node: Node, vocabulary: Vocabulary) -> tuple[str, str]:
    name, sections = node.name, vocabulary.sections
    if section := next((section for section, names in sections.items() if name in names), None):
        return f"{quoted(name)} stands outside its section.", f"Move it below a line that says [{section}]."
    if close := node.close_to(name, ["default", *sections]):
        return f"{quoted(name)} means nothing here.", f"Did you mean {quoted(close)}?"
    headings = ", ".join(f"[{section}]" for section in sections)
    return f"{quoted(name)} means nothing here.", f"Entries stand below one of {headings}."


def _unknown_in(section: str, node: Node, known: Collection[str], vocabulary: Vocabulary) -> tuple[str, str]:
    name = node.name
    description = f"[{section}] has no entry named {quoted(name)}."
    if name.lower() == "default":
        return _DEFAULT_BELOW
    if section == LINKS:
        return description, "Give the link its address in merchant.toml first."
    if close := node.close_to(name, known):
        return description, f"Did you mean {quoted(close)}?"
    if other := next((other for other, names in vocabulary.sections.items() if name in names), None):
        return description, f"It belongs below [{other}]."
    return description, f"The names there are: {', '.join(sorted(known))}."


def codes(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every code below [paytronix], with the path that leads to it.

    ``user_info.not_found = "…"`` without quotation marks makes TOML see a table ``user_info`` with ``not_found`` in
    it; what the merchant means is the code.
    """
    for name, value in table.items():
        here = (*path, name)
        if isinstance(value, dict) and not _is_entry(value) and len(here) <= _DEEPEST_CODE:
            yield from codes(here, value)
        else:
            yield here, value


def _is_entry(table: Mapping[str, Any]) -> bool:
    """Whether a table is an entry's fields, misspelt ones included, and no part of a dotted code."""
    if not table or not table.keys().isdisjoint(_FIELDS):
        return True  # as nearly all; to look for names with a slip in them takes long
    return any(difflib.get_close_matches(name, _FIELDS, 1, cutoff=0.8) for name in table)
