"""Which languages there are, and which of them a guest gets."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Literal, NamedTuple, cast

from babel import Locale, UnknownLocaleError
from babel.core import get_global, get_locale_identifier, parse_locale

LONGEST_HEADER = 500  # characters of Accept-Language that are looked at
_SERVED_BY = {"no": "nb", "nn": "nb"}  # Norwegians read both ways of writing; nearly all sites have the first
_LONGEST_TAG = 35  # RFC 5646, 4.4.1
_HEADERS_REMEMBERED = 256

Direction = Literal["ltr", "rtl"]


def language_tag(text: str) -> str | None:
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

    :param tag: from ``language_tag``.
    """
    return Locale.parse(tag, sep="-")


def english_name_of(language: str) -> str:
    """What a language is called in English."""
    return locale_of(language).get_display_name("en") or language


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

    Each wanted language is looked for as it is, then under the other names that CLDR has for it (``no`` and ``nn`` are
    served by ``nb``, ``iw`` is ``he``, ``es-AR`` is closer to ``es-419`` than to ``es``, ``zh-TW`` is read in
    ``zh-Hant``), then with its parts cut off from the end (RFC 4647, 3.4), then in another region in the same script:
    ``pt`` and ``pt-PT`` are happier with ``pt-BR`` than with the browser's second choice.

    :param accept_language: the header (RFC 9110, 12.5.4), whatever a client put there.
    """
    for wanted in _wanted(accept_language):
        if served := served_by(wanted, available):
            return served[0]
        if tag := next((tag for tag in available if _is_same_but_for_region(tag, wanted)), None):
            return tag
    return None


def served_by(wanted: str, available: Collection[str]) -> list[str]:
    """Those of the available languages that serve a wanted one, the closest first: ``en-GB``, then ``en``."""
    by_name = {tag.lower(): tag for tag in available}
    return list(dict.fromkeys(by_name[name] for name in _names_of(wanted) if name in by_name))


@lru_cache(_HEADERS_REMEMBERED)
def regional_locale(tag: str, accept_language: str) -> Locale:
    """How the readers of a language write numbers and dates in the region that their browser is set to.

    :param tag: the language, from ``language_tag``; its own region counts where the browser names none of CLDR.
    :param accept_language: the header, whatever a client put there.
    """
    own = locale_of(tag)
    for wanted in _wanted(accept_language):
        region = _subtags(wanted).region
        if region and _is_same_but_for_region(wanted, tag):
            with suppress(ValueError, UnknownLocaleError):  # a region where the language is not at home
                return Locale.parse(get_locale_identifier((own.language, region.upper(), own.script)))
    return own


def _names_of(wanted: str) -> Iterator[str]:
    """All tags, in small letters, under which a wanted language may be there; the closest first."""
    parts = wanted.lower().split("-")
    base, script, region = _subtags(wanted)
    yield wanted.lower()
    yield "-".join([base, *parts[1:]])
    if script:
        if region:
            yield f"{base}-{script}-{region}"
        yield f"{base}-{script}"
    if parent := get_global("parent_exceptions").get("_".join([base, region.upper()])):
        yield parent.replace("_", "-").lower()
    for count in range(len(parts), 0, -1):
        if count > 1 or script == _subtags(base).script:  # who reads one script of a language may not read the other
            yield "-".join([base, *parts[1:count]])


class _Subtags(NamedTuple):
    language: str
    script: str
    region: str


def _subtags(tag: str) -> _Subtags:
    """The parts of a tag, in small letters; empty where nobody knows.

    The language is under the name by which files are called. Where a tag says no script, CLDR's likely one counts.
    """
    first, *others = tag.lower().split("-")
    language = str(get_global("language_aliases").get(first, first)).partition("_")[0]
    language = _SERVED_BY.get(language, language)
    region = next((part for part in others if len(part) in {2, 3}), "")
    likely = get_global("likely_subtags")
    guess = likely.get(f"{language}_{region.upper()}") or likely.get(language) or ""
    scripts = (part for part in (*others, *guess.lower().split("_")[1:]) if len(part) == 4 and part.isalpha())
    return _Subtags(language, next(scripts, ""), region)


def _is_same_but_for_region(tag: str, other: str) -> bool:
    return _subtags(tag)[:2] == _subtags(other)[:2]


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
        return float(number) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
