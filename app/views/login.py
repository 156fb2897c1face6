"""``/login``: the form, and what happens when it is sent."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Response, current_app, make_response, redirect, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import HiddenField, PasswordField, StringField, ValidationError
from wtforms.fields import Field

from app.auth import session
from app.auth.login import Attempt
from app.auth.rate_limit import RateLimited
from app.auth.usernames import cleaned
from app.messages import WRONG_PASSWORD, Message
from app.paytronix import Refused, Unavailable
from app.services import RETRY_AFTER_SECONDS, services
from app.web.access import public
from app.web.csrf import FIELD
from app.web.localization import error_message, localizer, site_message
from app.web.rendering import render
from app.web.safe_redirect import safe_next

bp = Blueprint("login", __name__)

LONGEST_USERNAME = 256
LONGEST_PASSWORD = 256
LONG_OPEN_SECONDS = 1800  # from then on a guest agrees that a page was open for a long time
_FORM_REFUSED = frozenset({"form_expired", "form_lost", "cookies_needed"})  # the site's messages that say so


class LoginForm(FlaskForm):  # type: ignore[misc]
    """Username and password. The form's secret was checked before (``app/web/csrf.py``)."""

    class Meta:
        csrf = False

    username = StringField(filters=[lambda text: cleaned(text) if text else text])
    password = PasswordField()
    next = HiddenField()
    reasons = HiddenField()

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
    onward = request.args.get("next")
    if session.is_signed_in():
        return redirect(_onward(onward), 303)
    notice = session.take_notice()
    return _page(onward=onward, reasons={"notice": notice} if notice else {})


@bp.post("/login")
@public
def submit() -> AnyResponse:
    form = LoginForm(request.form)
    if not form.validate():
        return _again(form, 422, {name: texts[0] for name, texts in form.errors.items()})
    try:
        sign_in = services().login.sign_in(
            _attempt(form), session=session.new_content(), former=session.current_sign_in()
        )
    except RateLimited as limited:
        return _too_many(form, limited.retry_after_seconds)
    except Refused as refusal:
        words = error_message(refusal, guest=form.username.data, signing_in=True)
        return _again(form, 422, {"code": _entry_of(words)}, words)
    except Unavailable as trouble:
        words = error_message(trouble, guest=form.username.data)
        return _busy(form, {"trouble": words.code}, trouble.retry_after_seconds, words)
    session.begin(sign_in)
    return redirect(_onward(form.next.data), 303)


def in_another_language() -> AnyResponse:
    """The form as it was sent, without its password, and what the guest has read with it."""
    form = LoginForm(request.form)
    if session.is_signed_in():
        return redirect(_onward(form.next.data), 303)
    return _again(form, 200, dict(parse_qsl(form.reasons.data or "")))


def form_refused(age_seconds: float | None, *, has_cookie: bool) -> AnyResponse:
    """What a form that is not this browser's gets: the form as it was sent, without its password and fresh.

    A guest who has signed in meanwhile, in another tab or with the first click of two, is led on instead.

    :param age_seconds: how long ago one of our pages showed it; None when that cannot be told.
    :param has_cookie: the browser has sent a cookie of ours.
    """
    form = LoginForm(request.form)
    if session.is_signed_in():
        sign_in = session.required_sign_in()
        if sign_in.is_of(form.username.data or ""):
            return redirect(_onward(form.next.data), 303)
        guest = session.remembered().get("first_name") or sign_in.username
        message = site_message("signed_in_already", guest=guest)
        return make_response(render("signed_in.html", message=message, onward=_onward(form.next.data)), 422)
    if not has_cookie and dict(parse_qsl(form.reasons.data or "")).get("site") in _FORM_REFUSED:
        reason = "cookies_needed"  # for the second time; once may be a browser that was closed in between
    elif age_seconds is not None and age_seconds >= LONG_OPEN_SECONDS:
        reason = "form_expired"
    else:
        reason = "form_lost"
    return _again(form, 422, {"site": reason})


def form_unreadable() -> Response:
    """The form as far as it could be read, without its password."""
    return _again(LoginForm(request.form), 422, {"site": "input_unreadable"})


def busy_again(words: str) -> Response:
    """The form as it was sent, without its password, when it could not be dealt with now.

    :param words: the name of the site's message that says why.
    """
    return _busy(LoginForm(request.form), {"site": words}, None)


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
    page = _again(form, 429, {"site": "throttled", "minutes": str(-(-retry_after_seconds // 60))})
    page.headers["Retry-After"] = str(retry_after_seconds)
    return page


def _busy(
    form: LoginForm, reasons: Mapping[str, str], retry_after_seconds: int | None, message: Message | None = None
) -> Response:
    page = _again(form, 503, reasons, message)
    page.headers["Retry-After"] = str(retry_after_seconds or RETRY_AFTER_SECONDS)
    return page


def _again(form: LoginForm, status: int, reasons: Mapping[str, str], message: Message | None = None) -> Response:
    """The sign-in page with what was sent, the password apart."""
    return _page(status, username=form.username.data or "", onward=form.next.data, reasons=reasons, message=message)


def _page(
    status: int = 200,
    *,
    username: str = "",
    onward: str | None = None,
    reasons: Mapping[str, str],
    message: Message | None = None,
) -> Response:
    """The sign-in page.

    :param onward: where the guest wants to go, whoever says so.
    :param reasons: why the guest is here, by names of entries, which hold in every language, whoever says so:
        ``site`` (with ``minutes``), ``code`` (a refusal), ``trouble`` (no refusal), ``notice`` (no error), ``username``
        and ``password`` (what is wrong with the field).
    :param message: the words for ``code`` or ``trouble`` as they are at the first time.
    """
    return make_response(
        render(
            "login.html",
            username=username,
            next=safe_next(onward, current_app.url_map) or "",
            reasons=urlencode(reasons),
            field_errors={name: text for name in ("username", "password") if (text := _said(reasons, name))},
            message=message or _said(reasons, "site") or _said(reasons, "code") or _said(reasons, "trouble"),
            notice=_said(reasons, "notice"),
            merchants_notices=_merchants_notices(),
        ),
        status,
    )


def _entry_of(words: Message) -> str:
    """The name under which the words for a refusal are found again. What reads like a wrong password is called one.

    A name of its own would tell a stranger which accounts there are (ASVS 5.0 V6.3.8).
    """
    wrong_password = localizer().paytronix(WRONG_PASSWORD, signing_in=True)
    return words.code if words.source and words.text != wrong_password.text else WRONG_PASSWORD


def _said(reasons: Mapping[str, str], about: str) -> Message | None:
    """What a reason is in the guest's language; None when there is none, or no such words."""
    if about not in reasons:
        return None
    if about in {"code", "trouble"}:
        return replace(localizer().paytronix(reasons[about], signing_in=about == "code"), reference=None)
    with suppress(KeyError):
        return site_message(reasons[about], minutes=reasons.get("minutes", ""))
    return None


def _merchants_notices() -> list[Message]:
    return localizer().notices(datetime.now(UTC), paytronix_is_failing=services().recent_calls.is_failing())
