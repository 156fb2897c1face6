"""What is counted, and from what.

It hangs on the points at which the site tells what happens: the events of the log, the calls to Paytronix, the
operations of the store. Each label has its values from a list that neither guests nor Paytronix can make longer.
"""

from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app.observability.observers import Observer
from app.paytronix import Call
from app.paytronix import Reason as VendorReason
from app.paytronix.client import OPERATIONS, OUTCOMES
from app.store import Operation
from app.store import Reason as StoreReason

OTHER = "other"  # a code for which nobody has words
CALL_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 3, 5, 10)
OPERATION_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
WAIT_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)

LIMITS = ("guest", "address")
REFRESH_OUTCOMES = ("renewed", "refused", "unavailable", "lost")
ENDS = ("signed_out", "refresh_refused", "renewed_token_rejected", "no_refresh_token")
LEASES = ("refresh", "submit")
# Events that have no metric of their own; each counts under its name.
EVENTS = frozenset(
    (
        "account_part_unreadable",
        "address_unreadable",
        "codes_seen_not_kept",
        "csrf_refused",
        "former_sign_in_not_ended",
        "host_refused",
        "https_seen_as_http",
        "idle_end_not_moved",
        "input_refused",
        "log_lines_dropped",
        "published_words_away",
        "record_damaged",
        "refusal_unread",
        "request_refused",
        "request_too_large",
        "session_lost",
        "session_not_saved",
        "session_unknown",
        "sign_ins_surplus_ended",
        "store_unavailable",
        "submit_joined",
        "submit_not_remembered",
        "tokens_lost",
        "tokens_not_saved_yet",
        "tokens_saved_late",
        "unexpected_error",
        "words_missing",
    )
)


class Metrics(Observer):
    """The instruments of one process. A watcher of everything that can be watched (``app/observability/observers.py``).

    :param max_calls: how many calls to Paytronix this process may have under way
    :param entry_for: the name of the merchant's or our own words for a code of Paytronix, None when there are none
    """

    def __init__(self, *, max_calls: int, entry_for: Callable[[str], str | None]) -> None:
        self._entry_for = entry_for
        self.registry = CollectorRegistry()  # a worker's own view; what is served is read from the files of all
        about: dict[str, Any] = {"namespace": "guest_login", "registry": self.registry}

        self._sign_ins = Counter("sign_ins", "Submitted sign-ins by how they ended.", ["outcome", "code"], **about)
        self._throttled = Counter("throttled", "Sign-ins refused because too many had failed.", ["limit"], **about)
        self._refreshes = Counter("refreshes", "Renewals of access tokens by how they ended.", ["outcome"], **about)
        self._ended = Counter("sign_ins_ended", "Sign-ins that ended before their time.", ["reason"], **about)
        self._waits = Histogram(
            "lease_wait_seconds",
            "Waits for somebody else's refresh or submit.",
            ["lease"],
            buckets=WAIT_SECONDS,
            **about,
        )
        self._calls = Counter(
            "vendor_calls", "Calls to Paytronix by how they ended.", ["operation", "outcome"], **about
        )
        self._call_seconds = Histogram(
            "vendor_call_seconds", "How long calls to Paytronix took.", ["operation"], buckets=CALL_SECONDS, **about
        )
        self._under_way = Gauge(
            "vendor_calls_under_way",
            "Places for calls to Paytronix that are taken, in all workers.",
            multiprocess_mode="livesum",
            **about,
        )
        self._limit = Gauge(
            "vendor_calls_limit", "How many there are, in all workers.", multiprocess_mode="livesum", **about
        )
        self._operations = Counter(
            "store_operations", "Operations of the store by how they ended.", ["operation", "outcome"], **about
        )
        self._operation_seconds = Histogram(
            "store_operation_seconds",
            "How long operations of the store took.",
            ["operation"],
            buckets=OPERATION_SECONDS,
            **about,
        )
        self._requests = Histogram(
            "request_seconds", "How long answers took.", ["page", "status"], buckets=REQUEST_SECONDS, **about
        )
        self._events = Counter("events", "Other events of the log.", ["event"], **about)
        self._by_event: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "request": self._see_request,
            "login_ok": lambda _: self._sign_ins.labels("ok", "").inc(),
            "login_failed": self._see_refusal,
            "login_throttled": self._see_throttle,
            "login_unavailable": self._see_trouble,
            "logout": lambda _: self._ended.labels("signed_out").inc(),
            "session_ended": self._see_end,
            "token_refreshed": lambda _: self._refreshes.labels("renewed").inc(),
            "refresh_failed": lambda _: self._refreshes.labels("unavailable").inc(),
            "tokens_lost": lambda _: self._refreshes.labels("lost").inc(),
            "lease_awaited": lambda event: self._waits.labels(event["lease"]).observe(event["seconds"]),
        }
        self._begin(max_calls)

    def _begin(self, max_calls: int) -> None:
        """Have everything that can be foreseen start at 0: a rate cannot see the first of what was not there."""
        self._limit.set(max_calls)
        self._under_way.set(0)
        for outcome, code in (("ok", ""), ("throttled", ""), ("refused", OTHER), ("unavailable", "store")):
            self._sign_ins.labels(outcome, code)
        for trouble in VendorReason:
            self._sign_ins.labels("unavailable", trouble.value)
        for operation in OPERATIONS:
            self._call_seconds.labels(operation)
            for outcome in OUTCOMES:
                self._calls.labels(operation, outcome)
        for operation in ("get", "put", "replace", "acquire"):
            self._operation_seconds.labels(operation)
            for reason in StoreReason:
                self._operations.labels(operation, reason.value)
        for counter, values in (
            (self._throttled, LIMITS),
            (self._refreshes, REFRESH_OUTCOMES),
            (self._ended, ENDS),
            (self._events, sorted(EVENTS)),
        ):
            for value in values:
                counter.labels(value)
        for lease in LEASES:
            self._waits.labels(lease)

    def on_call(self, call: Call) -> None:
        """Count a call to Paytronix."""
        self._calls.labels(call.operation, call.outcome).inc()
        self._call_seconds.labels(call.operation).observe(call.seconds)

    def on_slot(self, change: int) -> None:
        """Count a place for a call taken (1) or given back (-1)."""
        self._under_way.inc(change)

    def on_operation(self, operation: Operation) -> None:
        """Count an operation of the store."""
        self._operations.labels(operation.name, operation.outcome).inc()
        self._operation_seconds.labels(operation.name).observe(operation.seconds)

    def see_event(self, event: Mapping[str, Any]) -> None:
        """Count an event of the log."""
        name = event["event"]
        if name in EVENTS:
            self._events.labels(name).inc()
        if count := self._by_event.get(name):
            count(event)

    def _see_request(self, event: Mapping[str, Any]) -> None:
        page, status = event["page"] or "none", f"{event['status'] // 100}xx"
        self._requests.labels(page, status).observe(event["seconds"])

    def _see_refusal(self, event: Mapping[str, Any]) -> None:
        self._sign_ins.labels("refused", self._entry_for(event["code"]) or OTHER).inc()

    def _see_throttle(self, event: Mapping[str, Any]) -> None:
        self._sign_ins.labels("throttled", "").inc()
        self._throttled.labels(event["limit"]).inc()

    def _see_trouble(self, event: Mapping[str, Any]) -> None:
        code = "store" if event["cause"] == "store" else str(event["reason"])
        self._sign_ins.labels("unavailable", code).inc()

    def _see_end(self, event: Mapping[str, Any]) -> None:
        self._ended.labels(event["reason"]).inc()
        if event["reason"] == "refresh_refused":
            self._refreshes.labels("refused").inc()
