"""What the log is told of calls to Paytronix and of faults in the merchant's folder."""

from app.logs import log
from app.messages import Fault
from app.paytronix import Call, Reason

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
    Reason.BUSY: "vendor_calls_at_limit",
}


def tell_call(call: Call) -> None:
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
    else:
        log.warning(event, **about)


def tell_fault(fault: Fault) -> None:
    """One line for each fault in the merchant's folder, each time that it is new."""
    log.warning(
        "words_fault",
        file=fault.file,
        line=fault.line,
        column=fault.column,
        problem=fault.problem,
        instead=fault.instead,
    )
