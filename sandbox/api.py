"""The vendor's calls: what each one takes, checks and answers (docs/paytronix.md, sections 1 to 4)."""

import base64
import binascii
import datetime as dt
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sandbox.calls import Record
from sandbox.editing import edit, errors_by_field
from sandbox.guests import Card, Guest
from sandbox.rehearsal import NotARehearsal, Rehearsal, When, invalid_token_reply, read_rehearsal
from sandbox.replies import Reply, failure_reply, html_reply, json_reply
from sandbox.state import State
from sandbox.tokens import SignIn

_SCOPES = ("account_write", "account_read", "user_write", "user_read")
# Replies may gain fields at any time; these are here so that a caller who minds them is found out.
_UNKNOWN_FIELDS = {"apiVersionHint": "sandbox", "extras": {"note": ["ignore", "what", "you", "do not know"]}}


class _Failed(Exception):
    """The call ends here, with this reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.outcome)
        self.reply = reply


class Call:
    """One call while it is being answered."""

    def __init__(self, state: State, operation: str) -> None:
        self._state = state
        self._switches = state.switches  # one look: a switch that moves meanwhile concerns the next call
        self._record = Record(operation, at=time.time())
        self._parameters: Mapping[str, Any] = {}

    def answer(self, method: str, authorization: str, query: Mapping[str, str], body: bytes, *, service: str) -> Reply:
        """Do what was asked and list the call.

        :param authorization: the Authorization header, empty when none came.
        :param query: the parameters in the address; they count for GET, the body for POST.
        """
        try:
            reply = self._answer(method, authorization, query, body, service)
        except _Failed as failed:
            reply = failed.reply
        self._record.status, self._record.outcome = reply.status_sent, reply.outcome
        self._state.calls.add(self._record)
        return replace(reply, wait_seconds=reply.wait_seconds + self._switches.delay_seconds)

    def _answer(self, method: str, authorization: str, query: Mapping[str, str], body: bytes, service: str) -> Reply:
        methods, operation = _OPERATIONS.get((service, self._record.operation), ((), None))
        if operation is None:
            return html_reply(404, "not_found")
        if method not in methods:
            return html_reply(405, "method_not_allowed", Allow=", ".join(methods))
        self._parameters = self._read_body(body) if method == "POST" else query
        self._check_credentials(authorization)
        self._check_merchant(method)
        return operation(self)

    # --- Who calls ---

    def _read_body(self, body: bytes) -> Mapping[str, Any]:
        try:
            parameters = json.loads(body)
        except (ValueError, RecursionError):
            parameters = None
        if not isinstance(parameters, dict):
            raise self._invalid_request("the body must be a JSON object")
        return parameters

    def _check_credentials(self, authorization: str) -> None:
        switches = self._switches
        good = (switches.client_id, switches.client_secret)
        in_body = self._parameters.get("client_id"), self._parameters.get("client_secret")
        may_be_absent = switches.basic_header_suffices or self._record.operation != "requestGuestToken"
        body_is_good = in_body == good or (may_be_absent and in_body == (None, None))
        if _basic(authorization) != good or not body_is_good:
            code = switches.oauth_code(switches.invalid_client_code)
            message = "The integration credentials were not accepted"
            raise _Failed(failure_reply(code, message, switches.invalid_client_status))

    def _check_merchant(self, method: str) -> None:
        given, own = self._parameters.get("merchantId"), self._switches.merchant_id
        if method == "GET" and given == str(own):
            return
        if type(given) is not int or given != own:
            raise self._invalid_request(f"merchantId must be {own}, in a body as a number")

    def _holder(self) -> tuple[SignIn, Guest]:
        """Whose access token this is."""
        if self._parameters.get("authentication") != "oauth":
            raise self._invalid_request("authentication must be oauth")
        sign_in = self._state.tokens.holder(str(self._parameters.get("access_token", "")))
        if sign_in is None:
            raise _Failed(invalid_token_reply(self._switches))
        return sign_in, self._known_guest(sign_in)

    def _known_guest(self, sign_in: SignIn) -> Guest:
        guest = self._state.guests.by_account(sign_in.account_id)
        self._record.guest = guest.username
        return guest

    # --- oauth/requestGuestToken ---

    def request_guest_token(self) -> Reply:
        if self._parameters.get("authentication") != "anonymous":
            raise self._invalid_request("authentication must be anonymous for this call")
        grants = {"password": self._grant_by_password, "refresh_token": self._grant_by_refresh_token}
        grant_type = self._parameters.get("grant_type")
        if not isinstance(grant_type, str) or grant_type not in grants:
            raise self._invalid_request(f"grant_type must be one of {', '.join(grants)}")
        self._record.grant = grant_type
        return grants[grant_type]()

    def _grant_by_password(self) -> Reply:
        username, password = self._text("username"), self._text("password")
        self._record.username, self._record.password = username, password
        try:
            rehearsal = read_rehearsal(username)
        except NotARehearsal as fault:
            raise self._refused_login(f"Sandbox: {fault}") from fault
        if rehearsal is None:
            guest = self._state.guests.by_name(username)
            if guest is None or guest.password != password:
                raise self._refused_login("Could Not Authenticate")
            return self._signed_in(SignIn(guest.account_id))
        sign_in = SignIn(self._state.guests.first.account_id, rehearsal)
        return self._rehearsed(rehearsal, When.SIGN_IN, lambda: self._signed_in(sign_in))

    def _signed_in(self, sign_in: SignIn) -> Reply:
        guest, rehearsal = self._known_guest(sign_in), sign_in.rehearsal
        refused_at_once = rehearsal is not None and rehearsal.when is When.REFRESH
        token_seconds = 0 if refused_at_once else self._token_seconds(rehearsal, When.SIGN_IN)
        return self._token_reply(guest, *self._state.tokens.issue(sign_in, token_seconds))

    def _token_seconds(self, rehearsal: Rehearsal | None, now: When) -> int:
        """How long the next access token lives."""
        rehearsed = rehearsal.token_seconds if rehearsal and rehearsal.when is now else None
        return rehearsed or self._switches.token_seconds

    def _grant_by_refresh_token(self) -> Reply:
        refresh_token = self._text("refresh_token")
        sign_in = self._state.tokens.renewable(refresh_token)
        if sign_in is None:
            raise self._refused_refresh()
        guest = self._known_guest(sign_in)
        return self._rehearsed(
            sign_in.rehearsal, When.REFRESH, lambda: self._renewed(guest, sign_in.rehearsal, refresh_token)
        )

    def _renewed(self, guest: Guest, rehearsal: Rehearsal | None, refresh_token: str) -> Reply:
        token_seconds = self._token_seconds(rehearsal, When.REFRESH)
        tokens = self._state.tokens.renew(refresh_token, self._switches.refresh_tokens, token_seconds)
        if tokens is None:  # another call spent it since we looked
            raise self._refused_refresh()
        more = {"printedCardNumber": guest.card.number} if guest.card else {}
        return self._token_reply(guest, *tokens, **more)

    def _token_reply(self, guest: Guest, access_token: str, refresh_token: str | None, **more: str) -> Reply:
        document = {
            "result": "success",
            "access_token": access_token,
            "expires_in": self._switches.token_seconds,
            "scope": self._scope(),
            "token_type": "bearer",
            "username": guest.username,
            **({} if refresh_token is None else {"refresh_token": refresh_token}),
            **more,
            **_UNKNOWN_FIELDS,
        }
        return json_reply(document, outcome="success")

    def _scope(self) -> str:
        """The scopes asked for, in our own order: a caller must read them as a set."""
        asked = str(self._parameters.get("scope", " ".join(_SCOPES))).split()
        if not set(asked) <= set(_SCOPES):
            raise self._invalid_request(f"scope may only name {', '.join(_SCOPES)}")
        return " ".join(scope for scope in _SCOPES if scope in asked)

    # --- guest/userInformation, guest/accountInformation ---

    def user_information(self) -> Reply:
        sign_in, guest = self._holder()
        return self._rehearsed(sign_in.rehearsal, When.THEN, lambda: self._user_information(guest))

    def _user_information(self, guest: Guest) -> Reply:
        username = self._text("username")
        self._record.username = username
        if username.casefold() != guest.username.casefold():
            raise self._failure("user_info.not_found", "The user was not found")
        fields = {"username": guest.username, **guest.fields}
        document = {
            "result": "success",
            "accountIds": [guest.account_id],
            "addresses": _addresses(guest),
            "fields": {name: value for name, value in fields.items() if value != ""},
            "primaryCardNumbers": [guest.card.number] if guest.card else [],
            **_UNKNOWN_FIELDS,
            **guest.reply,
        }
        if self._switches.user_information in {"without-name", "empty"}:
            del document["fields"]
        if self._switches.user_information in {"without-card", "empty"}:
            del document["primaryCardNumbers"]
        return json_reply(document, outcome="success")

    def account_information(self) -> Reply:
        sign_in, guest = self._holder()
        when = sign_in.rehearsal.when if sign_in.rehearsal else None
        now = When.BALANCE if when is When.BALANCE else When.THEN
        return self._rehearsed(sign_in.rehearsal, now, lambda: self._account_information(guest))

    def _account_information(self, guest: Guest) -> Reply:
        card = self._own_card(guest)
        if self._text("printedCardNumber") != card.number:
            return self._exchanged(card)
        if card.status != "ACTIVE":
            return json_reply({"result": "invalid_status"}, outcome="invalid_status")
        tier = {"tierCode": guest.tier.code, "tierLabel": guest.tier.label} if guest.tier else {}
        document = {
            "result": "success",
            "username": guest.username,
            "accountStatus": card.status,
            "queryCardStatus": "ACTIVE",
            "isRegistered": True,
            "registrationStatus": "REGISTERED",
            "cardTemplateCode": 3,
            "cardTemplateLabel": "Loyalty Card",
            **tier,
            "enrollmentStore": {"code": "001", "label": "High Street"},
            "fields": {"enrollDate": guest.enrolled.isoformat(), "externalAccounts": []},
            "primaryCard": _card_information(card),
            "additionalCards": [],
            "pointBalances": _balances(card.points, "Points", 1),
            "rewardBalances": _rewards(card),
            self._switches.stored_value_field: _balances(card.stored_value, "Gift card", 2),
            **_UNKNOWN_FIELDS,
            **card.reply,
        }
        return json_reply(document, outcome="success")

    def _exchanged(self, card: Card) -> Reply:
        """What Paytronix says of a card that another one has replaced."""
        document = {
            "result": "success",
            "accountStatus": "SUSPENDED",
            "queryCardStatus": "EXCHANGED",
            "primaryCard": _card_information(card),
            "pointBalances": [],
            **_UNKNOWN_FIELDS,
        }
        return json_reply(document, outcome="success")

    # --- enrollment/editAccount ---

    def edit_account(self) -> Reply:
        sign_in, guest = self._holder()
        return self._rehearsed(sign_in.rehearsal, When.THEN, lambda: self._edit_account(guest))

    def _edit_account(self, guest: Guest) -> Reply:
        self._own_card(guest)
        unique = self._parameters.get("enforceUniqueFields", [])
        if not isinstance(unique, list):
            raise self._invalid_request("enforceUniqueFields must be a list of names")
        self._styled("setAccountFields")  # accepted as integrators send it; the sandbox has none to change
        faults = edit(self._state.guests, guest, self._styled("setUserFields"), unique)
        if faults:
            shown = errors_by_field(faults, self._switches)
            message = "Some fields are not valid"
            raise self._failure("enrollment.invalid_fields", message, errorsByField=shown)
        return json_reply({"result": "success", **_UNKNOWN_FIELDS}, outcome="success")

    def _styled(self, name: str) -> Mapping[str, object]:
        given = self._parameters.get(name, {"style": "typed"})
        if not isinstance(given, dict) or given.get("style") not in ["typed", "string"]:
            raise self._invalid_request(f"{name} must be an object with the style typed or string")
        return given

    # --- What the calls share ---

    def _rehearsed(self, rehearsal: Rehearsal | None, now: When, proper: Callable[[], Reply]) -> Reply:
        if rehearsal is None or rehearsal.when is not now:
            return proper()
        return rehearsal.reply(proper, self._switches)

    def _own_card(self, guest: Guest) -> Card:
        number = self._text("printedCardNumber")
        former = guest.card.former_numbers if guest.card and self._switches.exchanged_card == "primary" else ()
        if guest.card is None or number not in {guest.card.number, *former}:
            raise self._failure("account_info.not_found", "The card was not found")
        return guest.card

    def _text(self, name: str) -> str:
        value = self._parameters.get(name)
        if not isinstance(value, str) or not value:
            raise self._invalid_request(f"{name} must be there, and a text that is not empty")
        return value

    def _invalid_request(self, fault: str) -> _Failed:
        return self._failure("invalid_request", f"Sandbox: {fault}.")

    def _refused_login(self, message: str) -> _Failed:
        return self._failure(self._switches.oauth_code(self._switches.refused_login_code), message)

    def _refused_refresh(self) -> _Failed:
        code = self._switches.oauth_code(self._switches.refused_refresh_code)
        return self._failure(code, "The refresh token is invalid")

    def _failure(self, code: str, message: str, **more: object) -> _Failed:
        return _Failed(failure_reply(code, message, self._switches.failure_status, **more))


_OPERATIONS: dict[tuple[str, str], tuple[tuple[str, ...], Callable[[Call], Reply]]] = {
    ("oauth", "requestGuestToken"): (("POST",), Call.request_guest_token),
    ("guest", "userInformation"): (("GET",), Call.user_information),
    # A GET in the reference; the Account Balance page shows a body, so POST is answered too.
    ("guest", "accountInformation"): (("GET", "POST"), Call.account_information),
    ("enrollment", "editAccount"): (("POST",), Call.edit_account),
}


def _basic(authorization: str) -> tuple[str, str] | None:
    """Identifier and secret of an HTTP Basic header (RFC 7617), None when it is none."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        identifier, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (identifier, secret) if scheme.lower() == "basic" and colon else None


