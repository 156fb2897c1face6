"""Who is told how calls to Paytronix and operations of the store went: the log always, metrics and traces if wanted."""

from collections.abc import Sequence

from app.messages import Problem
from app.observability import log
from app.paytronix import Call, Reason
from app.store import Operation

_EVENTS = {
    Reason.DNS: "vendor_unreachable",
    Reason.CONNECTION_REFUSED: "vendor_unreachable",
    Reason.CONNECT_TIMEOUT: "vendor_unreachable",
    Reason.CLOSED: "vendor_unreachable",
    Reason.TIMEOUT: "vendor_timeout",
    Reason.TLS: "vendor_tls",
    Reason.PROTOCOL: "vendor_protocol",
    Reason.ERROR: "vendor_error",
    Reason.THROTTLED: "vendor_throttled",
    Reason.CREDENTIALS: "vendor_credentials_refused",
    Reason.INTEGRATION: "vendor_integration_refused",
    Reason.BUSY: "vendor_calls_at_limit",
}


class Observer:
    """Told how calls and operations went, by any thread, right after each; must be quick. Overrides what it wants."""

    def on_call(self, call: Call) -> None:
        """A call to Paytronix has ended."""

    def on_slot(self, change: int) -> None:
        """A concurrency slot for such calls was taken (1) or given back (-1)."""

    def on_operation(self, operation: Operation) -> None:
        """An operation of the store has ended."""


class Observers(Observer):
    """Several observers as one."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def on_call(self, call: Call) -> None:
        for observer in self._observers:
            observer.on_call(call)

    def on_slot(self, change: int) -> None:
        for observer in self._observers:
            observer.on_slot(change)

    def on_operation(self, operation: Operation) -> None:
        for observer in self._observers:
            observer.on_operation(operation)


class CallLog(Observer):
    """Writes a line to the log for each call."""

    def on_call(self, call: Call) -> None:
        log_call(call)


def log_call(call: Call) -> None:
    """One line for each call: its shape, never its content (the vendor asks integrators to log every call)."""
    about = {
        "operation": call.operation,
        "outcome": call.outcome,
        "status": call.status,
        "code": call.code,
        "detail": call.detail,
        "content_type": call.content_type,
        "bytes": call.body_bytes,
        "seconds": round(call.seconds, 4),
    }
    about = {name: value for name, value in about.items() if value is not None}
    event = _EVENTS.get(call.outcome)  # type: ignore[call-overload]  # a Reason is its text
    if event is None and call.detail:  # a success with something odd in it
        log.warning("vendor_protocol", **about)
    elif event is None:
        log.info("vendor_call", **about)
    elif call.outcome == Reason.CREDENTIALS:
        log.critical(event, **about, todo="check PAYTRONIX_CLIENT_ID and PAYTRONIX_CLIENT_SECRET")
    elif call.outcome == Reason.INTEGRATION:
        log.error(event, **about, todo="check PAYTRONIX_MERCHANT_ID, and ask Paytronix what this integration may use")
    elif call.outcome == Reason.TLS:
        log.warning(event, **about, todo="ask whoever runs that server, Paytronix or a gateway of yours, to mend it")
    else:
        log.warning(event, **about)


def log_problem(problem: Problem) -> None:
    """One line for each fault in the merchant's folder, each time that it is new."""
    log.warning("words_fault", **problem.as_record())
