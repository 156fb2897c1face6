"""The addresses that a link may lead to, and how to write one that is wrong."""

import re
import unicodedata
from contextlib import suppress
from urllib.parse import quote, urlsplit

import idna

_LONGEST_URL = 500
# All but what RFC 3986, 2 allows; a % has two digits behind it.
_NOT_IN_ADDRESSES = re.compile(r"[^A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]|%(?![0-9A-Fa-f]{2})")


def link_example(name: str, given: object = None) -> str:
    """How to write a link, with what was given if it is clear what that is."""
    address = "https://www.example.com/help"
    if isinstance(given, str):
        text = given.strip()
        number = re.sub(r"[ ()./-]|\u00a0", "", text.removeprefix("tel:"))
        if re.fullmatch(r"\+?[0-9]{3,20}", number):
            address = f"tel:{number}"
        elif re.fullmatch(r"[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+", text):
            address = f"mailto:{text}"
        elif re.match(r"https?://|www\.", text, re.IGNORECASE):
            guess = _as_browsers_send_it(re.sub(r"^https?://", "", text, flags=re.IGNORECASE))
            address = guess if is_address(guess) else address
    return f'Write it like this: {name} = "{address}"'


def _as_browsers_send_it(text: str) -> str:
    """An address with its host's name as DNS has it, and every other odd character with % and two digits.

    :param text: without its scheme.
    """
    host, slash, rest = text.partition("/")
    with suppress(idna.IDNAError):
        host = idna.encode(host, uts46=True).decode()
    return f"https://{host}{slash}" + _NOT_IN_ADDRESSES.sub(lambda odd: quote(odd[0], safe=""), rest)


def is_address(value: object) -> bool:
    """Whether a link may lead there."""
    return address_problem(value) is None


def address_problem(value: object) -> str | None:
    """Why a link may not lead there, as the end of a sentence; None for an address (RFC 3986).

    Never ``javascript:`` or ``data:``, nor a path that depends on the page.
    """
    if not isinstance(value, str):
        return "is no text"
    if len(value) > _LONGEST_URL:
        return f"has more than {_LONGEST_URL} characters"
    if not value.lower().startswith(("https://", "tel:", "mailto:")):
        return "does not begin with https://, tel: or mailto:"
    try:
        url = urlsplit(value)
        scheme, host, has_user = url.scheme, url.hostname, url.username is not None
        _ = url.port  # raises ValueError when it is no number
    except ValueError:
        return "has a host or a port that cannot be"
    if odd := _NOT_IN_ADDRESSES.search(value):
        return f"has a character in it that no address has ({unicodedata.name(odd[0], 'a control character').lower()})"
    if scheme == "https" and not host:
        return "has no host behind https://"
    if scheme == "https" and has_user:
        return "has an @ before its first slash, which leads elsewhere than it seems"
    return None if host or url.path else f"has nothing behind {scheme}:"
