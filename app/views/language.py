"""``/language/…``: the guest chooses the language of the pages."""

from flask import Blueprint, abort, current_app, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth.guards import public
from app.auth.redirects import safe_next
from app.site import language_cookie, site

KEPT_SECONDS = 31_536_000  # a year; then the browser's own wish counts again

bp = Blueprint("language", __name__)


@bp.get("/language/<tag>")
@public  # a link and not a form: the choice is all that it changes
def choose(tag: str) -> AnyResponse:
    voice = site().messages.current().voice(tag)
    if voice is None:
        abort(404)
    answer = redirect(safe_next(request.args.get("next"), current_app.url_map) or url_for("home.home"), 303)
    answer.set_cookie(
        language_cookie(),
        voice.language,
        max_age=KEPT_SECONDS,
        path="/",
        secure=site().settings.public_url.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return answer
