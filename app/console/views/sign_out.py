"""``/sign-out``: ends the session of whoever asks."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from app.console import staff
from app.console.guards import editors
from app.console.parts import console
from app.history import HistoryUnavailable
from app.observability import log

bp = Blueprint("sign_out", __name__)


@bp.post("/sign-out")
@editors()
def submit() -> Response:
    who = staff.somebody()
    staff.end()
    log.info("staff_signed_out", staff=who.name)
    try:
        console().audit.note(who.name, "signed_out")
    except HistoryUnavailable as error:  # they are out in any case
        log.error("history_unavailable", reason=str(error))
    return redirect(url_for("sign_in.show"), 303)
