"""``/``: leads to the page that fits."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth import session
from app.web.access import public

bp = Blueprint("home", __name__)


@bp.get("/")
@public(landing=False)
def home() -> AnyResponse:
    return redirect(url_for("account.show" if session.current_sign_in() else "login.show"), 303)
