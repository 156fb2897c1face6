"""Who the merchant is: what ``merchant.toml`` says, checked."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, cast, get_args
from urllib.parse import quote, urlsplit

import idna

from app.messages.colours import colour_of
from app.messages.document import Document
from app.messages.languages import language_tag
from app.messages.pictures import is_name
from app.messages.plain_text import is_visible, shown_only, text_problem
from app.messages.problem_list import Collector
from app.messages.problems import Problem, quoted

FILE = "merchant.toml"
KNOWN_LINKS = (
    "forgot_password",
    "register",
    "help",
)  # the built-in words mention these, when they have an address
COLOURS = ("brand", "accent", "background")

UsernameKind = Literal["username", "email", "phone", "card"]
Corners = Literal["round", "soft", "square"]
Headings = Literal["plain", "serif"]
CardCode = Literal["qr", "barcode"]

_ON_TOP = frozenset(
    {"name", "logo", "phone", "languages", "currency", "show_card_code", "show_vendor_text", "show_code"}
)
_LONGEST_NAME = 80
_LONGEST_URL = 500
_MOST_LANGUAGES = 50
_CURRENCY = re.compile(r"[A-Z]{3}")
# All but what RFC 3986, 2 allows; a % has two digits behind it.
_NOT_IN_ADDRESSES = re.compile(r"[^A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]|%(?![0-9A-Fa-f]{2})")
_LINK_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
# As people write them: (555) 010-0199, 1-800-TACOS-99, +44 20 7946 0123 ext. 5. Capitals stand for their keys.
_PHONE = re.compile(r"[0-9A-Z(+][0-9A-Z ()./,+*#–-]{2,40}(?:(?:ext|x)\.? ?[0-9]{1,6})?")
_FEWEST_DIGITS = 3


@dataclass(frozen=True)
class Merchant:
    """The restaurant, as its guests know it.

    :ivar name: never empty
    :ivar logo: the name of a picture in the folder
    :ivar phone: as guests read it
    :ivar colours: ``brand``, ``accent``, ``background``, as ``#rrggbb``; only those that are given
    :ivar corners: of fields, buttons and the page's own
    :ivar headings: the kind of letters in headings
    :ivar background_picture: the name of a picture in the folder
    :ivar currency: what stored value is in, such as ``GBP`` (ISO 4217); None when amounts stand alone
    :ivar show_card_code: how the card is shown for a till to read, card number and all; None: masked only
    :ivar links: name → address; ``https:``, ``tel:`` or ``mailto:``
    :ivar link_texts: name → what the link says; only those that are given
    :ivar languages: tags, the programme's first language in front; empty when the file names none
    :ivar username_kind: what guests sign in with
    :ivar username_label: what the field for it is called, when the built-in label for the kind will not do
    :ivar show_vendor_text: whether a code without words shows Paytronix's own text
    :ivar show_code: whether the code stands below a message for it, for guests to quote
    :ivar lines: where each setting stands in the file, counted from 1; those below a heading as ``look.brand``
    """

    name: str = "Rewards"
    logo: str | None = None
    phone: str | None = None
    colours: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    corners: Corners = "soft"
    headings: Headings = "plain"
    background_picture: str | None = None
    currency: str | None = None
    show_card_code: CardCode | None = None
    links: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    link_texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    languages: tuple[str, ...] = ()
    username_kind: UsernameKind = "username"
    username_label: str | None = None
    show_vendor_text: bool = False
    show_code: bool = False
    lines: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), compare=False)


def read_merchant(document: Document) -> tuple[Merchant, tuple[Problem, ...]]:
    """What the file says, without what is wrong in it, and the problems."""
    reader = _Reader(document)
    return reader.read(), reader.collector.problems()


class _Reader:
    def __init__(self, document: Document) -> None:
        self.collector = Collector(document)
        self._document = document
        self._given: dict[str, Any] = {}

    def read(self) -> Merchant:
        readers: dict[str, Callable[[Any], None]] = {
            "name": self._name,
            "logo": partial(self._picture, ("logo",)),
            "phone": self._phone,
            "languages": self._languages,
            "look": self._look,
            "currency": self._currency,
            "show_card_code": partial(self._choice, ("show_card_code",), get_args(CardCode)),
            "links": self._links,
            "username": self._username,
            "show_vendor_text": partial(self._switch, "show_vendor_text"),
            "show_code": partial(self._switch, "show_code"),
        }
        for key, value in self._document.values.items():
            if key in readers:
                readers[key](value)
            else:
                self._unknown((key,), readers)
        if "name" not in self._document.values:
            self.collector.add(
                (), "The restaurant's name is missing.", 'Add a line at the top: name = "Your Restaurant"'
            )
        lines = {name: self._document.problem_at((name,), "", "").line for name in self._document.values}
        lines |= {
            f"look.{name}": self._document.problem_at(("look", name), "", "").line
            for name in (*COLOURS, "background_picture")
        }
        return Merchant(**self._given, lines=MappingProxyType(lines))

    def _name(self, value: Any) -> None:
        if isinstance(value, str) and not is_visible(value):
            description = 'The name is empty, so guests read "Rewards".'
            self.collector.add(("name",), description, 'Write it between the quotation marks: name = "Your Restaurant"')
        elif self._is_text(("name",), value, longest=_LONGEST_NAME):
            self._given["name"] = value.strip()

    def _picture(self, path: tuple[str, ...], value: Any) -> None:
        if isinstance(value, str) and is_name(value):
            self._given[path[-1]] = value
        else:
            description = "This is no file name of a picture (it ends in .svg, .png, .jpg or .webp)."
            self.collector.add(path, description, f'Put the picture into this folder: {path[-1]} = "{path[-1]}.svg"')

    def _phone(self, value: Any) -> None:
        number = shown_only(value) if isinstance(value, str) else ""
        if _PHONE.fullmatch(number) and sum(char.isdigit() for char in number) >= _FEWEST_DIGITS:
            self._given["phone"] = number
        else:
            self.collector.add(
                ("phone",),
                "This is no telephone number.",
                'Write it as guests dial it: phone = "020 7946 0123"',
            )

    def _languages(self, value: Any) -> None:
        if not isinstance(value, list) or not value or len(value) > _MOST_LANGUAGES:
            self.collector.add(
                ("languages",),
                "This is no list of languages.",
                'Write it like this: languages = ["en", "es"]',
            )
            return
        tags: list[str] = []
        for text in value:
            tag = language_tag(text) if isinstance(text, str) else None
            if tag is None:
                shown = quoted(text) if isinstance(text, str) else "One of them"
                self.collector.add(
                    ("languages",),
                    f"{shown} is no language.",
                    "Use codes such as en, es, fr, pt-BR, ar; the first is your own.",
                )
            elif tag in tags:
                self.collector.add(("languages",), f"{quoted(tag)} is in the list twice.", "Keep it once.")
            else:
                tags.append(tag)
        self._given["languages"] = tuple(tags)

    def _look(self, value: Any) -> None:
        readers: dict[str, Callable[[tuple[str, ...], Any], None]] = {
            **dict.fromkeys(COLOURS, self._colour),
            "corners": lambda path, given: self._choice(path, get_args(Corners), given),
            "headings": lambda path, given: self._choice(path, get_args(Headings), given),
            "background_picture": self._picture,
        }
        self._given["colours"] = {}
        for name, given in self._table("look", value).items():
            if name in readers:
                readers[name](("look", name), given)
            else:
                self._unknown(("look", name), tuple(readers))
        self._given["colours"] = MappingProxyType(self._given["colours"])

    def _colour(self, path: tuple[str, ...], value: Any) -> None:
        name = path[-1]
        if isinstance(value, str) and (colour := colour_of(value)):
            self._given["colours"][name] = colour
        else:
            suggestion = f'Write it with # and six digits: {name} = "#0b6e4f"'
            self.collector.add(path, f"{quoted(name)} is no colour.", suggestion)

    def _choice(self, path: tuple[str, ...], choices: tuple[str, ...], value: Any) -> None:
        name = path[-1]
        if value in choices:
            self._given[name] = value
        else:
            self.collector.add(
                path, f"{quoted(name)} can only be one of {', '.join(choices)}.", f'Write: {name} = "{choices[0]}"'
            )

    def _currency(self, value: Any) -> None:
        if isinstance(value, str) and _CURRENCY.fullmatch(value):
            self._given["currency"] = value
        else:
            suggestion = 'Use its three capital letters: currency = "GBP"'
            self.collector.add(("currency",), "This is no currency.", suggestion)

    def _links(self, value: Any) -> None:
        urls, texts = {}, {}
        for name, link in self._table("links", value).items():
            path = ("links", name)
            fields = {"url": link} if isinstance(link, str) else link
            if name in _ON_TOP and not (isinstance(fields, dict) and _is_address(fields.get("url"))):
                self.collector.add(path, *_stands_too_low(name))
            elif not _LINK_NAME.fullmatch(name):
                self.collector.add(
                    path,
                    f"{quoted(name)} is no name for a link.",
                    "Use small letters, digits and _ only: menu_card",
                )
            elif not isinstance(fields, dict) or not fields.keys() <= {"url", "text"}:
                self.collector.add(
                    path, f"The link {quoted(name)} is more than an address and a text.", _link_example(name)
                )
            elif trouble := address_trouble(fields.get("url")):
                description = f"The address of the link {quoted(name)} {trouble}."
                self.collector.add(path, description, _link_example(name, fields.get("url")))
            elif "text" in fields and not self._is_text(path, fields["text"], longest=_LONGEST_NAME):
                urls[name] = fields["url"]
            else:
                urls[name] = fields["url"]
                if "text" in fields:
                    texts[name] = fields["text"].strip()
        self._given["links"], self._given["link_texts"] = MappingProxyType(urls), MappingProxyType(texts)

    def _username(self, value: Any) -> None:
        for name, given in self._table("username", value).items():
            path = ("username", name)
            if name == "kind" and given in get_args(UsernameKind):
                self._given["username_kind"] = cast(UsernameKind, given)
            elif name == "kind":
                kinds = ", ".join(get_args(UsernameKind))
                self.collector.add(path, "This is no kind of username.", f'Write one of {kinds}: kind = "email"')
            elif name == "label":
                if self._is_text(path, given, longest=_LONGEST_NAME):
                    self._given["username_label"] = given.strip()
            elif name in _ON_TOP:
                self.collector.add(path, *_stands_too_low(name))
            else:
                self._unknown(path, ("kind", "label"))

    def _switch(self, name: str, value: Any) -> None:
        if isinstance(value, bool):
            self._given[name] = value
        else:
            self.collector.add((name,), "This is neither true nor false.", f"Write: {name} = false")

    def _table(self, name: str, value: Any) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self.collector.add((name,), f"{quoted(name)} is a heading.", f"Write it on a line of its own: [{name}]")
        return {}

    def _is_text(self, path: tuple[str, ...], value: Any, *, longest: int) -> bool:
        if not isinstance(value, str):
            self.collector.add(path, "This is no text.", f'Put quotation marks around it: {path[-1]} = "…"')
            return False
        if trouble := text_problem(value, longest=longest):
            self.collector.add(path, *trouble)
            return False
        return True

    def _unknown(self, path: tuple[str, ...], known: Mapping[str, Any] | tuple[str, ...]) -> None:
        close = self.collector.close_to(path[-1], known)
        suggestion = f"Did you mean {quoted(close)}?" if close else f"Only these can stand here: {', '.join(known)}."
        self.collector.add(path, f"{quoted(path[-1])} means nothing here.", suggestion)


def _stands_too_low(name: str) -> tuple[str, str]:
    return f"{quoted(name)} means nothing here, below a heading.", "Move it above the first line in [ ]."


def _link_example(name: str, given: object = None) -> str:
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
            address = guess if _is_address(guess) else address
    return f'Write it like this: {name} = "{address}"'


def _as_browsers_send_it(text: str) -> str:
    """An address with its host's name as DNS has it, and every other odd character with % and two digits.

    :param text: without its scheme.
    """
    host, slash, rest = text.partition("/")
    with suppress(idna.IDNAError):
        host = idna.encode(host, uts46=True).decode()
    return f"https://{host}{slash}" + _NOT_IN_ADDRESSES.sub(lambda odd: quote(odd[0], safe=""), rest)


def _is_address(value: object) -> bool:
    return address_trouble(value) is None


def address_trouble(value: object) -> str | None:
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
