"""Paytronix's codes, and the names under which the message for one is looked up."""

import re

WRONG_PASSWORD = "could_not_authenticate"  # noqa: S105 - the code for it
# Other ways to say the same (docs/paytronix.md, 3.4, 3.7 and 3.8). An entry for the one is for them all.
AS_WRONG_PASSWORD = frozenset({"no_matching_guests", "invalid_grant", "http:401"})
SYSTEM_ERROR = "system_error"
AS_SYSTEM_ERROR = frozenset({"system.error", "server_error", "internal_error", "temporarily_unavailable"})
# What keeps everybody out alike, and so tells a stranger nothing about one account.
TROUBLE = frozenset({SYSTEM_ERROR, "timeout", "connection", "busy", "bad_response", "credentials"})
TROUBLE |= {"http:403", "http:404", "http:429", "http:4xx", "http:5xx"}
# What is met only by a guest who has signed in (docs/paytronix.md, 3.4 and 3.7).
AFTER_SIGN_IN = re.compile(r"(?:.+\.)?invalid_token$|user_info\.|account_info|result:")
MOST_PARTS = 8  # of a dotted code that are looked at
_STATUS = re.compile(r"http:([1-5])[0-9][0-9]")


def concerns_everybody(code: str) -> bool:
    """Whether a code says that nobody can sign in, and so nothing about one account."""
    names = names_of(code)
    return WRONG_PASSWORD not in names and not TROUBLE.isdisjoint(names)


def names_of(code: str) -> list[str]:
    """The names under which the message for a code is looked up, the closest first."""
    code = code.strip().lower()
    last = code.rpartition(".")[2]
    names = [code, last] if last != code else [code]
    if last in AS_WRONG_PASSWORD:
        names.append(WRONG_PASSWORD)
    if last in AS_SYSTEM_ERROR or ".".join(code.split(".")[-2:]) in AS_SYSTEM_ERROR:
        names.append(SYSTEM_ERROR)
    parts = code.split(".", MOST_PARTS)
    names += [".".join(parts[:count]) + ".*" for count in range(len(parts) - 1, 0, -1)]
    if status := _STATUS.fullmatch(code):
        names.append(f"http:{status[1]}xx")
    return names
