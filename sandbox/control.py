"""The control API under /_sandbox/: what tests and developers ask and change while the sandbox runs."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sandbox.replies import Reply, json_reply
from sandbox.state import State
from sandbox.switches import SwitchError


class _Wrong(Exception):
    """The request cannot be followed. The text says why."""


def answer_control(state: State, method: str, name: str, body: bytes) -> Reply:
    """Answer a request to /_sandbox/`name`. What cannot be followed gets 400, 404 or 405 and a sentence."""
    methods = _ACTIONS.get(name)
    if methods is None:
        return _fault(404, f"There is no /_sandbox/{name}. There are: {', '.join(_ACTIONS)}.")
    action = methods.get(method)
    if action is None:
        return _fault(405, f"/_sandbox/{name} takes {' and '.join(methods)}.")
    try:
        return json_reply(action(state, _object(body)), outcome="")
    except (SwitchError, _Wrong) as wrong:
        return _fault(400, str(wrong))


def _fault(status: int, sentence: str) -> Reply:
    return json_reply({"error": sentence}, outcome="", status=status)


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError) as fault:
        raise _Wrong("The body is not JSON.") from fault
    if not isinstance(document, dict):
        raise _Wrong("The body must be a JSON object.")
    return document


def _list_calls(state: State, _: dict[str, Any]) -> object:
    return state.calls.as_dicts()


def _clear_calls(state: State, _: dict[str, Any]) -> object:
    state.calls.clear()
    return {}


def _show_switches(state: State, _: dict[str, Any]) -> object:
    return asdict(state.switches)


def _change_switches(state: State, changes: dict[str, Any]) -> object:
    return asdict(state.change_switches(changes))


def _expire(state: State, asked: dict[str, Any]) -> object:
    return {"ended": state.tokens.expire(_account_id(state, asked))}


def _revoke(state: State, asked: dict[str, Any]) -> object:
    return {"ended": state.tokens.revoke(_account_id(state, asked))}


def _exchange_card(state: State, asked: dict[str, Any]) -> object:
    number = str(asked.pop("number", ""))
    account_id = _account_id(state, asked)
    if account_id is None or not re.fullmatch("[0-9]{8,19}", number):
        raise _Wrong("The body must hold a username and a number of 8 to 19 digits.")
    if not state.guests.exchange_card(account_id, number):
        raise _Wrong("This guest has no card, or another card has this number.")
    return {}


def _reset(state: State, _: dict[str, Any]) -> object:
    state.reset()
    return {}


def _account_id(state: State, asked: dict[str, Any]) -> int | None:
    """Whose tokens are meant: those of the guest named, or everybody's."""
    if set(asked) - {"username"}:
        raise _Wrong("The body may hold username and nothing else.")
    if "username" not in asked:
        return None
    guest = state.guests.by_name(str(asked["username"]))
    if guest is None:
        raise _Wrong(f"There is no guest {asked['username']}.")
    return guest.account_id


_ACTIONS: dict[str, dict[str, Callable[[State, dict[str, Any]], object]]] = {
    "calls": {"GET": _list_calls, "DELETE": _clear_calls},
    "switches": {"GET": _show_switches, "PATCH": _change_switches},
    "expire": {"POST": _expire},
    "revoke": {"POST": _revoke},
    "exchange": {"POST": _exchange_card},
    "reset": {"POST": _reset},
}
