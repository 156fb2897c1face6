"""What can be set in ``merchant.toml``, as staff read it: each setting with its label, hint and kind of field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from app.history import Place
from app.messages import CardCode, Merchant
from app.messages.editing import DEFAULT_BACKGROUND, DEFAULT_BRAND, Corners, Headings, UsernameKind
from app.messages.editing import MERCHANT_FILE as FILE
from app.messages.pictures import LARGEST_BYTES

LINK_LABELS = {"forgot_password": "Forgotten password", "register": "Join", "help": "Help"}
_BUILT_IN = Merchant()


@dataclass(frozen=True)
class Setting:
    """One thing that can be set, with a field of its own.

    :ivar path: below ``merchant.toml``
    :ivar label: what its field is called
    :ivar kind: ``text``, ``colour``, ``choice``, ``switch``, ``list`` or ``picture``
    :ivar hint: how to write it, or what it does
    :ivar choices: value → what it says
    :ivar built_in: what counts when nobody says anything
    """

    path: tuple[str, ...]
    label: str
    kind: str
    hint: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    built_in: str = ""

    @property
    def place(self) -> Place:
        """In a revision's contents."""
        return (FILE, *self.path)

    @property
    def field(self) -> str:
        """The name of its field."""
        return ".".join(self.path)


def _choices(kind: Any, **texts: str) -> Mapping[str, str]:
    return {each: texts.get(each, each.capitalize()) for each in get_args(kind)}


_A_PICTURE = f"SVG, PNG, JPEG or WebP, {LARGEST_BYTES // 1024} KB at most"
GROUPS: Mapping[str, tuple[Setting, ...]] = {
    "The restaurant": (
        Setting(("name",), "Name of the restaurant", "text", "As guests know it", built_in=_BUILT_IN.name),
        Setting(("logo",), "Logo", "picture", _A_PICTURE),
        Setting(("phone",), "Telephone number", "text", "As guests dial it, such as 020 7946 0123"),
    ),
    "Colours and shapes": (
        Setting(
            ("look", "brand"),
            "Colour of buttons",
            "colour",
            "# and six digits, such as #0b6e4f",
            built_in=DEFAULT_BRAND,
        ),
        Setting(
            ("look", "accent"),
            "Colour of links",
            "colour",
            "# and six digits; the colour of buttons unless you say otherwise",
        ),
        Setting(
            ("look", "background"),
            "Colour of the background",
            "colour",
            "# and six digits",
            built_in=DEFAULT_BACKGROUND,
        ),
        Setting(("look", "background_picture"), "Picture behind the page", "picture", _A_PICTURE),
        Setting(("look", "corners"), "Corners", "choice", "", _choices(Corners), _BUILT_IN.corners),
        Setting(("look", "headings"), "Letters of headings", "choice", "", _choices(Headings), _BUILT_IN.headings),
    ),
    "Signing in": (
        Setting(("languages",), "Languages", "list", "Codes with commas in between, your own first: en, es"),
        Setting(
            ("username", "kind"),
            "What guests sign in with",
            "choice",
            "",
            _choices(UsernameKind, email="E-mail address", phone="Telephone number", card="Card number"),
            _BUILT_IN.username_kind,
        ),
        Setting(
            ("username", "label"),
            "Label of the first field",
            "text",
            "In your own language; empty for the built-in one",
        ),
    ),
    "The account": (
        Setting(
            ("currency",),
            "Currency",
            "text",
            "Three capital letters, such as GBP; empty to show amounts alone",
        ),
        Setting(
            ("show_card_code",),
            "Card for the till to read",
            "choice",
            "Whoever sees it can use the card",
            {"": "Not shown", **_choices(CardCode, qr="QR code", barcode="Barcode")},
        ),
    ),
    "Messages": (
        Setting(
            ("show_vendor_text",),
            "Paytronix's own text",
            "switch",
            "Show what Paytronix says, where you have no words for a code",
        ),
        Setting(
            ("show_code",),
            "Code below a message",
            "switch",
            "Show the code below a message, for guests to quote",
        ),
    ),
}
SETTINGS = tuple(setting for group in GROUPS.values() for setting in group)
