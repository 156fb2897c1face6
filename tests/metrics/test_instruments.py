"""What is counted, from which events, and that labels are from closed lists."""

import ast
import re
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from app.observability.metrics import instruments
from app.observability.metrics.instruments import EVENTS, Metrics
from app.paytronix import Call
from app.store import Operation

ROOT = Path(__file__).parents[2]
# The console is another application, which nobody counts.
APP = sorted(path for path in (ROOT / "app").rglob("*.py") if "console" not in path.relative_to(ROOT).parts)
CONSOLE = sorted((ROOT / "app" / "console").rglob("*.py"))
HISTORY = sorted((ROOT / "app" / "history").rglob("*.py"))
# What has a metric of its own, and what is told by others than workers or not worth a number.
OF_THEIR_OWN = {
    "lease_awaited", "login_failed", "login_ok", "login_throttled", "login_unavailable", "logout", "refresh_failed",
    "request", "session_ended", "token_refreshed", "vendor_call", "vendor_protocol",
}  # fmt: skip
NOT_COUNTED = {"metrics_failed", "metrics_restarted", "published_words_back", "published_words_taken", "words_fault"}


@pytest.fixture
def metrics():
    return Metrics(max_calls=7, entry_for=lambda code: code if code == "could_not_authenticate" else None)


def value(metrics, name, **labels):
    return metrics.registry.get_sample_value(f"guest_login_{name}", labels)


def events_of_the_log(sources=APP):
    """The names of all events that the site logs."""
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            if ast.unparse(node.func.value) in {"log", "_log"} or node.func.attr in {"_log", "_tell"}:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value


def test_every_event_of_the_log_is_counted_or_said_not_to_be():
    events = set(events_of_the_log())
    assert len(events) > 25
    assert events == EVENTS | OF_THEIR_OWN | NOT_COUNTED


def test_everything_that_can_be_foreseen_starts_at_zero(metrics):
    assert value(metrics, "sign_ins_total", outcome="ok", code="") == 0
    assert value(metrics, "vendor_calls_total", operation="oauth/requestGuestToken", outcome="credentials") == 0
    assert value(metrics, "store_operations_total", operation="get", outcome="unreachable") == 0
    assert value(metrics, "events_total", event="words_missing") == 0
    assert value(metrics, "vendor_calls_limit") == 7


@pytest.mark.parametrize(
    ("event", "name", "labels"),
    [
        ({"event": "login_ok"}, "sign_ins_total", {"outcome": "ok", "code": ""}),
        (
            {"event": "login_failed", "code": "could_not_authenticate"},
            "sign_ins_total",
            {"outcome": "refused", "code": "could_not_authenticate"},
        ),
        ({"event": "login_failed", "code": "marker"}, "sign_ins_total", {"outcome": "refused", "code": "other"}),
        ({"event": "login_throttled", "limit": "guest"}, "sign_ins_total", {"outcome": "throttled", "code": ""}),
        ({"event": "login_throttled", "limit": "address"}, "throttled_total", {"limit": "address"}),
        (
            {"event": "login_unavailable", "cause": "paytronix", "reason": "timeout"},
            "sign_ins_total",
            {"outcome": "unavailable", "code": "timeout"},
        ),
        (
            {"event": "login_unavailable", "cause": "store", "reason": "timeout"},
            "sign_ins_total",
            {"outcome": "unavailable", "code": "store"},
        ),
        ({"event": "token_refreshed"}, "refreshes_total", {"outcome": "renewed"}),
        ({"event": "refresh_failed", "kind": "timeout"}, "refreshes_total", {"outcome": "unavailable"}),
        ({"event": "session_ended", "reason": "refresh_refused"}, "refreshes_total", {"outcome": "refused"}),
        ({"event": "session_ended", "reason": "no_refresh_token"}, "sign_ins_ended_total", {"reason": "no_refresh_token"}),
        ({"event": "logout"}, "sign_ins_ended_total", {"reason": "signed_out"}),
        ({"event": "tokens_lost"}, "refreshes_total", {"outcome": "lost"}),
        ({"event": "tokens_lost"}, "events_total", {"event": "tokens_lost"}),
        ({"event": "lease_awaited", "lease": "submit", "seconds": 0.2}, "lease_wait_seconds_count", {"lease": "submit"}),
        (
            {"event": "request", "page": "account.show", "status": 503, "seconds": 0.1},
            "request_seconds_count",
            {"page": "account.show", "status": "5xx"},
        ),
        ({"event": "request", "page": None, "status": 404, "seconds": 0.1}, "request_seconds_count", {"page": "none", "status": "4xx"}),
        ({"event": "csrf_refused", "reason": "no_cookie"}, "events_total", {"event": "csrf_refused"}),
    ],
)  # fmt: skip
def test_an_event_counts_once(metrics, event, name, labels):
    before = value(metrics, name, **labels) or 0
    metrics.see_event(event)
    assert value(metrics, name, **labels) == before + 1


def test_calls_operations_and_places_are_counted(metrics):
    metrics.on_call(Call("guest/userInformation", "timeout", 10.0, code="marker", detail="marker"))
    metrics.on_operation(Operation("acquire", "declined", 0.001))
    for change in (1, 1, -1):
        metrics.on_slot(change)
    assert value(metrics, "vendor_calls_total", operation="guest/userInformation", outcome="timeout") == 1
    assert value(metrics, "vendor_call_seconds_sum", operation="guest/userInformation") == 10
    assert value(metrics, "store_operations_total", operation="acquire", outcome="declined") == 1
    assert value(metrics, "vendor_calls_under_way") == 1


def test_no_value_that_somebody_else_chooses_becomes_a_label(metrics):
    metrics.see_event({"event": "login_failed", "code": "marker-code", "guest": "marker-guest", "address": "marker"})
    metrics.see_event({"event": "unheard_of", "marker": "marker"})
    metrics.see_event({"event": "request", "page": "login.show", "status": 200, "seconds": 0.1, "path": "/marker"})
    metrics.see_event({"event": "words_missing", "code": "marker"})
    metrics.on_call(Call("oauth/requestGuestToken", "refused", 0.1, code="marker", detail="marker"))
    assert b"marker" not in generate_latest(metrics.registry)


def test_the_reference_names_every_metric_and_every_event():
    reference = (ROOT / "docs" / "metrics.md").read_text()
    text = Path(instruments.__file__).read_text() + (ROOT / "app/observability/metrics/exposition.py").read_text()
    names = set(re.findall(r'(?:Counter|Histogram|Gauge)\(\s*"([a-z_]+)"', text))
    names |= {name.removeprefix("guest_login_") for name in re.findall(r'"(guest_login_[a-z_]+)"', text)} - {
        "guest_login"
    }
    assert len(names) > 14
    for name in names:
        assert f"`guest_login_{name}" in reference, name
    for event in events_of_the_log():
        assert f"`{event}`" in reference, event


def audited():
    """The names of all that somebody can do to the words; each is an event of the console's log."""
    for path in HISTORY:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "note" and "what" not in ast.unparse(node):
                yield from re.findall(r"'([a-z]+_?[a-z]+)'", ast.unparse(node.args[2]))
    yield from ("published", "scheduled")


def test_the_reference_names_every_event_of_the_console():
    reference = (ROOT / "docs" / "metrics.md").read_text()
    events = {*events_of_the_log(CONSOLE), *audited()} - {
        "signed_in",
        "link_made",
    }  # the log says that in its own words
    assert {"staff_signed_in", "rolled_back", "restricted", "draft_saved"} <= events
    assert [event for event in sorted(events) if f"`{event}`" not in reference] == []
