"""What is wrong with a merchant's folder, and what is worth a look, before any guest reads it."""

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from app.messages import well_known
from app.messages.builtin import builtin
from app.messages.catalogue import LAST_RESORT, Catalogue
from app.messages.codes import AFTER_SIGN_IN, AS_SYSTEM_ERROR, WRONG_PASSWORD, concerns_everybody
from app.messages.entries import DEFAULT, PAYTRONIX, SITE, Entry, Key
from app.messages.folder import LANGUAGES_FOLDER, Folder
from app.messages.languages import served_by
from app.messages.merchant import FILE as MERCHANT_FILE
from app.messages.notices import FILE as NOTICES_FILE
from app.messages.notices import Notice
from app.messages.problems import LONGEST_SENTENCE, Problem, SourcePosition, quoted
from app.messages.readability import readability_problems
from app.messages.unused_files import unused_files

_PHONE = re.compile(r"[0-9][0-9 ()./-]{4,}[0-9]")
# What is the operator's to mend (docs/paytronix.md, 3.7).
_OF_THE_OPERATOR = re.compile(r"(?:.+\.)?(?:feature_disabled|invalid_merchant)$")

_EntryCheck = Callable[[Catalogue, str, Key, Entry], Iterator[Problem]]  # what it finds has no position yet


@dataclass(frozen=True)
class Findings:
    """What a check has found.

    :ivar errors: what guests do not get to read as the merchant means it
    :ivar warnings: what works, and may not be meant
    :ivar languages: the languages that guests can get, the programme's first language in front
    :ivar sentences: how many entries of the merchant's own there are
    """

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    languages: tuple[str, ...]
    sentences: int


def check(folder: Path, *, now: datetime | None = None) -> Findings:
    """Check a folder as it is on disk now. Nothing in it makes this raise.

    :param now: aware; this moment unless given.
    """
    here = Folder(folder)
    here.poll()
    catalogue = here.catalogue()
    found = check_catalogue(catalogue, now=now)
    return replace(
        found,
        errors=_sorted((*found.errors, *unused_files(folder), *well_known.unused_files(folder))),
        warnings=_sorted((*_nothing_in_it(catalogue, here), *found.warnings)),
    )


def check_catalogue(catalogue: Catalogue, *, now: datetime | None = None) -> Findings:
    """Check messages and theme, wherever they are from. Nothing in them makes this raise.

    :param now: aware; this moment unless given.
    """
    return Findings(
        errors=_sorted(catalogue.problems),
        warnings=_sorted((*_of_entries(catalogue, _ENTRY_CHECKS), *check_all_but_entries(catalogue, now=now))),
        languages=catalogue.merchant.languages,
        sentences=sum(len(entries) for entries in catalogue.own_entries.values()),
    )


def check_all_but_entries(catalogue: Catalogue, *, now: datetime | None = None) -> tuple[Problem, ...]:
    """What is worth a look in all that is no entry: theme, settings, notices. Costs the same however many entries.

    :param now: aware; this moment unless given.
    """
    now = now or datetime.now(UTC)
    of_notices = (
        problem.at(SourcePosition(NOTICES_FILE, notice.line))
        for notice in catalogue.notices
        for problem in _of_notice(catalogue, notice, now)
    )
    return _sorted(
        (*catalogue.theme.corrections, *_unread_languages(catalogue), *_telling_settings(catalogue), *of_notices)
    )


def check_entry(catalogue: Catalogue, key: Key) -> dict[str, tuple[Problem, ...]]:
    """What is worth a look in one entry, by language. Costs the same however many others there are."""
    return {
        tag: tuple(_run(_ENTRY_CHECKS, catalogue, tag, key, entries[key]))
        for tag, entries in catalogue.own_entries.items()
        if key in entries
    }


def check_what_entries_name(catalogue: Catalogue, *, but: Collection[tuple[str, Key]] = ()) -> tuple[Problem, ...]:
    """What is worth a look in entries that name something of ``merchant.toml``: the number, or a link.

    :param but: languages and keys of entries that are left out.
    """
    return _sorted(_of_entries(catalogue, (_without_phone, _dead_end), but))


def _of_entries(
    catalogue: Catalogue, checks: Iterable[_EntryCheck], but: Collection[tuple[str, Key]] = ()
) -> Iterator[Problem]:
    for tag, entries in catalogue.own_entries.items():
        for key, entry in entries.items():
            if (tag, key) not in but:
                yield from _run(checks, catalogue, tag, key, entry)


