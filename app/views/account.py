"""``/account``: what the guest has."""

from contextlib import suppress
from datetime import UTC, datetime

from flask import Blueprint, Response, make_response, render_template

from app.auth import session
from app.observability import log
from app.paytronix import Account, PaytronixError, Refused, Unavailable
from app.services import RETRY_AFTER_SECONDS, services
from app.web.access import signed_in
from app.web.barcode import card_code
from app.web.localization import catalogue, error_message, site_message

bp = Blueprint("account", __name__)


@bp.get("/account")
@signed_in
def show() -> Response:
    try:
        return _page(_account())
    except Refused as refusal:
        return _page(None, refusal)
    except Unavailable as failure:
        if not session.remembered().get("card_number"):
            raise
        return _page(None, failure)  # at the till a guest needs the card, not the balances


def _page(account: Account | None, trouble: PaytronixError | None = None) -> Response:
    known = session.remembered()
    card_number = known.get("card_number") or ""
    kind = catalogue().merchant.show_card_code
    code = None
    if kind and not isinstance(trouble, Refused):  # a till would refuse the card as well
        code = card_code(card_number, kind)
    message = None
    if trouble:
        message = error_message(trouble, guest=known["username"])
    elif account is None:
        message = site_message("no_card")
    page = make_response(
        render_template(
            "account.html",
            first_name=known.get("first_name"),
            card_ending=card_number[-4:],
            card_code=code,
            account=account,
            message=message,
        )
    )
    if isinstance(trouble, Unavailable):
        page.status_code = 503
        page.headers["Retry-After"] = str(trouble.retry_after_seconds or RETRY_AFTER_SECONDS)
    return page


def _account() -> Account | None:
    """What is on the guest's card; None for a guest without one.

    Name and card are remembered for the whole sign-in. What is missing is asked for again, and everything is once
    Paytronix refuses the card: it may have been replaced.

    :raises Refused: Paytronix does not show the guest or the card.
    :raises Unavailable: the balances cannot be had; the card may be known nevertheless.
    """
    card_number = session.remembered().get("card_number")
    is_confirmed = False
    if not card_number:
        card_number, is_confirmed = _current_card(), True
    elif not session.remembered().get("first_name"):
        with suppress(Refused, Unavailable):
            card_number, is_confirmed = _current_card(), True
    if card_number is None:
        return None
    try:
        return _on_card(card_number)
    except Refused:
        if is_confirmed:
            raise
        session.remember(card_number=None)
        if (replacement := _current_card()) == card_number:
            raise
    return _on_card(replacement) if replacement else None


def _current_card() -> str | None:
    """The card that Paytronix says is the guest's. Of what it says, name and card are remembered."""
    sign_in = session.required_sign_in()
    guest = services().tokens.call(
        sign_in, lambda token: services().paytronix.user_information(token, sign_in.username)
    )
    said = {"first_name": guest.first_name, "card_number": guest.card_number}
    known = session.remember(**{name: fact for name, fact in said.items() if fact})
    return known.get("card_number")


def _on_card(card_number: str) -> Account:
    """What is on a card, or on the one that has taken its place."""
    account = _information(card_number)
    if account.card_number and account.card_number != card_number:
        session.remember(card_number=account.card_number)
        with suppress(Refused, Unavailable):
            account = _information(account.card_number)
    if account.odd_fields:
        log.warning("account_part_unreadable", parts=sorted(account.unreadable), fields=account.odd_fields)
    return account.as_of(datetime.now(UTC))


def _information(card_number: str) -> Account:
    paytronix = services().paytronix
    return services().tokens.call(
        session.required_sign_in(), lambda token: paytronix.account_information(token, card_number)
    )
