"""From what went wrong to what staff see: a page that says it, its status, and nothing lost that was typed."""

import re

from flask import Flask, Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as AnyResponse

from app.console import staff
from app.console.guards import HttpsReportedAsHttp, SignedOut, UnknownHost
from app.console.parts import console
from app.history import HistoryUnavailable
from app.messages.pictures import LARGEST_BYTES
from app.observability import log
from app.observability.logs import request_id
from app.store import StoreUnavailable
from app.web.csrf import CrossOrigin, CSRFError, FormUnreadable
from app.web.refused_requests import log_cross_origin, log_unknown_host

RETRY_AFTER_SECONDS = 10
_SECRET = frozenset({"csrf_token", "link"})  # what opens something
# What nobody has typed: tags of what was shown, and which button was pressed.
_NOT_TYPED = re.compile(r"(seen|shown)\b|(action|screen|scheme|place|follows|present|waiting|number)$")
_TEXTS = {
    400: ("This request cannot be understood", "Go back and try it again."),
    403: ("This is for publishers", "Ask somebody who may publish."),
    404: ("There is no such page", "It may have been renamed. The menu leads to all pages."),
    405: ("This cannot be done here", "Go back and try it again."),
    409: ("Nothing can be changed here", "MESSAGES_URL is not set, so guests read what is in the merchant's folder."),
    413: (
        "That is too large",
        f"Pictures may have {LARGEST_BYTES // 1024} KB. Go back: what you typed is still there. Choose a smaller one.",
    ),
    431: ("Too many cookies", "Delete the cookies for this site in your browser's settings, then sign in again."),
    500: ("Something went wrong here", "It is our fault, and it is noted. Try it again."),
}


def error_page(
    status: int, title: str, text: str, *, keeps_typed: bool = True, can_be_sent_again: bool = False
) -> Response:
    """A page that says what went wrong. What was typed stands on it, so that nothing is lost.

    :param keeps_typed: False if it was not our user who typed it, or if it is too much.
    :param can_be_sent_again: with a button that sends the same to the same address.
    """
    sent = [(name, value) for name, value in (_form() if keeps_typed else []) if name not in _SECRET]
    page = make_response(
        render_template(
            "error.html",
            title=title,
            text=text,
            reference=request_id(),
            typed=[(name, value) for name, value in sent if value.strip() and not _NOT_TYPED.match(name)],
            sent=sent if can_be_sent_again else [],
        ),
        status,
    )
    if status == 503:
        page.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return page


def _form() -> list[tuple[str, str]]:
    """What was sent; nothing when that is what cannot be read."""
    try:
        return list(request.form.items(multi=True))
    except Exception:  # noqa: BLE001 - each server has errors of its own for a body that it cannot read
        return []


def init_app(app: Flask) -> None:
    """Register a page for every kind of trouble."""
    app.register_error_handler(HistoryUnavailable, _history_unavailable)
    app.register_error_handler(StoreUnavailable, _store_unavailable)
    app.register_error_handler(UnknownHost, _unknown_host)
    app.register_error_handler(HttpsReportedAsHttp, _https_reported_as_http)
    app.register_error_handler(SignedOut, _signed_out)
    app.register_error_handler(CSRFError, _form_refused)
    app.register_error_handler(FormUnreadable, _unreadable_body)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(InternalServerError, _unexpected)  # in debug, Flask shows its debugger instead
    app.logger.disabled = True  # _unexpected tells what Flask would, without what must not be in a log


def _history_unavailable(error: HistoryUnavailable) -> Response:
    log.error("history_unavailable", reason=str(error))
    text = "Guests go on reading the words that are published. What you typed is below: send it again in a minute."
    return error_page(503, "The database of the words cannot be reached", text)


def _store_unavailable(error: StoreUnavailable) -> Response:
    log.error("store_unavailable", reason=error.reason)
    return error_page(503, "The console cannot see who you are", "Its store cannot be reached. Try again in a minute.")


def _unknown_host(error: UnknownHost) -> Response:
    url = console().settings.console_url
    log_unknown_host(url.netloc, setting="CONSOLE_URL")
    answer = make_response(f"The console is at {url}/\n", 400)
    answer.mimetype = "text/plain"
    return answer


def _https_reported_as_http(error: HttpsReportedAsHttp) -> Response:
    log.error("https_seen_as_http", todo="have the proxy that ends TLS say so: X-Forwarded-Proto: https")
    return error_page(503, "The console is set up wrongly", "Tell whoever runs it: the proxy does not say https.")


def _signed_out(error: SignedOut) -> Response:
    text = "You were away for too long, or signed out elsewhere. Nothing is lost: sign in, come back here, and send it."
    return error_page(403, "You are signed out", text, can_be_sent_again=True)


def _form_refused(error: CSRFError) -> Response:
    log.warning("csrf_refused", reason="stale_form", endpoint=request.endpoint)
    if staff.present() is None:
        return error_page(400, "This form is too old", "Go back, load the page anew, and send it again.")
    text = "It was opened before you signed in. What you typed is below: nothing of it is saved yet."
    return error_page(400, "Send it once more", text, can_be_sent_again=True)


def _unreadable_body(error: FormUnreadable) -> Response:
    if error.reason:
        log.warning("request_refused", reason=error.reason, status=400)
    return error_page(400, *_TEXTS[400])


def _http_error(error: HTTPException) -> AnyResponse:
    if error.code is None or error.code < 400:
        return error.get_response()
    if isinstance(error, CrossOrigin):
        log_cross_origin(str(console().settings.console_url), setting="CONSOLE_URL")
        return error_page(403, "Another site sent this", "Nothing was done.", keeps_typed=False)
    page = error_page(error.code, *_TEXTS.get(error.code, _TEXTS[400]), keeps_typed=error.code != 413)
    if error.code == 405:
        page.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))  # type: ignore[attr-defined]
    return page


def _unexpected(error: InternalServerError) -> Response:
    cause = error.original_exception or error
    log.error("unexpected_error", exc_info=cause, request_id=request_id(), endpoint=request.endpoint)
    return error_page(500, *_TEXTS[500])
