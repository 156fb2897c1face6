"""``/inbox``: what guests met and nobody has words for."""

from datetime import UTC, datetime

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response

from app.console import entries, overview, staff
from app.console.guards import editors
from app.console.parts import console
from app.console.workspace import Snapshot
from app.history import ABSENT, Change, ChangedMeanwhile, Place, Restricted, etag, value_at
from app.messages.editing import PAYTRONIX, Key
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


@bp.post("/inbox")
@editors(changes_messages=True)
def start() -> Response:
    """Begin a draft: what guests read for the code now, in each language, to be changed on the next page."""
    snapshot = console().workspace.snapshot()
    key = entries.key_of(PAYTRONIX, request.form.get("code", ""), snapshot.draft)
    if key is None:
        raise NotFound
    if not snapshot.draft.localizers[0].knows(key[1]):
        who, changes = staff.somebody(), _beginnings(snapshot, key)
        seen = dict.fromkeys(changes, etag(ABSENT))
        try:
            console().drafts.save_all(changes, by=who.name, is_publisher=who.is_publisher, seen=seen)
        except ChangedMeanwhile:
            pass  # somebody else has begun; the next page shows it
        except Restricted:
            raise Forbidden from None
    return redirect(url_for("entry.show", section=key[0], name=key[1]), 303)


def _beginnings(snapshot: Snapshot, key: Key) -> dict[Place, Change]:
    """What guests read for a code now, as a change in each language that says nothing of it yet."""
    changes = {}
    for localizer in snapshot.draft.localizers:
        place = entries.place_of(key, localizer.language)
        typed = entries.beginning(snapshot.draft, key, localizer.language)
        if value_at(snapshot.contents, place) is ABSENT and not typed.is_blank:
            changes[place] = entries.change_of(typed, snapshot, key, localizer.language)
    return changes
