"""The situations in which guests read a message. Codes are many; what a merchant has to say is about ten things.

An entry without words of the merchant's own reads those of its situation before any built-in ones, so that one sentence
is enough for all the ways in which Paytronix can be away.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.messages.codes import WRONG_PASSWORD
from app.messages.entries import DEFAULT, PAYTRONIX, SITE, Key


@dataclass(frozen=True)
class Situation:
    """What guests meet, whatever the code for it is.

    :ivar lead: the entry whose words are for all of it
    :ivar others: entries that read those words unless they have some of their own
    :ivar follows: name of the situation whose words it reads if nobody has worded it
    """

    name: str
    lead: Key
    others: tuple[Key, ...] = ()
    follows: str | None = None

    @property
    def keys(self) -> tuple[Key, ...]:
        """All of its entries, the one for all in front."""
        return self.lead, *self.others


def _codes(*names: str) -> tuple[Key, ...]:
    return tuple((PAYTRONIX, name) for name in names)


def _site(*names: str) -> tuple[Key, ...]:
    return tuple((SITE, name) for name in names)


SITUATIONS = (
    Situation(
        "wrong_details",
        (PAYTRONIX, WRONG_PASSWORD),
        _codes("no_matching_guests", "invalid_grant", "http:401", "one_time_password.*"),
    ),
    Situation(
        "unreachable",
        (SITE, "unavailable"),
        _codes(
            "system_error", "http:5xx", "connection", "bad_response", "credentials", "http:403", "http:404", "http:4xx"
        ),
    ),
    Situation("too_slow", (PAYTRONIX, "timeout"), follows="unreachable"),
    Situation("too_busy", (SITE, "busy"), _codes("busy", "http:429"), follows="unreachable"),
    Situation("too_many_tries", (SITE, "throttled")),
    Situation("card_not_shown", (SITE, "card_unavailable"), _codes("result:invalid_status", "account_info.*")),
    Situation("no_card", (SITE, "no_card")),
    Situation("details_not_found", (PAYTRONIX, "user_info.not_found")),
    Situation(
        "sign_in_ended",
        (SITE, "session_ended"),
        (*_codes("invalid_token"), *_site("session_expired", "session_too_old", "session_forgotten")),
    ),
    Situation("signed_out", (SITE, "signed_out")),
    Situation("unknown", DEFAULT),
)
_BY_NAME = {situation.name: situation for situation in SITUATIONS}
_OF: Mapping[Key, Situation] = {key: situation for situation in SITUATIONS for key in situation.keys}


def situation_of(key: Key) -> Situation | None:
    """The situation that an entry belongs to; None for what is worded by itself."""
    return _OF.get(key)


def followed_by(key: Key) -> tuple[Key, ...]:
    """The entries whose words, if the merchant has some, an entry without any reads; the closest in front."""
    situation, found = _OF.get(key), []
    while situation:
        found.append(situation.lead)
        situation = _BY_NAME.get(situation.follows or "")
    return tuple(each for each in found if each != key)