def _run(checks: Iterable[_EntryCheck], catalogue: Catalogue, tag: str, key: Key, entry: Entry) -> Iterator[Problem]:
    position = SourcePosition(entry.file, entry.line)
    return (problem.at(position) for check_it in checks for problem in check_it(catalogue, tag, key, entry))


def _sorted(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.file, problem.line)))


# --- Entries ---


def _misspelt_code(catalogue: Catalogue, tag: str, key: Key, entry: Entry) -> Iterator[Problem]:
    """A code close to one that we know, or the name of one of the site's own messages below [paytronix]."""
    sections = builtin().vocabulary.sections
    section, code = key
    if section != PAYTRONIX or code in sections[PAYTRONIX] or code in AS_SYSTEM_ERROR:
        return
    if code in sections[SITE]:
        description = f"{quoted(code)} is a sentence of the site and no code of Paytronix."
        yield Problem(description, "Move it below the line that says [site].")
    elif close := difflib.get_close_matches(code.replace(" ", "_"), sections[PAYTRONIX], 1, cutoff=0.88):
        description = f"{quoted(code)} is no code that we know, and nearly one."
        yield Problem(description, f"If you mean {quoted(close[0])}, correct it.")


def _without_phone(catalogue: Catalogue, tag: str, key: Key, entry: Entry) -> Iterator[Problem]:
    merchant = catalogue.merchant
    if merchant.phone or catalogue.is_unread(MERCHANT_FILE) or "phone" in merchant.lines:
        return  # there is one, or a problem is reported in its place
    if "{phone}" in entry.text:
        yield Problem(
            f"{_label(key)} says {{phone}}, with no number in {MERCHANT_FILE}: guests read other words instead.",
            f'Add a line at the top of {MERCHANT_FILE}: phone = "020 7946 0123"',
        )


def _missing_words(catalogue: Catalogue, tag: str, key: Key, entry: Entry) -> Iterator[Problem]:
    """Entries that the merchant has in the first language only."""
    first, *others = catalogue.merchant.languages
    if tag not in served_by(first, catalogue.own_entries) or catalogue.is_unread(MERCHANT_FILE):
        return  # it is no language of theirs; or nobody knows which these are
    for other in others:
        file = catalogue.file_of(other)
        if key not in catalogue.entries_in(other) and not catalogue.is_unread(file):
            yield Problem(
                f"{_label(key)} has words in {first} but not in {other}: guests who read {other} get them in {first}.",
                f"Add {_label(key)} to {file}.",
            )


def _same_as_default(catalogue: Catalogue, tag: str, key: Key, entry: Entry) -> Iterator[Problem]:
    default = catalogue.own_entries[tag].get(DEFAULT)
    if key == (PAYTRONIX, WRONG_PASSWORD):
        return  # without it, a wrong password has a message of its own
    if default and key[0] == PAYTRONIX and entry.text == default.text and not (entry.title or entry.link):
        yield Problem(
            f"{_label(key)} is the same as default, which guests read in {tag} without it.",
            "Delete the entry, or say what this guest can do.",
        )


def _dead_end(catalogue: Catalogue, tag: str, key: Key, entry: Entry) -> Iterator[Problem]:
    """No next step, where the built-in message has one."""
    if entry.link and entry.link not in catalogue.merchant.links:
        if not catalogue.is_unread(MERCHANT_FILE, entry.link):
            yield Problem(
                f"{_label(key)} leads to {quoted(entry.link)}, which has no address: guests see no link.",
                f"Add {entry.link} to [links] in {MERCHANT_FILE}.",
            )
        return
    built_in = builtin().entries[LAST_RESORT].get(key)
    is_stuck = built_in is not None and built_in.link == "help"
    if is_stuck and not entry.link and "{phone}" not in entry.text and not _PHONE.search(entry.text):
        yield Problem(
            f"{_label(key)} is a dead end: it does not say how a guest can go on.",
            'Add a next step: { text = "…", link = "help" }',
        )


def _hard_to_read(catalogue: Catalogue, tag: str, key: Key, entry: Entry) -> Iterator[Problem]:
    for what, text in (("", entry.text), ("The title of ", entry.title or "")):
        for problem in readability_problems(text, tag):
            yield replace(problem, description=f"{what}{_label(key)}: {problem.description}")


