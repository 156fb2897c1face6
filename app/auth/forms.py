"""Forms that change something: sent by one of our own pages, from this browser, readable, and each told from the next.

A form carries Flask-WTF's secret, which belongs to the browser's session, behind a random mark of its own. The mark
makes every form that was ever shown different, so that the same form sent twice (a double click) can be recognised.
"""

import secrets
from urllib.parse import unquote_to_bytes

from flask import request
from flask_wtf.csrf import generate_csrf, validate_csrf
from werkzeug.exceptions import BadRequest, Forbidden, RequestEntityTooLarge, UnsupportedMediaType
from wtforms import ValidationError

FIELD = "csrf_token"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_MARK_BYTES = 12


class FormRefused(BadRequest):
    """The form's secret is not this browser's: it is stale, or of another browser (ASVS 5.0 V3.5.1)."""


class FormUnreadable(BadRequest):
    """The form has not one meaning, so nothing of it is used."""


class ForeignOrigin(Forbidden):
    """A page of another site tries to act here (ASVS 5.0 V3.5.1, V3.5.3)."""


def form_token() -> str:
    """What the hidden field of a new form holds."""
    return f"{secrets.token_urlsafe(_MARK_BYTES)}~{generate_csrf()}"


def check_form(origin: str) -> None:
    """Let only forms of our own pages through.

    :param origin: where our own pages come from. Old browsers send neither ``Origin`` nor fetch metadata.
    :raises ForeignOrigin: another site's page sent it.
    :raises UnsupportedMediaType: it is no form.
    :raises RequestEntityTooLarge: it is larger than any form of ours.
    :raises FormUnreadable: it has not one meaning.
    :raises FormRefused: its secret is missing or not this browser's.
    """
    if request.headers.get("Origin", origin) != origin:
        raise ForeignOrigin
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise ForeignOrigin
    is_chunked = "Transfer-Encoding" in request.headers
    if (request.content_length or is_chunked) and request.mimetype not in FORMS:
        raise UnsupportedMediaType
    body = request.get_data()  # kept by Werkzeug, which reads the fields from it
    if is_chunked and len(body) >= (request.max_content_length or 0):
        raise RequestEntityTooLarge  # Werkzeug cuts such a body at the limit, in the middle of a password perhaps
    if not is_chunked and len(body) < (request.content_length or 0):
        raise FormUnreadable  # the browser went away in the middle of it, in the middle of a password perhaps
    if not _is_readable(body):
        raise FormUnreadable
    try:
        validate_csrf(request.form.get(FIELD, "").partition("~")[2])
    except ValidationError as error:
        raise FormRefused from error


def _is_readable(body: bytes) -> bool:
    """Whether the form has one meaning: UTF-8, no NUL, no field twice, no file (ASVS 5.0 V1.1.1, V15.3.7).

    Werkzeug passes bytes that are no UTF-8 on as if percent signs had been typed, so the body itself is looked at.
    """
    try:
        unquote_to_bytes(body).decode()
    except UnicodeDecodeError:
        return False
    fields = request.form.lists()
    return not request.files and all(
        len(values) == 1 and "\0" not in values[0] and "\ufffd" not in values[0] for _, values in fields
    )
