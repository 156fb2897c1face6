"""``/look``: name, logo, colours, links and whatever else ``merchant.toml`` says; changed in the draft, all at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.console import staff
from app.console.contrasts import contrasts_of
from app.console.differences import PICTURES
from app.console.findings import new_faults
from app.console.guards import editors
from app.console.parts import console
from app.console.settings import GROUPS, LINK_LABELS, SETTINGS, Setting
from app.console.typed import Typed, troubles
from app.console.workspace import Snapshot
from app.history import (
    ABSENT,
    Change,
    ChangedMeanwhile,
    Contents,
    PicturesFull,
    Place,
    Restricted,
    etag,
    value_at,
    with_changes,
)
from app.messages import KNOWN_LINKS, Problem
from app.messages.editing import MERCHANT_FILE as FILE
from app.messages.editing import NO_WORDS, TAKEN_OUT, merged, read_merchant
from app.messages.pictures import LARGEST_BYTES, Asset, picture_of
from app.previews import SIGN_IN
from app.web.security_headers import FILE_POLICY

bp = Blueprint("look", __name__)

_PICTURES = tuple(setting for setting in SETTINGS if setting.kind == "picture")
_NEW_LINK = "links.+"


@dataclass(frozen=True)
class Shown:
    """A value on the page.

    :ivar value: as a field holds it
    :ivar origin: where it is from
    :ivar made_by: whose change it is; None when it is not in the draft
    :ivar seen: tag of the value that is there
    :ivar untouched: tag of the change that the field makes if nobody touches it
    """

    value: str
    origin: str
    made_by: str | None
    seen: str
    untouched: str


@bp.get("/look")
@editors()
def show() -> str:
    return _page(console().workspace.snapshot())


@bp.post("/look")
@editors(changes_messages=True, uploads=True)
def save() -> AnyResponse:
    moment = console().workspace.snapshot()
    wrong: dict[str, str] = {}
    changes = _typed_changes(moment)
    pictures = _uploaded(wrong)
    for setting in _PICTURES:
        if picture := pictures.get(setting.field):
            name, _ = picture
            changes[setting.place] = _as_change(moment, setting.place, name)
        elif request.form.get(f"remove.{setting.field}"):
            changes[setting.place] = _as_change(moment, setting.place, None)
    wrong |= _wrong_in(moment, changes)
    if not wrong and (faults := _faults_of(moment, changes, pictures)):
        wrong[""] = " ".join(f"{fault.description} {fault.suggestion}" for fault in faults)
    if wrong:
        return make_response(_page(moment, wrong), 422)
    return _saved(moment, changes, pictures)


def _faults_of(
    moment: Snapshot, changes: Mapping[Place, Change], pictures: Mapping[str, tuple[str, Asset]]
) -> list[Problem]:
    """What the changes would make wrong with the draft."""
    after = console().workspace.catalogue_of("draft", with_changes(moment.contents, changes))
    # A picture that is to come cannot be found yet, so what is said of it was said when it was read.
    return [
        each
        for each in new_faults(after.problems, moment.draft.problems)
        if not any(name in each.description for name, _ in pictures.values())
        and not each.description.startswith(NO_WORDS)  # they are written next; until then nothing is published
    ]


def _saved(moment: Snapshot, changes: dict[Place, Change], pictures: Mapping[str, tuple[str, Asset]]) -> AnyResponse:
    who = staff.somebody()
    seen = {place: request.form.get(_seen_field(place), "") for place in changes}
    seen |= {place: etag(ABSENT) for place in changes if place[1] == "links" and _is_new_link(place)}
    try:
        for name, asset in pictures.values():
            changes[PICTURES, name] = console().pictures.add(asset.content, by=who.name)
    except PicturesFull:
        full = "There is no room for another picture. Use one that was there before, or tell whoever runs the console."
        return make_response(_page(moment, {"": full}), 422)
    for place in _superseded(moment, changes):
        changes[place] = value_at(moment.base, place)
    try:
        console().drafts.save_all(changes, by=who.name, is_publisher=who.is_publisher, seen=seen)
    except ChangedMeanwhile as error:
        now = console().workspace.snapshot()
        wrong = _changed_meanwhile(now, changes, error.made_by)
        if pictures:
            wrong[""] = "Choose the picture again, too."
        return make_response(_page(now, wrong, touched=changes), 409)
    except Restricted:
        return make_response(_page(moment, {"": "Only publishers may change one of these."}), 403)
    taken_out = sorted({each for _, asset in pictures.values() for each in asset.taken_out})
    return redirect(url_for("look.show", saved="yes" if changes else None, taken_out=taken_out), 303)


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
        moment = console().workspace.snapshot()
        looks = [catalogue.theme for catalogue in (moment.draft, moment.live, moment.folder)]
        used = [each for look in looks for each in (look.logo, look.background) if each]
        asset = next((each for each in used if each.fingerprint == fingerprint), None)
    if asset is None:
        abort(404)
    answer = make_response(asset.content)
    answer.mimetype = asset.mimetype
    answer.headers["Content-Security-Policy"] = FILE_POLICY + "; style-src 'unsafe-inline'"
    return answer


def _page(
    moment: Snapshot, wrong: Mapping[str, str] | None = None, *, touched: Mapping[Place, Change] | None = None
) -> str:
    """The page with what counts, or with what was typed if something is wrong with it.

    :param touched: what was changed on a form that came too late; all else is shown as it is now.
    """
    (typed, seen), theme = _typed(touched) if wrong else ({}, {}), moment.draft.theme
    return render_template(
        "look.html",
        groups=GROUPS,
        shown=_settings_shown(moment),
        links=_links_shown(moment),
        link_labels=LINK_LABELS,
        typed=typed,
        seen=seen,
        wrong=wrong or {},
        new_link=_NEW_LINK,
        frames=console().previews.frames(moment.draft, SIGN_IN),
        contrasts=contrasts_of(theme),
        pictures={"logo": theme.logo, "look.background_picture": theme.background},
        has_saved=request.args.get("saved") == "yes" and not wrong,
        taken_out=[each for each in request.args.getlist("taken_out") if each in TAKEN_OUT],
        largest=LARGEST_BYTES,
    )


def _typed(touched: Mapping[Place, Change] | None) -> tuple[dict[str, str], dict[str, str]]:
    """What was typed, by field; and the tags of what was there then.

    Of a form that came too late there are no tags: the page tells what others have changed meanwhile, so sending it
    again is meant.
    """
    switches = dict.fromkeys((setting.field for setting in SETTINGS if setting.kind == "switch"), "")
    typed = switches | dict(request.form.items())  # a form says nothing of a switch that is off
    if touched is None:
        return typed, {name: value for name, value in typed.items() if name.startswith(("seen.", "shown."))}
    fields = [".".join(place[1:]) for place in touched if place[0] == FILE]
    return {name: text for name, text in typed.items() if _is_below(name, (*fields, _NEW_LINK))}, {}


def _settings_shown(moment: Snapshot) -> dict[str, Shown]:
    shown = {}
    for setting in SETTINGS:
        text = _to_field(moment, setting)
        shown[setting.field] = _shown(moment, setting.place, text, _from_field(setting, text))
    return shown


def _links_shown(moment: Snapshot) -> dict[str, tuple[Shown, str]]:
    """The links with their texts, by name."""
    shown = {}
    for name in _link_names(moment):
        place = (FILE, "links", name)
        url, text = _link_of(value_at(moment.values, place))
        shown[name] = _shown(moment, place, url, _from_link(url, text)), text
    return shown


def _shown(moment: Snapshot, place: Place, text: str, untouched: Any) -> Shown:
    draft = moment.drafts.get(place)
    return Shown(
        text,
        _origin(moment, place),
        draft.made_by if draft else None,
        etag(value_at(moment.contents, place)),
        etag(_as_change(moment, place, untouched)),
    )


def _origin(moment: Snapshot, place: Place) -> str:
    if place in moment.drafts:
        return "draft"
    if value_at(moment.base, place) != value_at(moment.live_contents, place):
        return "waits"
    if value_at(moment.base, place) is not ABSENT:
        return "published"
    return "folder" if value_at(moment.of_folder, place) is not ABSENT else "built-in"


def _to_field(moment: Snapshot, setting: Setting) -> str:
    """What the field of a setting holds; a value that fits none is shown as it is."""
    value = value_at(moment.values, setting.place)
    if value is ABSENT or value is None:
        return setting.built_in if setting.kind == "choice" else ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).strip()


def _typed_changes(moment: Snapshot) -> dict[Place, Change]:
    """What was typed otherwise than it was shown."""
    changes: dict[Place, Change] = {}
    form = request.form
    for setting in SETTINGS:
        if setting.kind == "picture" or (setting.field not in form and setting.kind != "switch"):
            continue
        text = form.get(setting.field, "").strip()
        if text != _to_field(moment, setting):
            changes[setting.place] = _as_change(moment, setting.place, _from_field(setting, text))
    for name in _link_names(moment):
        if f"links.{name}.url" in form:
            place = (FILE, "links", name)
            url, text = form[f"links.{name}.url"].strip(), form.get(f"links.{name}.text", "").strip()
            if (url, text) != _link_of(value_at(moment.values, place)):
                changes[place] = _as_change(moment, place, _from_link(url, text))
    new = {part: form.get(f"{_NEW_LINK}.{part}", "").strip() for part in ("name", "url", "text")}
    if any(new.values()):
        changes[FILE, "links", new["name"] or "+"] = {"url": new["url"], "text": new["text"] or None}
    # What is still as it was shown has been changed by somebody else, and not on this form.
    return {place: change for place, change in changes.items() if etag(change) != form.get(_shown_field(place))}


def _from_field(setting: Setting, text: str) -> Any:
    if setting.kind == "switch":
        return text == "yes"
    if setting.kind == "list":
        return [each.strip() for each in text.split(",") if each.strip()] or None
    return text or None


def _from_link(url: str, text: str) -> Any:
    return {"url": url, "text": text or None} if url or text else None


def _as_change(moment: Snapshot, place: Place, value: Any) -> Change:
    """The folder's own value is no change to it, and nothing takes away only what is there."""
    of_folder = value_at(moment.of_folder, place)
    if value is None:
        return ABSENT if of_folder is ABSENT else None
    if isinstance(value, Mapping):
        if _link_of(value) == _link_of(of_folder):
            return ABSENT
        return {**dict.fromkeys(of_folder if isinstance(of_folder, Mapping) else ()), **value}
    if value is False and of_folder is ABSENT:
        return ABSENT
    return ABSENT if value == of_folder else value


