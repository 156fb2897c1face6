"""From what went wrong to what the guest sees: page, status, message. Some pages have handlers of their own.

SignInEnded                     303 to the sign-in page, which says why and leads back
Unavailable, StoreUnavailable   503, still signed in
CSRFError, FormUnreadable       400
HTTPException                   its own status
HttpsReportedAsHttp             503: to send the browser on would send it round
anything else                   500, with nothing in it but a reference number
"""

from flask import Flask, Response, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as AnyResponse

from app.auth import session
from app.auth.sign_ins import SignInEnded
from app.messages import Message
from app.observability import log
from app.observability.logs import request_id
from app.paytronix import Refused, Unavailable
from app.services import RETRY_AFTER_SECONDS, services
from app.store import StoreUnavailable
from app.web.access import HttpsReportedAsHttp, UnknownHost
from app.web.csrf import CrossOrigin, CSRFError, FormUnreadable
from app.web.localization import error_message, language_cookie, site_message
from app.web.refused_requests import log_cross_origin, log_unknown_host

_WORDS = {
    400: "bad_request",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "bad_request",
    422: "bad_request",
    429: "busy",
    431: "cookies_too_large",
    503: "unavailable",
}


def error_page(status: int, message: str | Message, *, retry_after_seconds: int | None = None) -> Response:
    """A page in the merchant's theme, with one of its messages.

    :param message: a message, or the name of one of the site's.
    """
    message = site_message(message) if isinstance(message, str) else message
    page = make_response(render_template("error.html", message=message, reference=request_id()), status)
    if retry_after_seconds is not None:
        page.headers["Retry-After"] = str(retry_after_seconds)
    return page


def init_app(app: Flask) -> None:
    """Register a page for every kind of trouble."""
    app.register_error_handler(SignInEnded, _sign_in_ended)
    app.register_error_handler(Unavailable, _paytronix_unavailable)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(StoreUnavailable, store_unavailable)
    app.register_error_handler(CSRFError, form_refused)
    app.register_error_handler(FormUnreadable, _form_unreadable)
    app.register_error_handler(UnknownHost, _unknown_host)
    app.register_error_handler(HttpsReportedAsHttp, _https_reported_as_http)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(InternalServerError, _unexpected)  # in debug, Flask shows its debugger instead
    app.logger.disabled = True  # _unexpected tells what Flask would, without what must not be in a log


def _sign_in_ended(ended: SignInEnded) -> AnyResponse:
    if ended.notice == "session_expired":
        log.info("session_unknown")
    elif ended.notice in {"session_lost", "session_forgotten"}:
        log.warning(
            "session_lost", todo="if it happens often: is the store shared by all instances, do cookies get through"
        )
    session.leave(ended.notice, for_good=ended.ended_here)
    here = request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else None
    return redirect(url_for("login.show", next=here), 303)


def _paytronix_unavailable(error: Unavailable) -> Response:
    message = error_message(error, guest=_username())
    return error_page(503, message, retry_after_seconds=error.retry_after_seconds or RETRY_AFTER_SECONDS)


def _refused(error: Refused) -> Response:
    return error_page(422, error_message(error, guest=_username()))


def _username() -> str:
    try:
        sign_in = session.current_sign_in()
    except StoreUnavailable:
        return ""
    return sign_in.username if sign_in else ""


def store_unavailable(error: StoreUnavailable, message: str = "unavailable") -> AnyResponse:
    """The page for a store that is away.

    :param message: the name of the site's message that says what could not be done.
    """
    log.error("store_unavailable", reason=error.reason)
    return error_page(503, message, retry_after_seconds=RETRY_AFTER_SECONDS)


def form_refused(error: CSRFError) -> AnyResponse:
    """The page for a form that is not this browser's any more."""
    has_cookie = session.keeps_cookies() or language_cookie() in request.cookies
    log.warning("csrf_refused", reason="stale_form" if has_cookie else "no_cookie", endpoint=request.endpoint)
    return error_page(400, "page_expired")


def _form_unreadable(error: FormUnreadable) -> AnyResponse:
    if error.reason:
        log.warning("request_refused", reason=error.reason, status=400)
    else:
        log.warning("input_refused", endpoint=request.endpoint)
    return error_page(400, "bad_request")


def _unknown_host(error: UnknownHost) -> Response:
    url = services().settings.public_url
    log_unknown_host(url.netloc, setting="PUBLIC_URL")
    answer = make_response(f"{site_message('wrong_address').text}\n{url}/\n", 400)
    answer.mimetype = "text/plain"
    return answer


def _https_reported_as_http(error: HttpsReportedAsHttp) -> Response:
    log.error("https_seen_as_http", todo="have the proxy that ends TLS say so: X-Forwarded-Proto: https")
    return error_page(503, "https_lost", retry_after_seconds=RETRY_AFTER_SECONDS)


def _http_error(error: HTTPException) -> AnyResponse:
    if error.code is None or error.code < 400:  # a redirect that routing asks for
        return error.get_response()
    if isinstance(error, CrossOrigin):
        log_cross_origin(str(services().settings.public_url), setting="PUBLIC_URL")
    if error.code in {413, 431}:
        log.warning("request_too_large", status=error.code)
    page = error_page(error.code, _WORDS.get(error.code, "error" if error.code >= 500 else "bad_request"))
    if error.code == 405:
        page.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))  # type: ignore[attr-defined]
    return page


def _unexpected(error: InternalServerError) -> Response:
    cause = error.original_exception or error
    log.error("unexpected_error", exc_info=cause, request_id=request_id(), endpoint=request.endpoint)
    return error_page(500, "error")
