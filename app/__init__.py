"""The guest login website: ``create_app`` puts its parts together."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.sansio.http import parse_cookie
from werkzeug.utils import cached_property

from app import errors, headers, logs
from app.auth import forms, guards
from app.auth.login import Login
from app.auth.pseudonyms import Pseudonyms
from app.auth.refresh import TokenKeeper
from app.auth.session import StoreSessionInterface
from app.auth.sign_ins import SignIns
from app.auth.submits import Submits
from app.auth.throttle import Throttle, Tries
from app.codes_seen import CodesSeen
from app.commands import Commands
from app.doctor import echo
from app.forwarding import Forwarding
from app.messages import Messages
from app.observation import Watcher, tell_call, tell_fault
from app.paytronix import Call, PaytronixClient, Transport
from app.recent_calls import RecentCalls
from app.served import Served
from app.site import Site
from app.store import ObservedStore, Operation, Store, open_store, patience
from app.views import account, assets, brand, health, home, language, login, logout, well_known
from config import Settings

if TYPE_CHECKING:
    from app.metrics.instruments import Metrics
    from app.published import Published
    from app.traces import Traces

LONGEST_REQUEST_BYTES = 16 * 1024


class AskedByGuest(Request):
    """A request whose cookies are looked up where they are; Werkzeug goes through all headers for them."""

    @cached_property
    def cookies(self) -> ImmutableMultiDict[str, str]:
        return parse_cookie(self.environ.get("HTTP_COOKIE"), cls=ImmutableMultiDict)  # type: ignore[return-value]


class App(Flask):
    """Flask, told that none of our functions is a coroutine: it would look into each of them at each request."""

    request_class = AskedByGuest

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(settings: Settings, *, for_command: bool = False) -> Flask:
    """The site for these settings. Opens no connection: workers are forked after this.

    :param for_command: not to serve guests. A command says itself what it finds: the log's lines would come in
        between, and what it does is not counted.
    """

    def entry_for(code: str) -> str | None:
        return site.messages.current().voices[0].entry_for(code)

    metrics = None if for_command else make_metrics(settings, entry_for)
    logs.configure("error" if for_command else settings.log_level, observe=metrics.see_event if metrics else None)
    app = App(__name__, static_folder=None, template_folder=None)
    traces = None if for_command else make_traces(settings, app)
    published = None if for_command else make_published(settings)
    app.extensions["site"] = site = make_site(settings, [each for each in (metrics, traces) if each], published)
    app.extensions["served"] = Served(
        is_secure=settings.public_url.is_secure,
        is_behind_proxy=settings.trusted_proxy_hops > 0,
        tokens=site.tokens,
    )
    keys = [key.reveal() for key in (settings.secret_key, *settings.secret_key_fallbacks)]
    app.config.update(
        SECRET_KEY=keys[0],
        MAX_CONTENT_LENGTH=LONGEST_REQUEST_BYTES,
        MAX_FORM_PARTS=50,
    )
    forms.init_app(app, keys=keys)
    app.session_interface = StoreSessionInterface(
        app,
        site.sign_ins,
        keys=keys,
        is_secure=settings.public_url.is_secure,
        idle_seconds=settings.session_idle_seconds,
    )
    logs.init_app(app, trusts_proxy=settings.trusted_proxy_hops > 0)
    headers.init_app(app, is_secure=settings.public_url.is_secure, trusts_proxy=settings.trusted_proxy_hops > 0)
    for page in (home, login, logout, language, account, health, assets, brand, well_known):
        app.register_blueprint(page.bp)
    echo.init_app(app, keys=keys, trusted_hops=settings.trusted_proxy_hops, is_secure=settings.public_url.is_secure)
    guards.install(
        app,
        netloc=settings.public_url.netloc,
        origin=str(settings.public_url),
        trusts_proxy=settings.trusted_proxy_hops > 0,
    )
    errors.init_app(app)
    app.cli = Commands(app.name)
    forwarding = Forwarding(app.wsgi_app, trusted_hops=settings.trusted_proxy_hops)
    app.wsgi_app = patient(forwarding)  # type: ignore[method-assign, assignment]
    return app


def patient(wsgi_app: WSGIApplication) -> WSGIApplication:
    """The application, each of whose requests waits for the store only so long in all."""

    def with_patience(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with patience():
            return wsgi_app(environ, start_response)

    return with_patience


def make_metrics(settings: Settings, entry_for: Callable[[str], str | None]) -> "Metrics | None":
    """What counts, if anybody wants to know."""
    if settings.metrics_address is None:
        return None
    from app.metrics.instruments import Metrics  # noqa: PLC0415 - costs nothing unless it is wanted

    return Metrics(max_calls=settings.paytronix_max_calls, entry_for=entry_for)


def serve_metrics(settings: Settings, listener: socket, folder: Path, is_over: Callable[[], bool]) -> None:
    """What the metrics process does; it has a store and words of its own.

    :param listener: where it is asked.
    :param folder: where the workers count.
    :param is_over: whether it is to end.
    """
    from app.metrics.exposition import Overview, serve  # noqa: PLC0415 - costs nothing unless it is wanted

    store, published = open_store(settings.store_url.reveal()), make_published(settings)
    messages = Messages(settings.merchant_dir, published=published.current if published else None)
    serve(listener, folder, Overview(store, make_sign_ins(settings, store), messages, published), is_over)


def make_published(settings: Settings) -> "Published | None":
    """What is published in the console, if there is one."""
    if settings.messages_url is None:
        return None
    from app.published import Published  # noqa: PLC0415 - an extra that need not be installed

    return Published(settings.messages_url.reveal())


def make_traces(settings: Settings, app: Flask) -> "Traces | None":
    """What tells a collector of traces, if there is one."""
    endpoint = settings.otel_exporter_otlp_endpoint
    if endpoint is None:
        return None
    from app.traces import Traces, exporter_to  # noqa: PLC0415 - an extra that need not be installed

    return Traces(app, exporter_to(endpoint), samples_itself=settings.otel_traces_sampler is None)


def make_sign_ins(settings: Settings, store: Store) -> SignIns:
    """The sign-ins in a store."""
    return SignIns(
        store,
        Pseudonyms([key.reveal() for key in (settings.secret_key, *settings.secret_key_fallbacks)]),
        idle_seconds=settings.session_idle_seconds,
        max_seconds=settings.session_max_seconds,
        most_of_guest=settings.sessions_per_guest,
    )


def make_site(settings: Settings, watchers: Sequence[Watcher] = (), published: "Published | None" = None) -> Site:
    """The parts that views and commands work with.

    :param watchers: told of calls to Paytronix and of operations of the store.
    :param published: laid over the folder's words.
    """
    recent_calls = RecentCalls()

    def observe(call: Call) -> None:
        recent_calls.see(call)
        tell_call(call)
        for watcher in watchers:
            watcher.see_call(call)

    def observe_place(change: int) -> None:
        for watcher in watchers:
            watcher.see_place(change)

    def observe_operation(operation: Operation) -> None:
        for watcher in watchers:
            watcher.see_operation(operation)

    client_id, client_secret = (
        settings.paytronix_client_id.reveal(),
        settings.paytronix_client_secret.reveal(),
    )
    paytronix = PaytronixClient(
        Transport(
            settings.paytronix_base_url,
            client_id=client_id,
            client_secret=client_secret,
            connect_seconds=settings.paytronix_connect_seconds,
            total_seconds=settings.paytronix_total_seconds,
            max_calls=settings.paytronix_max_calls,
            observe_place=observe_place,
        ),
        merchant_id=settings.paytronix_merchant_id,
        client_id=client_id,
        client_secret=client_secret,
        scope=settings.paytronix_scope,
        credentials_in_body=settings.paytronix_credentials_in_body,
        invalid_token_codes=settings.paytronix_invalid_token_codes,
        observe=observe,
    )
    store: Store = open_store(settings.store_url.reveal())
    if watchers:
        store = ObservedStore(store, observe_operation)
    pseudonyms = Pseudonyms([key.reveal() for key in (settings.secret_key, *settings.secret_key_fallbacks)])
    sign_ins = make_sign_ins(settings, store)
    margin_seconds = settings.paytronix_refresh_margin_seconds
    per_guest, per_address = settings.login_failures_per_guest, settings.login_failures_per_address
    return Site(
        settings=settings,
        store=store,
        paytronix=paytronix,
        pseudonyms=pseudonyms,
        sign_ins=sign_ins,
        login=Login(
            sign_ins,
            paytronix,
            pseudonyms,
            Throttle(
                store,
                pseudonyms,
                per_guest=Tries(per_guest.count, per_guest.window_seconds),
                per_address=Tries(per_address.count, per_address.window_seconds),
            ),
            Submits(store, sign_ins, call_seconds=settings.paytronix_total_seconds),
            margin_seconds=margin_seconds,
        ),
        tokens=TokenKeeper(
            store,
            sign_ins,
            paytronix,
            call_seconds=settings.paytronix_total_seconds,
            margin_seconds=margin_seconds,
        ),
        messages=Messages(
            settings.merchant_dir, published=published.current if published else None, on_fault=tell_fault
        ),
        recent_calls=recent_calls,
        codes_seen=CodesSeen(store),
        texts_seen=CodesSeen(store, of="texts"),
    )