def _wrong_in(moment: Snapshot, changes: Mapping[Place, Change]) -> dict[str, str]:
    """What the reader of ``merchant.toml`` says of what was typed, by field."""
    typed: Contents = {FILE: {"name": "…"}}
    typed = with_changes(typed, {place: value for place, value in changes.items() if value not in (None, ABSENT)})
    _, faults = read_merchant(Typed(FILE, "", merged({}, typed[FILE])))
    wrong = {path.replace("/", "."): text for path, text in troubles(faults).items()}
    for place, value in changes.items():
        if place == (FILE, "name") and value is None:
            wrong["name"] = "The restaurant needs a name."
        if (
            place[1] == "links"
            and place[2] not in _link_names(moment)
            and (text := wrong.pop(f"links.{place[2]}", None))
        ):
            wrong[_NEW_LINK] = text
        if place[1] == "links" and place[2] == "+":
            wrong[_NEW_LINK] = "Give the link a name: small letters, digits and _ only, such as menu_card."
    fields = {setting.field for setting in SETTINGS} | {f"links.{name}" for name in _link_names(moment)}
    for path in [each for each in wrong if each not in fields and each != _NEW_LINK]:
        wrong[_NEW_LINK] = wrong.pop(path)  # a name for a link with a dot in it, or worse
    new = request.form.get(f"{_NEW_LINK}.name", "").strip()
    if new in _link_names(moment):
        wrong[_NEW_LINK] = "There is another link of that name."
    return wrong


