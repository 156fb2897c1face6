"""The signed-in guest as pages know them: name and card, asked of Paytronix once and remembered for the sign-in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.auth import session
from app.services import services


@dataclass(frozen=True)
class Guest:
    """What a sign-in remembers of its guest. None is not known, or not there.

    :ivar username: Paytronix's own
    """

    username: str
    first_name: str | None
    card_number: str | None

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Guest":
        """The guest of a signed-in session."""
        return cls(facts["username"], facts.get("first_name"), facts.get("card_number"))


def known() -> Guest:
    """The guest who is signed in, as far as that is remembered. Asks nobody."""
    return Guest.of(session.remembered())


def ask() -> Guest:
    """The guest as Paytronix knows them now; the next pages know it too.

    :raises Refused: Paytronix does not show the guest.
    :raises Unavailable: what is known stays.
    :raises SignInEnded: the guest has to sign in again.
    """
    sign_in, paytronix = session.required_sign_in(), services().paytronix
    asked = services().tokens.call(sign_in, lambda token: paytronix.user_information(token, sign_in.username))
    facts = {"first_name": asked.first_name, "card_number": asked.card_number}
    return Guest.of(session.remember(**{name: fact for name, fact in facts.items() if fact}))


def set_card(card_number: str | None) -> None:
    """Remember another card, or with None ask for it when it is wanted next."""
    session.remember(card_number=card_number)
