"""The guests' site as a Flask application."""

from typing import TYPE_CHECKING

from flask import Flask

from app.auth.session import StoreSessionInterface
from app.commands import Commands
from app.observability import logs
from app.paytronix import Adapter
from app.services import make_services
from app.serving.worker_context import WorkerContext
from app.views import PAGES
from app.web import access, csrf, echo, error_pages, rendering, security_headers
from app.web.forwarding import Forwarding
from config import Settings

if TYPE_CHECKING:
    from app.messages import Messages
    from app.observability.metrics.instruments import Metrics
    from app.observability.traces import Traces

LONGEST_REQUEST_BYTES = 16 * 1024


def create_app(settings: Settings, *, paytronix: Adapter | None = None) -> Flask:
    """The site for these settings. Opens no connection: workers are forked after this.

    :param paytronix: makes the calls to Paytronix in place of the network (``sandbox/adapter.py``).
    """
    app = Flask(__name__, static_folder=None, template_folder="../templates")
    url, keys, hops = settings.public_url, settings.signing_keys, settings.trusted_proxy_hops
    app.config.update(SECRET_KEY=keys[0], MAX_CONTENT_LENGTH=LONGEST_REQUEST_BYTES, MAX_FORM_PARTS=50)
    metrics = make_metrics(settings, app)
    logs.configure(settings.log_level, observe=metrics.see_event if metrics else None)
    for page in PAGES:
        app.register_blueprint(page.bp)
    without_session = access.paths_without_session(app)
    traces = make_traces(settings, app, untraced=without_session)
    app.extensions["services"] = services = make_services(
        settings, [each for each in (metrics, traces) if each], paytronix
    )
    app.extensions["worker_context"] = WorkerContext(
        is_secure=url.is_secure, is_behind_proxy=hops > 0, tokens=services.tokens
    )
    app.session_interface = StoreSessionInterface(
        app,
        services.sign_ins,
        keys=keys,
        is_secure=url.is_secure,
        idle_seconds=settings.session_idle_seconds,
        without=without_session,
    )
    rendering.init_app(app)
    csrf.init_app(app, keys=keys)
    logs.init_app(app, trusts_proxy=hops > 0, is_logged=access.is_logged)
    security_headers.init_app(app, is_secure=url.is_secure, trusts_proxy=hops > 0)
    echo.init_app(app, keys=keys, trusted_hops=hops, is_secure=url.is_secure)
    access.init_app(app, netloc=url.netloc, origin=str(url), trusts_proxy=hops > 0)
    error_pages.init_app(app)
    app.cli = Commands(app.name)
    app.wsgi_app = Forwarding(app.wsgi_app, trusted_hops=hops)  # type: ignore[method-assign]
    return app


def make_metrics(settings: Settings, app: Flask) -> "Metrics | None":
    """What counts, if ``METRICS_ADDRESS`` is set."""
    if settings.metrics_address is None:
        return None
    from app.observability.metrics.instruments import Metrics  # noqa: PLC0415 - costs nothing unless it is wanted

    def entry_for(code: str) -> str | None:
        messages: Messages = app.extensions["services"].messages
        return messages.current().localizers[0].entry_for(code)

    return Metrics(max_calls=settings.paytronix_max_calls, entry_for=entry_for)


def make_traces(settings: Settings, app: Flask, *, untraced: tuple[str, ...]) -> "Traces | None":
    """What sends traces to a collector, if ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set."""
    if settings.otel_exporter_otlp_endpoint is None:
        return None
    from app.observability.traces import Traces, exporter_to  # noqa: PLC0415 - an extra that need not be installed

    exporter = exporter_to(settings.otel_exporter_otlp_endpoint)
    return Traces(app, exporter, untraced=untraced, samples_itself=settings.otel_traces_sampler is None)
