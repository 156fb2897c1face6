"""``/sign-in``: by one-time link, or at the merchant's identity provider.

The secret of a link stands in its fragment, which browsers send to nobody: no log, no proxy and no mail scanner that
follows links ever sees it. A script puts it into the form; without script it is pasted.
"""

import re

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth.rate_limit import RateLimited
from app.auth.session_interface import StoreOrCookieSession
from app.console import staff
from app.console.attempts import SignInRefused
from app.console.guards import public
from app.console.parts import console
from app.console.provider import Identity, ProviderUnavailable, UnknownLogin
from app.history import HistoryUnavailable, LinkTrouble, LinkUnusable
from app.observability import log
from app.web.csrf import CSRFError
from app.web.safe_redirect import safe_next

bp = Blueprint("sign_in", __name__)

RETRY_AFTER_SECONDS = 10
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


@bp.get("/sign-in")
@public(landing=False)
def show() -> AnyResponse:
    if staff.present():
        to = _onward(request.args.get("next"))
        # Browsers carry a fragment on to where they are sent, and it may be a link's secret; but not over another one.
        return redirect(to if "#" in to else f"{to}#main", 303)
    return sign_in_page()


@bp.post("/sign-in")
@public(landing=False)
def use_link() -> AnyResponse:
    with console().attempts.counted(_address()):
        try:
            who, new = _who_has(request.form.get("link", ""))
        except LinkUnusable as error:
            if error.name:  # somebody has the link; of strangers with none nothing is kept
                console().audit.note(error.name, "sign_in_refused", reason=error.trouble, by="link")
            raise SignInRefused(error.trouble, trouble=error.trouble, status=422, name=error.name) from None
    return _let_in(who, new, by="link", to=request.form.get("next"))


@bp.get("/sign-in/provider")
@public(landing=False)
def start_login() -> AnyResponse:
    """A link, not a form: the pages' policy (CSP) lets no form lead to another host."""
    provider = console().provider
    if provider is None:
        return redirect(url_for("sign_in.show"), 303)
    with console().attempts.counted(_address()):
        return provider.start_login(to=safe_next(request.args.get("next")))


@bp.get("/sign-in/back")
@public(landing=False)
def callback() -> AnyResponse:
    provider = console().provider
    if provider is None:
        return redirect(url_for("sign_in.show"), 303)
    with console().attempts.counted(_address()):
        identity, to = provider.callback()
        who = _listed(identity)
        new = staff.sessions().create(name=who.name, role=who.role)
        console().audit.note(who.name, "signed_in", role=who.role, by="provider", subject=identity.subject)
    return _let_in(who, new, by="provider", to=to)


@bp.errorhandler(SignInRefused)
def refused(error: SignInRefused) -> Response:
    """The page with the reason, as far as somebody who was refused may know it."""
    if error.__cause__:
        log.error("identity_provider_not_understood", exc_info=error.__cause__)
    log.warning("staff_sign_in_refused", reason=error.reason, staff=error.name or None)
    return sign_in_page(error.trouble, status=error.status, who=error.name)


@bp.errorhandler(UnknownLogin)
def unknown_login(error: UnknownLogin) -> AnyResponse:
    """Not counted: there is nothing to guess, and any web page can have its visitors' browsers ask for this."""
    if staff.present():  # the same answer once more: a double click, or the browser's Back
        return redirect(url_for("words.show"), 303)
    log.warning("staff_sign_in_refused", reason="unknown_state", staff=None)
    return sign_in_page("way_lost", status=400)


@bp.errorhandler(ProviderUnavailable)
def provider_unavailable(error: ProviderUnavailable) -> Response:
    """The page, on which a link still works."""
    log.error("identity_provider_unavailable", reason=error.reason)
    return sign_in_page("provider_unavailable", status=503, retry_after_seconds=RETRY_AFTER_SECONDS)


@bp.errorhandler(RateLimited)
def rate_limited(error: RateLimited) -> Response:
    """The page for an address that has to wait."""
    log.warning("staff_throttled", retry_after_seconds=error.retry_after_seconds)
    return sign_in_page("too_many", status=429, retry_after_seconds=error.retry_after_seconds)


@bp.errorhandler(CSRFError)
def stale_form(error: CSRFError) -> Response:
    """The form once more, with what was pasted: it had been shown before the browser forgot who it is."""
    log.warning("csrf_refused", reason="stale_form", endpoint=request.endpoint)
    return sign_in_page("stale", status=422, link=request.form.get("link", ""))


def sign_in_page(
    trouble: str | None = None,
    *,
    status: int = 200,
    link: str = "",
    who: str = "",
    retry_after_seconds: int | None = None,
) -> Response:
    """The page on which one signs in.

    :param trouble: why somebody is here again; one of those in the template.
    :param link: what was pasted.
    :param who: as whom the provider knows them.
    """
    to = safe_next(request.values.get("next"))
    issuer = console().settings.console_oidc_issuer
    provider = issuer.partition("://")[2].partition("/")[0] if issuer else None
    page = render_template("sign_in.html", trouble=trouble, link=link, who=who, next=to, provider=provider)
    answer = make_response(page, status)
    if retry_after_seconds is not None:
        answer.headers["Retry-After"] = str(retry_after_seconds)
    return answer


def _who_has(link: str) -> tuple[staff.Staff, StoreOrCookieSession]:
    """Use a link up, for a session that is in the store by then: a store that is away must not cost a link.

    :raises LinkUnusable: it opens nothing.
    """
    links, secret = console().links, re.sub(r"\s", "", link).rpartition("#")[2]
    if not _SECRET.fullmatch(secret):
        raise LinkUnusable(LinkTrouble.UNKNOWN)
    found = links.look(secret)
    who = staff.Staff(found.name, staff.Role(found.role))
    new = staff.sessions().create(name=who.name, role=who.role)
    try:
        links.use(secret)
    except (LinkUnusable, HistoryUnavailable):
        staff.sessions().end(new)
        raise
    return who, new


def _listed(identity: Identity) -> staff.Staff:
    """Somebody whom the provider has named, with what they may do.

    :raises SignInRefused: that is nothing.
    """
    settings = console().settings
    role = staff.role_of(identity, editors=settings.console_editors or (), publishers=settings.console_publishers or ())
    if role is not None:
        return staff.Staff(identity.name, role)
    reason = "not_listed" if identity.is_verified or not identity.email else "address_not_verified"
    console().audit.note(identity.name, "sign_in_refused", reason=reason, by="provider", subject=identity.subject)
    raise SignInRefused(reason, trouble=reason, status=403, name=identity.name)


def _let_in(who: staff.Staff, new: StoreOrCookieSession, *, by: str, to: str | None) -> AnyResponse:
    staff.begin(new)
    log.info("staff_signed_in", staff=who.name, role=who.role, by=by)
    return redirect(_onward(to), 303)


def _onward(target: str | None) -> str:
    return safe_next(target) or url_for("words.show")


def _address() -> str:
    return request.remote_addr or ""
