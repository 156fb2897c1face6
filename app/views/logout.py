"""``/logout``: ends the sign-in of this browser."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth import session
from app.observability import log
from app.services import services
from app.web.access import public

bp = Blueprint("logout", __name__)


@bp.post("/logout")
@public  # a second click finds nobody signed in, and that is fine
def submit() -> AnyResponse:
    if sign_in := session.current_sign_in():
        services().sign_ins.end(sign_in)
        log.info("logout", guest=services().pseudonyms.for_log(sign_in.username))
    session.leave("signed_out", for_good=True)
    return redirect(url_for("login.show"), 303)
