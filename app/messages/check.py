"""What is wrong with a merchant's folder, and what is worth a look, before any guest reads it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.messages.catalogue import AS_WRONG_PASSWORD, LAST_RESORT, WRONG_PASSWORD, Catalogue
from app.messages.faults import LONGEST_SENTENCE, Fault, quoted
from app.messages.folder import LANGUAGES_FOLDER, Folder
from app.messages.merchant import FILE as MERCHANT_FILE
from app.messages.notices import FILE as NOTICES_FILE
from app.messages.shipped import shipped
from app.messages.style import troubles_of_style
from app.messages.words import DEFAULT, PAYTRONIX, Entry, Key

# Codes that would tell a stranger something about an account. Paytronix documents none of them; merchants meet them.
_PHONE = re.compile(r"[0-9][0-9 ()./-]{4,}[0-9]")
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


def check(folder: Path, *, now: datetime | None = None) -> Findings:
    """Check a folder as it is on disk now. Nothing in it makes this raise.

    :param now: aware; this moment unless given.
    """
    here = Folder(folder)
    here.look()
    catalogue = here.catalogue()
    warnings = [
        *catalogue.look.corrections,
        *_unused_files(catalogue),
        *_missing_words(catalogue),
        *_same_as_default(catalogue),
        *_dead_ends(catalogue),
        *_hard_to_read(catalogue),
        *_telling_words(catalogue),
        *_telling_settings(catalogue),
        *_notices_over(catalogue, now or datetime.now(UTC)),
        *_notices_missing_words(catalogue),
    ]
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


def _same_as_default(catalogue: Catalogue) -> Iterator[Fault]:
    for tag, words in catalogue.own_words.items():
        default = words.get(DEFAULT)
        for key, entry in words.items():
            if default and key[0] == PAYTRONIX and entry.text == default.text and not (entry.title or entry.link):
                yield _at(
                    entry,
                    f"{_label(key)} is the same as default, which guests read in {tag} without it.",
                    "Delete the entry, or say what this guest can do.",
                )


def _dead_ends(catalogue: Catalogue) -> Iterator[Fault]:
    """Situations in which a guest gets no further alone, as the built-in words see it, and entries that leave it so."""
    merchant = catalogue.merchant
    stuck = {key for key, entry in shipped().words[LAST_RESORT].items() if entry.link == "help"}
    for words in catalogue.own_words.values():
        for key, entry in words.items():
            if entry.link and entry.link not in merchant.links:
                yield _at(
                    entry,
                    f"{_label(key)} leads to {quoted(entry.link)}, which has no address: guests see no link.",
                    f"Add {entry.link} to [links] in {MERCHANT_FILE}.",
                )
            elif key in stuck and not entry.link and "{phone}" not in entry.text and not _PHONE.search(entry.text):
                yield _at(
                    entry,
                    f"{_label(key)} is a dead end: it does not say how a guest can go on.",
                    'Add a next step: { text = "…", link = "help" }',
                )


def _hard_to_read(catalogue: Catalogue) -> Iterator[Fault]:
    for tag, words in catalogue.own_words.items():
        for key, entry in words.items():
            for trouble in troubles_of_style(entry.text, tag):
                yield _at(entry, f"{_label(key)}: {trouble[0]}", trouble[1])
    for notice in catalogue.notices:
        for tag, entry in notice.entries.items():
            for trouble in troubles_of_style(entry.text, tag):
                yield _at(entry, f"{quoted(notice.name)}: {trouble[0]}", trouble[1])


def _telling_words(catalogue: Catalogue) -> Iterator[Fault]:
    """Entries that tell a stranger at the sign-in page whether an account exists (ASVS 6.3.8)."""
    for voice in catalogue.voices:
        neutral = voice.paytronix(WRONG_PASSWORD)
        for (section, code), entry in catalogue.own_words.get(voice.language, {}).items():
            if section != PAYTRONIX or not (code in AS_WRONG_PASSWORD or _TELLING.search(code)):
                continue
            told = voice.paytronix(code)
            if (told.text, told.title, told.link) != (neutral.text, neutral.title, neutral.link):
                yield _at(
                    entry,
                    f"{quoted(code)} reads differently from a wrong password. "
                    "Somebody who tries out usernames learns from it who has an account with you.",
                    f"Use the same words, title and link for both: {quoted(neutral.text, longest=LONGEST_SENTENCE)}",
                )


def _telling_settings(catalogue: Catalogue) -> Iterator[Fault]:
    merchant = catalogue.merchant
    for name, is_on in (("show_vendor_text", merchant.show_vendor_text), ("show_code", merchant.show_code)):
        if is_on:
            yield Fault(
                MERCHANT_FILE,
                merchant.lines.get(name, 1),
                1,
                f"{name} shows what Paytronix says about a sign-in. "
                "Somebody who tries out usernames may learn from it who has an account with you.",
                f"Write {name} = false, unless guests need it to get help.",
            )


def _notices_over(catalogue: Catalogue, now: datetime) -> Iterator[Fault]:
    for notice in catalogue.notices:
        if notice.ends_at and notice.ends_at <= now:
            problem = f"The notice {quoted(notice.name)} is over: nobody reads it any more."
            yield Fault(NOTICES_FILE, notice.line, 1, problem, "Delete it, or move its end.")


def _notices_missing_words(catalogue: Catalogue) -> Iterator[Fault]:
    for notice in catalogue.notices:
        for tag in catalogue.merchant.languages:
            if tag not in notice.entries:
                problem = (
                    f"The notice {quoted(notice.name)} has no text in {tag}: guests who read {tag} get another one."
                )
                yield Fault(NOTICES_FILE, notice.line, 1, problem, f'Add one: text.{tag} = "…"')


def _at(entry: Entry, problem: str, instead: str) -> Fault:
    return Fault(entry.file, entry.line, 1, problem, instead)


def _label(key: Key) -> str:
    section, name = key
    return f"{quoted(name)} of [{section}]" if section else quoted(name)
