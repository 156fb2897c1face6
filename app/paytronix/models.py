"""What Paytronix's replies mean: checked on arrival, typed, and silent about their secrets.

The shapes are those of docs/paytronix.md, 2.3, 2.4 and 4.3; what is on a card is in account.py. Fields that are not
listed here are ignored, as the vendor asks (responses may gain fields without a new release).
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
from msgspec.json import Decoder

DOCUMENTED_LIFETIME_SECONDS = 1800  # docs/paytronix.md, 2.5
_LONGEST_LIFETIME_SECONDS = 86400 * 366
_ABOVE_CARD_NUMBERS = 10**19
_ABSENT: tuple[object, ...] = (None, "", [], {})  # ways to say nothing
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Shape = TypeVar("Shape")


class OddReply(ValueError):
    """A reply that is not what was agreed. The text names the field and never quotes a value."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """The pair of tokens of one sign-in.

    :ivar refresh_token: None when the reply to a refresh brought none; the former one then stays good
    :ivar ends_at: when the access token ends (UTC), counted from before the request for it was sent
    :ivar lifetime_seconds: how long it lives in all
    :ivar odd_fields: those that were not as agreed, and are taken for absent; the documented lifetime is assumed
    """

    access_token: str
    refresh_token: str | None
    ends_at: datetime
    lifetime_seconds: int
    username: str | None = None
    odd_fields: tuple[str, ...] = ()

    @property
    def oddity(self) -> str | None:
        """What was odd about the reply, if anything was."""
        return _told_as_odd(self.odd_fields)

    def __repr__(self) -> str:
        return f"Token(ends_at={self.ends_at.isoformat()})"


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """Who the guest is: of ``guest/userInformation`` just what the site shows.

    :ivar odd_fields: those that were not as agreed, and are taken for absent
    """

    first_name: str | None
    card_number: str | None
    odd_fields: tuple[str, ...] = ()

    @property
    def oddity(self) -> str | None:
        """What was odd about the reply, if anything was."""
        if self.first_name is None and self.card_number is None and not self.odd_fields:
            return "neither a card nor a name"
        return _told_as_odd(self.odd_fields)

    def __repr__(self) -> str:
        return "Guest(…)"


# --- The replies as they come over the wire. ---


class Envelope(msgspec.Struct, rename="camel"):
    """The fields that say how a call went, on every reply (3.1); ``error`` is OAuth's own form (RFC 6749, 5.2)."""

    result: Any = None
    error_code: Any = None
    error_message: Any = None
    error: Any = msgspec.field(default=None, name="error")
    error_description: Any = msgspec.field(default=None, name="error_description")


class _TokenReply(msgspec.Struct):
    """Only the access token must be as agreed: what else is odd must not cost a token that was renewed."""

    access_token: str
    refresh_token: Any = None
    expires_in: Any = None
    username: Any = None

    def __repr__(self) -> str:
        return "_TokenReply(…)"


class _UserReply(msgspec.Struct, rename="camel"):
    fields: Any = None
    primary_card_numbers: Any = None


# Made while there is one thread. Before its first use msgspec prepares a shape, and whoever decodes into it meanwhile,
# in another thread, meets what is half made and takes the whole process down (msgspec 0.22.0).
ENVELOPE = Decoder(Envelope)
_TOKEN = Decoder(_TokenReply)
_USER = Decoder(_UserReply)


def read(body: bytes, decoder: Decoder[Shape]) -> Shape:
    """Decode a reply's body.

    :raises OddReply: the body is no JSON object of the decoder's shape.
    """
    try:
        return decoder.decode(body.removeprefix(_BYTE_ORDER_MARK))
    except (ValueError, RecursionError) as error:
        what = _what_is_odd(error)
    # Raised out here so that the library's error, which may hold the whole body, is no context of ours.
    raise OddReply(what)


def read_token(body: bytes, *, asked_at: datetime) -> Token:
    """Read the reply of ``oauth/requestGuestToken``.

    :param asked_at: the moment before the request was sent (UTC).
    :raises OddReply: there is no usable access token in it.
    """
    reply = read(body, _TOKEN)
    if not reply.access_token.strip():
        raise OddReply("the field access_token")
    lifetime_seconds, lifetime_is_odd = _lifetime(reply.expires_in)
    refresh_token, username = _text(reply.refresh_token), _text(reply.username)
    return Token(
        access_token=reply.access_token,
        refresh_token=refresh_token,
        ends_at=asked_at + timedelta(seconds=lifetime_seconds),
        lifetime_seconds=lifetime_seconds,
        username=username,
        odd_fields=_odd(
            expires_in=lifetime_is_odd,
            refresh_token=_is_odd(reply.refresh_token, refresh_token),
            username=_is_odd(reply.username, username),
        ),
    )


def read_guest(body: bytes) -> Guest:
    """Read the reply of ``guest/userInformation``. A name that cannot be read costs nothing but the name.

    :raises OddReply: there are card numbers, and none that can be read: to say that there is no card would be wrong.
    """
    reply = read(body, _USER)
    fields = reply.fields if isinstance(reply.fields, dict) else None
    name = fields.get("firstName") if fields else None
    first_name, card_number = _text(name), _card_number(reply.primary_card_numbers)
    if _is_odd(reply.primary_card_numbers, card_number):
        raise OddReply("the field primaryCardNumbers")
    return Guest(
        first_name=first_name,
        card_number=card_number,
        odd_fields=_odd(fields=_is_odd(reply.fields, fields), firstName=_is_odd(name, first_name)),
    )


def _text(value: object) -> str | None:
    """A text, also in the list that the style ``typed`` has it in (docs/paytronix.md, 4.5)."""
    return next((each.strip() for each in _each(value) if isinstance(each, str) and each.strip()), None)


def _card_number(value: object) -> str | None:
    """The first card number of a list, or the only one: a text, or a number where somebody has made one of it."""
    if isinstance(value, str) and not value.strip().isdigit():
        return None
    numbers = (str(each) if type(each) is int and 0 < each < _ABOVE_CARD_NUMBERS else each for each in _each(value))
    return _text(list(numbers))


def _each(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _is_odd(sent: object, found: object) -> bool:
    """Whether something was sent and nothing could be read in it."""
    return found is None and any(_says_something(each) for each in _each(sent))


def _says_something(value: object) -> bool:
    return (value.strip() if isinstance(value, str) else value) not in _ABSENT


def _odd(**fields: bool) -> tuple[str, ...]:
    return tuple([name for name, is_odd in fields.items() if is_odd])


def _told_as_odd(fields: Sequence[str]) -> str | None:
    return ", ".join([f"the field {name}" for name in fields]) or None


def _what_is_odd(error: Exception) -> str:
    """The field that msgspec stumbled over; its texts never quote a value."""
    missing = re.search(r"missing required field `(\w+)`", str(error))
    path = re.search(r"`\$\.([\w.\[\]]+)`", str(error))
    names = [found[1] for found in (path, missing) if found]
    return f"the field {'.'.join(names)}" if names else "the body"


def _lifetime(expires_in: object) -> tuple[int, bool]:
    """Seconds, and whether the field was odd. A lifetime that cannot be used must not cause a refresh on every page."""
    if type(expires_in) is int and 0 < expires_in <= _LONGEST_LIFETIME_SECONDS:  # a bool is an int, too
        return expires_in, False
    return DOCUMENTED_LIFETIME_SECONDS, True
