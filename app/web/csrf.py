"""Forms that change something: sent by one of our own pages, from this browser, readable, and each told from the next.

A form carries Flask-WTF's secret, which belongs to the browser's session, behind a random mark of its own. The mark
makes every form that was ever shown different, so that the same form sent twice (a double click) can be recognised.
"""

import secrets
import time
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from flask import Flask, current_app, request
from flask.globals import request_ctx
from flask_wtf.csrf import validate_csrf
from itsdangerous import BadData
from werkzeug.exceptions import BadRequest, Forbidden, RequestEntityTooLarge, UnsupportedMediaType
from wtforms import ValidationError

from app.auth.signing import SignedAndTimed

FIELD = "csrf_token"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_SIGNS = "form_tokens"
_SALT = "wtf-csrf-token"  # Flask-WTF's: it checks what is made here, and takes five times as long to make it
_SECRET_BYTES = 20
_MARK_BYTES = 12
_MOST_FIELDS = 2000  # far more than any form of ours has; reading 100,000 takes seconds


class FormRefused(BadRequest):
    """The form's secret is not this browser's: it is stale, or of another browser (ASVS 5.0 V3.5.1).

    :ivar age_seconds: how long ago one of our pages showed the form; None when that cannot be told
    """

    def __init__(self, age_seconds: float | None = None) -> None:
        super().__init__()
        self.age_seconds = age_seconds


class FormUnreadable(BadRequest):
    """The form has not one meaning, so nothing of it is used."""


class CrossOrigin(Forbidden):
    """A page of another site tries to act here (ASVS 5.0 V3.5.1, V3.5.3)."""


def init_app(app: Flask, *, keys: Sequence[str]) -> None:
    """Sign the forms of an application.

    :param keys: the current key first. Forms that were opened before a change of keys still work.
    """
    oldest_first = list(reversed(keys))  # itsdangerous signs with the last one and accepts all
    app.config["WTF_CSRF_SECRET_KEY"] = oldest_first
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # a form lives as long as the cookie that it belongs to
    app.extensions[_SIGNS] = SignedAndTimed(oldest_first, salt=_SALT)


def form_token() -> str:
    """What the hidden field of a new form holds."""
    session = request_ctx.session
    if FIELD not in session:
        session[FIELD] = secrets.token_hex(_SECRET_BYTES)
    signed = current_app.extensions[_SIGNS].dumps(session[FIELD])
    return f"{secrets.token_urlsafe(_MARK_BYTES)}~{signed}"


def check_form(origin: str, *, may_hold_file: bool = False) -> None:
    """Let only forms of our own pages through.

    :param origin: where our own pages come from. Old browsers send neither ``Origin`` nor fetch metadata.
    :param may_hold_file: a file is no nonsense in it.
    :raises CrossOrigin: another site's page sent it.
    :raises UnsupportedMediaType: it is no form.
    :raises RequestEntityTooLarge: it is larger than any form of ours.
    :raises FormUnreadable: it has not one meaning.
    :raises FormRefused: its secret is missing or not this browser's.
    """
    if _comes_from_elsewhere(origin):
        raise CrossOrigin
    is_chunked = "Transfer-Encoding" in request.headers
    if (request.content_length or is_chunked) and request.mimetype not in FORMS:
        raise UnsupportedMediaType
    body = request.get_data()  # kept by Werkzeug, which reads the fields from it
    if is_chunked and len(body) >= (request.max_content_length or 0):
        raise RequestEntityTooLarge  # Werkzeug cuts such a body at the limit, in the middle of a password perhaps
    if not is_chunked and len(body) < (request.content_length or 0):
        raise FormUnreadable  # the browser went away in the middle of it, in the middle of a password perhaps
    if request.mimetype == FORMS[0] and body.count(b"&") >= _MOST_FIELDS:
        raise RequestEntityTooLarge
    if not _is_readable(body, may_hold_file=may_hold_file):
        raise FormUnreadable
    token = request.form.get(FIELD, "").partition("~")[2]
    try:
        validate_csrf(token)
    except ValidationError as error:
        raise FormRefused(_age_seconds(token)) from error


def _age_seconds(token: str) -> float | None:
    try:
        _, made_at = current_app.extensions[_SIGNS].loads(token, return_timestamp=True)
    except BadData:
        return None
    return time.time() - float(made_at.timestamp())


def _comes_from_elsewhere(origin: str) -> bool:
    """Whether a page of another site sent the form.

    Browsers set ``Sec-Fetch-Site`` themselves, and no page can. ``Origin`` is ``null`` with our own forms too wherever
    a proxy adds ``Referrer-Policy: no-referrer``.
    """
    says = request.headers.get("Sec-Fetch-Site", "none")
    return says != "same-origin" and (says != "none" or request.headers.get("Origin", origin) != origin)


def _is_readable(body: bytes, *, may_hold_file: bool) -> bool:
    """Whether the form has one meaning: UTF-8, no NUL, no field twice, no file (ASVS 5.0 V1.1.1, V15.3.7).

    Werkzeug passes bytes that are no UTF-8 on as if percent signs had been typed, so the body itself is looked at.
    """
    fields = request.form.lists()
    if not may_hold_file:
        try:
            unquote_to_bytes(body).decode()
        except UnicodeDecodeError:
            return False
    return (may_hold_file or not request.files) and all(
        len(values) == 1 and "\0" not in values[0] and "\ufffd" not in values[0] for _, values in fields
    )
