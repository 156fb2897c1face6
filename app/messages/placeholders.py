"""The placeholders in braces that a message may contain, and how their values get in."""

import re
from collections.abc import Collection, Mapping

EVERYWHERE: Mapping[str, str] = {
    "merchant": "the restaurant's name, from merchant.toml",
    "phone": "the restaurant's telephone number, from merchant.toml",
    "username_label": "what the first field of the sign-in page is called",
}
ONLY_IN: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("site", "throttled"): {"minutes": "how many minutes the guest has to wait"},
    ("site", "signed_in_already"): {"guest": "who is signed in: the first name, or the username while it is not known"},
    ("account", "greeting"): {"first_name": "the guest's first name"},
    ("account", "expires"): {"date": "the last day of a reward"},
    ("account", "card_code"): {"number": "the number of the guest's card"},
    ("page", "code"): {"code": "the code that Paytronix sent"},
    ("error", "reference"): {"reference": "what the log knows this page by"},
}
EVERY_NAME = frozenset(EVERYWHERE).union(*ONLY_IN.values())

_BRACES = re.compile(r"\{([^{}\n]{0,40})\}")


def allowed_in(section: str, name: str) -> Mapping[str, str]:
    """The placeholders that an entry may contain, each with what it stands for."""
    return {**EVERYWHERE, **ONLY_IN.get((section, name), {})}


def unknown(text: str, allowed: Collection[str]) -> list[str]:
    """What stands in braces and is no placeholder of this entry. Guests would see it as it is typed."""
    return [word for word in _BRACES.findall(text) if word not in allowed]


def fill(text: str, values: Mapping[str, object]) -> str | None:
    """The text with the values in place of their names. One pass: braces inside a value stay what they are.

    :returns: None when a placeholder has no value here, such as ``{phone}`` for a merchant without one.
    """
    if "{" not in text:
        return text
    if any(word in EVERY_NAME and word not in values for word in _BRACES.findall(text)):
        return None
    return fill_what_is_known(text, values)


def fill_what_is_known(text: str, values: Mapping[str, object]) -> str:
    """The same, leaving as typed whatever has no value."""
    return _BRACES.sub(lambda braces: str(values.get(braces[1], braces[0])), text)
