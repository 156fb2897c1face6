"""``/notices``: what guests read for a while; each notice is written and deleted in the draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.console import staff
from app.console.guards import editors
from app.console.parts import console
from app.console.times import TIME_ZONE, field_of, zone_of
from app.console.typed import Typed, troubles
from app.console.views.changed import changed_page
from app.console.workspace import Snapshot
from app.history import ABSENT, Change, ChangedMeanwhile, Draft, Place, Restricted, etag, value_at
from app.messages import KNOWN_LINKS, Catalogue
from app.messages.editing import (
    MOST_NOTICES,
    WHILE_FAILING,
    direction_of,
    english_name_of,
    language_tag,
    merged,
    read_notices,
    zone_named,
    zone_names,
)
from app.messages.editing import NOTICES_FILE as FILE
from app.previews import state_of_notice

LONGEST_NAME = 60  # characters
_PARTS = ("text", "title", "link", "from", "until", "while")

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
    return _list(console().workspace.snapshot())


@bp.get("/notices/edit")
@editors()
def edit() -> str:
    """One notice, or a new one when no name is given."""
    moment = console().workspace.snapshot()
    name = request.args.get("name")
    value = _present(moment, name) if name is not None else {}
    if value is None:
        abort(404)
    return _form(moment, name, _fields_of(value, zone_of(moment.values)))


@bp.post("/notices/edit")
@editors(changes_messages=True)
def save() -> Response:
    moment = console().workspace.snapshot()
    name = request.args.get("name")
    is_new = name is None
    wanted = request.form.get("name", "").strip() if name is None else name
    typed = {field: request.form.get(field, "") for field in _field_names(moment, name)}
    wrong: dict[str, str] = {}
    # Also a name in the address can be one that no notice has: it was deleted meanwhile, or was never there.
    if (is_new or _present(moment, wanted) is None) and (trouble := _trouble_with_name(moment, wanted)):
        wrong = {"name" if is_new else "": trouble}
    value = _value_of(moment, wanted, typed)
    wrong = _wrong_in(moment, wanted, value) | wrong
    if wrong:
        return make_response(_form(moment, name, {**typed, "name": wanted}, wrong), 422)
    place = (FILE, wanted)
    change = _as_change(moment, place, value)
    if _without_none(value) == _present(moment, wanted):
        return redirect(url_for("notices.show"), 303)  # nothing was changed
    # Of a new one nothing was seen; that there is none of its name has just been looked at.
    seen = etag(value_at(moment.contents, place)) if is_new else request.form.get("seen", "")
    return _saved(moment, place, change, seen=seen)


@bp.post("/notices/delete")
@editors(changes_messages=True)
def delete() -> Response:
    moment = console().workspace.snapshot()
    place = (FILE, request.form.get("name", ""))
    if _present(moment, place[1]) is None:
        return redirect(url_for("notices.show"), 303)  # as when it is sent twice
    change = None if value_at(moment.of_folder, place) is not ABSENT else ABSENT
    return _saved(moment, place, change, seen=request.form.get("seen", ""))


@bp.post("/notices/time-zone")
@editors(changes_messages=True)
def time_zone() -> Response:
    moment = console().workspace.snapshot()
    name = request.form.get("time_zone", "").strip()
    if zone_named(name) is None:
        return make_response(_list(moment, typed_zone=name), 422)
    if name == value_at(moment.values, TIME_ZONE):
        return redirect(url_for("notices.show"), 303)
    return _saved(moment, TIME_ZONE, _as_change(moment, TIME_ZONE, name), seen=request.form.get("seen", ""))


def _saved(moment: Snapshot, place: Place, change: Change, *, seen: str) -> Response:
    who = staff.somebody()
    try:
        console().drafts.save(place, change, seen=seen, by=who.name, is_publisher=who.is_publisher)
    except ChangedMeanwhile as error:
        return changed_page(place, error, change, moment, back=url_for("notices.show"))
    except Restricted:
        abort(403)
    return redirect(url_for("notices.show"), 303)


def _list(moment: Snapshot, *, typed_zone: str | None = None) -> str:
    zone = value_at(moment.values, TIME_ZONE)
    return render_template(
        "notices.html",
        rows=_rows(moment),
        zone=zone if isinstance(zone, str) else "",
        typed_zone=typed_zone,
        zones=sorted(zone_names()),
        zone_seen=etag(value_at(moment.contents, TIME_ZONE)),
        zone_draft=moment.drafts.get(TIME_ZONE),
    )


def _form(moment: Snapshot, name: str | None, fields: Mapping[str, str], wrong: Mapping[str, str] | None = None) -> str:
    place = (FILE, name or fields.get("name", ""))
    languages = [(tag, english_name_of(tag), direction_of(tag)) for tag in _languages(moment, name)]
    notice = next((each for each in moment.draft.notices if each.name == name), None)
    return render_template(
        "notice.html",
        frames=console().previews.frames(moment.draft, state_of_notice(notice)) if notice and not wrong else {},
        name=name,
        fields={**dict.fromkeys(_field_names(moment, name), ""), "name": "", **fields},
        languages=languages,
        links=list(dict.fromkeys((*moment.draft.merchant.links, *filter(None, [fields.get("link")])))),
        zone=zone_of(moment.values),
        seen=request.form.get("seen") or etag(value_at(moment.contents, place) if name is not None else ABSENT),
        wrong=wrong or {},
        draft=moment.drafts.get(place),
        longest_name=LONGEST_NAME,
    )


def _rows(moment: Snapshot) -> list[Row]:
    names = {**_names(moment.values), **{place[1]: None for place in moment.drafts if place[0] == FILE}}
    shown = {each.name for each in moment.live.notices if each.is_due(datetime.now(UTC), paytronix_is_failing=False)}
    before = merged(moment.of_folder, moment.base)
    rows = []
    for name in names:
        if name == TIME_ZONE[1]:
            continue
        draft = moment.drafts.get((FILE, name))
        value = _present(moment, name)
        is_deleted = value is None
        if value is None:  # what guests read until that is published
            value = value_at(before, (FILE, name))
        rows.append(
            Row(name, _says(moment, value), _state(moment.draft, name, moment), name in shown, draft, is_deleted)
        )
    return rows


def _names(values: Mapping[str, Any]) -> dict[str, None]:
    file = values.get(FILE)
    return dict.fromkeys(file) if isinstance(file, Mapping) else {}


def _state(catalogue: Catalogue, name: str, moment: Snapshot) -> str:
    notice = next((each for each in catalogue.notices if each.name == name), None)
    if notice is None:
        return "Not shown: something is wrong with it" if _present(moment, name) is not None else ""
    zone, at = zone_of(moment.values), datetime.now(UTC)
    begins, ends = notice.begins_at, notice.ends_at
    if ends and ends <= at:
        return f"Over since {_told(ends, zone)}"
    if begins and begins > at:
        state = f"From {_told(begins, zone)}" + (f" until {_told(ends, zone)}" if ends else "")
    else:
        state = f"Until {_told(ends, zone)}" if ends else ""
    if notice.while_failing:
        return f"While Paytronix is failing{f', {state[0].lower()}{state[1:]}' if state else ''}"
    return state


def _told(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%-d %B %Y, %H:%M")


def _says(moment: Snapshot, value: object) -> str:
    texts = value.get("text") if isinstance(value, Mapping) else None
    if not isinstance(texts, Mapping):
        return ""
    wanted = [*moment.draft.merchant.languages, *texts]
    return next((texts[tag] for tag in wanted if isinstance(texts.get(tag), str)), "")


def _present(moment: Snapshot, name: str) -> dict[str, Any] | None:
    """A notice as the draft has it; None when there is none. What is no notice can be written anew."""
    value = value_at(moment.values, (FILE, name))
    if value is ABSENT or value is None or name == TIME_ZONE[1]:
        return None
    return _with_proper_tags(value) if isinstance(value, Mapping) else {}


def _with_proper_tags(value: Mapping[str, Any]) -> dict[str, Any]:
    """A notice with its languages as the site writes them: ``pt-BR``, where the folder may say ``pt-br``."""
    proper = dict(value)
    for part in ("text", "title"):
        if isinstance(texts := value.get(part), Mapping):
            proper[part] = {language_tag(tag) or tag: text for tag, text in texts.items()}
    return proper


def _languages(moment: Snapshot, name: str | None) -> list[str]:
    """Those that guests can get, and others in which the notice has words, or had when its form was opened."""
    value = (_present(moment, name) if name is not None else None) or {}
    tags = [tag for part in ("text", "title") if isinstance(value.get(part), Mapping) for tag in value[part]]
    typed = [tag for part, _, tag in (field.partition(".") for field in request.form) if part in {"text", "title"}]
    return list(dict.fromkeys((*moment.draft.merchant.languages, *filter(None, map(language_tag, (*tags, *typed))))))


def _field_names(moment: Snapshot, name: str | None) -> list[str]:
    tags = _languages(moment, name)
    return [*(f"text.{tag}" for tag in tags), *(f"title.{tag}" for tag in tags), "link", "from", "until", "while"]


def _fields_of(value: Mapping[str, Any], zone: ZoneInfo) -> dict[str, str]:
    fields: dict[str, str] = {}
    for part in ("text", "title"):
        texts = value.get(part)
        if isinstance(texts, Mapping):
            fields |= {f"{part}.{tag}": text for tag, text in texts.items() if isinstance(text, str)}
    fields["link"] = value["link"] if isinstance(value.get("link"), str) else ""
    fields["from"] = field_of(value.get("from"), zone, is_end=False)
    fields["until"] = field_of(value.get("until"), zone, is_end=True)
    fields["while"] = "yes" if value.get("while") == WHILE_FAILING else ""
    return fields


def _value_of(moment: Snapshot, name: str, typed: Mapping[str, str]) -> dict[str, Any]:
    """The notice as it is kept: all keys, so that nothing of the folder's shines through."""
    zone = zone_of(moment.values)
    has_zone = zone_named(value_at(moment.values, TIME_ZONE)) is not None
    present = _present(moment, name) or {}
    value: dict[str, Any] = dict.fromkeys(_PARTS)
    of_folder = value_at(moment.of_folder, (FILE, name))
    if isinstance(of_folder, Mapping):
        value = dict.fromkeys((*of_folder, *_PARTS))
    for part in ("text", "title"):
        value[part] = _texts_of(part, typed, of_folder.get(part) if isinstance(of_folder, Mapping) else None)
    value["link"] = typed["link"].strip() or None
    for part in ("from", "until"):
        text = typed[part].strip()
        if text and text == field_of(present.get(part), zone, is_end=part == "until"):
            value[part] = present[part]  # as it was written, such as a day alone
        elif text:
            value[part] = text.replace("T", " ") + ("" if has_zone else "+00:00")
    value["while"] = WHILE_FAILING if typed["while"] else None
    return value


