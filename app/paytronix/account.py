"""What ``guest/accountInformation`` says is on a card, read part by part: one odd field costs no more than itself."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from msgspec.json import Decoder

from app.paytronix.models import OddReply, read

MOST_ODD_FIELDS = 20  # that are named
_LAST_ZONE = timedelta(hours=12)  # behind UTC, where a day is over last
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,50}(?:\.[0-9]{0,50})?|\.[0-9]{1,50})(?:[eE][+-]?[0-9]{1,3})?")
_LARGEST_EXPONENT = 14  # of a number that means money or points
_CARD_NUMBER = re.compile(r"[0-9]{8,25}")  # a masked one is six bare digits

Meaning = TypeVar("Meaning")


class Expiration(msgspec.Struct, frozen=True):
    """So much of a reward ends after this day; None when the reply does not say when."""

    amount: Decimal
    last_day: date | None


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What a guest has in one wallet: points, a reward or stored value."""

    name: str
    amount: Decimal
    expirations: tuple[Expiration, ...] = ()

    def as_of(self, day: date) -> "Balance | None":
        """A reward with the ends that are still to come; None when nothing is left of it on this day.

        The balance stays as it is: Paytronix may or may not have taken out what has ended.
        """
        ended = [each.amount for each in self.expirations if each.last_day and each.last_day < day]
        has_ended = len(ended) == len(self.expirations) and sum(ended) >= self.amount
        if self.amount <= 0 or has_ended:
            return None
        to_come = tuple(each for each in self.expirations if each.amount and each.last_day and each.last_day >= day)
        return msgspec.structs.replace(self, expirations=to_come)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What is on a card.

    :ivar card_number: of the primary card, which may be another than the one that was asked about
    :ivar unreadable: the parts that were in the reply and of which nothing could be read
    :ivar odd_fields: the fields that were not as agreed, by path; a few of them if there are many
    """

    points: tuple[Balance, ...] = ()
    rewards: tuple[Balance, ...] = ()
    stored_value: tuple[Balance, ...] = ()
    tier: str | None = None
    card_number: str | None = None
    unreadable: frozenset[str] = frozenset()
    odd_fields: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Account(…)"

    def as_of(self, now: datetime) -> "Account":
        """The account without rewards that are used up or have ended.

        A day counts as over once it is over everywhere: Paytronix does not say in which time zone a restaurant is.

        :param now: aware.
        """
        day = (now.astimezone(UTC) - _LAST_ZONE).date()
        rewards = tuple(left for reward in self.rewards if (left := reward.as_of(day)))
        return msgspec.structs.replace(self, rewards=rewards)


class _AccountReply(msgspec.Struct, rename="camel"):
    """The parts as they came, each to be read by itself."""

    point_balances: msgspec.Raw = msgspec.Raw(b"null")
    reward_balances: msgspec.Raw = msgspec.Raw(b"null")
    stored_value_balances: msgspec.Raw = msgspec.Raw(b"null")
    stored_value_balance: msgspec.Raw = msgspec.Raw(b"null")
    tier_label: msgspec.Raw = msgspec.Raw(b"null")
    primary_card: msgspec.Raw = msgspec.Raw(b"null")


# Made while there is one thread, as all decoders are (app/paytronix/models.py).
_ACCOUNT = Decoder(_AccountReply)
_PART = Decoder(float_hook=str)  # a number as it is written, to the last digit


def read_account(body: bytes) -> Account:
    """Read the reply of ``guest/accountInformation``. Every part may be absent, and any may be odd.

    :raises OddReply: it is no JSON object.
    """
    return _Reader().read(body)


class _Reader:
    """Reads one reply and notes what in it is odd."""

    def __init__(self) -> None:
        self._odd_fields: list[str] = []
        self._unreadable: set[str] = set()

    def read(self, body: bytes) -> Account:
        reply = read(body, _ACCOUNT)
        return Account(
            points=self._part("points", pointBalances=reply.point_balances),
            rewards=self._part("rewards", rewardBalances=reply.reward_balances),
            stored_value=self._part(
                "stored_value",
                storedValueBalances=reply.stored_value_balances,
                storedValueBalance=reply.stored_value_balance,
            ),
            tier=self._tier(reply.tier_label),
            card_number=self._card_number(reply.primary_card),
            unreadable=frozenset(self._unreadable),
            odd_fields=tuple(self._odd_fields[:MOST_ODD_FIELDS]),
        )

    def _value(self, path: str, reader: Callable[[Any], Meaning], raw: object) -> Meaning | None:
        """What a reader makes of a field; None for one that is odd, which is noted."""
        try:
            return reader(raw)
        except OddReply:
            self._odd_fields.append(path)
            return None

    def _part(self, part: str, **fields: msgspec.Raw) -> tuple[Balance, ...]:
        """What is in the wallets of a part, from the first of its fields that holds any."""
        odd_before = len(self._odd_fields)
        for field, raw in fields.items():
            wallets = self._value(field, _wallets, raw) or []
            found = [self._balance(f"{field}[{place}]", wallet) for place, wallet in enumerate(wallets)]
            if balances := tuple(balance for balance in found if balance):
                return balances
        if len(self._odd_fields) > odd_before:
            self._unreadable.add(part)
        return ()

    def _balance(self, path: str, raw: object) -> Balance | None:
        wallet = self._value(path, _object, raw)
        if wallet is None:
            return None
        amount = self._value(f"{path}.balance", _amount, wallet.get("balance"))
        if amount is None:
            return None
        name = self._value(f"{path}.name", _text, wallet.get("name"))
        name = name or self._value(f"{path}.description", _text, wallet.get("description"))
        expirations = self._value(f"{path}.expirations", _list, wallet.get("expirations")) or []
        found = [self._expiration(f"{path}.expirations[{place}]", each) for place, each in enumerate(expirations)]
        return Balance(name=name or "", amount=amount, expirations=tuple(each for each in found if each))

    def _expiration(self, path: str, raw: object) -> Expiration | None:
        expiration = self._value(path, _object, raw)
        if expiration is None:
            return None
        amount = self._value(f"{path}.amount", _amount, expiration.get("amount"))
        last_day = self._value(f"{path}.expirationDate", _day, expiration.get("expirationDate"))
        return None if amount is None else Expiration(amount, last_day)

    def _tier(self, raw: msgspec.Raw) -> str | None:
        odd_before = len(self._odd_fields)
        tier = self._value("tierLabel", lambda raw: _text(_decoded(raw)), raw)
        if len(self._odd_fields) > odd_before:
            self._unreadable.add("tier")
        return tier

    def _card_number(self, raw: msgspec.Raw) -> str | None:
        card = self._value("primaryCard", lambda raw: _object(_decoded(raw) or {}), raw) or {}
        number = card.get("printedCardNumber")
        return number if isinstance(number, str) and _CARD_NUMBER.fullmatch(number) else None


def _decoded(raw: msgspec.Raw) -> object:
    return read(bytes(raw), _PART)  # it may be odd by itself, such as a number of a thousand digits


def _wallets(raw: msgspec.Raw) -> list[object]:
    value = _decoded(raw)
    return [value] if isinstance(value, dict) else _list(value)


def _list(value: object) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise OddReply("a list")
    return value


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise OddReply("an object")
    return value


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise OddReply("a text")
    return (value or "").strip() or None


def _amount(value: object) -> Decimal:
    """An amount: a text at whatever scale, with an exponent perhaps, or a number. Keeps NaN and 1E+999 out of pages."""
    text = str(value) if type(value) is int else value  # a bool is an int, too
    if isinstance(text, str) and _DECIMAL.fullmatch(text.strip()):
        amount = Decimal(text.strip())
        if not amount or amount.adjusted() <= _LARGEST_EXPONENT:
            return amount
    raise OddReply("an amount")


def _day(value: object) -> date:
    """API types Date and DateTime; of the latter the day as it is written."""
    try:
        return date.fromisoformat((_text(value) or "")[:10])
    except ValueError:
        raise OddReply("a day") from None
