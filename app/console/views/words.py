"""``/``: the situations in which guests read a message, and every other text; with what guests read."""

from datetime import UTC, datetime

from flask import Blueprint, render_template, request

from app.console import overview
from app.console.guards import editors
from app.console.overview import State
from app.console.parts import console
from app.console.situations import grouped
from app.messages.editing import english_name_of, situation_of

PER_PAGE = 50

bp = Blueprint("words", __name__)


@bp.get("/")
@editors()
def show() -> str:
    snapshot = console().workspace.snapshot()
    languages = {voice.language: english_name_of(voice.language) for voice in snapshot.draft.localizers}
    wanted = {name: request.args.get(name, "").strip() for name in ("words", "language", "state")}
    if wanted["language"] not in languages:
        wanted["language"] = ""
    today = datetime.now(UTC).date()
    codes, texts = console().codes_seen.read(), console().texts_seen.read()
    everything = overview.rows(snapshot, console().drafts.restrictions(), codes, texts, today=today)
    page = max(1, request.args.get("page", 1, type=int))
    groups = [] if any(wanted.values()) else grouped(everything)
    found = overview.fitting((row for row in everything if not (groups and situation_of(row.key))), **wanted)
    page = min(page, pages := max(1, -(-len(found) // PER_PAGE)))
    return render_template(
        "words.html",
        groups=groups if page == 1 else [],
        rows=found[(page - 1) * PER_PAGE : page * PER_PAGE],
        found=len(found),
        page=page,
        pages=pages,
        wanted=wanted,
        languages=languages,
        states=tuple(State),
        merchant=snapshot.live.merchant.name,
    )
