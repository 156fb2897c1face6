"""``/language/…``: the guest chooses the language of the pages."""

from flask import Blueprint, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.messages import Localizer
from app.observability import log
from app.services import services
from app.store import StoreUnavailable
from app.views import login
from app.web.access import public
from app.web.csrf import CSRFError
from app.web.error_pages import error_page
from app.web.localization import language_cookie
from app.web.safe_redirect import safe_next

KEPT_SECONDS = 31_536_000  # a year; then the browser's own wish counts again

bp = Blueprint("language", __name__)


@bp.get("/language/<tag>")
@public(landing=False)  # a link and not a form: the choice is all that it changes
def choose(tag: str) -> AnyResponse:
    chosen = _localizer(tag)
    return _keep(chosen, redirect(safe_next(request.args.get("next")) or url_for("home.home"), 303))


@bp.post("/language/<tag>")
@public()
def choose_with_form(tag: str) -> AnyResponse:
    """The sign-in page again, with what was typed in it: the password apart, which is looked at by nobody."""
    g.localizer = _localizer(tag)
    return _keep(g.localizer, login.in_another_language())


@bp.errorhandler(CSRFError)
def form_refused(error: CSRFError) -> AnyResponse:
    """A stale form does for a choice of language, and what is shown is a fresh one anyway."""
    log.warning("csrf_refused", reason="stale_form", endpoint=request.endpoint)
    return _choose_anyway()


@bp.errorhandler(StoreUnavailable)
def store_unavailable(error: StoreUnavailable) -> AnyResponse:
    """A choice of language needs no store."""
    log.error("store_unavailable", reason=error.reason)
    return _choose_anyway()


def _choose_anyway() -> AnyResponse:
    # Flask makes a 500 of what is raised in an error handler, be it an abort.
    tag = (request.view_args or {})["tag"]
    if services().messages.current().localizer(tag) is None:
        return error_page(404, "not_found")
    return choose_with_form(tag)


def _localizer(tag: str) -> Localizer:
    return services().messages.current().localizer(tag) or abort(404)


def _keep(chosen: Localizer, answer: AnyResponse) -> AnyResponse:
    """An answer that has the browser keep the language."""
    answer.set_cookie(
        language_cookie(),
        chosen.language,
        max_age=KEPT_SECONDS,
        path="/",
        secure=services().settings.public_url.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return answer
