"""What editAccount may change of a guest, and what is wrong with a change."""

import re
from collections.abc import Callable, Mapping

from sandbox.guests import Guest, Guests
from sandbox.switches import Switches

Fault = tuple[str, str]  # code and message of a ValidationError; both are inventions of the sandbox


def _text(most: int) -> Callable[[str], bool]:
    return lambda value: len(value) <= most


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(pattern, value) is not None


_FIELDS: dict[str, Callable[[str], bool]] = {
    "username": _matches(r".{3,256}"),
    "email": _matches(r"[^@\s]+@[^@\s]+\.[^@\s]+|"),
    "firstName": _text(100),
    "lastName": _text(100),
    "mobilePhone": _matches(r"[0-9]{7,15}|"),
    "optIn": _matches(r"true|false"),
    "textCampaignOptIn": _matches(r"true|false"),
    "addressLabel": _text(100),
    "address1": _text(100),
    "address2": _text(100),
    "city": _text(100),
    "country": _matches(r"[A-Z]{2}|"),
    "postalCode": _text(20),
}
_FLAGS = {"optIn", "textCampaignOptIn"}


def edit(guests: Guests, guest: Guest, given: Mapping[str, object], unique: list[str]) -> dict[str, list[Fault]]:
    """Make the changes in `setUserFields`, all or none. A blank value removes a field.

    :param given: the value of `setUserFields`: its style and the fields.
    :param unique: names of fields whose value no other guest may have.
    :returns: the faults by field, empty when the changes have been made.
    """
    faults: dict[str, list[Fault]] = {}
    fields = dict(guest.fields)
    username = guest.username
    for name, wrapped in given.items():
        if name == "style":
            continue
        value = _unwrapped(wrapped, given.get("style"))
        fault = _fault(guests, guest, name, value, unique)
        if fault:
            faults[f"setUserFields/{name}"] = [fault]
        elif name == "username":
            username = str(value)
        elif value:
            fields[name] = value == "true" if name in _FLAGS else str(value)
        else:
            fields.pop(name, None)
    if not faults and not guests.change(guest.account_id, username, fields):
        faults["setUserFields/username"] = [_taken("username")]
    return faults


def errors_by_field(faults: dict[str, list[Fault]], switches: Switches) -> dict[str, list[object]]:
    """The faults in the shape that the switches ask for (docs/paytronix.md, 3.3)."""
    if switches.field_errors == "codes":
        return {name: [code for code, _ in found] for name, found in faults.items()}
    code_key, message_key = switches.validation_error_keys.split(",")
    return {name: [{code_key: code, message_key: message} for code, message in found] for name, found in faults.items()}


def _unwrapped(wrapped: object, style: object) -> str | None:
    """The text of a field: in a list of one for the typed style, bare for the string style; else None."""
    if style == "typed" and isinstance(wrapped, list) and len(wrapped) == 1:
        [wrapped] = wrapped
    elif style == "typed":
        return None
    return wrapped if isinstance(wrapped, str) else None


def _fault(guests: Guests, guest: Guest, name: str, value: str | None, unique: list[str]) -> Fault | None:
    if name not in _FIELDS:
        return "unknown_field", f"There is no field {name}"
    if value is None:
        return "invalid_type", f"The value of {name} does not fit the style"
    if not _FIELDS[name](value):
        return "invalid_format", f"The value of {name} is not valid"
    others = (other for other in guests.all() if other.account_id != guest.account_id)
    if name in unique and value and any(_same(other, name, value) for other in others):
        return _taken(name)
    return None


def _same(other: Guest, name: str, value: str) -> bool:
    known = other.username if name == "username" else other.fields.get(name, "")
    return str(known).casefold() == value.casefold()


def _taken(name: str) -> Fault:
    return "not_unique", f"Another guest has this {name}"
