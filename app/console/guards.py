"""Who may come in: every route wears a guard, and every request passes the same few checks first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from flask import Flask, redirect, request, url_for
from werkzeug.exceptions import Conflict, Forbidden
from werkzeug.wrappers import Response as AnyResponse

from app.console import staff
from app.console.parts import console
from app.settings.values import Origin
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
from app.web.csrf import CSRFError, check_form

View = TypeVar("View", bound=Callable[..., object])

__all__ = [
    "HttpsReportedAsHttp",
    "SignedOut",
    "UnknownHost",
    "editors",
    "init_app",
    "public",
    "publishers",
]


class SignedOut(Exception):
    """Somebody sends a form who is signed in no longer."""


@dataclass(frozen=True)
class ConsoleRoute(Route):
    """What is so of a route of the console besides.

    :ivar changes_messages: so it is not done where the folder alone counts
    :ivar uploads: its form may hold a file
    """

    changes_messages: bool = False
    uploads: bool = False


def editors(*, changes_messages: bool = False, uploads: bool = False) -> Callable[[View], View]:
    """Everybody who is signed in may do this. The arguments are those of :class:`ConsoleRoute`."""
    return guarded(ConsoleRoute(_somebody, changes_messages=changes_messages, uploads=uploads))


def publishers(*, changes_messages: bool = False) -> Callable[[View], View]:
    """Only publishers may do this. The argument is that of :class:`ConsoleRoute`."""
    return guarded(ConsoleRoute(_publisher, changes_messages=changes_messages))


def init_app(app: Flask, origin: Origin, *, trusts_proxy: bool) -> None:
    """Put the checks before every request.

    :param trusts_proxy: a proxy in front says by which scheme a request came.
    :raises RuntimeError: a route wears no guard.
    """

    @app.before_request
    def check() -> AnyResponse | None:
        route = route_of(app, request.endpoint)
        if answer := check_address(route, netloc=origin.netloc, origin=str(origin), trusts_proxy=trusts_proxy):
            return answer
        if request.endpoint is None or not route.session:
            return None  # 404 or 405: routing has the answer
        staff.raise_store_failure()
        if request.method in WRITING:
            _check_form(route, str(origin))
        return _let_in(route)

    if missing := unguarded(app):
        raise RuntimeError(f"these routes wear no guard: {', '.join(missing)}")


def _check_form(route: Route, origin: str) -> None:
    try:
        check_form(origin, may_hold_file=isinstance(route, ConsoleRoute) and route.uploads)
    except CSRFError:
        if route.guard and staff.present() is None:
            raise SignedOut from None  # the secret of their forms has ended with their session
        raise


def _let_in(route: Route) -> AnyResponse | None:
    if route.guard and (answer := route.guard()):
        return cast(AnyResponse, answer)
    if isinstance(route, ConsoleRoute) and route.changes_messages and console().settings.is_read_only:
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
