"""Who may come in: every route wears a guard, and every request passes the same few checks first."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from flask import Flask, g, redirect, request, url_for
from werkzeug.exceptions import Conflict, Forbidden
from werkzeug.wrappers import Response as AnyResponse

from app.console import staff
from app.console.parts import console
from app.store import StoreUnavailable
from app.web.access import (
    ANY_HOST,
    WRITING,
    HttpsReportedAsHttp,
    UnknownHost,
    came_by_plain_http,
    check_cookies,
    public,
    redirect_to_https,
    redirect_to_own_host,
    unguarded,
)
from app.web.csrf import check_form
from config import Origin

View = TypeVar("View", bound=Callable[..., object])
_GUARD = "_guard"
_UPLOADS = "_uploads"
_CHANGES = "_changes"

__all__ = [
    "HttpsReportedAsHttp",
    "SignedOut",
    "UnknownHost",
    "changes_words",
    "editors",
    "install",
    "public",
    "publishers",
    "uploads",
]


class SignedOut(Exception):
    """Somebody sends a form who is signed in no longer."""


def editors(view: View) -> View:
    """Everybody who is signed in may see this page."""
    setattr(view, _GUARD, _somebody)
    return view


def publishers(view: View) -> View:
    """Only publishers may do this."""
    setattr(view, _GUARD, _publisher)
    return view


def uploads(view: View) -> View:
    """The form of this page may hold a file."""
    setattr(view, _UPLOADS, True)
    return view


def changes_words(view: View) -> View:
    """This changes words, so it is not done where the folder alone counts."""
    setattr(view, _CHANGES, True)
    return view


def install(app: Flask, origin: Origin, *, trusts_proxy: bool) -> None:
    """Put the checks before every request.

    :param trusts_proxy: a proxy in front says by which scheme a request came.
    :raises RuntimeError: a route wears no guard.
    """
    own_port = ":443" if origin.is_secure else ":80"  # which some proxies name and browsers do not

    @app.before_request
    def check() -> AnyResponse | None:
        if request.path in ANY_HOST:
            return None
        host = request.environ.get("HTTP_HOST", "").lower().removesuffix(own_port)
        if host != origin.netloc:
            return redirect_to_own_host(host, netloc=origin.netloc, origin=str(origin))
        if trusts_proxy and came_by_plain_http(request, str(origin)):
            return redirect_to_https(str(origin))
        check_cookies(request)
        if request.endpoint is None:
            with suppress(StoreUnavailable):  # it is only for the menu of the page that says so
                g.staff = _who_asks()
            return None
        view = app.view_functions[request.endpoint]
        if request.endpoint != "assets.static":
            g.staff = _who_asks()
        if request.method in WRITING:
            check_form(str(origin), may_hold_file=hasattr(view, _UPLOADS))
        return _let_in(view)

    if missing := unguarded(app):
        raise RuntimeError(f"these routes wear no guard: {', '.join(missing)}")


def _who_asks() -> staff.Staff | None:
    held = staff.held_id()
    return console().sessions.find(held, now=time.time()) if held else None


def _let_in(view: object) -> AnyResponse | None:
    guard: Callable[[], AnyResponse | None] | None = getattr(view, _GUARD)
    if guard and (answer := guard()):
        return answer
    if hasattr(view, _CHANGES) and console().settings.is_read_only:
        raise Conflict
    return None


def _somebody() -> AnyResponse | None:
    if staff.present():
        return None
    if request.method in WRITING:
        raise SignedOut
    return redirect(url_for("sign_in.show", next=request.full_path.rstrip("?")), 303)


def _publisher() -> AnyResponse | None:
    answer = _somebody()
    if answer is None and not staff.somebody().is_publisher:
        raise Forbidden
    return answer
