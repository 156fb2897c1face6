"""``/sign-in``: by one-time link, or at the merchant's identity provider; and out again.

The secret of a link stands in its fragment, which browsers send to nobody: no log, no proxy and no mail scanner that
follows links ever sees it. A script puts it into the form; without script it is pasted.
"""

import re
import time

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.auth.session_interface import StoreOrCookieSession
from app.console import staff
from app.console.guards import editors, public
from app.console.parts import console
from app.console.provider import Identity, ProviderAway, ProviderRefused
from app.history import HistoryUnavailable, LinkUnusable
from app.observability import log
from app.web.safe_redirect import safe_next

bp = Blueprint("sign_in", __name__)

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")

Answer = Response | str | tuple[str, int] | tuple[str, int, dict[str, str]]


@bp.get("/sign-in")
@public(landing=False)
def show() -> Answer:
    if staff.present():
        to = _onward(request.args.get("next"))
        # Browsers carry a fragment on to where they are sent, and it may be a link's secret; but not over another one.
        return redirect(to if "#" in to else f"{to}#main", 303)
    return _page()


@bp.post("/sign-in")
@public(landing=False)
def use_link() -> Answer:
    parts, address = console(), request.remote_addr or ""
    parts.attempts.check(address)
    secret = re.sub(r"\s", "", request.form.get("link", "")).rpartition("#")[2]
    try:
        if not _SECRET.fullmatch(secret):
            return _link_refused("unknown", "")
        # Begun first: a link must not be used up by a store that then cannot remember whom it let in.
        found = parts.links.look(secret)
        who = staff.Staff(found.name, staff.Role(found.role))
        new = staff.sessions().create(who)
        try:
            parts.links.use(secret)
        except (LinkUnusable, HistoryUnavailable):
            staff.sessions().end(new)
            raise
    except LinkUnusable as error:
        return _link_refused(error.trouble, error.name)
    return _let_in(who, new, by="link", to=request.form.get("next"))


@bp.get("/sign-in/provider")
@public(landing=False)
def go() -> Answer:
    """A link, not a form: the pages' policy (CSP) lets no form lead to another host."""
    provider = console().provider
    if provider is None:
        return redirect(url_for("sign_in.show"), 303)
    console().attempts.check(request.remote_addr or "")
    try:
        address, way = provider.begin()
    except ProviderAway as error:
        return _provider_away(error)
    staff.set_out(way, to=_safe(request.args.get("next")), now=time.time())
    return redirect(address, 303)


@bp.get("/sign-in/back")
@public(landing=False)
def come_back() -> Answer:
    parts, address = console(), request.remote_addr or ""
    if parts.provider is None:
        return redirect(url_for("sign_in.show"), 303)
    parts.attempts.check(address)
    kept = staff.come_back(request.args.get("state", ""), now=time.time())
    if kept is None:
        if staff.present():  # the same answer once more: a double click, or the browser's Back
            return redirect(url_for("words.show"), 303)
        # Not counted: there is nothing to guess, and any web page can have its visitors' browsers ask for this.
        log.warning("staff_sign_in_refused", reason="unknown_state", staff=None)
        return _page("way_lost", status=400)
    way, to = kept
    try:
        identity = parts.provider.finish(way, request.args)
    except ProviderAway as error:
        return _provider_away(error)
    except ProviderRefused as error:
        if error.__cause__:
            log.error("identity_provider_not_understood", exc_info=error.__cause__)
        trouble = "cancelled" if error.reason == "access_denied" else "not_proved"
        return _refused(error.reason, trouble, 403)
    settings = parts.settings
    role = staff.role_of(identity, editors=settings.console_editors or (), publishers=settings.console_publishers or ())
    if role is None:
        return _stranger(identity)
    who = staff.Staff(identity.name, role)
    new = staff.sessions().create(who)
    parts.audit.note(who.name, "signed_in", role=who.role, by="provider", subject=identity.subject)
    return _let_in(who, new, by="provider", to=to)


@bp.post("/sign-out")
@editors
def sign_out() -> Answer:
    who = staff.somebody()
    staff.end()
    log.info("staff_signed_out", staff=who.name)
    try:
        console().audit.note(who.name, "signed_out")
    except HistoryUnavailable as error:  # they are out in any case
        log.error("history_unavailable", reason=str(error))
    return redirect(url_for("sign_in.show"), 303)


def form_again() -> Answer:
    """The form once more, with what was pasted: it had been shown before the browser forgot who it is."""
    return _page("stale", status=422, link=request.form.get("link", ""))


def too_many(retry_after_seconds: int) -> Answer:
    """The page for an address that has to wait."""
    log.warning("staff_throttled", retry_after_seconds=retry_after_seconds)
    page, status = _page("too_many", status=429)
    return page, status, {"Retry-After": str(retry_after_seconds)}


def _page(trouble: str | None = None, *, status: int = 200, link: str = "", who: str = "") -> tuple[str, int]:
    to = _safe(request.values.get("next"))
    issuer = console().settings.console_oidc_issuer
    provider = issuer.partition("://")[2].partition("/")[0] if issuer else None
    return render_template("sign_in.html", trouble=trouble, link=link, who=who, next=to, provider=provider), status


def _let_in(who: staff.Staff, new: StoreOrCookieSession, *, by: str, to: str | None) -> Response:
    staff.begin(new)
    log.info("staff_signed_in", staff=who.name, role=who.role, by=by)
    return redirect(_onward(to), 303)


def _link_refused(trouble: str, name: str) -> Answer:
    if name:  # somebody has the link; of strangers with none nothing is kept
        console().audit.note(name, "sign_in_refused", reason=trouble, by="link")
    return _refused(trouble, trouble, 422, staff=name)


def _stranger(identity: Identity) -> Answer:
    reason = "not_listed" if identity.is_verified or not identity.email else "address_not_verified"
    console().audit.note(identity.name, "sign_in_refused", reason=reason, by="provider", subject=identity.subject)
    return _refused(reason, reason, 403, staff=identity.name)


def _refused(reason: str, trouble: str, status: int, *, staff: str = "") -> Answer:
    log.warning("staff_sign_in_refused", reason=reason, staff=staff or None)
    console().attempts.failed(request.remote_addr or "")
    return _page(trouble, status=status, who=staff)


def _provider_away(error: ProviderAway) -> Answer:
    log.error("identity_provider_unavailable", reason=error.reason)
    page, status = _page("provider_away", status=503)
    return page, status, {"Retry-After": "10"}


def _safe(target: str | None) -> str | None:
    return safe_next(target)


def _onward(target: str | None) -> str:
    return _safe(target) or url_for("words.show")
