"""``/account``: what the guest has."""

from flask import Blueprint, render_template

from app.auth import session
from app.auth.guards import signed_in
from app.paytronix import Refused
from app.site import site, voice, words_for

bp = Blueprint("account", __name__)


@bp.get("/account")
@signed_in
def show() -> str:
    sign_in, tokens, paytronix = session.required_sign_in(), site().tokens, site().paytronix
    account, message = None, None
    try:
        if not session.remembers("card_number"):
            guest = tokens.call(sign_in, lambda token: paytronix.user_information(token, sign_in.username))
            session.remember(first_name=guest.first_name, card_number=guest.card_number)
        card_number = session.remembered("card_number")
        if card_number:
            account = tokens.call(sign_in, lambda token: paytronix.account_information(token, card_number))
        else:
            message = voice().site("no_card")
    except Refused as refusal:
        message = words_for(refusal, guest=sign_in.username)
    return render_template(
        "account.html",
        first_name=session.remembered("first_name"),
        card_ending=(session.remembered("card_number") or "")[-4:],
        account=account,
        message=message,
    )
