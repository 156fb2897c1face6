"""Forms that change something: sent by one of our own pages, from this browser, readable, and each told from the next.

A form carries Flask-WTF's secret, which belongs to the browser's session, behind a random mark of its own. The mark
makes every form that was ever shown different, so that the same form sent twice (a double click) can be recognised.
"""

import secrets
from urllib.parse import unquote_to_bytes

from flask import request
from flask_wtf.csrf import generate_csrf, validate_csrf
from werkzeug.exceptions import BadRequest, Forbidden, UnsupportedMediaType
from wtforms import ValidationError

FIELD = "csrf_token"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_MARK_BYTES = 12


class FormRefused(BadRequest):
    """The form's secret is not this browser's: it is stale, or of another browser (ASVS 5.0 V3.5.1)."""


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
    :raises FormRefused: its secret is missing or not this browser's.
    """
    if request.headers.get("Origin", origin) != origin:
        raise ForeignOrigin
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise ForeignOrigin
    has_body = request.content_length or "Transfer-Encoding" in request.headers
    if has_body and request.mimetype not in FORMS:
        raise UnsupportedMediaType
    if request.mimetype == FORMS[0]:
        request.get_data()  # keeps the body: is_readable looks at it after the fields were read
    try:
        validate_csrf(request.form.get(FIELD, "").partition("~")[2])
    except ValidationError as error:
        raise FormRefused from error


def is_readable() -> bool:
    """Whether the form has one meaning: UTF-8 throughout, no NUL, no field twice (ASVS 5.0 V1.1.1, V15.3.7).

    Werkzeug passes bytes that are no UTF-8 on as if percent signs had been typed, so the body itself is looked at.
    """
    try:
        unquote_to_bytes(request.get_data()).decode()
    except UnicodeDecodeError:
        return False
    fields = request.form.lists()
    return all(len(values) == 1 and "\0" not in values[0] and "\ufffd" not in values[0] for _, values in fields)
