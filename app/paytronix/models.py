"""What Paytronix's replies mean: checked on arrival, typed, and silent about their secrets.

The shapes are those of paytronix-api.md: 2.3 and 2.4 (token), 4.3 (user), 4.4 (account). Fields that are not
listed here are ignored, as the vendor asks (responses may gain fields without a new release).
"""

import re
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
from msgspec.json import Decoder

DOCUMENTED_LIFETIME_SECONDS = 1800  # Guest Website Login: "Access tokens are valid for 30 minutes"
_LONGEST_LIFETIME_SECONDS = 86400 * 366

Shape = TypeVar("Shape")


class OddReply(ValueError):
    """A reply that is not what was agreed. The text names the field and never quotes a value."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """The pair of tokens of one sign-in.

    :ivar refresh_token: None when the reply to a refresh brought none; the former one then stays good
    :ivar ends_at: when the access token ends (UTC), counted from before the request for it was sent
    :ivar lifetime_seconds: how long it lives in all
    :ivar lifetime_is_odd: ``expires_in`` was missing or no positive number; the documented lifetime is assumed
    """

    access_token: str
    refresh_token: str | None
    ends_at: datetime
    lifetime_seconds: int
    username: str | None = None
    lifetime_is_odd: bool = False

    def __repr__(self) -> str:
        return f"Token(ends_at={self.ends_at.isoformat()})"


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """Who the guest is: of ``guest/userInformation`` just what the site shows."""

    first_name: str | None
    card_number: str | None

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
    access_token: str
    refresh_token: str | None = None
    expires_in: Any = None
    username: str | None = None

    def __repr__(self) -> str:
        return "_TokenReply(…)"


class _UserFields(msgspec.Struct, rename="camel"):
    first_name: str | None = None


class _UserReply(msgspec.Struct, rename="camel"):
    fields: _UserFields = msgspec.field(default_factory=_UserFields)
    primary_card_numbers: list[str] | None = None


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
        return decoder.decode(body)
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
    lifetime_seconds, is_odd = _lifetime(reply.expires_in)
    return Token(
        access_token=reply.access_token,
        refresh_token=reply.refresh_token or None,
        ends_at=asked_at + timedelta(seconds=lifetime_seconds),
        lifetime_seconds=lifetime_seconds,
        lifetime_is_odd=is_odd,
        username=reply.username or None,
    )


def read_guest(body: bytes) -> Guest:
    """Read the reply of ``guest/userInformation``.

    :raises OddReply: a field has not its documented type.
    """
    reply = read(body, _USER)
    card_number = next(filter(None, reply.primary_card_numbers or []), None)
    return Guest(first_name=reply.fields.first_name or None, card_number=card_number)


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
