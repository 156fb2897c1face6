"""The switches: one for every place where the vendor's documentation leaves the behaviour open."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any


class SwitchError(ValueError):
    """A switch does not exist or its value breaks the rule. The text says which one and what it takes."""


@dataclass(frozen=True)
class Kind:
    """What values a switch takes: the rule in words, its check, and how a command line spells a value."""

    rule: str
    accepts: Callable[[Any], bool]
    read: Callable[[str], Any] = str


def _whole(least: int, most: int) -> Kind:
    return Kind(
        f"a whole number from {least} to {most}",
        lambda value: type(value) is int and least <= value <= most,
        int,
    )


def _seconds(most: int) -> Kind:
    return Kind(
        f"seconds from 0 to {most}, such as 0.3",
        lambda value: type(value) in {int, float} and 0 <= value <= most,
        float,
    )


def _one_of(*words: str) -> Kind:
    return Kind(f"one of {', '.join(words)}", lambda value: value in words)


_TEXT = Kind(
    "1 to 100 printable characters without spaces",
    lambda value: isinstance(value, str) and bool(re.fullmatch(r"[!-~]{1,100}", value)),
)
_YES_NO = Kind(
    "true or false, on the command line yes or no",
    lambda value: type(value) is bool,
    lambda text: {"yes": True, "no": False}[text],
)
_STATUS = _whole(200, 599)


def _switch(default: object, kind: Kind, about: str, *, shown: bool = True) -> Any:
    return field(default=default, repr=shown, metadata={"kind": kind, "about": about})


@dataclass(frozen=True, kw_only=True)
class Switches:
    """How this Paytronix behaves.

    A field's name is the switch's name in the control API and, with dashes, on the command line.

    :raises SwitchError: when a value breaks its rule.
    """

    merchant_id: int = _switch(777777, _whole(1, 10**9), "the merchant id that calls must carry")
    client_id: str = _switch("sandbox-client", _TEXT, "the integration identifier that calls must carry")
    client_secret: str = _switch("sandbox-secret", _TEXT, "the integration secret that calls must carry", shown=False)
    basic_header_suffices: bool = _switch(
        True, _YES_NO, "whether a token call may leave client_id and client_secret out of its body"
    )
    invalid_client_code: str = _switch("invalid_client", _TEXT, "error code for wrong integration credentials")
    invalid_client_status: int = _switch(401, _STATUS, "HTTP status for wrong integration credentials")
    token_seconds: int = _switch(1800, _whole(1, 10**9), "how long an access token lives")
    refresh_tokens: str = _switch(
        "stay",
        _one_of("stay", "rotate", "single-use", "left-out"),
        "what a refresh does to the refresh token: it stays; a new one comes and the old one stays good; "
        "a new one comes and the old one is refused; the reply leaves it out and the old one stays good",
    )
    failure_status: int = _switch(200, _STATUS, "HTTP status of failures without a status of their own")
    refused_login_code: str = _switch("could_not_authenticate", _TEXT, "error code for a wrong username or password")
    refused_refresh_code: str = _switch("invalid_grant", _TEXT, "error code for a refused refresh token")
    invalid_token_code: str = _switch("invalid_token", _TEXT, "error code for an invalid access token")
    invalid_token_status: int = _switch(401, _STATUS, "HTTP status for an invalid access token")
    invalid_token_body: str = _switch(
        "json", _one_of("json", "html", "empty"), "body that comes with an invalid access token"
    )
    oauth_prefix: bool = _switch(
        False, _YES_NO, "whether the four codes above begin with 'oauth.', as other services' codes do"
    )
    field_errors: str = _switch(
        "objects",
        _one_of("objects", "codes"),
        "errorsByField: lists of ValidationError objects (since 22.25) or of codes (before)",
    )
    validation_error_keys: str = _switch(
        "code,message", _one_of("code,message", "errorCode,errorMessage"), "key names in a ValidationError"
    )
    stored_value_field: str = _switch(
        "storedValueBalances", _TEXT, "name of the stored value list in accountInformation"
    )
    user_information: str = _switch(
        "whole",
        _one_of("whole", "without-name", "without-card", "empty"),
        "what userInformation tells of a guest, or leaves out",
    )
    exchanged_card: str = _switch(
        "primary",
        _one_of("primary", "refused"),
        "what accountInformation says of a card that was replaced: which one is the primary card now; or nothing",
    )
    delay_seconds: float = _switch(0, _seconds(60), "how long every answer takes")

    def __post_init__(self) -> None:
        for switch in fields(self):
            kind: Kind = switch.metadata["kind"]
            if not kind.accepts(getattr(self, switch.name)):
                raise SwitchError(f"The switch {switch.name} takes {kind.rule}.")

    def with_changes(self, changes: Mapping[str, Any]) -> "Switches":
        """The same switches but for those named in `changes`.

        :raises SwitchError: when a name is no switch or a value breaks its rule.
        """
        names = [switch.name for switch in fields(self)]
        for name in changes:
            if name not in names:
                close = difflib.get_close_matches(name, names, 1)
                hint = f"did you mean {close[0]}?" if close else "GET /_sandbox/switches lists them all."
                raise SwitchError(f"There is no switch {name}: {hint}")
        return replace(self, **changes)

    def oauth_code(self, code: str) -> str:
        """An error code of the token service as this Paytronix sends it."""
        return f"oauth.{code}" if self.oauth_prefix else code
