"""What can go wrong at Paytronix, told apart by what it means for the guest.

PaytronixError
├── Refused        the guest can fix it: wrong password, a card that cannot be queried
├── TokenRejected  the access token is no longer good: renew it and repeat the call
├── RefreshRefused the refresh token is no longer good: sign in again
└── Unavailable    nobody signed in or out: try later. ``reason`` says why
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why Paytronix is unavailable: a closed list, fit for a metric's label."""

    DNS = "dns"
    CONNECTION_REFUSED = "connection_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    TIMEOUT = "timeout"
    TLS = "tls"
    CLOSED = "closed"  # the connection ended before the reply did
    PROTOCOL = "protocol"  # a reply that is not what was agreed
    ERROR = "error"  # a 5xx, or a code that says the system itself failed
    THROTTLED = "throttled"
    CREDENTIALS = "credentials"  # our own integration credentials: a matter for the operator
    INTEGRATION = "integration"  # what Paytronix has set up for the integration: a matter for the operator, too
    BUSY = "busy"  # our own limit of calls under way is reached


def may_be_a_firewall(reason: str, status: int | None) -> bool:
    """Whether something in front of Paytronix may have refused this one call: nonsense whose status is no 5xx.

    It refuses what looks like an attack with a 403 or the like. That says nothing of the calls of others: a scanner
    that tries usernames must not stop them.
    """
    return reason == Reason.PROTOCOL and status is not None and status not in {200, 201} and status < 500


# The name under which the merchant words each reason, where no status says more (docs/paytronix.md, 3.4).
PSEUDO_CODES = {
    Reason.DNS: "connection",
    Reason.CONNECTION_REFUSED: "connection",
    Reason.CONNECT_TIMEOUT: "connection",
    Reason.TIMEOUT: "timeout",
    Reason.TLS: "connection",
    Reason.CLOSED: "connection",
    Reason.PROTOCOL: "bad_response",
    Reason.ERROR: "http:5xx",
    Reason.THROTTLED: "http:429",
    Reason.CREDENTIALS: "credentials",
    Reason.INTEGRATION: "credentials",
    Reason.BUSY: "busy",
}


class PaytronixError(Exception):
    """A call that did not succeed.

    Never carries a URL, a request or a body: calls carry passwords and tokens, some of them in the query.

    :ivar operation: the call, such as ``oauth/requestGuestToken``
    :ivar code: Paytronix's ``errorCode``, or a pseudo-code such as ``result:invalid_status`` or ``timeout``
    :ivar vendor_text: Paytronix's own ``errorMessage``, untrusted; shown only if the merchant wants it
    :ivar status: the HTTP status, None when there was no reply
    """

    def __init__(self, operation: str, code: str, *, vendor_text: str | None = None, status: int | None = None) -> None:
        self.operation = operation
        self.code = code
        self.vendor_text = vendor_text
        self.status = status
        super().__init__(f"{operation}: {code}" + (f" (HTTP {status})" if status else ""))


class Refused(PaytronixError):
    """Paytronix said no for a reason that the guest can do something about."""


class TokenRejected(PaytronixError):
    """The access token has ended or was never good."""


class RefreshRefused(PaytronixError):
    """The refresh token was definitely refused: this sign-in is over."""


class Unavailable(PaytronixError):
    """Paytronix cannot be used now. Says nothing about the guest's password or tokens.

    What Paytronix itself says then is about its insides, and goes to nobody: there is no ``vendor_text``.

    :ivar reason: why, from a closed list
    :ivar detail: what was odd, in our own words (a field's name, a limit)
    :ivar retry_after_seconds: what Paytronix asked for, if it did
    """

    def __init__(
        self,
        operation: str,
        reason: Reason,
        *,
        code: str | None = None,
        status: int | None = None,
        detail: str | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(operation, code or PSEUDO_CODES[reason], status=status)
        self.reason = reason
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds
