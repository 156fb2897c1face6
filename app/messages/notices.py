"""What the merchant wants guests to read for a while: ``notices.toml``, checked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Any

from app.messages import placeholders
from app.messages.document import Document
from app.messages.entries import Entry
from app.messages.languages import language_tag
from app.messages.plain_text import text_problem
from app.messages.problem_list import Collector
from app.messages.problems import Problem, quoted
from app.messages.times import moment_of, zone_named

FILE = "notices.toml"
WHILE_FAILING = "paytronix_failing"
MOST_NOTICES = 20

_FIELDS = ("from", "until", "while", "text", "title", "link")
_EXAMPLE = 'Write it like this: until = "2026-12-24 18:00"'


@dataclass(frozen=True)
class Notice:
    """One notice, with all that decides when it is shown.

    :ivar name: what the merchant calls it
    :ivar entries: tag → what guests read; never empty, the merchant's first one in front
    :ivar begins_at: aware; None for one that begins at once
    :ivar ends_at: aware; from then on it is not shown. None for one that ends with the failure that it is about
    :ivar while_failing: shown only while Paytronix is failing
    :ivar line: where it stands, counted from 1
    """

    name: str
    entries: Mapping[str, Entry]
    begins_at: datetime | None
    ends_at: datetime | None
    while_failing: bool
    line: int

    def is_due(self, now: datetime, *, paytronix_is_failing: bool) -> bool:
        """Whether it is to be shown at this moment."""
        if self.while_failing and not paytronix_is_failing:
            return False
        return (self.begins_at is None or self.begins_at <= now) and (self.ends_at is None or now < self.ends_at)


def read_notices(document: Document, links: Collection[str]) -> tuple[tuple[Notice, ...], tuple[Problem, ...]]:
    """Every notice that says what and when, and the problems.

    As in a language's file, a word in braces that is no placeholder and a link without an address leave a notice in
    place. A problem in its times does not: a notice at the wrong time misleads.

    :param links: the names that links may have.
    """
    reader = _Reader(document, links)
    return reader.read(), reader.collector.problems()


class _Reader:
    def __init__(self, document: Document, links: Collection[str]) -> None:
        self.collector = Collector(document)
        self._document = document
        self._links = links
        self._zone: tzinfo | None = None

    def read(self) -> tuple[Notice, ...]:
        if "time_zone" in self._document.values:
            self._read_zone(self._document.values["time_zone"])
        notices: list[Notice] = []
        for name, value in self._document.values.items():
            if name == "time_zone":
                continue
            if not isinstance(value, dict):
                self.collector.add((name,), f"{quoted(name)} is no notice.", f"A notice has a heading: [{name}]")
            elif len(notices) == MOST_NOTICES:
                self.collector.add(
                    (name,), f"There are more than {MOST_NOTICES} notices.", "Delete those that are over."
                )
            elif notice := self._notice(name, value):
                notices.append(notice)
        return tuple(notices)

    def _read_zone(self, value: Any) -> None:
        self._zone = zone_named(value)
        if self._zone is None:
            self.collector.add(
                ("time_zone",), "This is no time zone.", 'Write a city of yours: time_zone = "America/New_York"'
            )

    def _notice(self, name: str, given: Mapping[str, Any]) -> Notice | None:
        for field in given:
            if field == "time_zone":
                description = '"time_zone" means nothing here, below a heading.'
                self.collector.add((name, field), description, "Move it above the first line in [ ].")
                return None
            if field not in _FIELDS and (tag := language_tag(field)):
                description = f"{quoted(field)} alone does not say what it is."
                self.collector.add((name, field), description, f'Write: text.{tag} = "…"')
                return None
            if field not in _FIELDS:
                close = self.collector.close_to(field, _FIELDS)
                suggestion = (
                    f"Did you mean {quoted(close)}?" if close else f"Only these can stand here: {', '.join(_FIELDS)}."
                )
                self.collector.add((name, field), f"{quoted(field)} means nothing here.", suggestion)
                return None
        while_failing = "while" in given
        if while_failing and given["while"] != WHILE_FAILING:
            self.collector.add((name, "while"), "This is no such state.", f'Write: while = "{WHILE_FAILING}"')
            return None
        if not while_failing and "until" not in given:
            self.collector.add((name,), f"{quoted(name)} does not say how long it is shown.", f"{_EXAMPLE}.")
            return None
        try:
            begins_at, ends_at = self._moment(name, given, "from"), self._moment(name, given, "until")
        except _NoMoment:
            return None
        if begins_at and ends_at and begins_at >= ends_at:
            if self._is_left_out(given["from"]):
                description = (
                    f"{quoted(name)} begins in the hour that this day does not have: the clock is put forward."
                )
                self.collector.add((name, "from"), description, "Begin it after the clock was put forward.")
            else:
                self.collector.add((name, "until"), f"{quoted(name)} ends before it begins.", "Correct one of the two.")
            return None
        entries = self._entries(name, given)
        line = self._document.problem_at((name,), "", "").line
        return Notice(name, entries, begins_at, ends_at, while_failing, line) if entries else None

    def _is_left_out(self, value: object) -> bool:
        """Whether no clock ever shows this time, because it is put forward over it."""
        typed = moment_of(value, is_end=False)
        there = typed.replace(tzinfo=typed.tzinfo or self._zone)
        return there.astimezone(UTC).astimezone(there.tzinfo).replace(tzinfo=None) != typed.replace(tzinfo=None)

    def _moment(self, name: str, given: Mapping[str, Any], field: str) -> datetime | None:
        """A day counts whole: ``from`` is its first moment, ``until`` its last."""
        value = given.get(field)
        if value is None:
            return None
        path = (name, field)
        try:
            moment = moment_of(value, is_end=field == "until")
            if moment.tzinfo is None and self._zone is not None:
                moment = moment.replace(tzinfo=self._zone)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.collector.add(path, "This is no day and no time.", f'Write it like this: {field} = "2026-12-24 18:00"')
        else:
            description = "No time zone says when this is."
            self.collector.add(path, description, 'Add a line at the top: time_zone = "America/New_York"')
        raise _NoMoment

    def _entries(self, name: str, given: Mapping[str, Any]) -> Mapping[str, Entry]:
        texts, titles = self._by_language(name, given, "text"), self._by_language(name, given, "title")
        if not texts:
            self.collector.add((name,), f"{quoted(name)} has no text.", 'Add one for each language: text.en = "…"')
        link = self._checked_link(name, given.get("link"))
        line = self._document.problem_at((name,), "", "").line
        return MappingProxyType({tag: Entry(text, titles.get(tag), link, FILE, line) for tag, text in texts.items()})

    def _by_language(self, name: str, given: Mapping[str, Any], field: str) -> dict[str, str]:
        values = given.get(field, {})
        if not isinstance(values, dict):
            self.collector.add(
                (name, field), f"The {field} does not say in which language it is.", f'Write: {field}.en = "…"'
            )
            return {}
        words: dict[str, str] = {}
        for key, text in values.items():
            path, tag = (name, field, key), language_tag(key)
            if tag is None:
                self.collector.add(path, f"{quoted(key)} is no language.", f"Use codes such as en, es, ar: {field}.en")
            elif not isinstance(text, str):
                self.collector.add(path, "This is no text.", f'Put quotation marks around it: {field}.{tag} = "…"')
            elif trouble := text_problem(text):
                self.collector.add(path, *trouble)
            else:
                for word in placeholders.unknown(text, placeholders.EVERYWHERE):
                    names = ", ".join(f"{{{each}}}" for each in placeholders.EVERYWHERE)
                    description = f"{quoted(f'{{{word}}}')} stands in it. Guests would read it as it is typed."
                    self.collector.add(path, description, f"Here you can use {names}.")
                words[tag] = text.strip()
        return words

    def _checked_link(self, name: str, link: Any) -> str | None:
        if link is None or (isinstance(link, str) and link in self._links):
            return link
        shown = quoted(link) if isinstance(link, str) else "This"
        self.collector.add(
            (name, "link"), f"{shown} is no link that merchant.toml has.", "Add it to [links] in merchant.toml."
        )
        return None


class _NoMoment(Exception):
    """A time that says nothing; the problem is noted."""
