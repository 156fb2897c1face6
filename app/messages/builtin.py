"""The built-in messages: files of the same format as the merchant's, which have an entry for everything."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.messages.document import Document, read
from app.messages.entries import Entries, Vocabulary, read_entries
from app.messages.merchant import KNOWN_LINKS
from app.messages.problems import Problem

FOLDER = Path(__file__).parent / "builtin"
LANGUAGES = ("en", "es")


@dataclass(frozen=True)
class BuiltIn:
    """The built-in entries by language, and the names that entries may have."""

    entries: Mapping[str, Entries]
    vocabulary: Vocabulary


@cache
def builtin() -> BuiltIn:
    """Read the built-in messages, once in a process.

    :raises RuntimeError: a problem in them, which is ours.
    """
    documents = {tag: read(FOLDER.parent, f"{FOLDER.name}/{tag}.toml") for tag in LANGUAGES}
    problems: list[Problem] = [document for document in documents.values() if isinstance(document, Problem)]
    files = {tag: document for tag, document in documents.items() if isinstance(document, Document)}
    if problems:
        raise RuntimeError(f"The built-in messages cannot be read: {problems[0]}")
    sections = {name: frozenset(table) for name, table in files["en"].values.items() if isinstance(table, dict)}
    vocabulary = Vocabulary(sections, KNOWN_LINKS)
    entries: dict[str, Entries] = {}
    for tag, document in files.items():
        entries[tag], found = read_entries(document, vocabulary)
        problems += found
    if problems:
        raise RuntimeError(f"The built-in messages have a problem: {problems[0]}")
    return BuiltIn(entries, vocabulary)
