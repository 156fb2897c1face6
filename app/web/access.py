"""Who may see which page: every route wears a guard, which also holds what else is so of the route."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast
from urllib.parse import quote

from flask import Flask, Request, current_app, redirect, request
from werkzeug.exceptions import BadRequest, Forbidden, RequestHeaderFieldsTooLarge
from werkzeug.wrappers import Response as AnyResponse

from app.auth.session import raise_store_failure, required_sign_in
from app.web.csrf import check_form

View = TypeVar("View", bound=Callable[..., object])

WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MOST_COOKIE_BYTES = 16 * 1024  # of the restaurant's other sites, too; gunicorn.conf.py takes more, to say so in a page
_PLAIN = "/:@!$&'()*+,;="  # what stands in a path as it is (RFC 3986, 3.3)


@dataclass(frozen=True)
class Route:
    """What is so of a route, whoever asks.

    :ivar guard: lets the request pass, or raises
    :ivar session: the browser's session is read; without one, nothing that the store does can slow the answer
    :ivar landing: somebody who has signed in may be led here
    :ivar logged: each answer is a line of the log
    :ivar any_host: balancers ask for it, by address
    """

    guard: Callable[[], object] | None = None
    session: bool = True
    landing: bool = True
    logged: bool = True
    any_host: bool = False


def public(
    *, session: bool = True, landing: bool = True, logged: bool = True, any_host: bool = False
) -> Callable[[View], View]:
    """Anybody may see this page. The arguments are those of :class:`Route`."""
    return guarded(Route(session=session, landing=landing, logged=logged, any_host=any_host))


def signed_in(view: View) -> View:
    """Only signed-in guests may see this page. Anybody else is sent to sign in, and back here afterwards."""
    return guarded(Route(required_sign_in))(view)


def guarded(route: Route) -> Callable[[View], View]:
    """Put a guard on a view."""

    def put_on(view: View) -> View:
        view.route = route  # type: ignore[attr-defined]
        return view

    return put_on


def route_of(app: Flask, endpoint: str | None) -> Route:
    """What is so of an endpoint; of none, which is an address where nothing is, as of most."""
    return cast(Route, getattr(app.view_functions.get(endpoint or ""), "route", Route()))


def is_logged() -> bool:
    """Whether the answer to this request is a line of the log."""
    return route_of(current_app, request.endpoint).logged


def paths_without_session(app: Flask) -> tuple[str, ...]:
    """How the paths begin that need no session. Flask opens sessions before it looks for the route.

    :raises RuntimeError: the path of a route with a session begins like one of them.
    """
    rules = [(rule.rule, route_of(app, rule.endpoint).session) for rule in app.url_map.iter_rules()]
    beginnings = tuple(sorted({path.partition("<")[0] for path, session in rules if not session}))
    for path, session in rules:
        if session and path.startswith(beginnings):
            raise RuntimeError(f'"{path}" begins like a route without a session: name one of them otherwise')
    return beginnings


def unguarded(app: Flask) -> list[str]:
    """The endpoints whose view wears no guard."""
    views = ((rule.endpoint, app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules())
    return sorted({endpoint for endpoint, view in views if not hasattr(view, "route")})


class UnknownHost(BadRequest):
    """The request names a host that is not ours. The answer must not name it either."""


class HttpsReportedAsHttp(Exception):
    """The proxy says plain http of a request that a browser has sent over https."""


def init_app(app: Flask, *, netloc: str, origin: str, trusts_proxy: bool) -> None:
    """Check every request before its view. To be called when all routes are there.

    :param netloc: host and port that guests use; others are refused (ASVS 5.0 V4.1.3).
    :param origin: the origin that may send forms here.
    :param trusts_proxy: a proxy in front says by which scheme a request came.
    :raises RuntimeError: a route wears no guard.
    """
    if missing := unguarded(app):
        raise RuntimeError(f"these routes wear no guard, @public or @signed_in: {', '.join(missing)}")

    @app.before_request
    def check() -> AnyResponse | None:
        route = route_of(app, request.endpoint)
        if answer := check_address(route, netloc=netloc, origin=origin, trusts_proxy=trusts_proxy):
            return answer
        if request.endpoint is None or route.any_host:
            return None  # 404 or 405: routing has the answer
        if request.method in WRITING:
            raise_store_failure()  # first: without the session its form would seem to be a stranger's
            check_form(origin)
        if route.guard is not None:
            route.guard()
        return None


def check_address(route: Route, *, netloc: str, origin: str, trusts_proxy: bool) -> AnyResponse | None:
    """See that a request names our host, came by our scheme, and brings no more cookies than can be read.

    :returns: where to send it instead, or None if it is well.
    :raises UnknownHost: it names another host.
    :raises HttpsReportedAsHttp: it has come over https, and the proxy does not say so.
    :raises RequestHeaderFieldsTooLarge: it has too many cookies. What the page that says so names can be had.
    """
    if route.any_host:
        return None
    own_port = ":443" if origin.startswith("https:") else ":80"  # which some proxies name and browsers do not
    host = request.environ.get("HTTP_HOST", "").lower().removesuffix(own_port)
    if host != netloc:
        return _redirect_to_own_host(host, netloc=netloc, origin=origin)
    if trusts_proxy and _came_by_plain_http(request, origin):
        return _redirect_to_https(origin)
    if route.session and len(request.environ.get("HTTP_COOKIE", "")) > MOST_COOKIE_BYTES:
        raise RequestHeaderFieldsTooLarge
    return None


def _redirect_to_own_host(host: str, *, netloc: str, origin: str) -> AnyResponse:
    """For our host with the dot at its end that ends every name in the DNS."""
    if request.method not in {"GET", "HEAD"} or re.sub(r"\.(?=:|$)", "", host) != netloc:
        raise UnknownHost
    return _same_page_at(origin)


def _redirect_to_https(origin: str) -> AnyResponse:
    if request.method in WRITING:
        raise Forbidden  # what was typed has already travelled in the clear: do not make that work
    if "Sec-Fetch-Mode" in request.headers:  # which browsers send over https only: they would come back the same way
        raise HttpsReportedAsHttp
    return _same_page_at(origin)


def _same_page_at(origin: str) -> AnyResponse:
    # Written anew: Flask has it without its percent signs, so that a line break may stand in it, or another meaning.
    path, query = quote(request.path, safe=_PLAIN), quote(request.query_string, safe=_PLAIN + "?%")
    return redirect(f"{origin}{path}?{query}".rstrip("?"), 308)


def _came_by_plain_http(asked: Request, origin: str) -> bool:
    # Only when the proxy says so: taking its silence for http would send guests round in circles.
    return asked.scheme == "http" and origin.startswith("https:") and "HTTP_X_FORWARDED_PROTO" in asked.environ
