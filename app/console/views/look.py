"""``/look``: name, logo, colours, links and whatever else ``merchant.toml`` says; changed in the draft, all at once."""

from dataclasses import dataclass

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.console import staff
from app.console.contrasts import contrasts_of
from app.console.differences import PICTURES
from app.console.forms.look import NEW_LINK, LookForm, look_form
from app.console.guards import editors
from app.console.parts import console
from app.console.settings import GROUPS, LINK_LABELS
from app.console.workspace import Snapshot
from app.history import ABSENT, ChangedMeanwhile, PicturesFull, Place, Restricted, value_at
from app.messages.editing import TAKEN_OUT
from app.messages.pictures import LARGEST_BYTES, Asset, picture_of
from app.previews import SIGN_IN
from app.web.security_headers import FILE_POLICY

bp = Blueprint("look", __name__)


@dataclass(frozen=True)
class Origin:
    """Where a value is from.

    :ivar kind: ``draft``, ``published``, ``folder`` or ``built-in``
    :ivar made_by: whose change it is; None when it is not in the draft
    """

    kind: str
    made_by: str | None


@bp.get("/look")
@editors()
def show() -> str:
    return _page(look_form(console().workspace.snapshot()))


@bp.post("/look")
@editors(changes_messages=True, uploads=True)
def save() -> AnyResponse:
    form = look_form(console().workspace.snapshot())
    if not form.validate_on_submit():
        return make_response(_page(form), 422)
    try:
        is_different = _save(form)
    except PicturesFull:
        full = "There is no room for another picture. Use one that was there before, or tell whoever runs the console."
        return make_response(_page(form, trouble=full), 422)
    except ChangedMeanwhile as error:
        form = look_form(console().workspace.snapshot())
        form.rebase(error.made_by)
        return make_response(_page(form), 409)
    except Restricted:
        return make_response(_page(form, trouble="Only publishers may change one of these."), 403)
    taken_out = sorted({each for _, asset in form.pictures.values() for each in asset.taken_out})
    return redirect(url_for("look.show", saved="yes" if is_different else None, taken_out=taken_out), 303)


def _save(form: LookForm) -> bool:
    """Save what was typed and uploaded in the draft, if that makes any difference.

    :raises PicturesFull: no picture can be kept any more.
    :raises ChangedMeanwhile: somebody else has changed the same.
    :raises Restricted: it is for publishers.
    """
    who, changes = staff.somebody(), form.changes
    seen = {place: form.seen(place) for place in changes}
    for name, asset in form.pictures.values():
        changes[PICTURES, name] = console().pictures.add(asset.content, by=who.name)
    changes |= form.superseded
    console().drafts.save_all(changes, by=who.name, is_publisher=who.is_publisher, seen=seen)
    return bool(changes)


@bp.get("/look/picture/<fingerprint>")
@editors()
def picture(fingerprint: str) -> Response:
    """A picture that was uploaded, by its whole fingerprint; or one of the folder that is in use, by the short one."""
    asset: Asset | None = None
    if len(fingerprint) == 64:
        content = console().pictures.get(fingerprint)
        found = picture_of("picture", content) if content else None
        asset = found if isinstance(found, Asset) else None
    else:
        snapshot = console().workspace.snapshot()
        looks = [catalogue.theme for catalogue in (snapshot.draft, snapshot.live, snapshot.folder)]
        used = [each for look in looks for each in (look.logo, look.background) if each]
        asset = next((each for each in used if each.fingerprint == fingerprint), None)
    if asset is None:
        abort(404)
    answer = make_response(asset.content)
    answer.mimetype = asset.mimetype
    answer.headers["Content-Security-Policy"] = FILE_POLICY + "; style-src 'unsafe-inline'"
    return answer


def _page(form: LookForm, *, trouble: str = "") -> str:
    snapshot, theme = form.snapshot, form.snapshot.draft.theme
    return render_template(
        "look.html",
        form=form,
        trouble=trouble,
        groups=GROUPS,
        origins={name: _origin(snapshot, place) for name, place in form.places.items()},
        link_labels=LINK_LABELS,
        new_link=NEW_LINK,
        frames=console().previews.frames(snapshot.draft, SIGN_IN),
        contrasts=contrasts_of(theme),
        pictures={"logo": theme.logo, "look.background_picture": theme.background},
        has_saved=request.args.get("saved") == "yes",
        taken_out=[each for each in request.args.getlist("taken_out") if each in TAKEN_OUT],
        largest=LARGEST_BYTES,
    )


def _origin(snapshot: Snapshot, place: Place) -> Origin:
    draft = snapshot.drafts.get(place)
    if draft:
        return Origin("draft", draft.made_by)
    if value_at(snapshot.live_contents, place) is not ABSENT:
        return Origin("published", None)
    return Origin("folder" if value_at(snapshot.of_folder, place) is not ABSENT else "built-in", None)
