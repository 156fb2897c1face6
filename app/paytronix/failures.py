"""What a reply that is no success means: a refusal, a rejected token, or nothing about the guest at all."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime

from app.paytronix.errors import PaytronixError, Reason, TokenRejected, Unavailable
from app.paytronix.models import Envelope
from app.paytronix.transport import Reply

TOKEN_CALL = "oauth/requestGuestToken"  # noqa: S105 - the name of a call
LONGEST_RETRY_AFTER_SECONDS = 3600
LONGEST_CODE, LONGEST_TEXT = 100, 1000  # characters of what Paytronix says; more is no code, and no text for a page

# RFC 6749, 5.2: what an authorization server says when the client itself is at fault.
_OUR_CREDENTIALS = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type"})
# What Paytronix has not switched on, or does not know, for this integration (docs/paytronix.md, 3.7).
_OUR_SETUP = frozenset({"feature_disabled", "invalid_merchant"})
# Paytronix's own failure, written with a dot or an underscore (docs/paytronix.md, 3.8); RFC 6749, 4.1.2.1.
_FAULT = re.compile(r"(?:^|\.)(?:(?:system|server|internal)[._]error|internal_server_error|temporarily_unavailable)$")
_WRONG_PASSWORD = "could_not_authenticate"  # noqa: S105 - the code for it
# Codes known to refuse a guest or a token (docs/paytronix.md, 3.7); they mean so even on a 5xx.
_REFUSALS = frozenset({_WRONG_PASSWORD, "no_matching_guests", "invalid_grant"})
# Codes known to refuse what a call with the guest's token asks for. They explain its 401 without blaming the token.
_OF_DATA = frozenset({"not_found", "result:invalid_status"})
# How calls of the older kind say no_matching_guests (docs/paytronix.md, 3.2).
_NOBODY = frozenset({"nomatchingguests", "result:nomatchingguests"})
# Results that say no more than that there was no success.
_SAYS_NOTHING = frozenset({"", "success", "failure"})
_FAILED = "failed"  # written where nothing is known of the reason (docs/paytronix.md, 3.8)


class Failures:
    """Tells apart what failing replies mean.

    :param invalid_token_codes: codes that say that an access token is no longer good, whole or as last dotted part
    :param now: the clock (UTC)
    """

    def __init__(self, invalid_token_codes: Sequence[str], now: Callable[[], datetime]) -> None:
        self._invalid_token_codes = frozenset(code.lower() for code in invalid_token_codes)
        self._now = now

    def is_known_refusal(self, code: str | None) -> bool:
        """Whether the token call refuses a guest or a token with this code."""
        return (code or "").lower().rpartition(".")[2] in _REFUSALS | self._invalid_token_codes

    def of_envelope(
        self, operation: str, reply: Reply, envelope: Envelope, refusal: type[PaytronixError]
    ) -> PaytronixError:
        """What a reply means whose envelope says that the call failed. Its code counts before its status.

        :param refusal: what a definite no to this call is.
        """
        code = _code_of(envelope)
        if code is None:
            return self.without_envelope(operation, reply, refusal)
        is_token_call, lowered, status = operation == TOKEN_CALL, code.lower(), reply.status
        if is_token_call and lowered in _NOBODY:
            code = lowered = "no_matching_guests"
        last = lowered.rpartition(".")[2]
        texts = (envelope.error_message, envelope.error_description)
        vendor_text = next((text[:LONGEST_TEXT] for text in texts if isinstance(text, str)), None)

        is_fault = lowered == f"result:{_FAILED}" or _FAULT.search(lowered) is not None
        if not is_token_call and {lowered, last} & self._invalid_token_codes:
            return TokenRejected(operation, code, vendor_text=vendor_text, status=status)
        if last in _OUR_CREDENTIALS:
            return Unavailable(operation, Reason.CREDENTIALS, status=status, detail=code)
        if last in _OUR_SETUP:
            return Unavailable(operation, Reason.INTEGRATION, code=code, status=status)
        if status == 429:
            return self._throttled(operation, reply, code)
        if is_fault:
            return Unavailable(operation, Reason.ERROR, code=code, status=status)
        if not is_token_call and (last == _WRONG_PASSWORD or (status == 401 and last not in _OF_DATA)):
            # The call holds the guest's token and no password. A 401 with a code that is unknown was observed.
            return TokenRejected(operation, code, vendor_text=vendor_text, status=status)
        is_known = self.is_known_refusal(code) or (not is_token_call and last in _OF_DATA)
        if status >= 500 and not is_known:
            return Unavailable(operation, Reason.ERROR, code=code, status=status)
        return refusal(operation, code, vendor_text=vendor_text, status=status)

    def without_envelope(self, operation: str, reply: Reply, refusal: type[PaytronixError]) -> PaytronixError:
        """What a reply without ``result`` or code means: only its status is left to go by (docs/paytronix.md, 3.4)."""
        status = reply.status
        if status == 401 and operation != TOKEN_CALL:
            return TokenRejected(operation, "http:401", status=status)
        if status == 401 and "WWW-Authenticate" not in reply.headers:
            return refusal(operation, "http:401", status=status)  # as integrators saw it for a wrong password
        if status == 401:  # RFC 6749, 5.2: the client's own authentication failed
            return Unavailable(operation, Reason.CREDENTIALS, status=status)
        if status == 429:
            return self._throttled(operation, reply, None)
        if status >= 500:
            return Unavailable(operation, Reason.ERROR, status=status)
        detail = "no JSON object with a result"
        if status in {200, 201}:
            return Unavailable(operation, Reason.PROTOCOL, status=status, detail=detail)
        return Unavailable(operation, Reason.PROTOCOL, code=f"http:{status}", status=status, detail=detail)

    def _throttled(self, operation: str, reply: Reply, code: str | None) -> Unavailable:
        wait_seconds = _retry_after(reply, self._now())
        return Unavailable(
            operation, Reason.THROTTLED, code=code, status=reply.status, retry_after_seconds=wait_seconds
        )


def _code_of(envelope: Envelope) -> str | None:
    """Paytronix's code, or the result in place of one, if it says more than that the call failed."""
    codes = (code.strip() for code in (envelope.error_code, envelope.error) if isinstance(code, str))
    if code := next(filter(None, codes), None):
        return code[:LONGEST_CODE]
    if not isinstance(envelope.result, str) or envelope.result in _SAYS_NOTHING:
        return None
    result = envelope.result.strip()
    return f"result:{_FAILED if result.lower() == _FAILED else result}"[:LONGEST_CODE]


def _retry_after(reply: Reply, now: datetime) -> int | None:
    """Seconds of the reply's Retry-After (RFC 9110, 10.2.3: seconds or a date), within sane bounds."""
    text = reply.headers.get("Retry-After", "").strip()
    try:
        if text.isascii() and text.isdigit():
            seconds = int(text)
        else:
            seconds = int((parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):  # not a date, one without a zone, one beyond the calendar
        return None
    return min(max(seconds, 1), LONGEST_RETRY_AFTER_SECONDS)
