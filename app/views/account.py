"""``/account``: what the guest has."""

from flask import Blueprint

from app.auth import session
from app.auth.guards import signed_in
from app.card_code import CardCode, card_code
from app.logs import log
from app.pages import render
from app.paytronix import Refused
from app.site import site, told, words_for

bp = Blueprint("account", __name__)


@bp.get("/account")
@signed_in
def show() -> str:
    sign_in, tokens, paytronix = session.required_sign_in(), site().tokens, site().paytronix
    known, account, message = session.remembered(), None, None
    try:
        if "card_number" not in known:
            guest = tokens.call(sign_in, lambda token: paytronix.user_information(token, sign_in.username))
            known = session.remember(first_name=guest.first_name, card_number=guest.card_number)
        if card_number := known["card_number"]:
            account = tokens.call(sign_in, lambda token: paytronix.account_information(token, card_number))
            if account.unreadable:
                log.warning("account_part_unreadable", parts=sorted(account.unreadable))
        else:
            message = told("no_card")
    except Refused as refusal:
        message = words_for(refusal, guest=sign_in.username)
    return render(
        "account.html",
        first_name=known.get("first_name"),
        card_ending=(known.get("card_number") or "")[-4:],
        card_code=_card_code(known.get("card_number")),
        account=account,
        message=message,
    )


def _card_code(card_number: str | None) -> CardCode | None:
    """For the till to read, if the merchant wants that."""
    kind = site().messages.current().merchant.show_card_code
    return card_code(card_number, kind) if card_number and kind else None
