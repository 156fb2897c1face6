"""Who may come in: every route wears a guard, and every request passes the same few checks first."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar, cast

from flask import Flask, g, redirect, request, url_for
from werkzeug.exceptions import Conflict, Forbidden
from werkzeug.wrappers import Response as AnyResponse

from app.console import staff
from app.console.parts import console
from app.store import StoreUnavailable
from app.web.access import (
    WRITING,
    HttpsReportedAsHttp,
    Route,
    UnknownHost,
    check_address,
    guarded,
    public,
    route_of,
    unguarded,
)
from app.web.csrf import check_form
from config import Origin

View = TypeVar("View", bound=Callable[..., object])
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
    return guarded(Route(_somebody))(view)


def publishers(view: View) -> View:
    """Only publishers may do this."""
    return guarded(Route(_publisher))(view)


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

    @app.before_request
    def check() -> AnyResponse | None:
        route = route_of(app, request.endpoint)
        if answer := check_address(route, netloc=origin.netloc, origin=str(origin), trusts_proxy=trusts_proxy):
            return answer
        if route.any_host:
            return None
        if request.endpoint is None:
            with suppress(StoreUnavailable):  # it is only for the menu of the page that says so
                g.staff = _who_asks()
            return None
        view = app.view_functions[request.endpoint]
        if route.session:
            g.staff = _who_asks()
        if request.method in WRITING:
            check_form(str(origin), may_hold_file=hasattr(view, _UPLOADS))
        return _let_in(route, view)

    if missing := unguarded(app):
        raise RuntimeError(f"these routes wear no guard: {', '.join(missing)}")


def _who_asks() -> staff.Staff | None:
    held = staff.held_id()
    return console().sessions.find(held, now=time.time()) if held else None


def _let_in(route: Route, view: object) -> AnyResponse | None:
    if route.guard and (answer := route.guard()):
        return cast(AnyResponse, answer)
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
