"""Which languages there are, and which of them a guest gets."""

from collections.abc import Iterator, Sequence
from typing import Literal, cast

from babel import Locale, UnknownLocaleError, negotiate_locale
from babel.core import get_locale_identifier, parse_locale

LONGEST_HEADER = 500  # characters of Accept-Language that are looked at
_LONGEST_TAG = 35  # RFC 5646, 4.4.1

Direction = Literal["ltr", "rtl"]


def tag_of(text: str) -> str | None:
    """A language's tag as the rest of the site writes it (``es``, ``pt-BR``); None when it names no language.

    :param text: a tag (RFC 5646) in any case, or with underscores.
    """
    if len(text) > _LONGEST_TAG:
        return None
    try:
        parts = parse_locale(text.replace("_", "-"), sep="-")
        Locale.parse(text.replace("_", "-"), sep="-")
    except (ValueError, UnknownLocaleError):
        return None
    return get_locale_identifier(parts, sep="-")


def locale_of(tag: str) -> Locale:
    """How a language writes numbers and dates.

    :param tag: from ``tag_of``.
    """
    return Locale.parse(tag, sep="-")


def direction_of(tag: str) -> Direction:
    """Which way a language is read."""
    return cast(Direction, locale_of(tag).text_direction)


def name_of(tag: str) -> str:
    """What a language is called by those who read it, as it begins a line: ``Español``."""
    locale = locale_of(tag)
    name = locale.get_display_name(locale) or tag
    return name[0].upper() + name[1:]


def negotiate(accept_language: str, available: Sequence[str]) -> str | None:
    """The best of the available languages for a browser, or None when it wants none of them.

    Each wanted language is looked for as it is, then with its parts cut off from the end (RFC 4647, 3.4), then in
    another region: ``pt`` and ``pt-PT`` are happier with ``pt-BR`` than with the browser's second choice.

    :param accept_language: the header (RFC 9110, 12.5.4), whatever a client put there.
    """
    for wanted in _wanted(accept_language):
        parts = wanted.split("-")
        truncated = ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
        if found := negotiate_locale(truncated, available, sep="-"):
            return next(tag for tag in available if tag.lower() == found.lower())
        for tag in available:
            if tag.partition("-")[0] == parts[0].lower():
                return tag
    return None


def _wanted(accept_language: str) -> Iterator[str]:
    """The tags of the header, the most wanted first."""
    weighed = []
    for place, part in enumerate(accept_language[:LONGEST_HEADER].split(",")):
        tag, _, weight = (text.strip() for text in part.partition(";"))
        quality = _quality(weight)
        if quality > 0 and tag.replace("-", "").isascii() and tag.replace("-", "").isalnum():
            weighed.append((-quality, place, tag))
    return (tag for _, _, tag in sorted(weighed))


def _quality(weight: str) -> float:
    if not weight:
        return 1.0
    name, _, number = weight.partition("=")
    try:
        return float(number) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