def _addresses(guest: Guest) -> list[dict[str, object]]:
    if "address1" not in guest.fields:
        return []
    names = ("address1", "address2", "city", "country", "postalCode")
    label = guest.fields.get("addressLabel", "Primary Address")
    return [{"addressId": 1, "label": label, **{name: guest.fields.get(name, "") for name in names}}]


def _card_information(card: Card) -> dict[str, str]:
    masked = "X" * (len(card.number) - 6) + card.number[-6:]
    return {"printedCardNumber": card.number, "maskedCardNumber": masked, "status": card.status}


def _balances(balance: str | None, name: str, wallet_code: int) -> list[dict[str, object]]:
    if balance is None:
        return []
    return [{"balance": balance, "name": name, "description": name, "walletCode": wallet_code, "giftable": False}]


def _rewards(card: Card) -> list[dict[str, object]]:
    today = dt.datetime.now().astimezone().date()
    return [
        {
            "balance": reward.balance,
            "name": reward.name,
            "walletCode": 100 + number,
            "giftable": False,
            "expirations": [
                {
                    "amount": expiration.amount,
                    "expirationDate": (today + dt.timedelta(days=expiration.in_days)).isoformat(),
                }
                for expiration in reward.expirations
            ],
        }
        for number, reward in enumerate(card.rewards)
    ]
