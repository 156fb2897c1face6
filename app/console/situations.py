"""The situations in which guests read a message, as staff see them: what each is, when it is read, and how often."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.console.overview import Cell, Met, Row
from app.messages.editing import SITUATIONS, Key, situation_of

# Name → what it is, and when guests read it.
_TOLD = {
    "wrong_details": (
        "Wrong username or password",
        "Paytronix has refused a sign-in. One sentence for every reason, so that strangers learn of no account.",
    ),
    "unreachable": ("Rewards can’t be reached", "Paytronix is down, cannot be reached, or answers nonsense."),
    "too_slow": ("It takes too long", "Paytronix has not answered in time."),
    "too_busy": ("Too busy", "Paytronix, or this site, has more to do than it can."),
    "too_many_tries": ("Too many tries", "Somebody has typed a wrong password again and again."),
    "card_not_shown": ("The card can’t be shown", "The guest has signed in, and Paytronix does not show the card."),
    "no_card": ("No card", "The guest has signed in, and has no card yet."),
    "details_not_found": ("Details not found", "The guest has signed in, and Paytronix does not find them."),
    "sign_in_ended": ("The sign-in has ended", "It was long ago, or Paytronix has ended it. The guest signs in again."),
    "signed_out": ("Signed out", "The guest has pressed “Sign out”."),
    "unknown": ("Anything else", "Paytronix says no after the sign-in, and there are no words for its reason."),
}


@dataclass(frozen=True)
class Told:
    """What staff read of a situation.

    :ivar when: when guests read it
    """

    title: str
    when: str


@dataclass(frozen=True)
class Reason:
    """One entry of a situation.

    :ivar apart: what guests read for it where that is not the sentence of the situation
    """

    row: Row
    apart: tuple[Cell, ...]


@dataclass(frozen=True)
class Group:
    """A situation with its entries.

    :ivar lead: the one whose words are for all of it
    :ivar reasons: those that read them unless they have words of their own
    :ivar met: how often guests met any of them; None where that is not counted
    """

    told: Told
    lead: Row
    reasons: tuple[Reason, ...]
    met: Met | None


def told_of(key: Key) -> Told | None:
    """What staff read of the situation of an entry; None for an entry that belongs to none."""
    situation = situation_of(key)
    return Told(*_TOLD[situation.name]) if situation else None


def grouped(rows: Iterable[Row]) -> list[Group]:
    """All situations, those that guests meet most often in front."""
    by_key = {row.key: row for row in rows}
    groups = []
    for situation in SITUATIONS:
        lead, *others = [by_key[key] for key in situation.keys]
        days = [row.met.by_day for row in (lead, *others) if row.met]
        met = Met(tuple(map(sum, zip(*days, strict=True)))) if days else None
        reasons = tuple(Reason(row, _apart(row, lead)) for row in others)
        groups.append(Group(Told(*_TOLD[situation.name]), lead, reasons, met))
    return sorted(groups, key=lambda group: -(group.met.in_month if group.met else 0))


def _apart(row: Row, lead: Row) -> tuple[Cell, ...]:
    of_all = {cell.language: cell.message.text for cell in lead.cells}
    return tuple(cell for cell in row.cells if cell.message.text != of_all.get(cell.language))
