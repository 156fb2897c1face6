"""``/language/…``: the guest chooses the language of the pages."""

from flask import Blueprint, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.messages import Voice
from app.services import services
from app.views import login
from app.web.access import public
from app.web.localization import language_cookie
from app.web.safe_redirect import safe_next

KEPT_SECONDS = 31_536_000  # a year; then the browser's own wish counts again

bp = Blueprint("language", __name__)


@bp.get("/language/<tag>")
@public  # a link and not a form: the choice is all that it changes
def choose(tag: str) -> AnyResponse:
    voice = _voice(tag)
    return _kept(voice, redirect(safe_next(request.args.get("next"), current_app.url_map) or url_for("home.home"), 303))


@bp.post("/language/<tag>")
@public
def choose_with_form(tag: str) -> AnyResponse:
    """The sign-in page again, with what was typed in it: the password apart, which is looked at by nobody."""
    g.localizer = _voice(tag)
    return _kept(g.localizer, login.in_another_language())


def _voice(tag: str) -> Voice:
    return services().messages.current().voice(tag) or abort(404)


def _kept(voice: Voice, answer: AnyResponse) -> AnyResponse:
    """An answer that has the browser keep the language."""
    answer.set_cookie(
        language_cookie(),
        voice.language,
        max_age=KEPT_SECONDS,
        path="/",
        secure=services().settings.public_url.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return answer
