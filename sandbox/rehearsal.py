"""Rehearsals: special usernames that make Paytronix misbehave, and how each one does.

The grammar is `[WHEN:]WHAT[:ARGUMENT]`, as the table in sandbox/README.md explains it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus

from sandbox.replies import Delivery, Reply, failure_reply, html_reply, json_reply
from sandbox.switches import Switches

_HUGE_BYTES = 10_000_000
_LONGEST_SLOW_SECONDS = 60
_RETRY_AFTER_SECONDS = 7

# Does the work of the call and gives the reply that it would get without a rehearsal.
Proper = Callable[[], Reply]


class When(Enum):
    """Which calls a rehearsal concerns."""

    SIGN_IN = "the sign-in itself"
    THEN = "every call with the access token, after a good sign-in"
    BALANCE = "every accountInformation, after a good sign-in"
    REFRESH = "every refresh, after a good sign-in whose access token is refused at once"


class NotARehearsal(ValueError):
    """A username begins like a rehearsal and is none. The text says what is wrong with it."""


@dataclass(frozen=True)
class Word:
    """One word of the grammar: what follows it, when it can be rehearsed, and the reply that it makes."""

    reply: Callable[[str, Proper, Switches], Reply]
    argument: str = ""  # a pattern; empty for a word that stands alone
    whens: frozenset[When] = frozenset(When)


@dataclass(frozen=True)
class Rehearsal:
    """What a special username asks for."""

    when: When
    name: str
    argument: str = ""

    def reply(self, proper: Proper, switches: Switches) -> Reply:
        made = WORDS[self.name].reply(self.argument, proper, switches)
        return replace(made, outcome=f"{self.name}:{self.argument}".rstrip(":"))

    @property
    def token_seconds(self) -> int | None:
        """The token life that the rehearsal promises, where it is one that can be kept."""
        value = _json_or_text(self.argument) if self.name == "expires" else None
        return min(value, 10**9) if type(value) is int and value > 0 else None


def read_rehearsal(username: str) -> Rehearsal | None:
    """The rehearsal that a username asks for; None for an ordinary username.

    Words are read in any case, for phones write the first letter of a field large.

    :raises NotARehearsal: when the username begins like a rehearsal and cannot be one.
    """
    when, what = When.SIGN_IN, username
    for prefix, meant in (("then:", When.THEN), ("balance:", When.BALANCE), ("refresh:", When.REFRESH)):
        if username.lower().startswith(prefix):
            when, what = meant, username[len(prefix) :]
    if re.fullmatch(r"[2-5][0-9][0-9]", what):
        what = f"status:{what}"
    name, colon, argument = what.partition(":")
    word = WORDS.get(name.lower())
    if word is None and when is When.SIGN_IN:
        return None
    if word is None:
        raise NotARehearsal(f"'{name}' cannot be rehearsed. The words are {', '.join(WORDS)}.")
    if not colon and word.argument and when is When.SIGN_IN:
        return None  # a guest may well be called "slow"
    if when not in word.whens:
        raise NotARehearsal(f"'{name}' cannot be rehearsed for {when.value}.")
    if colon and not word.argument:
        raise NotARehearsal(f"'{name}' stands alone, nothing follows it.")
    if not re.fullmatch(word.argument, argument):
        raise NotARehearsal(f"'{name}' does not take '{argument}': see sandbox/README.md.")
    return Rehearsal(when, name.lower(), argument)


# --- What each word does. ---


def _code(argument: str, _: Proper, switches: Switches) -> Reply:
    return failure_reply(argument, f"Rehearsal of {argument}", switches.failure_status)


def _failed(argument: str, _: Proper, switches: Switches) -> Reply:
    """Paytronix's own failure (docs/paytronix.md, 3.8): its text is about its insides and for no guest."""
    document = {"result": "failed", "errorCode": argument, "errorMessage": "internal: worker pool exhausted"}
    return json_reply({name: value for name, value in document.items() if value}, "", switches.failure_status)


def _typed(_: str, proper: Proper, __: Switches) -> Reply:
    """Fields in lists (docs/paytronix.md, 4.5), and card numbers that have become numbers."""
    document = json.loads(proper().body)
    if "primaryCardNumbers" in document:
        document["fields"] = {name: [value] for name, value in document["fields"].items()}
        document["primaryCardNumbers"] = [int(number) for number in document["primaryCardNumbers"]]
    return json_reply(document, "")


