"""What the merchant wants guests to read for a while: ``notices.toml``, checked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial
from types import MappingProxyType

from app.messages import placeholders
from app.messages.document import Document
from app.messages.entries import Entry
from app.messages.languages import language_tag
from app.messages.plain_text import text_problem
from app.messages.problems import Invalid, Problem, quoted
from app.messages.reader import Node, Read, refuse_unknown, stands_too_low
from app.messages.times import moment_of, zone_named

FILE = "notices.toml"
WHILE_FAILING = "paytronix_failing"
MOST_NOTICES = 20

_FIELDS = ("from", "until", "while", "text", "title", "link")
_HARMLESS = frozenset({"text", "title", "link"})  # a notice does without; of its texts one is enough


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
    root = Node.root(document)
    zone = None
    if "time_zone" in document.values:
        zone = root.child("time_zone", value=document.values["time_zone"]).try_read(_time_zone)
    fields: Mapping[str, Read] = {
        "from": partial(_moment, zone),
        "until": partial(_moment, zone),
        "while": _while,
        "text": _by_language,
        "title": _by_language,
        "link": partial(_link, links),
    }
    notices: list[Notice] = []
    for node in root.children():
        if node.name == "time_zone":
            continue
        if len(notices) == MOST_NOTICES and isinstance(node.value, dict):
            node.report(f"There are more than {MOST_NOTICES} notices.", "Delete those that are over.")
        elif notice := node.try_read(partial(_notice, fields, zone)):
            notices.append(notice)
    return tuple(notices), root.problems.all()


def _time_zone(node: Node) -> tzinfo:
    if zone := zone_named(node.value):
        return zone
    raise Invalid("This is no time zone.", 'Write a city of yours: time_zone = "America/New_York"')


def _notice(fields: Mapping[str, Read], zone: tzinfo | None, node: Node) -> Notice | None:
    given, name = node.value, quoted(node.name)
    if not isinstance(given, dict):
        raise Invalid(f"{name} is no notice.", f"A notice has a heading: [{node.name}]")
    found = node.read(fields, unknown=_unknown)
    if not given.keys() - found.keys() <= _HARMLESS:
        return None  # it is reported why; at the wrong time, or with half of what was meant, it would mislead
    begins_at, ends_at = found.get("from"), found.get("until")
    if begins_at and ends_at and begins_at >= ends_at:
        if _is_skipped(given["from"], zone):
            description = f"{name} begins in the hour that this day does not have: the clock is put forward."
            node.child("from", value=None).report(description, "Begin it after the clock was put forward.")
        else:
            node.child("until", value=None).report(f"{name} ends before it begins.", "Correct one of the two.")
        return None
    if not found.get("text"):
        raise Invalid(f"{name} has no text.", 'Add one for each language: text.en = "…"')
    titles, link = found.get("title", {}), found.get("link")
    entries = {tag: Entry(text, titles.get(tag), link, FILE, node.line) for tag, text in found["text"].items()}
    return Notice(node.name, MappingProxyType(entries), begins_at, ends_at, "while" in found, node.line)


def _unknown(node: Node) -> None:
    if node.name == "time_zone":
        raise stands_too_low(node.name)
    if tag := language_tag(node.name):
        raise Invalid(f"{quoted(node.name)} alone does not say what it is.", f'Write: text.{tag} = "…"')
    refuse_unknown(_FIELDS)(node)


def _while(node: Node) -> str:
    if node.value != WHILE_FAILING:
        raise Invalid("This is no such state.", f'Write: while = "{WHILE_FAILING}"')
    return WHILE_FAILING


def _moment(zone: tzinfo | None, node: Node) -> datetime:
    """A day counts whole: ``from`` is its first moment, ``until`` its last."""
    try:
        moment = moment_of(node.value, is_end=node.name == "until")
        if moment.tzinfo or zone:
            return moment.replace(tzinfo=moment.tzinfo or zone).astimezone(UTC)
    except (ValueError, OverflowError):
        example = f'Write it like this: {node.name} = "2026-12-24 18:00"'
        raise Invalid("This is no day and no time.", example) from None
    raise Invalid("No time zone says when this is.", 'Add a line at the top: time_zone = "America/New_York"')


def _is_skipped(value: object, zone: tzinfo | None) -> bool:
    """Whether no clock ever shows this time, because it is put forward over it."""
    typed = moment_of(value, is_end=False)
    there = typed.replace(tzinfo=typed.tzinfo or zone)
    return there.astimezone(UTC).astimezone(there.tzinfo).replace(tzinfo=None) != typed.replace(tzinfo=None)


def _by_language(node: Node) -> dict[str, str]:
    if not isinstance(node.value, dict):
        raise Invalid(f"The {node.name} does not say in which language it is.", f'Write: {node.name}.en = "…"')
    read = ((language_tag(each.name), each.try_read(_text)) for each in node.children())
    return {tag: text for tag, text in read if tag and text}


def _text(node: Node) -> str:
    field, key = node.path[-2:]
    if not (tag := language_tag(key)):
        raise Invalid(f"{quoted(key)} is no language.", f"Use codes such as en, es, ar: {field}.en")
    if not isinstance(node.value, str):
        raise Invalid("This is no text.", f'Put quotation marks around it: {field}.{tag} = "…"')
    if problem := text_problem(node.value):
        raise Invalid(problem.description, problem.suggestion)
    for word in placeholders.unknown(node.value, placeholders.EVERYWHERE):
        names = ", ".join(f"{{{each}}}" for each in placeholders.EVERYWHERE)
        description = f"{quoted(f'{{{word}}}')} stands in it. Guests would read it as it is typed."
        node.report(description, f"Here you can use {names}.")
    return node.value.strip()


def _link(links: Collection[str], node: Node) -> str:
    if isinstance(node.value, str) and node.value in links:
        return node.value
    shown = quoted(node.value) if isinstance(node.value, str) else "This"
    raise Invalid(f"{shown} is no link that merchant.toml has.", "Add it to [links] in merchant.toml.")
