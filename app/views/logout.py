"""``/logout``: ends the sign-in of this browser."""

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth import session
from app.observability import log
from app.services import services
from app.store import StoreUnavailable
from app.web.access import public
from app.web.csrf import CSRFError
from app.web.error_pages import form_refused, store_unavailable

bp = Blueprint("logout", __name__)


@bp.post("/logout")
@public()  # a second click finds nobody signed in, and that is fine
def submit() -> AnyResponse:
    if sign_in := session.current_sign_in():
        services().sign_ins.end(sign_in)
        log.info("logout", guest=services().pseudonyms.for_log(sign_in.username))
    session.leave("signed_out", for_good=True)
    return redirect(url_for("login.show"), 303)


@bp.errorhandler(CSRFError)
def stale_form(error: CSRFError) -> AnyResponse:
    """The form of a sign-in that is over: then there is nothing left to end."""
    if session.current_sign_in() is not None:
        return form_refused(error)
    log.warning("csrf_refused", reason="stale_form", endpoint=request.endpoint)
    session.leave("signed_out", for_good=False)
    return redirect(url_for("login.show"), 303)


@bp.errorhandler(StoreUnavailable)
def still_signed_in(error: StoreUnavailable) -> AnyResponse:
    """Nobody is told to be signed out who may be signed in still."""
    return store_unavailable(error, "sign_out_failed")
