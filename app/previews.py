"""The states in which guests read a sentence, and the page on which they do: made up, on the real templates.

For those who look at words before guests do: the merchant's console, and ``messages preview``.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from types import MappingProxyType

from flask import Blueprint, Flask, Request, Response, current_app, g, render_template
from flask.sessions import SessionInterface, SessionMixin

from app.auth.session import GuestSession
from app.messages import WRONG_PASSWORD, Catalogue, Localizer, Message
from app.messages.editing import (
    AFTER_SIGN_IN,
    DEFAULT,
    LAST_RESORT,
    PAYTRONIX,
    SITE,
    Key,
    Notice,
    builtin,
    list_messages,
)
from app.paytronix import Account, Balance, Expiration
from app.web import csrf, rendering
from app.web.barcode import card_code
from app.web.forms import LoginForm
from app.web.localization import catalogue

EXAMPLES = {"minutes": "5", "guest": "Ana", "reference": "4f1c20d8a3b96e75"}
ACCOUNT = Account(
    points=(Balance(name="Points", amount=Decimal(1250)),),
    rewards=(
        Balance(
            name="Free dessert", amount=Decimal(2), expirations=(Expiration(Decimal(1), last_day=date(2030, 12, 31)),)
        ),
    ),
    stored_value=(Balance(name="Gift card", amount=Decimal("12.50")),),
    tier="Gold",
)
CARD_NUMBER = "6000000000000017"

_NOTICES = frozenset(
    {"session_ended", "session_expired", "session_forgotten", "session_lost", "session_too_old", "signed_out"}
)
_ON_ACCOUNT = frozenset({"part_unavailable", "card_unavailable", "no_card"})
_SAYING = frozenset({"", PAYTRONIX, SITE})  # labels stand on the pages of the others
_WITH_AN_ERROR = frozenset({("login", "error_summary"), ("login", "title_error_prefix"), ("page", "code")})
_ON_THE_SIGN_IN_PAGE = frozenset({"page", "login", "username", "links"})
_NO_PAGE = frozenset({"wrong_address"})  # plain text, since the address may be anybody's


@dataclass(frozen=True)
class PreviewState:
    """A page, in every language.

    :ivar show: gives its HTML, within a request
    """

    name: str
    show: Callable[[Localizer], str]


def preview_states(catalogue: Catalogue, now: datetime) -> Iterator[PreviewState]:
    """All of them.

    :param now: aware; notices are told apart by it.
    """
    yield SIGN_IN
    for notice in catalogue.notices:
        yield PreviewState(f"notice {notice.name} ({_when(notice, now)})", partial(_with_notice, notice))
    yield REWARDS
    yield PreviewState("account without anything", lambda _: _account(None, Account()))
    for key in dict.fromkeys((line.section, line.name) for line in list_messages(catalogue)):
        if key[0] in _SAYING and (state := state_of(key)):
            yield state


def state_of(key: Key) -> PreviewState | None:
    """Where guests read an entry; None for what is on no page.

    :param key: its section and name.
    :raises LookupError: nobody has said yet which page shows that section.
    """
    section, name = key
    if section in {"", PAYTRONIX}:
        return PreviewState(name, partial(_with_code, name))
    if section == SITE:
        return None if name in _NO_PAGE else PreviewState(name, partial(_of_the_site, name))
    if section == "error":
        return PreviewState(name, partial(_of_the_site, "error"))
    if section == "account":
        account = Account() if name == "no_rewards" else ACCOUNT
        return PreviewState(name, lambda _: _account(None, account))
    if key in _WITH_AN_ERROR:
        return PreviewState(name, partial(_with_code, WRONG_PASSWORD))
    if section in _ON_THE_SIGN_IN_PAGE:
        return PreviewState(name, lambda _: _sign_in(None))
    raise LookupError(f"the previews have no page with [{section}]")


def state_of_notice(notice: Notice) -> PreviewState:
    """The sign-in page with a notice of the merchant's, whenever it is shown."""
    return PreviewState(notice.name, partial(_with_notice, notice))