def _uploaded(wrong: dict[str, str]) -> dict[str, tuple[str, Asset]]:
    """The pictures that came with the form: by field, with the name that each gets."""
    found: dict[str, tuple[str, Asset]] = {}
    for setting in _PICTURES:
        file = request.files.get(setting.field)
        if file is None or not file.filename:
            continue
        asset = picture_of(file.filename, file.stream.read(LARGEST_BYTES + 1))
        if isinstance(asset, Asset):
            found[setting.field] = f"{setting.path[-1]}-{asset.fingerprint}{asset.suffix}", asset
        else:
            wrong[setting.field] = f"{asset.description} {asset.suggestion}"
    return found


def _superseded(moment: Snapshot, changes: Mapping[Place, Change]) -> list[Place]:
    """Pictures of the draft that nothing names any more."""
    after = with_changes(moment.contents, changes)
    named = {value_at(after, setting.place) for setting in _PICTURES}
    return [place for place in moment.drafts if place[0] == PICTURES and place[-1] not in named]


def _changed_meanwhile(moment: Snapshot, changes: Mapping[Place, Change], made_by: str | None) -> dict[str, str]:
    """What to say at each field that somebody else has changed since it was shown."""
    wrong = {}
    for place in changes:
        name = ".".join(place[1:])
        if place[0] == FILE and request.form.get(_seen_field(place), "") != etag(value_at(moment.contents, place)):
            draft = moment.drafts.get(place)
            by = draft.made_by if draft else made_by or "Somebody else"
            value = value_at(moment.values, place)
            theirs = " ".join(filter(None, _link_of(value))) if place[1] == "links" else value
            theirs = "nothing" if theirs is ABSENT or theirs == "" else theirs
            wrong[name] = f"{by} has changed this meanwhile, to: {theirs}. Save again to have yours in its place."
    return wrong


def _link_names(moment: Snapshot) -> list[str]:
    """The known links, the others of the draft, and those that the draft takes away."""
    links = value_at(moment.values, (FILE, "links"))
    taken = [place[2] for place in moment.drafts if place[:2] == (FILE, "links") and len(place) == 3]
    return list(dict.fromkeys((*KNOWN_LINKS, *(links if isinstance(links, Mapping) else ()), *taken)))


def _is_below(name: str, fields: Collection[str]) -> bool:
    """Whether a field is one of these, or a part of one."""
    name = name.removeprefix("remove.")
    return any(name == each or name.startswith(f"{each}.") for each in fields)


def _is_new_link(place: Place) -> bool:
    return _seen_field(place) not in request.form


def _seen_field(place: Place) -> str:
    return f"seen.{'.'.join(place[1:])}"


def _shown_field(place: Place) -> str:
    return f"shown.{'.'.join(place[1:])}"


def _link_of(value: object) -> tuple[str, str]:
    """Address and text, as fields hold them."""
    if isinstance(value, Mapping):
        return str(value.get("url") or "").strip(), str(value.get("text") or "").strip()
    return (value.strip() if isinstance(value, str) else ""), ""
