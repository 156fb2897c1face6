"""``/notices``: what guests read for a while; each notice is written and deleted in the draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.console import notices, staff
from app.console.forms.notice import LONGEST_NAME, DeleteForm, NoticeForm, TimeZoneForm, notice_form
from app.console.guards import editors
from app.console.parts import console
from app.console.times import TIME_ZONE, zone_of
from app.console.views.changed import changed_page
from app.console.workspace import Snapshot
from app.history import ABSENT, Change, ChangedMeanwhile, Draft, Place, Restricted, etag, value_at
from app.messages import Catalogue
from app.messages.editing import NOTICES_FILE as FILE
from app.messages.editing import direction_of, english_name_of, merged, zone_names
from app.previews import state_of_notice

bp = Blueprint("notices", __name__)


@dataclass(frozen=True)
class Row:
    """A notice in the list.

    :ivar says: what guests read, in the first language
    :ivar state: when they do, for somebody to read
    :ivar draft: the change that nobody has published
    :ivar is_deleted: the draft deletes it
    """

    name: str
    says: str
    state: str
    is_shown: bool
    draft: Draft | None
    is_deleted: bool


@bp.get("/notices")
@editors()
def show() -> str:
    snapshot = console().workspace.snapshot()
    return _list(snapshot, TimeZoneForm(snapshot))


@bp.get("/notices/edit")
@editors()
def edit() -> str:
    """One notice, or a new one when no name is given."""
    snapshot, name = console().workspace.snapshot(), request.args.get("name")
    if name is not None and notices.present(snapshot, name) is None:
        abort(404)
    return _page(notice_form(snapshot, name))


@bp.post("/notices/edit")
@editors(changes_messages=True)
def save() -> Response:
    form = notice_form(console().workspace.snapshot(), request.args.get("name"))
    if not form.validate_on_submit():
        return make_response(_page(form), 422)
    if not form.is_different:
        return redirect(url_for("notices.show"), 303)
    # Of a new one nothing was seen; that there is none of its name has just been looked at.
    seen = etag(value_at(form.snapshot.contents, form.place)) if form.existing is None else form.seen.data
    return _saved(form.snapshot, form.place, form.change, seen=seen)


@bp.post("/notices/delete")
@editors(changes_messages=True)
def delete() -> Response:
    snapshot, form = console().workspace.snapshot(), DeleteForm()
    place = (FILE, form.name.data or "")
    if notices.present(snapshot, place[1]) is None:
        return redirect(url_for("notices.show"), 303)  # as when it is sent twice
    change = None if value_at(snapshot.of_folder, place) is not ABSENT else ABSENT
    return _saved(snapshot, place, change, seen=form.seen.data or "")


@bp.post("/notices/time-zone")
@editors(changes_messages=True)
def time_zone() -> Response:
    snapshot = console().workspace.snapshot()
    form = TimeZoneForm(snapshot)
    if not form.validate_on_submit():
        return make_response(_list(snapshot, form), 422)
    zone = form.time_zone.data
    if zone == value_at(snapshot.values, TIME_ZONE):
        return redirect(url_for("notices.show"), 303)
    change = ABSENT if zone == value_at(snapshot.of_folder, TIME_ZONE) else zone
    return _saved(snapshot, TIME_ZONE, change, seen=form.seen.data)


def _saved(snapshot: Snapshot, place: Place, change: Change, *, seen: str) -> Response:
    who = staff.somebody()
    try:
        console().drafts.save(place, change, seen=seen, by=who.name, is_publisher=who.is_publisher)
    except ChangedMeanwhile as error:
        return changed_page(place, error, change, snapshot, back=url_for("notices.show"))
    except Restricted:
        abort(403)
    return redirect(url_for("notices.show"), 303)


def _list(snapshot: Snapshot, zone_form: TimeZoneForm) -> str:
    zone = value_at(snapshot.values, TIME_ZONE)
    return render_template(
        "notices.html",
        rows=_rows(snapshot),
        zone=zone if isinstance(zone, str) else "",
        zone_form=zone_form,
        zones=sorted(zone_names()),
        zone_draft=snapshot.drafts.get(TIME_ZONE),
    )


def _page(form: NoticeForm) -> str:
    snapshot, name = form.snapshot, form.existing
    notice = next((each for each in snapshot.draft.notices if each.name == name), None)
    return render_template(
        "notice.html",
        form=form,
        delete_form=DeleteForm(formdata=None, data={"name": name, "seen": form.seen.data}),
        name=name,
        languages=[(tag, english_name_of(tag), direction_of(tag)) for tag in form.languages],
        frames=console().previews.frames(snapshot.draft, state_of_notice(notice)) if notice and not form.errors else {},
        zone=zone_of(snapshot.values),
        draft=snapshot.drafts.get(form.place),
        longest_name=LONGEST_NAME,
    )


def _rows(snapshot: Snapshot) -> list[Row]:
    names = dict.fromkeys(
        (*notices.names(snapshot.values), *(place[1] for place in snapshot.drafts if place[0] == FILE))
    )
    shown = {each.name for each in snapshot.live.notices if each.is_due(datetime.now(UTC), paytronix_is_failing=False)}
    before = merged(snapshot.of_folder, snapshot.live_contents)
    rows = []
    for name in names:
        if name == TIME_ZONE[1]:
            continue
        draft = snapshot.drafts.get((FILE, name))
        value = notices.present(snapshot, name)
        is_deleted = value is None
        if value is None:  # what guests read until that is published
            value = value_at(before, (FILE, name))
        rows.append(
            Row(name, _says(snapshot, value), _state(snapshot.draft, name, snapshot), name in shown, draft, is_deleted)
        )
    return rows


def _state(catalogue: Catalogue, name: str, snapshot: Snapshot) -> str:
    notice = next((each for each in catalogue.notices if each.name == name), None)
    if notice is None:
        return "Not shown: something is wrong with it" if notices.present(snapshot, name) is not None else ""
    zone, at = zone_of(snapshot.values), datetime.now(UTC)
    begins, ends = notice.begins_at, notice.ends_at
    if ends and ends <= at:
        return f"Over since {_told(ends, zone)}"
    if begins and begins > at:
        state = f"From {_told(begins, zone)}" + (f" until {_told(ends, zone)}" if ends else "")
    else:
        state = f"Until {_told(ends, zone)}" if ends else ""
    if not (state or notice.while_failing):
        return "Until somebody deletes it"
    if notice.while_failing:
        return f"While Paytronix is failing{f', {state[0].lower()}{state[1:]}' if state else ''}"
    return state


def _told(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%-d %B %Y, %H:%M")


def _says(snapshot: Snapshot, value: object) -> str:
    texts = value.get("text") if isinstance(value, Mapping) else None
    if not isinstance(texts, Mapping):
        return ""
    wanted = [*snapshot.draft.merchant.languages, *texts]
    return next((texts[tag] for tag in wanted if isinstance(texts.get(tag), str)), "")