def make_preview_app(pages: Iterable[Blueprint]) -> Flask:
    """An application that only makes pages: it serves nobody, and has neither settings, store nor Paytronix.

    :param pages: those to which pages lead.
    """
    app = Flask(__name__, static_folder=None, template_folder="../templates")
    app.session_interface = _NoSessions()
    for page in pages:
        app.register_blueprint(page)
    rendering.init_app(app)
    csrf.init_app(app, keys=[secrets.token_hex(32)])
    return app


class _NoSessions(SessionInterface):
    """Each page is a visitor's."""

    def open_session(self, app: Flask, request: Request) -> GuestSession:
        return GuestSession()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Nothing of a preview is kept."""


def render_preview(catalogue: Catalogue, localizer: Localizer, state: PreviewState) -> str:
    """The page on which guests read a sentence, through the site's own templates.

    To be called in the context of an application that has the site's pages: the site itself, or one that
    :func:`make_preview_app` has made.

    :param catalogue: the words and the theme to show, whoever reads them yet.
    :param localizer: the catalogue's, for one of its languages.
    """
    with current_app.test_request_context("/login"):
        g.catalogue, g.localizer, g.request_id = catalogue, localizer, EXAMPLES["reference"]
        return state.show(localizer)


def _when(notice: Notice, now: datetime) -> str:
    if notice.ends_at and notice.ends_at <= now:
        return "over"
    if notice.begins_at and notice.begins_at > now:
        return f"from {notice.begins_at:%Y-%m-%d}"
    return "while Paytronix is failing" if notice.while_failing else "now"


def _with_notice(notice: Notice, localizer: Localizer) -> str:
    return _sign_in(None, localizer.notice(notice))


def _with_code(name: str, localizer: Localizer) -> str:
    """On the page on which a guest meets the code."""
    if name == DEFAULT[1]:
        return _sign_in(localizer.message(*DEFAULT))
    if AFTER_SIGN_IN.match(name):
        return _account(localizer.as_met(name))
    return _sign_in(localizer.as_met(name))


def _of_the_site(name: str, localizer: Localizer) -> str:
    message = localizer.site(name, minutes=EXAMPLES["minutes"], guest=EXAMPLES["guest"])
    if name == "signed_in_already":
        return render_template("signed_in.html", message=message, onward="/", can_sign_out=True)
    if builtin().entries[LAST_RESORT][SITE, name].title:
        return render_template("error.html", message=message, reference=g.request_id)
    if name in _ON_ACCOUNT:
        return _account(message, card_ending="" if name == "no_card" else CARD_NUMBER[-4:])
    if name in _NOTICES:
        return _sign_in(None, notice=message)
    field = name.partition("_")[0] if name.startswith(("username_", "password_")) else None
    return _sign_in(None if field else message, field_errors={field: message} if field else {})


def _account(message: Message | None, account: Account | None = None, *, card_ending: str = CARD_NUMBER[-4:]) -> str:
    kind = catalogue().merchant.show_card_code
    return render_template(
        "account.html",
        message=message,
        first_name="Ana",
        account=account,
        card_ending=card_ending,
        card_code=card_code(CARD_NUMBER, kind) if kind and card_ending else None,
        can_sign_out=True,
        merchants_notices=list,
    )


def _sign_in(
    message: Message | None,
    merchants_notice: Message | None = None,
    *,
    notice: Message | None = None,
    field_errors: Mapping[str, Message] = MappingProxyType({}),
) -> str:
    return render_template(
        "login.html",
        form=LoginForm(formdata=None),
        field_errors=field_errors,
        message=message,
        notice=notice,
        merchants_notices=lambda: [merchants_notice] if merchants_notice else [],
    )


SIGN_IN = PreviewState("sign-in", lambda _: _sign_in(None))
REWARDS = PreviewState("account", lambda _: _account(None, ACCOUNT))
