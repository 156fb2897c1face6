"""``/login``: the form, and what happens when it is sent."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth import session
from app.auth.login import Attempt
from app.auth.rate_limit import RateLimited
from app.messages import WRONG_PASSWORD, Message
from app.observability import log
from app.paytronix import Refused, Unavailable
from app.services import RETRY_AFTER_SECONDS, services
from app.store import StoreUnavailable
from app.web.access import public
from app.web.csrf import CSRFError, FormUnreadable
from app.web.forms import LoginForm
from app.web.localization import error_message, language_cookie, localizer, site_message
from app.web.safe_redirect import safe_next

bp = Blueprint("login", __name__)

LONG_OPEN_SECONDS = 1800  # from then on a guest agrees that a page was open for a long time
_FORM_REFUSED = frozenset({"form_expired", "form_lost", "cookies_needed"})  # the site's messages that say so


@bp.get("/login")
@public(landing=False)
def show() -> AnyResponse:
    onward = request.args.get("next")
    if session.is_signed_in():
        return redirect(_onward(onward), 303)
    form, notice = LoginForm(formdata=None), session.take_notice()
    form.next.data = onward
    return sign_in_page(form, {"notice": notice} if notice else {})


@bp.post("/login")
@public()
def submit() -> AnyResponse:
    form = LoginForm(request.form)
    if not form.validate():
        return sign_in_page(form, {name: texts[0] for name, texts in form.errors.items()}, status=422)
    try:
        sign_in = services().login.sign_in(
            _attempt(form), session=session.new_content(), former=session.current_sign_in()
        )
    except RateLimited as limited:
        minutes = str(-(-limited.retry_after_seconds // 60))
        reasons = {"site": "throttled", "minutes": minutes}
        return _retry_after(limited.retry_after_seconds, sign_in_page(form, reasons, status=429))
    except Refused as refusal:
        message = error_message(refusal, guest=form.username.data, signing_in=True)
        return sign_in_page(form, {"code": _code_to_show(message)}, message, status=422)
    except Unavailable as trouble:
        message = error_message(trouble, guest=form.username.data)
        page = sign_in_page(form, {"trouble": message.code}, message, status=503)
        return _retry_after(trouble.retry_after_seconds or RETRY_AFTER_SECONDS, page)
    session.begin(sign_in)
    return redirect(_onward(form.next.data), 303)


@bp.errorhandler(CSRFError)
def form_refused(error: CSRFError) -> AnyResponse:
    """A form that is not this browser's: it is shown as it was sent, without its password and fresh.

    A guest who has signed in meanwhile, in another tab or with the first click of two, is led on instead.
    """
    form = LoginForm(request.form)
    has_cookie = session.keeps_cookies() or language_cookie() in request.cookies
    log.warning("csrf_refused", reason="stale_form" if has_cookie else "no_cookie", endpoint=request.endpoint)
    if session.is_signed_in():
        return _signed_in_already(form)
    if not has_cookie and form.sent_reasons.get("site") in _FORM_REFUSED:
        reason = "cookies_needed"  # for the second time; once may be a browser that was closed in between
    else:
        reason = "form_expired" if (form.age_seconds or 0) >= LONG_OPEN_SECONDS else "form_lost"
    return sign_in_page(form, {"site": reason}, status=422)


@bp.errorhandler(FormUnreadable)
def form_unreadable(error: FormUnreadable) -> Response:
    """The form as far as it could be read, without its password."""
    log.warning("input_refused", endpoint=request.endpoint)
    return sign_in_page(LoginForm(request.form), {"site": "input_unreadable"}, status=422)


@bp.errorhandler(StoreUnavailable)
def store_unavailable(error: StoreUnavailable) -> Response:
    """The form as it was sent, without its password: nothing was asked, or what came of it could not be kept."""
    log.error("store_unavailable", reason=error.reason)
    reasons = {"site": "unavailable"}
    page = sign_in_page(LoginForm(request.form), reasons, status=503)
    return _retry_after(RETRY_AFTER_SECONDS, page)


def in_another_language() -> AnyResponse:
    """The form as it was sent, without its password, and what the guest has read with it."""
    form = LoginForm(request.form)
    if session.is_signed_in():
        return redirect(_onward(form.next.data), 303)
    return sign_in_page(form, form.sent_reasons)


def sign_in_page(
    form: LoginForm, reasons: Mapping[str, str], message: Message | None = None, *, status: int = 200
) -> Response:
    """The sign-in page with what was typed, the password apart.

    :param reasons: why the guest is here, by names of messages, which hold in every language: ``site`` (with
        ``minutes``), ``code`` (a refusal), ``trouble`` (no refusal), ``notice`` (no error), ``username`` and
        ``password`` (what is wrong with the field). They may come from a browser.
    :param message: that of ``code`` or ``trouble``, as it is at the first time.
    """
    form.begin_anew(onward=safe_next(form.next.data), reasons=reasons)
    page = render_template(
        "login.html",
        form=form,
        field_errors={name: each for name in ("username", "password") if (each := _reason(reasons, name))},
        message=message or _reason(reasons, "site") or _reason(reasons, "code") or _reason(reasons, "trouble"),
        notice=_reason(reasons, "notice"),
    )
    return make_response(page, status)


def _retry_after(seconds: int, page: Response) -> Response:
    page.headers["Retry-After"] = str(seconds)
    return page


def _signed_in_already(form: LoginForm) -> AnyResponse:
    sign_in, onward = session.required_sign_in(), _onward(form.next.data)
    if sign_in.is_of(form.username.data or ""):
        return redirect(onward, 303)
    guest = session.remembered().get("first_name") or sign_in.username
    message = site_message("signed_in_already", guest=guest)
    return make_response(render_template("signed_in.html", message=message, onward=onward), 422)


def _attempt(form: LoginForm) -> Attempt:
    return Attempt(
        username=form.username.data or "",
        password=form.password.data or "",
        form=form.submission.data or "",
        address=request.remote_addr or "",
    )


def _onward(target: str | None) -> str:
    return safe_next(target) or url_for("account.show")


def _code_to_show(message: Message) -> str:
    """The code under which a refusal's message is found again. What reads like a wrong password is called one.

    A name of its own would tell a stranger which accounts there are (ASVS 5.0 V6.3.8).
    """
    wrong_password = localizer().paytronix(WRONG_PASSWORD, signing_in=True)
    return message.code if message.source and message.text != wrong_password.text else WRONG_PASSWORD


def _reason(reasons: Mapping[str, str], about: str) -> Message | None:
    """A reason in the guest's language; None when there is none, or no such message."""
    if about not in reasons:
        return None
    if about in {"code", "trouble"}:
        return replace(localizer().paytronix(reasons[about], signing_in=about == "code"), reference=None)
    with suppress(KeyError):
        return site_message(reasons[about], minutes=reasons.get("minutes", ""))
    return None