def _texts_of(part: str, typed: Mapping[str, str], of_folder: object) -> dict[str, str | None] | None:
    """A notice's texts or titles by language; None in one in which the folder has some and nothing was typed."""
    texts: dict[str, str | None] = dict.fromkeys(of_folder) if isinstance(of_folder, Mapping) else {}
    for field, text in typed.items():
        if field.startswith(f"{part}."):
            texts[field.partition(".")[2]] = text.replace("\r\n", "\n").strip() or None
    return texts if any(texts.values()) or isinstance(of_folder, Mapping) else None


def _wrong_in(moment: Snapshot, name: str, value: dict[str, Any]) -> dict[str, str]:
    """What the notice's own reader says of it, by field."""
    links = {*KNOWN_LINKS, *moment.draft.merchant.links}
    zone = value_at(moment.values, TIME_ZONE)
    values = {"time_zone": zone} if zone_named(zone) else {}
    name = name or "notice"
    _, faults = read_notices(Typed(FILE, "", values | {name: _without_none(value)}), links)
    found = troubles(faults)
    return {
        (path.removeprefix(f"{name}/").replace("/", ".") if path != name else ""): text for path, text in found.items()
    }


def _trouble_with_name(moment: Snapshot, name: str) -> str | None:
    if not name or not name.isprintable():
        return "Give it a name, for you alone."
    if len(name) > LONGEST_NAME:
        return f"The name has {len(name)} characters: {LONGEST_NAME} at most."
    if name == TIME_ZONE[1] or _present(moment, name) is not None:
        return "There is another one of that name."
    if len(_names(moment.values).keys() - {TIME_ZONE[1]}) >= MOST_NOTICES:
        return f"There are {MOST_NOTICES} notices already: delete those that are over."
    return None


def _as_change(moment: Snapshot, place: Place, value: Any) -> Change:
    """The folder's own value is no change to it."""
    of_folder = value_at(moment.of_folder, place)
    if isinstance(of_folder, Mapping):
        of_folder = _with_proper_tags(of_folder)
    return ABSENT if _without_none(value) == of_folder else value


def _without_none(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    kept = {name: _without_none(inner) for name, inner in value.items() if inner is not None}
    return {name: inner for name, inner in kept.items() if inner != {}}
