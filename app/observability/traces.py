"""Traces for an OpenTelemetry collector: an extra, off unless ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set.

The spans are made here, of the same facts that the log and the metrics get, and not by the instrumentations that there
are for Flask, requests and Redis: those record whole URLs and commands, and ours hold tokens. Nothing is sent along to
Paytronix or to the store, and what a browser sends is not taken over.
"""

import time
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, request
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode

from app import __version__
from app.observability.logs import request_id
from app.observability.observers import Observer
from app.paytronix import Call
from app.store import Operation

EXPORT_SECONDS = 2.0  # with all repetitions
MOST_SPANS = 2048  # that wait; further ones are dropped
TRACED_SHARE = 0.1  # of the pages. A page's spans cost a third of what the page itself does.


def exporter_to(endpoint: str) -> SpanExporter:
    """Sends spans to a collector over HTTP.

    :param endpoint: of the collector, without the path for traces.
    """
    return OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=EXPORT_SECONDS)


class Traces(Observer):
    """A span for each answer, and below it one for each call to Paytronix and each operation of the store.

    :param exporter: where spans go.
    :param untraced: beginnings of paths of which nobody wants to know.
    :param samples_itself: trace ``TRACED_SHARE`` of the pages; otherwise ``OTEL_TRACES_SAMPLER`` has its say.
    """

    def __init__(self, app: Flask, exporter: SpanExporter, *, untraced: tuple[str, ...], samples_itself: bool) -> None:
        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come last, so they count.
        resource = Resource({"service.name": "guest-login"}).merge(OTELResourceDetector().detect())
        sampler = ParentBased(TraceIdRatioBased(TRACED_SHARE)) if samples_itself else None
        provider = TracerProvider(sampler=sampler, resource=resource)
        # All that waits is one export, so that a worker that ends waits for two at most: that one and the one before.
        provider.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=MOST_SPANS, max_export_batch_size=MOST_SPANS)
        )
        self._tracer = provider.get_tracer("guest-login", __version__)
        app.after_request(self._name)
        inner = app.wsgi_app

        def traced(environ: dict[str, Any], start_response: Any) -> Any:
            if environ["PATH_INFO"].startswith(untraced):
                return inner(environ, start_response)
            # A context of its own, without a parent: what a browser sends along is not taken over.
            about: dict[str, Any] = {"record_exception": False, "kind": SpanKind.SERVER}  # its text is not ours
            with self._tracer.start_as_current_span("page", context.Context(), **about):
                return inner(environ, start_response)

        app.wsgi_app = traced  # type: ignore[method-assign]  # the session is read from the store before Flask's hooks

    def on_call(self, call: Call) -> None:
        """A call to Paytronix: its shape, never its content."""
        facts = {"operation": call.operation, "outcome": call.outcome, "status": call.status, "bytes": call.body_bytes}
        self._ended(f"paytronix {call.operation}", call.seconds, facts, failed=call.outcome != "success")

    def on_slot(self, change: int) -> None:
        """Nothing: a place is taken for longer than a span."""

    def on_operation(self, operation: Operation) -> None:
        """An operation of the store."""
        facts = {"operation": operation.name, "outcome": operation.outcome}
        self._ended(f"store {operation.name}", operation.seconds, facts, failed=operation.outcome not in _WELL)

    def _ended(self, name: str, seconds: float, facts: Mapping[str, str | int | None], *, failed: bool) -> None:
        """A span that is over: what it is about was seen only at its end."""
        if not trace.get_current_span().is_recording():  # not for a page
            return
        ended_at = time.time_ns()
        known = {f"guest_login.{key}": value for key, value in facts.items() if value is not None}
        began_at = ended_at - int(seconds * 1e9)
        span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=known, start_time=began_at)
        if failed:
            span.set_status(StatusCode.ERROR)
        span.end(ended_at)

    def _name(self, response: Response) -> Response:
        """Say of the page's span what is known at the end."""
        span = trace.get_current_span()
        span.update_name(f"page {request.endpoint or 'none'}")
        span.set_attribute("guest_login.request_id", request_id())  # by which the log has it
        span.set_attribute("http.response.status_code", response.status_code)
        if response.status_code >= 500:
            span.set_status(StatusCode.ERROR)
        return response


_WELL = frozenset({"done", "declined"})
