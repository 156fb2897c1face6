"""The demo guests: read from a TOML file, looked up by name or account, changed by editAccount."""

import datetime as dt
import threading
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from sandbox.rehearsal import NotARehearsal, read_rehearsal

DEMO_GUESTS = Path(__file__).with_name("guests.toml")

# A string, as the API writes amounts.
Decimal = Annotated[str, msgspec.Meta(pattern=r"^[+-]?[0-9]+(\.[0-9]{2})?$")]
CardNumber = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{8,19}$")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class GuestsError(Exception):
    """The file of guests cannot be used. The text says which file, where and why."""


class _Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Expiration(_Struct, frozen=True):
    amount: Decimal
    in_days: int  # counted from today, so that a demo never goes stale


class Reward(_Struct, frozen=True):
    name: Text
    balance: Decimal
    expirations: tuple[Expiration, ...] = ()


class Tier(_Struct, frozen=True):
    code: int
    label: Text


class Card(_Struct, frozen=True):
    """A card. `reply` has fields of accountInformation that are to be just so, whatever the others say."""

    number: CardNumber
    former_numbers: tuple[CardNumber, ...] = ()
    status: Literal["ACTIVE", "SUSPENDED"] = "ACTIVE"
    points: Decimal | None = None
    stored_value: Decimal | None = None
    rewards: tuple[Reward, ...] = ()
    reply: dict[str, Any] = {}


class Guest(_Struct, frozen=True):
    """One guest. `fields` are named as userInformation names them; `reply` has fields of it that are to be just so."""

    account_id: int
    username: Text
    password: Text
    about: Text  # a few words for whoever picks a guest to sign in as
    enrolled: dt.date
    fields: dict[str, str | bool]
    tier: Tier | None = None
    card: Card | None = None
    reply: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"Guest({self.username!r})"


class Guests:
    """All guests, found by name or account. Safe to use from many threads.

    :raises GuestsError: when two guests share a name, account or card, or a name is a rehearsal.
    """

    def __init__(self, guests: tuple[Guest, ...]) -> None:
        self._lock = threading.Lock()
        self._by_account = {guest.account_id: guest for guest in guests}
        self._by_name = {guest.username.casefold(): guest.account_id for guest in guests}
        cards = [guest.card.number for guest in guests if guest.card]
        if not len(self._by_account) == len(self._by_name) == len(guests) or len(set(cards)) < len(cards):
            raise GuestsError("two guests have the same username, account_id or card number.")
        for guest in guests:
            if _begins_like_a_rehearsal(guest.username):
                raise GuestsError(f"the username {guest.username} is one for rehearsing: choose another.")

    @classmethod
    def from_file(cls, path: Path) -> "Guests":
        """Read a file of guests, such as sandbox/guests.toml.

        :raises GuestsError: when it cannot be read, is no TOML, or says something that a guest cannot be.
        """
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
            return cls(msgspec.convert(content, _File, strict=True).guests)
        except OSError as error:
            raise GuestsError(f"The guests cannot be read from {path}: {error.strerror}.") from error
        except (ValueError, msgspec.ValidationError, GuestsError) as error:
            raise GuestsError(f"The guests in {path} cannot be used: {error}") from error

    @property
    def first(self) -> Guest:
        """The guest who stands first in the file: rehearsals sign in as this one."""
        return self.all()[0]

    def all(self) -> list[Guest]:
        with self._lock:
            return list(self._by_account.values())

    def by_account(self, account_id: int) -> Guest:
        with self._lock:
            return self._by_account[account_id]

    def by_name(self, username: str) -> Guest | None:
        """The guest of that username, in whichever case it is written."""
        with self._lock:
            account_id = self._by_name.get(username.casefold())
            return None if account_id is None else self._by_account[account_id]

    def exchange_card(self, account_id: int, number: str) -> bool:
        """Give a guest a card with another number in place of the former one. False when there is none, or no such."""
        with self._lock:
            guest = self._by_account[account_id]
            taken = {other.card.number for other in self._by_account.values() if other.card}
            if guest.card is None or number in taken:
                return False
            former_numbers = (*guest.card.former_numbers, guest.card.number)
            card = msgspec.structs.replace(guest.card, number=number, former_numbers=former_numbers)
            self._by_account[account_id] = msgspec.structs.replace(guest, card=card)
            return True

    def change(self, account_id: int, username: str, fields: dict[str, str | bool]) -> bool:
        """Give a guest another username and other fields. False when the username is another guest's."""
        with self._lock:
            if self._by_name.get(username.casefold(), account_id) != account_id:
                return False
            guest = self._by_account[account_id]
            del self._by_name[guest.username.casefold()]
            self._by_name[username.casefold()] = account_id
            self._by_account[account_id] = msgspec.structs.replace(guest, username=username, fields=fields)
            return True


class _File(_Struct, frozen=True):
    guests: Annotated[tuple[Guest, ...], msgspec.Meta(min_length=1)]


def _begins_like_a_rehearsal(username: str) -> bool:
    try:
        return read_rehearsal(username) is not None
    except NotARehearsal:
        return True