def _bom(_: str, proper: Proper, __: Switches) -> Reply:
    reply = proper()
    return replace(reply, body=b"\xef\xbb\xbf" + reply.body)


def _status(argument: str, _: Proper, __: Switches) -> Reply:
    status = int(argument)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return html_reply(status, "", Retry_After=str(_RETRY_AFTER_SECONDS))
    if argument.startswith("3"):
        # A client that follows it shows in the list of calls.
        return html_reply(status, "", Location="requestGuestToken.json")
    return html_reply(status, "")


def _result(argument: str, _: Proper, __: Switches) -> Reply:
    return json_reply({"result": argument}, "")


def _slow(argument: str, proper: Proper, _: Switches) -> Reply:
    return replace(proper(), wait_seconds=min(float(argument), _LONGEST_SLOW_SECONDS))


def _expires(argument: str, proper: Proper, _: Switches) -> Reply:
    document = json.loads(proper().body)
    document["expires_in"] = _json_or_text(argument)
    if argument == "absent":
        del document["expires_in"]
    return json_reply(document, "")


def _no_token(_: str, proper: Proper, __: Switches) -> Reply:
    document = json.loads(proper().body)
    del document["access_token"]
    return json_reply(document, "")


def _cut(_: str, proper: Proper, __: Switches) -> Reply:
    reply = proper()
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def _list(_: str, proper: Proper, __: Switches) -> Reply:
    return json_reply([json.loads(proper().body)], "")


def _odd(part: str, proper: Proper, _: Switches) -> Reply:
    document = json.loads(proper().body)
    if part in document:  # as in the reply that is meant, and not in those of other calls
        document[part] = "odd"
    return json_reply(document, "")


def _huge(_: str, proper: Proper, __: Switches) -> Reply:
    document = json.loads(proper().body)
    document["padding"] = "x" * _HUGE_BYTES
    return json_reply(document, "")


def _html(_: str, __: Proper, ___: Switches) -> Reply:
    return html_reply(200, "")


def _empty(_: str, __: Proper, ___: Switches) -> Reply:
    return Reply(200, b"", "application/json; charset=UTF-8", "")


def _invalid_token(_: str, __: Proper, switches: Switches) -> Reply:
    return invalid_token_reply(switches)


def _delivered(delivery: Delivery) -> Callable[[str, Proper, Switches], Reply]:
    def reply(_: str, proper: Proper, __: Switches) -> Reply:
        return replace(proper(), delivery=delivery)

    return reply


def _json_or_text(argument: str) -> object:
    try:
        return json.loads(argument)
    except ValueError:
        return argument


def invalid_token_reply(switches: Switches) -> Reply:
    """What a call with an access token that is not good gets (docs/paytronix.md, 3.5)."""
    code = switches.oauth_code(switches.invalid_token_code)
    reply = failure_reply(code, "The access token is invalid", switches.invalid_token_status)
    if switches.invalid_token_body == "html":
        return html_reply(reply.status, code)
    return replace(reply, body=b"") if switches.invalid_token_body == "empty" else reply


_WITH_TOKENS = frozenset({When.SIGN_IN, When.REFRESH})
_AFTERWARDS = frozenset({When.THEN, When.BALANCE})

WORDS = {
    "code": Word(_code, r"[!-~]{1,200}"),
    "result": Word(_result, r"[!-~]{1,200}"),
    "failed": Word(_failed, r"[!-~]{0,200}"),
    "status": Word(_status, r"[2-5][0-9][0-9]"),
    "slow": Word(_slow, r"[0-9]{1,3}(\.[0-9]{1,3})?"),
    "hang": Word(_delivered(Delivery.HANGING)),
    "close": Word(_delivered(Delivery.CLOSED)),
    "broken": Word(_delivered(Delivery.BROKEN)),
    "drip": Word(_delivered(Delivery.DRIP)),
    "cut": Word(_cut),
    "empty": Word(_empty),
    "html": Word(_html),
    "list": Word(_list),
    "huge": Word(_huge),
    "odd": Word(_odd, r"[A-Za-z]{1,40}", whens=_AFTERWARDS),
    "typed": Word(_typed, whens=_AFTERWARDS),
    "bom": Word(_bom),
    "no-token": Word(_no_token, whens=_WITH_TOKENS),
    "expires": Word(_expires, r".{1,100}", whens=_WITH_TOKENS),
    "invalid_token": Word(_invalid_token, whens=_AFTERWARDS),
}
