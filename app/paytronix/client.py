"""Paytronix's calls, one method each, and what their replies mean.

Works from a plain script::

    client = PaytronixClient(Transport(url, client_id=…, client_secret=…), merchant_id=…, …)
    token = client.token_by_password("ana@example.com", password)
    guest = client.user_information(token.access_token, token.username)
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from app.paytronix.account import Account, read_account
from app.paytronix.errors import (
    PaytronixError,
    Reason,
    RefreshRefused,
    Refused,
    TokenRejected,
    Unavailable,
)
from app.paytronix.failures import TOKEN_CALL, Failures
from app.paytronix.limits import CallLimiter, Health
from app.paytronix.models import (
    ENVELOPE,
    Guest,
    OddReply,
    Token,
    read,
    read_guest,
    read_token,
)
from app.paytronix.transport import Reply, Transport

USER_INFORMATION, ACCOUNT_INFORMATION = "guest/userInformation", "guest/accountInformation"
OPERATIONS = (TOKEN_CALL, USER_INFORMATION, ACCOUNT_INFORMATION)  # those that the site itself makes
OUTCOMES = ("success", "refused", "token_rejected", "refresh_refused", *(reason.value for reason in Reason))

Meaning = TypeVar("Meaning")


class Call(msgspec.Struct, frozen=True):
    """What is told of a finished call: nothing that identifies a guest, nothing secret (docs/security.md)."""

    operation: str
    outcome: str  # one of OUTCOMES
    seconds: float
    status: int | None = None
    code: str | None = None
    detail: str | None = None
    content_type: str | None = None
    body_bytes: int | None = None


@dataclass(frozen=True)
class _Request(Generic[Meaning]):
    """A call that is to be made. Its fields hold secrets: it has no place in a repr.

    :ivar send: the transport's get or post
    :ivar meaning: reads a successful reply's body; raises OddReply for one that it cannot use
    :ivar guest: whose call it is, by any name that stays the same
    :ivar refusal: what a definite no means
    """

    operation: str
    send: Callable[[str, Mapping[str, Any]], Reply]
    fields: Mapping[str, Any]
    meaning: Callable[[bytes], Meaning]
    guest: str
    refusal: type[PaytronixError] = Refused

    def __repr__(self) -> str:
        return f"_Request({self.operation!r})"


@dataclass(frozen=True)
class Probe:
    """How Paytronix answers a call that is about no guest.

    :ivar outcome: one of OUTCOMES
    :ivar code: Paytronix's, or a pseudo-code
    :ivar is_known_refusal: the code is one of those with which Paytronix refuses a guest or a token
    :ivar date: its clock (UTC), if it told
    """

    outcome: str
    status: int | None
    code: str | None
    is_known_refusal: bool
    date: datetime | None


class PaytronixClient:
    """The guest-level calls of one integration for one merchant.

    :param scope: what to ask for when a token is requested
    :param credentials_in_body: send identifier and secret in the token call's body too, as the vendor's sample does
    :param invalid_token_codes: codes that say that an access token is no longer good, whole or as last dotted part
    :param max_calls: how many may be under way at once; the next one is refused, not queued
    :param observe: told of every finished call
    :param observe_slot: told 1 when a slot for a call is taken, -1 when it is given back
    :param now: the clock (UTC)
    """

    def __init__(
        self,
        transport: Transport,
        *,
        merchant_id: int,
        client_id: str,
        client_secret: str,
        scope: Sequence[str],
        credentials_in_body: bool = True,
        invalid_token_codes: Sequence[str] = ("invalid_token",),
        max_calls: int = 252,
        observe: Callable[[Call], None] = lambda _: None,
        observe_slot: Callable[[int], None] = lambda _: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._transport = transport
        self._merchant_id = merchant_id
        self._token_fields: dict[str, Any] = {"authentication": "anonymous", "merchantId": merchant_id}
        if credentials_in_body:
            self._token_fields |= {"client_id": client_id, "client_secret": client_secret}
        self._token_fields["scope"] = " ".join(scope)
        self._failures = Failures(invalid_token_codes, now)
        self._limiter = CallLimiter(max_calls, observe_slot)
        self._health = Health()
        self._observe = observe
        self._now = now

    def slot(self, guest: str) -> AbstractContextManager[None]:
        """Hold a concurrency slot for the calls of this thread, also while waiting for other things before them.

        So whatever waits for Paytronix is within the limit, and the other threads stay free for pages that do not.

        :param guest: for whom; one guest gets no more than a share of all slots.
        :raises Unavailable: as many calls are under way as there may be.
        """
        return self._limiter.slot(TOKEN_CALL, guest)

    def is_failing(self) -> bool:
        """Whether the last calls of this process all failed, and lately."""
        return self._health.is_failing()

    def token_by_password(self, username: str, password: str) -> Token:
        """Sign a guest in (docs/paytronix.md, 2.3). Never repeated by itself: a second try may count to a lock-out.

        :raises Refused: Paytronix does not accept these credentials.
        :raises Unavailable: nothing is known about them.
        """
        grant = {"grant_type": "password", "username": username, "password": password}
        return self._make(self._token_request(grant, Refused, guest=username))

    def token_by_refresh_token(self, refresh_token: str, *, guest: str | None = None) -> Token:
        """Get a new access token (docs/paytronix.md, 2.4).

        :param guest: whose it is, by any name that stays the same; Paytronix is not told. Without it every token
            counts as a guest of its own when calls fail.
        :raises RefreshRefused: the refresh token was definitely refused.
        :raises Unavailable: nothing is known about it; it may still be good.
        """
        grant = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self._make(self._token_request(grant, RefreshRefused, guest=guest or refresh_token))

    def probe(self) -> Probe:
        """Ask for a new token with a refresh token that nobody was ever given: it signs nobody in and spends nothing.

        Nobody is told of this call; the breaker neither stops it nor learns from it.
        """
        grant = {"grant_type": "refresh_token", "refresh_token": secrets.token_urlsafe(32)}
        request = self._token_request(grant, RefreshRefused, guest="")
        reply: Reply | None = None
        outcome, code = "success", None
        try:
            with self._limiter.slot(TOKEN_CALL):
                reply = request.send(TOKEN_CALL, request.fields)
            self._understand(request, reply)
        except PaytronixError as error:
            outcome, code = _outcome(error), error.code
        return Probe(
            outcome=outcome,
            status=reply.status if reply else None,
            code=code,
            is_known_refusal=self._failures.is_known_refusal(code),
            date=_date(reply) if reply else None,
        )

    def user_information(self, access_token: str, username: str) -> Guest:
        """Who the guest is: ``GET guest/userInformation`` (docs/paytronix.md, 4.3).

        :raises TokenRejected: renew the token and call again.
        :raises Refused: such as ``user_info.not_found``.
        :raises Unavailable: try later.
        """
        return self.get(USER_INFORMATION, access_token, read_guest, username=username)

    def account_information(self, access_token: str, card_number: str) -> Account:
        """What is on the card: ``GET guest/accountInformation`` (docs/paytronix.md, 4.4).

        :raises TokenRejected: renew the token and call again.
        :raises Refused: such as ``result:invalid_status``, a card that cannot be queried.
        :raises Unavailable: try later.
        """
        return self.get(ACCOUNT_INFORMATION, access_token, read_account, printedCardNumber=card_number)

    def get(self, operation: str, access_token: str, meaning: Callable[[bytes], Meaning], **parameters: str) -> Meaning:
        """Make any reading call with the guest's token. Never log its URL.

        The token travels in the query (docs/paytronix.md, 4.1).

        :param meaning: reads a successful reply's body; raises OddReply for one that it cannot use.
        :raises TokenRejected: renew the token and call again.
        :raises Refused: Paytronix answered with a failure.
        :raises Unavailable: try later.
        """
        fields = self._guest_fields(access_token) | parameters
        return self._make(_Request(operation, self._transport.get, fields, meaning, _whose(fields)))

    def post(self, operation: str, access_token: str, meaning: Callable[[bytes], Meaning], **fields: Any) -> Meaning:
        """Make any writing call with the guest's token, which travels in the body (docs/paytronix.md, 4.1).

        :raises TokenRejected: nothing was written: renew the token and call again.
        :raises Refused: Paytronix answered with a failure.
        :raises Unavailable: it is not known whether it was written; do not repeat it.
        """
        fields = self._guest_fields(access_token) | fields
        return self._make(_Request(operation, self._transport.post, fields, meaning, _whose(fields)))

    def _guest_fields(self, access_token: str) -> dict[str, Any]:
        return {"authentication": "oauth", "merchantId": self._merchant_id, "access_token": access_token}

    def _token_request(self, grant: dict[str, str], refusal: type[PaytronixError], guest: str) -> _Request[Token]:
        asked_at, fields = self._now(), self._token_fields | grant
        return _Request(
            TOKEN_CALL, self._transport.post, fields, lambda body: read_token(body, asked_at=asked_at), guest, refusal
        )

    def _make(self, request: _Request[Meaning]) -> Meaning:
        """Make a call, unless it is beyond a limit, and tell of it."""
        reply: Reply | None = None
        started = time.monotonic()
        try:
            with (
                self._health.watch(request.operation, grant=request.fields.get("grant_type"), guest=request.guest),
                self._limiter.slot(request.operation),
            ):
                reply = request.send(request.operation, request.fields)
                value = self._understand(request, reply)
        except PaytronixError as error:
            self._tell(request, reply, started, error)
            raise
        self._tell(request, reply, started, value)
        return value

    def _understand(self, request: _Request[Meaning], reply: Reply) -> Meaning:
        """What a reply means. A readable envelope counts before the HTTP status (docs/paytronix.md, 3.4)."""
        try:
            envelope = read(reply.body, ENVELOPE)
        except OddReply:
            raise self._failures.without_envelope(request.operation, reply, request.refusal) from None
        if envelope.result != "success" or envelope.error_code or envelope.error:
            raise self._failures.of_envelope(request.operation, reply, envelope, request.refusal)
        try:
            return request.meaning(reply.body)
        except OddReply as odd:
            raise Unavailable(request.operation, Reason.PROTOCOL, status=reply.status, detail=str(odd)) from None

    def _tell(self, request: _Request[Any], reply: Reply | None, started: float, end: object) -> None:
        """Tell of a call that has ended with an error or with what the reply means."""
        error = end if isinstance(end, PaytronixError) else None
        call = Call(
            request.operation,
            _outcome(error) if error else "success",
            time.monotonic() - started,
            code=error.code if error else None,
            detail=getattr(end, "detail" if error else "oddity", None),
        )
        if reply:
            content_type = reply.headers.get("Content-Type")
            call = replace(call, status=reply.status, content_type=content_type, body_bytes=len(reply.body))
        self._observe(call)


def _whose(fields: Mapping[str, Any]) -> str:
    """What tells the calls of one guest from those of others, in whichever of the guest's browsers."""
    return str(fields.get("username") or fields.get("printedCardNumber") or fields.get("access_token"))


def _outcome(error: PaytronixError) -> str:
    match error:
        case Unavailable():
            return error.reason.value
        case TokenRejected():
            return "token_rejected"
        case RefreshRefused():
            return "refresh_refused"
    return "refused"


def _date(reply: Reply) -> datetime | None:
    try:
        date = parsedate_to_datetime(reply.headers.get("Date", ""))
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
