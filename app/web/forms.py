"""The form of the sign-in page, as its template shows it and its view checks it."""

import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField, ValidationError
from wtforms.fields import Field

from app.auth.usernames import cleaned

LONGEST_USERNAME = 256
LONGEST_PASSWORD = 256


class LoginForm(FlaskForm):  # type: ignore[misc]
    """Username and password.

    The texts of its errors are names of the site's messages. Firefox fills hidden fields in anew after a reload, unless
    they say ``autocomplete="off"``.
    """

    username = StringField(filters=[lambda text: cleaned(text) if text else text])
    password = PasswordField()
    next = HiddenField(render_kw={"autocomplete": "off"})
    reasons = HiddenField(render_kw={"autocomplete": "off"})
    submission = HiddenField(render_kw={"autocomplete": "off"})

    def validate_username(self, field: Field) -> None:
        """It is there, and no longer than any username is."""
        _check_typed(field, missing="username_missing", too_long="username_too_long", longest=LONGEST_USERNAME)

    def validate_password(self, field: Field) -> None:
        """It is there, and no longer than any password is."""
        _check_typed(field, missing="password_missing", too_long="password_too_long", longest=LONGEST_PASSWORD)

    def begin_anew(self, *, onward: str | None, reasons: Mapping[str, str]) -> None:
        """Make it a form that can be sent, whatever it was before.

        :param onward: where the guest is led after signing in.
        :param reasons: why the guest is here, for :attr:`sent_reasons` should the language be changed.
        """
        self.next.data, self.reasons.data = onward or "", urlencode(reasons)
        # What tells this form from any other that was ever shown, so that a double click can be recognised.
        self.submission.data = f"{int(time.time())}.{secrets.token_urlsafe(12)}"

    @property
    def sent_reasons(self) -> dict[str, str]:
        """The reasons that were shown with the form. The browser says so: they decide nothing but words."""
        return dict(parse_qsl(self.reasons.data or ""))

    @property
    def age_seconds(self) -> float | None:
        """How long ago one of our pages showed the form, as the browser says; None when it does not."""
        shown_at = (self.submission.data or "").partition(".")[0]
        return (
            time.time() - int(shown_at) if shown_at.isascii() and shown_at.isdecimal() and len(shown_at) < 12 else None
        )


def _check_typed(field: Any, *, missing: str, too_long: str, longest: int) -> None:
    if not field.data:
        raise ValidationError(missing)
    if len(field.data) > longest:
        raise ValidationError(too_long)
