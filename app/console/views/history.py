"""``/history``: every revision, what it has changed, and the way back to it."""

from datetime import UTC, datetime
from functools import cache, partial

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.console import staff
from app.console.differences import Differences, Readings, differences_of, picture_of, place_of
from app.console.forms.publish import LONGEST_COMMENT, RollBackForm, TakeForm, trouble_of
from app.console.guards import editors, publishers
from app.console.parts import console
from app.console.times import zone_of
from app.console.workspace import Snapshot
from app.history import Contents, Restricted, Revision, differences, value_at

PAGE = 50
_LARGEST = 2**31 - 1

bp = Blueprint("history", __name__)


@bp.get("/history")
@editors()
def show() -> str:
    snapshot = console().workspace.snapshot()
    before = request.args.get("before", type=int)
    found = console().revisions.read(
        before=max(0, min(before, _LARGEST)) if before is not None else None, count=PAGE + 1
    )
    return render_template(
        "history.html",
        revisions=found[:PAGE],
        older=found[PAGE - 1].number if len(found) > PAGE else None,
        is_first_page=before is None,
        present=snapshot.published.number if snapshot.published else 0,
        now=datetime.now(UTC),
        zone=zone_of(snapshot.values),
    )


@bp.get("/history/<int:number>")
@editors()
def one(number: int) -> str:
    return _page(number, console().workspace.snapshot(), done=request.args.get("done"))


@bp.post("/history/<int:number>/roll-back")
@publishers(changes_messages=True)
def roll_back(number: int) -> Response:
    """Sent twice, it is done once. What somebody else has published since the page was opened is looked at first."""
    form, by = RollBackForm(), staff.somebody().name
    published = console().revisions.published()
    if form.present.data != str(published.number if published else 0):
        if published and published.made_by == by and _is_back_at(published, number):
            return redirect(url_for("history.one", number=published.number, done="rolled_back"), 303)
        return _refused(number, "Somebody has published since you opened this page.", 409)
    if not form.validate():
        return _refused(number, trouble_of(form), 422)
    try:
        made = console().revisions.roll_back(number, by=by, comment=form.comment.data)
    except LookupError:
        abort(404)
    return redirect(url_for("history.one", number=made, done="rolled_back"), 303)


@bp.post("/history/<int:number>/take")
@editors(changes_messages=True)
def take(number: int) -> Response:
    """Put what a revision says at one place into the draft, or what stood there before: to take one change back."""
    form, revision, who = TakeForm(), console().revisions.get(number), staff.somebody()
    if revision is None:
        abort(404)
    try:
        place = place_of(form.place.data or "")
    except ValueError:
        abort(400)
    former = console().revisions.get(revision.based_on or 0)
    contents = revision.contents if form.side.data == "after" else former.contents if former else {}
    changes = {each: value_at(contents, each) for each in (place, *picture_of(place, contents))}
    try:
        console().drafts.save_all(changes, by=who.name, is_publisher=who.is_publisher)
    except Restricted:
        abort(403)
    return redirect(url_for("publish.show"), 303)


def _refused(number: int, trouble: str, status: int) -> Response:
    if status == 409:
        trouble += " Nothing was rolled back: look again."
    return make_response(_page(number, console().workspace.snapshot(), trouble=trouble), status)


def _is_back_at(published: Revision, number: int) -> bool:
    """Whether a revision is one that rolled back to another one; 0 is the folder alone."""
    return published.restores == number if number else not published.contents


def _page(number: int, snapshot: Snapshot, *, done: str | None = None, trouble: str | None = None) -> str:
    """A revision; 0 is the folder alone."""
    revision = console().revisions.get(number) if 0 < number <= _LARGEST else None
    if revision is None and number != 0:
        abort(404)
    contents: Contents = revision.contents if revision else {}
    former = console().revisions.get(revision.based_on) if revision and revision.based_on else None
    present, form = snapshot.published, RollBackForm()
    form.present.data = present.number if present else 0
    return render_template(
        "revision.html",
        number=number,
        revision=revision,
        since=_differences(snapshot, former.contents if former else {}, contents, "since") if revision else None,
        until_now=_until_now(snapshot, revision, contents),
        present=form.present.data,
        moved_to=console().revisions.moved_to(revision) if revision else None,
        form=form,
        take=TakeForm(formdata=None),
        done=done if revision and done in {"published", "rolled_back", "scheduled"} else None,
        trouble=trouble,
        now=datetime.now(UTC),
        zone=zone_of(snapshot.values),
        longest_comment=LONGEST_COMMENT,
    )


def _until_now(snapshot: Snapshot, revision: Revision | None, contents: Contents) -> Differences | None:
    """What rolling back to it would change for guests; None when it is what they read."""
    present = snapshot.published
    if (present.number if present else 0) == (revision.number if revision else 0):
        return None
    return _differences(snapshot, present.contents if present else {}, contents, "until_now")


def _differences(snapshot: Snapshot, before: Contents, after: Contents, part: str) -> Differences:
    """What is different.

    :param part: of the page, which names the field of the address that says which page of it is wanted.
    """
    page = request.args.get(part, 1, type=int)
    found = differences(before, after)
    readings = Readings(*(cache(partial(console().workspace.catalogue_of, part, each)) for each in (before, after)))
    return differences_of(found, snapshot, before=before, after=after, readings=readings, page=page)
