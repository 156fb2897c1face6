"""``/login``: the form, and what happens when it is sent."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from flask import Blueprint, Response, current_app, make_response, redirect, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import HiddenField, PasswordField, StringField, ValidationError
from wtforms.fields import Field

from app.auth import session
from app.auth.forms import FIELD
from app.auth.guards import public
from app.auth.login import Attempt
from app.auth.redirects import safe_next
from app.auth.throttle import Throttled
from app.auth.usernames import cleaned
from app.messages import Message
from app.pages import render
from app.paytronix import Refused, Unavailable
from app.site import site, told, voice, words_for
from app.store import StoreUnavailable

bp = Blueprint("login", __name__)

LONGEST_USERNAME = 256
LONGEST_PASSWORD = 256
RETRY_AFTER_SECONDS = 10


class LoginForm(FlaskForm):  # type: ignore[misc]
    """Username and password. The form's secret was checked before (``app/auth/forms.py``)."""

    class Meta:
        csrf = False

    username = StringField(filters=[lambda text: cleaned(text) if text else text])
    password = PasswordField()
    next = HiddenField()

    def validate_username(self, field: Field) -> None:
        _check_typed(field, missing="username_missing", too_long="username_too_long", longest=LONGEST_USERNAME)

    def validate_password(self, field: Field) -> None:
        _check_typed(field, missing="password_missing", too_long="password_too_long", longest=LONGEST_PASSWORD)


def _check_typed(field: Field, *, missing: str, too_long: str, longest: int) -> None:
    """The texts of the errors are names of the merchant's words."""
    if not field.data:
        raise ValidationError(missing)
    if len(field.data) > longest:
        raise ValidationError(too_long)


@bp.get("/login")
@public
def show() -> AnyResponse:
    try:
        if session.current_sign_in():
            return redirect(_onward(request.args.get("next")), 303)
    except StoreUnavailable:
        pass  # the form needs no store
    notice = session.take_notice()
    return _page(onward=request.args.get("next"), notice=told(notice) if notice else None)


@bp.post("/login")
@public
def submit() -> AnyResponse:
    form = LoginForm(request.form)
    if not form.validate():
        return _again(form, 422)
    try:
        sign_in = site().login.sign_in(_attempt(form), session=session.new_content(), former=session.current_sign_in())
    except Throttled as throttled:
        return _too_many(form, throttled.retry_after_seconds)
    except Refused as refusal:
        return _again(form, 422, words_for(refusal, guest=form.username.data, signing_in=True))
    except Unavailable as trouble:
        return _busy(form, words_for(trouble, guest=form.username.data), trouble.retry_after_seconds)
    session.begin(sign_in)
    return redirect(_onward(form.next.data), 303)


def form_again(words: str) -> AnyResponse:
    """What a form that is not this browser's gets: the form as it was sent, without its password and fresh.

    :param words: the name of the site's message that says why.
    """
    form = LoginForm(request.form)
    try:
        # The second click of a form that has signed this very browser in, and so has given it another session.
        current, made = session.current_sign_in(), site().login.made_by(_attempt(form))
        if current and made and current.session_id == made.session_id:
            return redirect(_onward(form.next.data), 303)
    except StoreUnavailable:
        pass
    return _again(form, 422, told(words))


def busy_again(words: str) -> Response:
    """The form as it was sent, without its password, when it could not be dealt with now.

    :param words: the name of the site's message that says why.
    """
    return _busy(LoginForm(request.form), told(words), None)


def _attempt(form: LoginForm) -> Attempt:
    return Attempt(
        username=form.username.data or "",
        password=form.password.data or "",
        form=request.form.get(FIELD, ""),
        address=request.remote_addr or "",
    )


def _onward(target: str | None) -> str:
    return safe_next(target, current_app.url_map) or url_for("account.show")


def _too_many(form: LoginForm, retry_after_seconds: int) -> Response:
    page = _again(form, 429, told("throttled", minutes=-(-retry_after_seconds // 60)))
    page.headers["Retry-After"] = str(retry_after_seconds)
    return page


def _busy(form: LoginForm, message: Message, retry_after_seconds: int | None) -> Response:
    page = _again(form, 503, message)
    page.headers["Retry-After"] = str(retry_after_seconds or RETRY_AFTER_SECONDS)
    return page


def _again(form: LoginForm, status: int, message: Message | None = None) -> Response:
    """The sign-in page with what was sent, the password apart.

    :param message: why the guest is still here, besides what is wrong with a field.
    """
    return _page(
        status,
        username=form.username.data or "",
        onward=form.next.data,
        field_errors={name: told(texts[0]) for name, texts in form.errors.items()},
        message=message,
    )


def _page(
    status: int = 200,
    *,
    username: str = "",
    onward: str | None = None,
    field_errors: Mapping[str, Message] = MappingProxyType({}),
    message: Message | None = None,
    notice: Message | None = None,
) -> Response:
    """The sign-in page.

    :param onward: where the guest wants to go, whoever says so.
    :param message: why the guest is still here; an error.
    :param notice: why the guest is here; no error.
    """
    onward = safe_next(onward, current_app.url_map)
    return make_response(
        render(
            "login.html",
            username=username,
            next=onward or "",
            field_errors=field_errors,
            message=message,
            notice=notice,
            merchants_notices=_merchants_notices(),
            here=onward,
        ),
        status,
    )


def _merchants_notices() -> list[Message]:
    return voice().notices(datetime.now(UTC), paytronix_is_failing=site().recent_calls.is_failing())
