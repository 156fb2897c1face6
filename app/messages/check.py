"""What is wrong with a merchant's folder, and what is worth a look, before any guest reads it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.messages.catalogue import AS_WRONG_PASSWORD, WRONG_PASSWORD, Catalogue
from app.messages.faults import LONGEST_SENTENCE, Fault, quoted
from app.messages.folder import LANGUAGES_FOLDER, Folder
from app.messages.words import PAYTRONIX, Entry, Key

# Codes that would tell a stranger something about an account. Paytronix documents none of them; merchants meet them.
_TELLING = re.compile(r"lock|disabl|suspend|inactiv|unknown_user|no_such|not_registered")


@dataclass(frozen=True)
class Findings:
    """What a check has found.

    :ivar errors: what guests do not get to read as the merchant means it
    :ivar warnings: what works, and may not be meant
    :ivar languages: the languages that guests can get, the programme's first language in front
    :ivar sentences: how many entries of the merchant's own there are
    """

    errors: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    languages: tuple[str, ...]
    sentences: int


def check(folder: Path) -> Findings:
    """Check a folder as it is on disk now. Nothing in it makes this raise."""
    here = Folder(folder)
    here.look()
    catalogue = here.catalogue()
    warnings = [*_unused_files(catalogue), *_missing_words(catalogue), *_telling_words(catalogue)]
    return Findings(
        errors=catalogue.faults,
        warnings=tuple(sorted(warnings, key=lambda fault: (fault.file, fault.line))),
        languages=catalogue.merchant.languages,
        sentences=sum(len(words) for words in catalogue.own_words.values()),
    )


def _unused_files(catalogue: Catalogue) -> Iterator[Fault]:
    for tag in catalogue.own_words:
        if tag not in catalogue.merchant.languages:
            yield Fault(
                f"{LANGUAGES_FOLDER}/{tag}.toml",
                1,
                1,
                "No guest gets this language.",
                f'Add "{tag}" to languages in merchant.toml, or delete the file.',
            )


def _missing_words(catalogue: Catalogue) -> Iterator[Fault]:
    """Entries that the merchant words in the first language only."""
    first, *others = catalogue.merchant.languages
    for tag in others:
        words = catalogue.own_words.get(tag, {})
        for key, entry in catalogue.own_words[first].items():
            if key not in words:
                yield _at(
                    entry,
                    f"{_label(key)} has words in {first} but not in {tag}: guests who read {tag} get them in {first}.",
                    f"Add {_label(key)} to {LANGUAGES_FOLDER}/{tag}.toml.",
                )


def _telling_words(catalogue: Catalogue) -> Iterator[Fault]:
    """Entries that tell a stranger at the sign-in page whether an account exists (ASVS 6.3.8)."""
    for voice in catalogue.voices:
        neutral = voice.paytronix(WRONG_PASSWORD).text
        for (section, code), entry in catalogue.own_words.get(voice.language, {}).items():
            is_alike = code in AS_WRONG_PASSWORD or _TELLING.search(code)
            if section == PAYTRONIX and is_alike and voice.paytronix(code).text != neutral:
                yield _at(
                    entry,
                    f"{quoted(code)} reads differently from a wrong password. "
                    "Somebody who tries out usernames learns from it who has an account with you.",
                    f"Use the same words for both: {quoted(neutral, longest=LONGEST_SENTENCE)}",
                )


def _at(entry: Entry, problem: str, instead: str) -> Fault:
    return Fault(entry.file, entry.line, 1, problem, instead)


def _label(key: Key) -> str:
    section, name = key
    return f"{quoted(name)} of [{section}]" if section else quoted(name)
