"""``/account``: what the guest has."""

from contextlib import suppress
from datetime import UTC, datetime

from flask import Blueprint, Response, make_response, render_template

from app.auth import session
from app.observability import log
from app.paytronix import Account, PaytronixError, Refused, Unavailable
from app.services import RETRY_AFTER_SECONDS, services
from app.web import guest
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
        if not guest.known().card_number:
            raise
        return _page(None, failure)  # at the till a guest needs the card, not the balances


def _page(account: Account | None, problem: PaytronixError | None = None) -> Response:
    known, code = guest.known(), None
    kind = catalogue().merchant.show_card_code
    if kind and not isinstance(problem, Refused):  # a till would refuse the card as well
        code = card_code(known.card_number or "", kind)
    message = None
    if problem:
        message = error_message(problem, guest=known.username)
    elif account is None:
        message = site_message("no_card")
    card_ending = (known.card_number or "")[-4:]
    about = {"first_name": known.first_name, "card_ending": card_ending, "card_code": code}
    page = make_response(render_template("account.html", account=account, message=message, **about))
    if isinstance(problem, Unavailable):
        page.status_code = 503
        page.headers["Retry-After"] = str(problem.retry_after_seconds or RETRY_AFTER_SECONDS)
    return page


def _account() -> Account | None:
    """What is on the guest's card; None for a guest without one.

    Name and card are remembered for the whole sign-in. What is missing is asked for again, and everything is once
    Paytronix refuses the card: it may have been replaced.

    :raises Refused: Paytronix does not show the guest or the card.
    :raises Unavailable: the balances cannot be had; the card may be known nevertheless.
    """
    known = guest.known()
    is_confirmed = not (known.card_number and known.first_name)
    if is_confirmed:
        try:
            known = guest.ask()
        except (Refused, Unavailable):
            if not known.card_number:
                raise
            is_confirmed = False
    return _on_card(known.card_number) if is_confirmed else _on_remembered_card(known.card_number)


def _on_remembered_card(card_number: str | None) -> Account | None:
    """What is on a card of which Paytronix was not asked just now, or on the one that it names instead."""
    try:
        return _on_card(card_number)
    except Refused:
        guest.set_card(None)
        replacement = guest.ask().card_number
        if replacement == card_number:
            raise
    return _on_card(replacement)


def _on_card(card_number: str | None) -> Account | None:
    """What is on a card, or on the one that has taken its place."""
    if card_number is None:
        return None
    account = _information(card_number)
    if account.card_number and account.card_number != card_number:
        guest.set_card(account.card_number)
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
