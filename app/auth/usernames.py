"""Usernames as guests mean them, without what phones, contact lists and clipboards put around and between."""

import unicodedata
from contextlib import suppress

_JOINERS = "\u200c\u200d"
_FILLERS = "\u115f\u1160\u2800"  # letters and a sign that show nothing
_OBJECT_REPLACEMENT = "\ufffc"  # what is left of a picture in copied text
# Format characters that are seen: signs before and around digits in Arabic, Syriac and Kaithi script.
_SEEN = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")


def cleaned(username: str) -> str:
    """The username without blanks around it and invisible characters in it, its spaces made plain.

    Passwords are never cleaned: in them every character counts.
    """
    filled = [place for place, each in enumerate(username) if not _is_blank(each)]
    inner = username[filled[0] : filled[-1] + 1] if filled else ""
    seen = [" " if unicodedata.category(each) == "Zs" else each for each in inner if not _is_invisible(each)]
    return "".join(each for place, each in enumerate(seen) if each not in _JOINERS or _joins(seen, place))


def normalized(username: str) -> str:
    """The username without the differences that a guest does not see: case, width, blanks, invisible characters."""
    return unicodedata.normalize("NFKC", cleaned(username)).strip().casefold()


def rate_limit_name(username: str) -> str:
    """The name under which tries are counted: without what a vendor may ignore too.

    That is accents, strokes and tails of letters, and what stands between the digits of a telephone or card number.

    Only for counting. Names that are told apart there may share a limit here, as two guests at one address do anyway.
    """
    bare = unicodedata.normalize("NFKD", normalized(username))
    kept = [_plain(each) for each in bare if unicodedata.category(each)[0] not in "CMZ" and each not in _FILLERS]
    digits = [each for each in kept if each.isdecimal()]
    if digits and all(each.isdecimal() or unicodedata.category(each)[0] in "PS" for each in kept):
        kept = digits
    return "".join(kept) or normalized(username)


def _plain(character: str) -> str:
    """The letter that another one is written over, and the digit that another script's stands for; else itself."""
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    name = unicodedata.name(character, "")
    with suppress(KeyError):
        return unicodedata.lookup(name.partition(" WITH ")[0].replace("DOTLESS ", ""))
    return character


def _is_blank(character: str) -> bool:
    """Whether it is a format, control or space character (Unicode: Cf, Cc, Z*), or stands for what was not copied."""
    category = unicodedata.category(character)
    return category in {"Cf", "Cc"} or category.startswith("Z") or character == _OBJECT_REPLACEMENT


def _is_invisible(character: str) -> bool:
    """Whether it shows nothing and means nothing wherever it stands."""
    is_space = unicodedata.category(character) == "Zs"
    return _is_blank(character) and not is_space and character not in _JOINERS and character not in _SEEN


def _joins(characters: list[str], place: int) -> bool:
    """Whether a joiner has a meaning: between letters of Persian and Indic names, and between parts of an emoji.

    None of these has capital letters; the scripts that have them use no joiners.
    """
    around = characters[place - 1] + characters[place + 1]  # it is never at an end: those were blank
    return not any(each.isascii() or each.lower() != each.upper() for each in around)
