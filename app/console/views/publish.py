"""``/publish``: what the draft changes for guests, and making it so, now or at a time; or giving it up."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.console import entries, staff
from app.console.differences import PICTURES, Differences, Readings, differences_of, is_picture, place_of
from app.console.findings import faults_of_draft, new_faults, remarks_on_draft
from app.console.forms.publish import LONGEST_COMMENT, GiveUpForm, PublishForm, WithdrawForm, trouble_of
from app.console.guards import editors, publishers
from app.console.parts import console
from app.console.times import UNTIL_LATEST, zone_of
from app.console.workspace import Snapshot
from app.history import (
    ChangedMeanwhile,
    DraftChanged,
    Heading,
    NothingToPublish,
    Place,
    Restricted,
    differences,
    draft_tag,
    value_at,
    with_changes,
)
from app.messages import Problem

bp = Blueprint("publish", __name__)


@bp.get("/publish")
@editors()
def show() -> str:
    return _page(console().workspace.snapshot())


@bp.post("/publish")
@publishers(changes_messages=True)
def publish() -> Response:
    snapshot = console().workspace.snapshot()
    form = PublishForm(zone_of(snapshot.values))
    if not form.validate():
        return make_response(_page(snapshot, trouble_of(form)), 422)
    left_out = {each for place in form.left_out for each in (place, *_pictures_of(snapshot, place))}
    if _faults_of(snapshot, left_out):
        trouble = "This cannot be published yet: correct what is wrong first, or leave it out."
        return make_response(_page(snapshot, trouble), 422)
    by, comment, seen, at = staff.somebody().name, form.comment.data, form.seen.data, form.publishes_at
    try:
        number = console().revisions.publish(
            by=by, comment=comment, seen=seen, follows=form.follows.data, at=at, leave_out=left_out
        )
    except DraftChanged:
        return _conflict("Somebody has changed it since you opened this page. Nothing was published: look again.")
    except NothingToPublish:
        return _conflict("There is nothing to publish: all was left out, or published or given up meanwhile.")
    return redirect(url_for("history.one", number=number, done="scheduled" if at else "published"), 303)


@bp.post("/publish/discard")
@editors(changes_messages=True)
def discard() -> Response:
    """Give up one change; and the picture that only this change has named."""
    form = GiveUpForm()
    try:
        place = place_of(form.place.data or "")
    except ValueError:
        abort(400)
    snapshot, who = console().workspace.snapshot(), staff.somebody()
    if place in snapshot.drafts:
        changes = {each: value_at(snapshot.live_contents, each) for each in (place, *_pictures_of(snapshot, place))}
        seen = {place: form.seen.data or ""}
        try:
            console().drafts.save_all(changes, by=who.name, is_publisher=who.is_publisher, seen=seen)
        except ChangedMeanwhile:
            return _conflict("Somebody has changed it since you opened this page. It was not given up: look again.")
        except Restricted:
            abort(403)
    return redirect(url_for("publish.show"), 303)


@bp.post("/publish/discard-all")
@publishers(changes_messages=True)
def discard_all() -> Response:
    try:
        console().drafts.discard_all(by=staff.somebody().name, seen=GiveUpForm().seen.data or "")
    except DraftChanged:
        return _conflict("Somebody has changed it since you opened this page. Nothing was given up: look again.")
    return redirect(url_for("publish.show"), 303)


@bp.post("/publish/withdraw")
@publishers(changes_messages=True)
def withdraw() -> Response:
    form = WithdrawForm()
    if not form.validate():
        abort(400)
    try:
        left_out = console().revisions.withdraw(form.number.data, by=staff.somebody().name)
    except LookupError:
        return _conflict("That revision does not wait any more: its time has come, or somebody has withdrawn it.")
    return redirect(url_for("publish.show", withdrawn=form.number.data, left_out=len(left_out) or None), 303)


def _page(snapshot: Snapshot, trouble: str | None = None) -> str:
    zone, found = zone_of(snapshot.values), _differences(snapshot)
    form = PublishForm(zone)
    form.seen.data = draft_tag({place: draft.value for place, draft in snapshot.drafts.items()})
    form.follows.data = snapshot.published.number if snapshot.published else 0
    return render_template(
        "publish.html",
        trouble=trouble,
        differences=found,
        warnings=_warnings(snapshot, found),
        faults=faults_of_draft(snapshot),
        remarks=remarks_on_draft(snapshot),
        waiting=(waiting := console().revisions.waiting()),
        scheduled=_scheduled(waiting),
        withdrawn=request.args.get("withdrawn", type=int),
        left_out=request.args.get("left_out", 0, type=int),
        published=snapshot.published,
        zone=zone,
        form=form,
        give_up=GiveUpForm(formdata=None),
        withdraw=WithdrawForm(formdata=None),
        latest=(datetime.now(UTC) + UNTIL_LATEST).astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
        longest_comment=LONGEST_COMMENT,
    )


def _conflict(trouble: str) -> Response:
    return make_response(_page(console().workspace.snapshot(), trouble), 409)


def _differences(snapshot: Snapshot) -> Differences:
    """What the draft changes, for somebody to read."""
    live = snapshot.live_contents
    return differences_of(
        {place: (value_at(live, place), draft.value) for place, draft in snapshot.drafts.items()},
        snapshot,
        before=snapshot.live_contents,
        after=snapshot.contents,
        readings=Readings(lambda: snapshot.live, lambda: snapshot.draft),
        drafts=snapshot.drafts,
        page=request.args.get("page", 1, type=int),
    )


def _scheduled(waiting: Iterable[Heading]) -> dict[Place, Heading]:
    """What else changes a place: the first revision that waits and does."""
    scheduled: dict[Place, Heading] = {}
    for heading in waiting:
        before, after = console().revisions.get(heading.based_on or 0), console().revisions.get(heading.number)
        for place in differences(before.contents if before else {}, after.contents if after else {}):
            scheduled.setdefault(place, heading)
    return scheduled


def _warnings(snapshot: Snapshot, found: Differences) -> dict[Place, tuple[str, ...]]:
    """What is worth a look in the entries that are shown."""
    warnings = {}
    for one in (each for _, group in found.groups for each in group):
        if one.entry and one.name.language:
            said = entries.findings(snapshot.draft, one.entry, {}).warnings
            warnings[one.place] = said.get(one.name.language, ())
    return warnings


def _faults_of(snapshot: Snapshot, left_out: Collection[Place]) -> list[Problem]:
    """What would be wrong if the draft were published without a part of it."""
    if not left_out:
        return faults_of_draft(snapshot)
    changes = {place: draft.value for place, draft in snapshot.drafts.items() if place not in left_out}
    contents = with_changes(snapshot.live_contents, changes)
    return new_faults(console().workspace.catalogue_of("draft", contents).problems, snapshot.live.problems)


def _pictures_of(snapshot: Snapshot, place: Place) -> list[Place]:
    """The pictures of the draft that nothing names any more without this change."""
    if place not in snapshot.drafts:
        return []
    name = snapshot.drafts[place].value
    named = {draft.value for other, draft in snapshot.drafts.items() if other != place and is_picture(other)}
    picture = (PICTURES, name)
    return [picture] if is_picture(place) and picture in snapshot.drafts and name not in named else []
