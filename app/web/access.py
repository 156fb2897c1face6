"""Who may come in, by which door: every route wears a guard, and every request passes the same few checks first."""

import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

from flask import Flask, Request, redirect, request
from flask.globals import request_ctx
from werkzeug.exceptions import BadRequest, Forbidden, RequestHeaderFieldsTooLarge
from werkzeug.wrappers import Response as AnyResponse

from app.auth.session import STATELESS, raise_store_failure, required_sign_in
from app.web.csrf import check_form

View = TypeVar("View", bound=Callable[..., object])

WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MOST_COOKIE_BYTES = 16 * 1024  # of the restaurant's other sites, too; gunicorn.conf.py takes more, to say so in a page
ANY_HOST = frozenset({"/healthz", "/servez", "/readyz"})  # a balancer asks for these by address
_GUARD = "_guard"
_PLAIN = "/:@!$&'()*+,;="  # what stands in a path as it is (RFC 3986, 3.3)


def public(view: View) -> View:
    """Anybody may see this page."""
    setattr(view, _GUARD, None)
    return view


def signed_in(view: View) -> View:
    """Only signed-in guests may see this page. Anybody else is sent to sign in, and back here afterwards."""
    setattr(view, _GUARD, required_sign_in)
    return view


def unguarded(app: Flask) -> list[str]:
    """The endpoints whose view wears no guard."""
    views = ((rule.endpoint, app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules())
    return sorted({endpoint for endpoint, view in views if not hasattr(view, _GUARD)})


class UnknownHost(BadRequest):
    """The request names a host that is not ours. The answer must not name it either."""


class HttpsReportedAsHttp(Exception):
    """The proxy says plain http of a request that a browser has sent over https."""


def install(app: Flask, *, netloc: str, origin: str, trusts_proxy: bool) -> None:
    """Put the checks before every request.

    :param netloc: host and port that guests use; others are refused (ASVS 5.0 V4.1.3).
    :param origin: the origin that may send forms here.
    :param trusts_proxy: a proxy in front says by which scheme a request came.
    """
    missing = unguarded(app)
    if missing:
        raise RuntimeError(f"these routes wear no guard, @public or @signed_in: {', '.join(missing)}")

    own_port = ":443" if origin.startswith("https:") else ":80"  # which some proxies name and browsers do not

    @app.before_request
    def check() -> AnyResponse | None:
        asked = request_ctx.request
        if asked.path in ANY_HOST:
            return None
        host = asked.environ.get("HTTP_HOST", "").lower().removesuffix(own_port)
        if host != netloc:
            return redirect_to_own_host(host, netloc=netloc, origin=origin)
        if trusts_proxy and came_by_plain_http(asked, origin):
            return redirect_to_https(origin)
        check_cookies(asked)
        if asked.endpoint is None:
            return None  # 404 or 405: routing has the answer
        if asked.method in WRITING:
            raise_store_failure()  # first: without the session its form would seem to be a stranger's
            check_form(origin)
        guard = getattr(app.view_functions[asked.endpoint], _GUARD)
        if guard is not None:
            guard()
        return None


def check_cookies(asked: Request) -> None:
    """See that a page can be had with what the browser sends; the look of the page that says so always can.

    :raises RequestHeaderFieldsTooLarge: there are too many cookies.
    """
    if len(asked.environ.get("HTTP_COOKIE", "")) > MOST_COOKIE_BYTES and not asked.path.startswith(STATELESS):
        raise RequestHeaderFieldsTooLarge


def redirect_to_own_host(host: str, *, netloc: str, origin: str) -> AnyResponse:
    """Where a request goes on that names our host with the dot at its end that ends every name in the DNS.

    :raises UnknownHost: it names another host, or it has sent something.
    """
    if request.method not in {"GET", "HEAD"} or re.sub(r"\.(?=:|$)", "", host) != netloc:
        raise UnknownHost
    return _same_page_at(origin)


def redirect_to_https(origin: str) -> AnyResponse:
    """Where a request goes on that came by plain http.

    :raises Forbidden: it has sent something.
    :raises HttpsReportedAsHttp: it has come over https, and the proxy does not say so.
    """
    if request.method in WRITING:
        raise Forbidden  # what was typed has already travelled in the clear: do not make that work
    if "Sec-Fetch-Mode" in request.headers:  # which browsers send over https only: they would come back the same way
        raise HttpsReportedAsHttp
    return _same_page_at(origin)


def _same_page_at(origin: str) -> AnyResponse:
    # Written anew: Flask has it without its percent signs, so that a line break may stand in it, or another meaning.
    path, query = quote(request.path, safe=_PLAIN), quote(request.query_string, safe=_PLAIN + "?%")
    return redirect(f"{origin}{path}?{query}".rstrip("?"), 308)


def came_by_plain_http(asked: Request, origin: str) -> bool:
    """Whether the proxy says that a request came by http though the origin is https."""
    # Only when the proxy says so: taking its silence for http would send guests round in circles.
    return asked.scheme == "http" and origin.startswith("https:") and "HTTP_X_FORWARDED_PROTO" in asked.environ