def _telling_words(catalogue: Catalogue, tag: str, key: Key, entry: Entry) -> Iterator[Problem]:
    """Tells a stranger at the sign-in page whether an account exists (ASVS 6.3.8).

    Paytronix documents no complete list of codes, so every one counts that a refused sign-in can bring.
    """
    section, code = key
    localizer = catalogue.localizer(tag)
    if localizer is None or section not in {PAYTRONIX, DEFAULT[0]}:
        return
    if concerns_everybody(code) and code != "http:4xx":  # whose words are read for http:401, too
        return
    if AFTER_SIGN_IN.match(code) or _OF_THE_OPERATOR.match(code) or code in builtin().vocabulary.sections[SITE]:
        return  # nobody reads it at sign-in; or it is in the wrong place, which is reported
    neutral, shown = localizer.paytronix(WRONG_PASSWORD, signing_in=True), localizer.message(section, code)
    if (shown.text, shown.title, shown.link) != (neutral.text, neutral.title, neutral.link):
        yield Problem(
            f"{quoted(code)} reads differently from a wrong password. "
            "Somebody who tries out usernames learns from it who has an account with you.",
            f"Use the same words, title and link for both: {quoted(neutral.text, longest=LONGEST_SENTENCE)}",
        )


_ENTRY_CHECKS: tuple[_EntryCheck, ...] = (
    _misspelt_code,
    _without_phone,
    _missing_words,
    _same_as_default,
    _dead_end,
    _hard_to_read,
    _telling_words,
)


# --- Notices, settings, files ---


def _of_notice(catalogue: Catalogue, notice: Notice, now: datetime) -> Iterator[Problem]:
    label = f"The notice {quoted(notice.name)}"
    for check_it in (_without_phone, _hard_to_read):
        for tag, entry in notice.entries.items():
            yield from check_it(catalogue, tag, ("", notice.name), entry)
    if notice.ends_at and notice.ends_at <= now:
        yield Problem(f"{label} is over: nobody reads it any more.", "Delete it, or move its end.")
    if not (notice.ends_at or notice.while_failing):
        yield Problem(f"{label} has no end: guests read it until you delete it.", "Say until when, if you know it.")
    link = next(iter(notice.entries.values())).link
    if link and link not in catalogue.merchant.links and not catalogue.is_unread(MERCHANT_FILE, link):
        yield Problem(
            f"{label} leads to {quoted(link)}, which has no address: no link is seen.",
            f"Add {link} to [links] in {MERCHANT_FILE}.",
        )
    for tag in catalogue.merchant.languages:
        if not served_by(tag, notice.entries) and not catalogue.is_unread(NOTICES_FILE):
            description = f"{label} has no text in {tag}: guests who read {tag} get another one."
            yield Problem(description, f'Add one: text.{tag} = "…"')


def _telling_settings(catalogue: Catalogue) -> Iterator[Problem]:
    merchant = catalogue.merchant
    for name, is_on in (("show_vendor_text", merchant.show_vendor_text), ("show_code", merchant.show_code)):
        if is_on:
            yield Problem(
                f"{name} shows what Paytronix says about a sign-in. "
                "Somebody who tries out usernames may learn from it who has an account with you.",
                f"Write {name} = false, unless guests need it to get help.",
                MERCHANT_FILE,
                merchant.lines.get(name, 1),
            )


def _unread_languages(catalogue: Catalogue) -> Iterator[Problem]:
    read = {each for tag in catalogue.merchant.languages for each in served_by(tag, catalogue.own_entries)}
    for tag in catalogue.own_entries:
        if tag not in read:
            suggestion = f'Add "{tag}" to languages in merchant.toml, or delete the file.'
            yield Problem("No guest gets this language.", suggestion, catalogue.file_of(tag))


def _nothing_in_it(catalogue: Catalogue, folder: Folder) -> Iterator[Problem]:
    for tag, file in catalogue.files.items():
        if not catalogue.own_entries.get(tag) and not any(problem.file == file for problem in catalogue.problems):
            yield Problem("There is no sentence in this file.", "Write one, or delete the file.", file)
    if not (folder.path / LANGUAGES_FOLDER).exists() and folder.path.is_dir() and any(folder.path.iterdir()):
        description = "There is no folder messages here, so all sentences are the built-in ones."
        yield Problem(description, f"Put your sentences into {LANGUAGES_FOLDER}/en.toml.")


def _label(key: Key) -> str:
    section, name = key
    return f"{quoted(name)} of [{section}]" if section else quoted(name)
