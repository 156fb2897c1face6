"""Who the merchant is: what ``merchant.toml`` says, checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, cast, get_args

from app.messages.addresses import address_problem, is_address, link_example
from app.messages.colours import colour_of
from app.messages.document import Document
from app.messages.languages import language_tag
from app.messages.pictures import is_name
from app.messages.plain_text import is_visible, shown_only
from app.messages.problems import Invalid, Problem, quoted
from app.messages.reader import Node, Read, choice, mapping, stands_too_low, switch, table, text

FILE = "merchant.toml"
KNOWN_LINKS = (
    "forgot_password",
    "register",
    "help",
)  # the built-in messages lead there, when they have an address
COLOURS = ("brand", "accent", "background")

UsernameKind = Literal["username", "email", "phone", "card"]
Corners = Literal["round", "soft", "square"]
Headings = Literal["plain", "serif"]
CardCode = Literal["qr", "barcode"]

_ON_TOP = frozenset(
    {"name", "logo", "phone", "languages", "currency", "show_card_code", "show_vendor_text", "show_code"}
)
_LONGEST_NAME = 80
_MOST_LANGUAGES = 50
_CURRENCY = re.compile(r"[A-Z]{3}")
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
    :ivar show_vendor_text: whether a code without a message shows Paytronix's own text
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
    root = Node.root(document)
    found = root.read(_FIELDS)
    if "name" not in document.values:
        root.report("The restaurant's name is missing.", 'Add a line at the top: name = "Your Restaurant"')
    look, links, username = (found.pop(name, {}) for name in ("look", "links", "username"))
    colours = {name: look.pop(name) for name in COLOURS if name in look}
    lines = {name: document.locate((name,)).line for name in document.values}
    lines |= {f"look.{name}": document.locate(("look", name)).line for name in (*COLOURS, "background_picture")}
    merchant = Merchant(
        **found,
        **look,
        **{f"username_{name}": value for name, value in username.items()},
        colours=MappingProxyType(colours),
        links=MappingProxyType({name: url for name, (url, _) in links.items()}),
        link_texts=MappingProxyType({name: text for name, (_, text) in links.items() if text}),
        lines=MappingProxyType(lines),
    )
    return merchant, root.problems.all()


def _name(node: Node) -> str:
    if isinstance(node.value, str) and not is_visible(node.value):
        description = 'The name is empty, so guests read "Rewards".'
        raise Invalid(description, 'Write it between the quotation marks: name = "Your Restaurant"')
    return str(_short_text(node))


def _picture(node: Node) -> str:
    if not isinstance(node.value, str) or not is_name(node.value):
        description = "This is no file name of a picture (it ends in .svg, .png, .jpg or .webp)."
        raise Invalid(description, f'Put the picture into this folder: {node.name} = "{node.name}.svg"')
    return node.value


def _phone(node: Node) -> str:
    number = shown_only(node.value) if isinstance(node.value, str) else ""
    if not _PHONE.fullmatch(number) or sum(char.isdigit() for char in number) < _FEWEST_DIGITS:
        raise Invalid("This is no telephone number.", 'Write it as guests dial it: phone = "020 7946 0123"')
    return number


def _languages(node: Node) -> tuple[str, ...]:
    if not isinstance(node.value, list) or not node.value or len(node.value) > _MOST_LANGUAGES:
        raise Invalid("This is no list of languages.", 'Write it like this: languages = ["en", "es"]')
    tags: list[str] = []
    for value in node.value:
        tag = language_tag(value) if isinstance(value, str) else None
        if tag is None:
            shown = quoted(value) if isinstance(value, str) else "One of them"
            node.report(f"{shown} is no language.", "Use codes such as en, es, fr, pt-BR, ar; the first is your own.")
        elif tag in tags:
            node.report(f"{quoted(tag)} is in the list twice.", "Keep it once.")
        else:
            tags.append(tag)
    return tuple(tags)


def _colour(node: Node) -> str:
    if isinstance(node.value, str) and (colour := colour_of(node.value)):
        return colour
    raise Invalid(f"{quoted(node.name)} is no colour.", f'Write it with # and six digits: {node.name} = "#0b6e4f"')


def _currency(node: Node) -> str:
    if not isinstance(node.value, str) or not _CURRENCY.fullmatch(node.value):
        raise Invalid("This is no currency.", 'Use its three capital letters: currency = "GBP"')
    return node.value


def _links(node: Node) -> dict[str, tuple[str, str | None]]:
    """Name → address, and what the link says."""
    return {link.name: found for link in mapping(node).children() if (found := link.try_read(_link))}


def _link(node: Node) -> tuple[str, str | None]:
    name, given = node.name, {"url": node.value} if isinstance(node.value, str) else node.value
    if name in _ON_TOP and not (isinstance(given, dict) and is_address(given.get("url"))):
        raise stands_too_low(name)
    if not _LINK_NAME.fullmatch(name):
        raise Invalid(f"{quoted(name)} is no name for a link.", "Use small letters, digits and _ only: menu_card")
    if not isinstance(given, dict) or not given.keys() <= {"url", "text"}:
        raise Invalid(f"The link {quoted(name)} is more than an address and a text.", link_example(name))
    if problem := address_problem(given.get("url")):
        raise Invalid(f"The address of the link {quoted(name)} {problem}.", link_example(name, given.get("url")))
    return given["url"], node.child(value=given["text"]).try_read(_short_text) if "text" in given else None


def _username_kind(node: Node) -> UsernameKind:
    if node.value not in get_args(UsernameKind):
        kinds = ", ".join(get_args(UsernameKind))
        raise Invalid("This is no kind of username.", f'Write one of {kinds}: kind = "email"')
    return cast(UsernameKind, node.value)


_short_text = text(_LONGEST_NAME)
_LOOK: Mapping[str, Read] = {
    **dict.fromkeys(COLOURS, _colour),
    "corners": choice(*get_args(Corners)),
    "headings": choice(*get_args(Headings)),
    "background_picture": _picture,
}
_USERNAME: Mapping[str, Read] = {"kind": _username_kind, "label": _short_text}
_FIELDS: Mapping[str, Read] = {
    "name": _name,
    "logo": _picture,
    "phone": _phone,
    "languages": _languages,
    "look": table(_LOOK, on_top=_ON_TOP),
    "currency": _currency,
    "show_card_code": choice(*get_args(CardCode)),
    "links": _links,
    "username": table(_USERNAME, on_top=_ON_TOP),
    "show_vendor_text": switch,
    "show_code": switch,
}
