"""``/inbox``: what guests met and nobody has words for."""

from datetime import UTC, datetime

from flask import Blueprint, render_template

from app.console import overview
from app.console.guards import editors
from app.console.parts import console
from app.messages.editing import PAYTRONIX
from app.usage import KEPT_DAYS, OTHERS

MOST = 100  # on the page; more of them are no work for a day

bp = Blueprint("inbox", __name__)


@bp.get("/inbox")
@editors()
def show() -> str:
    snapshot, seen = console().workspace.snapshot(), console().codes_seen.read()
    today = datetime.now(UTC).date()
    drafted = {place[-1] for place in snapshot.drafts if place[1:2] == (PAYTRONIX,)}
    waiting = [(each, overview.met_by_day(each, today)) for each in overview.unworded(snapshot.live, seen)]
    others = next((each.count for each in seen if each.code == OTHERS), 0)
    more = max(0, len(waiting) - MOST)
    return render_template(
        "inbox.html", waiting=waiting[:MOST], more=more, drafted=drafted, others=others, kept_days=KEPT_DAYS
    )
