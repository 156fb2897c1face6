"""``/words``: one entry in every language, its words, their checks, and the pages on which guests read them."""

from collections.abc import Mapping
from datetime import UTC, datetime

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import Conflict, NotFound
from werkzeug.wrappers import Response as AnyResponse

from app.console import entries, overview, staff
from app.console.differences import Difference
from app.console.forms.entry import EntryForm, entry_form
from app.console.guards import editors, publishers
from app.console.parts import console
from app.console.previews import asset_of
from app.console.situations import told_of
from app.console.workspace import Snapshot
from app.history import ChangedMeanwhile, Restricted, subject_of
from app.messages.editing import PAYTRONIX, Key, allowed_in, situation_of
from app.previews import state_of
from app.web.security_headers import FILE_POLICY, KEPT_FOR_GOOD

bp = Blueprint("entry", __name__)


@bp.get("/words")
@editors()
def show() -> str:
    snapshot = console().workspace.snapshot()
    return _page(entry_form(snapshot, _key(snapshot)), saved=request.args.get("saved", ""))


@bp.post("/words")
@editors()
def save() -> AnyResponse:
    """Save what was typed, or only look at it: fill fields from elsewhere, check, preview."""
    snapshot = console().workspace.snapshot()
    key = _key(snapshot)
    form = entry_form(snapshot, key)
    if form.action.data != "save":
        form.fill()
        return make_response(_page(form))
    if console().settings.is_read_only:
        raise Conflict
    if not form.validate_on_submit():
        return make_response(_page(form), 422)
    if not _may_change(snapshot, key):
        return make_response(_page(form), 403)
    try:
        is_different = _save(form)
    except ChangedMeanwhile:
        form = entry_form(console().workspace.snapshot(), key)
        return make_response(_page(form, conflicts=form.rebase()), 409)
    except Restricted:
        return make_response(_page(form), 403)
    return redirect(url_for("entry.show", section=key[0], name=key[1], saved="yes" if is_different else "same"), 303)


@bp.post("/words/restrict")
@publishers(changes_messages=True)
def restrict() -> AnyResponse:
    """Let only publishers change an entry, or everybody again."""
    snapshot = console().workspace.snapshot()
    key = _key(snapshot)
    who, is_restricted = staff.somebody(), request.form.get("restricted") == "yes"
    console().drafts.restrict(entries.any_place(snapshot, key), is_restricted=is_restricted, by=who.name)
    return redirect(url_for("entry.show", section=key[0], name=key[1]), 303)


@bp.get("/brand/<fingerprint>/<name>")
@editors()
def brand(fingerprint: str, name: str) -> Response:
    """A part of the look that a page in a frame names."""
    snapshot = console().workspace.snapshot()
    for catalogue in (snapshot.draft, snapshot.live):
        if asset := asset_of(catalogue, fingerprint, name.partition(".")[0]):
            answer = Response(asset.content, mimetype=asset.mimetype)
            answer.headers["Cache-Control"] = KEPT_FOR_GOOD.replace("public", "private")
            answer.headers["Content-Security-Policy"] = FILE_POLICY
            return answer
    raise NotFound


def _key(snapshot: Snapshot) -> Key:
    key = entries.key_of(request.args.get("section", ""), request.args.get("name", ""), snapshot.draft)
    if key is None:
        raise NotFound
    return key


def _save(form: EntryForm) -> bool:
    """Save what was typed in the draft, if that makes any difference."""
    who, changes = staff.somebody(), form.changes
    places = {tag: entries.place_of(form.key, tag) for tag in changes}
    return bool(
        console().drafts.save_all(
            {places[tag]: change for tag, change in changes.items()},
            by=who.name,
            is_publisher=who.is_publisher,
            seen={place: form.seen[tag].data for tag, place in places.items()},
        )
    )


def _page(form: EntryForm, *, conflicts: Mapping[str, Difference] | None = None, saved: str = "") -> str:
    snapshot, key, state = form.snapshot, form.key, state_of(form.key)
    catalogue, findings = form.check()
    return render_template(
        "entry.html",
        form=form,
        key=key,
        is_label=entries.is_label(key),
        situation=situation_of(key),
        told=told_of(key),
        languages=[entries.language_of(snapshot, key, tag, form.typed) for tag in form.languages],
        frames=console().previews.frames(catalogue, state) if state else {},
        findings=findings,
        conflicts=conflicts or {},
        placeholders=allowed_in(*key),
        is_restricted=_is_restricted(snapshot, key),
        may_edit=not console().settings.is_read_only and _may_change(snapshot, key),
        saved=saved,
        **_met(snapshot, key),
    )


def _may_change(snapshot: Snapshot, key: Key) -> bool:
    return staff.somebody().is_publisher or not _is_restricted(snapshot, key)


def _met(snapshot: Snapshot, key: Key) -> dict[str, object]:
    """How often guests met it, and what Paytronix said about it."""
    today = datetime.now(UTC).date()
    if key[0] != PAYTRONIX:
        texts = {each.code: each for each in console().texts_seen.read()} if overview.is_counted(key) else {}
        met = overview.met_by_day(texts[key[1]], today) if key[1] in texts else None
        return {"met": met, "vendor_text": ""}
    seen = console().codes_seen.read()
    vendor_text = next((each.vendor_text for each in seen if each.code == key[1]), "")
    return {"met": overview.met_of(snapshot.live, key, seen, today), "vendor_text": vendor_text}


def _is_restricted(snapshot: Snapshot, key: Key) -> bool:
    return subject_of(entries.any_place(snapshot, key)) in console().drafts.restrictions()
