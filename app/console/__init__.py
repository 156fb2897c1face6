"""The merchant's console: see the words, change them, preview, publish, take back. An application of its own.

The guests' site does not import it and runs without it (docs/decisions/0014-a-second-application.md).
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from app.auth.pseudonyms import Pseudonyms
from app.console import errors, guards, rendering
from app.console.attempts import Attempts
from app.console.inbox_count import InboxCount
from app.console.parts import Console
from app.console.previews import Previews
from app.console.provider import Provider
from app.console.session_interface import StaffSessionInterface
from app.console.views import audit, entry, health, history, inbox, look, notices, publish, sign_in, sign_out, words
from app.console.workspace import Workspace
from app.history import Audit, Database, Drafts, Links, Pictures, Revisions, migrate
from app.messages.pictures import LARGEST_BYTES
from app.observability import log, logs
from app.serving.worker_context import WorkerContext
from app.store import open_store
from app.usage import UsageCounter
from app.views import assets
from app.web import access, csrf, security_headers
from app.web.forwarding import Forwarding
from app.web.security_headers import CONSOLE_POLICY
from config import ConsoleSettings

LARGEST_REQUEST_BYTES = 2 * LARGEST_BYTES + 128 * 1024  # the two pictures of a look, and what stands around them
PAGES = (assets, health, sign_in, sign_out, words, entry, inbox, notices, look, publish, history, audit)


def create_console(settings: ConsoleSettings) -> Flask:
    """The console for these settings. Opens no connection: workers are forked after this."""
    app = Flask(__name__, static_folder=None, template_folder="../../templates/console")
    url, keys, trusts_proxy = settings.console_url, settings.signing_keys, settings.trusted_proxy_hops > 0
    app.config.update(
        SECRET_KEY=keys[0], MAX_CONTENT_LENGTH=LARGEST_REQUEST_BYTES, MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST_BYTES
    )
    app.extensions["console"] = parts = make_console(app, settings)
    app.extensions["worker_context"] = WorkerContext(is_secure=url.is_secure, is_behind_proxy=trusts_proxy)
    logs.configure(settings.log_level)
    if settings.console_secret_key is None:
        log.warning("console_key_shared", todo="Set CONSOLE_SECRET_KEY: with SECRET_KEY the site could sign staff in")
    for page in PAGES:
        app.register_blueprint(page.bp)
    app.session_interface = StaffSessionInterface(
        app,
        parts.store,
        keys=keys,
        is_secure=url.is_secure,
        idle_seconds=settings.console_idle_seconds,
        without=access.paths_without_session(app),
    )
    rendering.init_app(app)
    csrf.init_app(app, keys=keys)
    logs.init_app(app, trusts_proxy=trusts_proxy, is_logged=access.is_logged)
    security_headers.init_app(app, is_secure=url.is_secure, trusts_proxy=trusts_proxy, policy=CONSOLE_POLICY)
    guards.init_app(app, url, trusts_proxy=trusts_proxy)
    errors.init_app(app)
    app.wsgi_app = Forwarding(app.wsgi_app, trusted_hops=settings.trusted_proxy_hops)  # type: ignore[method-assign]
    return app


def make_console(app: Flask, settings: ConsoleSettings) -> Console:
    """The parts that the console's pages work with."""
    database = Database(settings.database_url, migrate=migrate, on_event=_log_event)
    store = open_store(settings.store_url.reveal())
    pseudonyms = Pseudonyms(settings.signing_keys)
    revisions, drafts, pictures = Revisions(database), Drafts(database), Pictures(database)
    codes_seen, workspace = UsageCounter(store), Workspace(settings.merchant_dir, revisions, drafts, pictures)
    return Console(
        settings=settings,
        store=store,
        attempts=Attempts(store, pseudonyms),
        provider=Provider(app, settings) if settings.console_oidc_issuer else None,
        codes_seen=codes_seen,
        texts_seen=UsageCounter(store, of="texts"),
        workspace=workspace,
        previews=Previews(),
        inbox_count=InboxCount(workspace, codes_seen),
        revisions=revisions,
        drafts=drafts,
        pictures=pictures,
        links=Links(database),
        audit=Audit(database),
    )


def _log_event(by: str, what: str, about: Mapping[str, Any]) -> None:
    """A line of the log for what somebody has done to the words; what these say is for the audit's page."""
    if what not in _TOLD_AT_SIGN_IN:
        log.info(what, staff=by, **{name: value for name, value in about.items() if name in _TOLD})


_TOLD = frozenset({"place", "revision", "to", "changes", "fingerprint", "bytes"})
_TOLD_AT_SIGN_IN = frozenset({"signed_in", "signed_out", "sign_in_refused", "link_made"})
