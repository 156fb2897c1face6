"""What Paytronix's replies mean: checked on arrival, typed, and silent about their secrets.

The shapes are those of paytronix-api.md: 2.3 and 2.4 (token), 4.3 (user), 4.4 (account). Fields that are not
listed here are ignored, as the vendor asks (responses may gain fields without a new release).
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from msgspec.json import Decoder

DOCUMENTED_LIFETIME_SECONDS = 1800  # Guest Website Login: "Access tokens are valid for 30 minutes"
_LONGEST_LIFETIME_SECONDS = 86400 * 366
_DECIMAL = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,6})?")

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
    card_number: str | None = None
    lifetime_is_odd: bool = False

    def __repr__(self) -> str:
        return f"Token(ends_at={self.ends_at.isoformat()})"


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """Who the guest is: of ``guest/userInformation`` just what the site shows."""

    first_name: str | None
    card_number: str | None

    def __repr__(self) -> str:
        return "Guest(…)"


class Expiration(msgspec.Struct, frozen=True):
    """So much of a reward ends after this day."""

    amount: Decimal
    last_day: date


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What a guest has in one wallet: points, a reward or stored value."""

    name: str
    amount: Decimal
    expirations: tuple[Expiration, ...] = ()


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What ``guest/accountInformation`` says of a card.

    :ivar unreadable: the parts that were in the reply and not as agreed; never all of what was there
    """

    points: tuple[Balance, ...] = ()
    rewards: tuple[Balance, ...] = ()
    stored_value: tuple[Balance, ...] = ()
    tier: str | None = None
    unreadable: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return "Account(…)"


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
    card_number: str | None = msgspec.field(default=None, name="printedCardNumber")

    def __repr__(self) -> str:
        return "_TokenReply(…)"


class _UserFields(msgspec.Struct, rename="camel"):
    first_name: str | None = None


class _UserReply(msgspec.Struct, rename="camel"):
    fields: _UserFields = msgspec.field(default_factory=_UserFields)
    primary_card_numbers: list[str] | None = None


class _ExpirationReply(msgspec.Struct, rename="camel"):
    amount: str
    expiration_date: str


class _BalanceReply(msgspec.Struct, rename="camel"):
    balance: str
    name: str = ""
    expirations: list[_ExpirationReply] | None = None


class _AccountReply(msgspec.Struct, rename="camel"):
    point_balances: list[_BalanceReply] | None = None
    reward_balances: list[_BalanceReply] | None = None
    stored_value_balances: list[_BalanceReply] | None = None
    tier_label: str | None = None


# Each part of an account by itself, for when one is odd: it must not take the others with it.


class _PointsReply(msgspec.Struct, rename="camel"):
    point_balances: list[_BalanceReply] | None = None


class _RewardsReply(msgspec.Struct, rename="camel"):
    reward_balances: list[_BalanceReply] | None = None


class _StoredValueReply(msgspec.Struct, rename="camel"):
    stored_value_balances: list[_BalanceReply] | None = None


class _TierReply(msgspec.Struct, rename="camel"):
    tier_label: str | None = None


# Made while there is one thread. Before its first use msgspec prepares a shape, and whoever decodes into it meanwhile,
# in another thread, meets what is half made and takes the whole process down (msgspec 0.22.0).
ENVELOPE = Decoder(Envelope)
_TOKEN = Decoder(_TokenReply)
_USER = Decoder(_UserReply)
_ACCOUNT = Decoder(_AccountReply)
_POINTS = Decoder(_PointsReply)
_REWARDS = Decoder(_RewardsReply)
_STORED_VALUE = Decoder(_StoredValueReply)
_TIER = Decoder(_TierReply)


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
        card_number=reply.card_number or None,
    )


def read_guest(body: bytes) -> Guest:
    """Read the reply of ``guest/userInformation``.

    :raises OddReply: a field has not its documented type.
    """
    reply = read(body, _USER)
    card_number = next(filter(None, reply.primary_card_numbers or []), None)
    return Guest(first_name=reply.fields.first_name or None, card_number=card_number)


def read_account(body: bytes) -> Account:
    """Read the reply of ``guest/accountInformation``. Every part may be absent (4.4), and any may be odd.

    :raises OddReply: nothing of it can be read.
    """
    try:
        whole = read(body, _ACCOUNT)
        return Account(
            points=_balances(whole.point_balances),
            rewards=_balances(whole.reward_balances),
            stored_value=_balances(whole.stored_value_balances),
            tier=whole.tier_label or None,
        )
    except OddReply:
        return _readable_parts(body)


def _readable_parts(body: bytes) -> Account:
    readers: dict[str, Callable[[], object]] = {
        "points": lambda: _balances(read(body, _POINTS).point_balances),
        "rewards": lambda: _balances(read(body, _REWARDS).reward_balances),
        "stored_value": lambda: _balances(read(body, _STORED_VALUE).stored_value_balances),
        "tier": lambda: read(body, _TIER).tier_label or None,
    }
    parts: dict[str, Any] = {}
    faults: dict[str, OddReply] = {}
    for name, reader in readers.items():
        try:
            parts[name] = reader()
        except OddReply as odd:
            faults[name] = odd
    if faults and not any(parts.values()):
        raise next(iter(faults.values()))
    return Account(**parts, unreadable=frozenset(faults))


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


def _balances(replies: Sequence[_BalanceReply] | None) -> tuple[Balance, ...]:
    return tuple(
        [
            Balance(
                name=reply.name,
                amount=_decimal(reply.balance),
                expirations=tuple(
                    [Expiration(_decimal(each.amount), _day(each.expiration_date)) for each in reply.expirations or ()]
                ),
            )
            for reply in replies or ()
        ]
    )


def _decimal(text: str) -> Decimal:
    """API type Decimal: a string, sign and decimals optional (1.5). Also keeps NaN and 1e999999 out of the pages."""
    if not _DECIMAL.fullmatch(text):
        raise OddReply("a balance")
    return Decimal(text)


def _day(text: str) -> date:
    """API types Date and DateTime (1.5); of the latter the day."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise OddReply("an expirationDate") from None
