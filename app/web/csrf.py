"""Forms that change something: sent by one of our own pages, from this browser, and with one meaning.

Flask-WTF checks that a form has the secret of the browser's session. What it does not look at is checked before: which
page sent the form (ASVS 5.0 V3.5.3), and whether its body has one meaning.
"""

from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from flask import Flask, request
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, Forbidden, HTTPException, RequestEntityTooLarge, UnsupportedMediaType

__all__ = ["CSRFError", "CrossOrigin", "FormUnreadable", "check_form", "init_app"]

TOKEN = "csrf_token"  # noqa: S105 - the field's name
SUBMISSION = "submission"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_MOST_FIELDS = 2000  # far more than any form of ours has; reading 100,000 takes seconds

csrf = CSRFProtect()


class FormUnreadable(BadRequest):
    """The form has not one meaning, so nothing of it is used.

    :ivar reason: the kind of the server's error, where its body could not even be read
    """

    def __init__(self, reason: str | None = None) -> None:
        super().__init__()
        self.reason = reason


class CrossOrigin(Forbidden):
    """A page of another site tries to act here (ASVS 5.0 V3.5.1, V3.5.3)."""


def init_app(app: Flask, *, keys: Sequence[str]) -> None:
    """Give the forms of an application their secret.

    :param keys: the current key first. Forms that were opened before a change of keys still work.
    """
    app.config.update(
        WTF_CSRF_SECRET_KEY=list(reversed(keys)),  # itsdangerous signs with the last one and accepts all
        WTF_CSRF_TIME_LIMIT=None,  # a form lives as long as the cookie that it belongs to
        WTF_CSRF_SSL_STRICT=False,  # it looks at the Referer, which many hide; _comes_from_elsewhere knows better
        WTF_CSRF_CHECK_DEFAULT=False,  # check_form does, once it is known that the form can be read
    )
    csrf.init_app(app)


def check_form(origin: str, *, may_hold_file: bool = False) -> None:
    """Let only forms of our own pages through.

    :param origin: where our own pages come from. Old browsers send neither ``Origin`` nor fetch metadata.
    :param may_hold_file: a file is no nonsense in it.
    :raises CrossOrigin: another site's page sent it.
    :raises UnsupportedMediaType: it is no form.
    :raises RequestEntityTooLarge: it is larger than any form of ours.
    :raises FormUnreadable: it has not one meaning.
    :raises CSRFError: its secret is missing or not this browser's: it is stale, or of another browser.
    """
    if _comes_from_elsewhere(origin):
        raise CrossOrigin
    _check_body(may_hold_file=may_hold_file)
    _translate_form_of_former_release()
    csrf.protect()


def _comes_from_elsewhere(origin: str) -> bool:
    """Whether a page of another site sent the form.

    Browsers set ``Sec-Fetch-Site`` themselves, and no page can. ``Origin`` is ``null`` with our own forms too wherever
    a proxy adds ``Referrer-Policy: no-referrer``.
    """
    says = request.headers.get("Sec-Fetch-Site", "none")
    return says != "same-origin" and (says != "none" or request.headers.get("Origin", origin) != origin)


def _check_body(*, may_hold_file: bool) -> None:
    is_chunked = "Transfer-Encoding" in request.headers
    if (request.content_length or is_chunked) and request.mimetype not in FORMS:
        raise UnsupportedMediaType
    try:
        body = request.get_data()  # kept by Werkzeug, which reads the fields from it
    except HTTPException:
        raise
    except Exception as error:  # each server has errors of its own for chunks that do not fit together
        raise FormUnreadable(type(error).__name__) from error
    if is_chunked and len(body) >= (request.max_content_length or 0):
        raise RequestEntityTooLarge  # Werkzeug cuts such a body at the limit, in the middle of a password perhaps
    if not is_chunked and len(body) < (request.content_length or 0):
        raise FormUnreadable  # the browser went away in the middle of it, in the middle of a password perhaps
    if request.mimetype == FORMS[0] and body.count(b"&") >= _MOST_FIELDS:
        raise RequestEntityTooLarge
    if not _has_one_meaning(body, may_hold_file=may_hold_file):
        raise FormUnreadable


def _has_one_meaning(body: bytes, *, may_hold_file: bool) -> bool:
    """Whether the form is UTF-8, without NUL, without a field twice, without a file (ASVS 5.0 V1.1.1, V15.3.7).

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


def _translate_form_of_former_release() -> None:
    """Read a form that the release before has shown: it had the mark of the form in front of the secret."""
    mark, tilde, token = request.form.get(TOKEN, "").partition("~")
    if tilde:
        request.form = MultiDict({**request.form, TOKEN: token, SUBMISSION: mark})  # type: ignore[assignment]
