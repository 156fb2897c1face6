"""``/.well-known/…``, ``/robots.txt``, ``/favicon.ico``: what programs look for at fixed addresses."""

from pathlib import Path

from flask import Blueprint, Response, abort, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.messages import WELL_KNOWN_TYPES
from app.services import services
from app.web.access import public
from app.web.localization import localizer
from app.web.security_headers import FILE_POLICY, KEPT_BRIEFLY

bp = Blueprint("well_known", __name__)
ROBOTS = Path(__file__).with_name("robots.txt").read_bytes()


@bp.get("/.well-known/change-password")
@public(session=False, landing=False)
def change_password() -> AnyResponse:
    """Where password managers lead guests (W3C, "A Well-Known URL for Changing Passwords")."""
    link = localizer().link("forgot_password")
    leads_there = link is not None and link.url.startswith("https://")
    return redirect(link.url if link and leads_there else url_for("login.show"), 303)


@bp.get("/.well-known/<name>")
@public(session=False, landing=False)
def file(name: str) -> Response:
    content = services().messages.well_known(name) if name in WELL_KNOWN_TYPES else None
    if content is None:
        abort(404)
    return _file(content, WELL_KNOWN_TYPES[name])


@bp.get("/robots.txt")
@public(session=False, landing=False)
def robots() -> Response:
    return _file(ROBOTS, "text/plain")


@bp.get("/favicon.ico")
@public(session=False, landing=False)
def favicon() -> Response:
    icon = services().messages.current().theme.assets["icon"]
    return _file(icon.content, icon.mimetype)


def _file(content: bytes, mimetype: str) -> Response:
    answer = Response(content, mimetype=mimetype)
    answer.headers["Cache-Control"] = KEPT_BRIEFLY
    answer.headers["Content-Security-Policy"] = FILE_POLICY
    return answer
