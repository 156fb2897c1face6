"""The built-in words: a folder of the merchant's own format that words everything."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.messages.document import Document, read
from app.messages.faults import Fault
from app.messages.merchant import KNOWN_LINKS
from app.messages.words import Vocabulary, Words, read_words

FOLDER = Path(__file__).parent / "shipped"
LANGUAGES = ("en", "es")


@dataclass(frozen=True)
class Shipped:
    """The built-in words of every shipped language, and the names that they give to situations."""

    words: Mapping[str, Words]
    vocabulary: Vocabulary


@cache
def shipped() -> Shipped:
    """Read the built-in words, once in a process.

    :raises RuntimeError: a fault in them, which is ours.
    """
    documents = {tag: read(FOLDER.parent, f"{FOLDER.name}/{tag}.toml") for tag in LANGUAGES}
    faults: list[Fault] = [document for document in documents.values() if isinstance(document, Fault)]
    files = {tag: document for tag, document in documents.items() if isinstance(document, Document)}
    if faults:
        raise RuntimeError(f"The built-in words cannot be read: {faults[0]}")
    sections = {name: frozenset(table) for name, table in files["en"].values.items() if isinstance(table, dict)}
    vocabulary = Vocabulary(sections, KNOWN_LINKS)
    words: dict[str, Words] = {}
    for tag, document in files.items():
        words[tag], found = read_words(document, vocabulary)
        faults += found
    if faults:
        raise RuntimeError(f"The built-in words have a fault: {faults[0]}")
    return Shipped(words, vocabulary)
