"""``/words``: one entry in every language, its words, their checks, and the pages on which guests read them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import Conflict, NotFound
from werkzeug.wrappers import Response as AnyResponse

from app.console import entries, overview, staff
from app.console.desk import Moment
from app.console.differences import Difference, difference, english_name_of
from app.console.entries import Findings, Typed
from app.console.guards import changes_words, editors, publishers
from app.console.parts import console
from app.console.previews import asset_of
from app.history import ABSENT, ChangedMeanwhile, Draft, Restricted, etag, subject_of, value_at
from app.messages import Message
from app.messages.editing import PAYTRONIX, Key, allowed_in, direction_of
from app.previews import state_of
from app.web.security_headers import FILE_POLICY, KEPT_FOR_GOOD

bp = Blueprint("entry", __name__)


@dataclass(frozen=True)
class Source:
    """Words that the fields can be filled with.

    :ivar name: as the button's value has it
    :ivar button: what it says
    """

    name: str
    button: str
    words: Typed


@dataclass(frozen=True)
class Language:
    """The fields of one language, and what stands around them.

    :ivar seen: tag of the value that is there now
    :ivar shown: tag of the change that the fields would make if nobody had typed anything
    :ivar otherwise: what guests read when nothing stands in the fields
    :ivar is_theirs: it was changed by somebody else meanwhile; ``conflict`` shows how
    """

    tag: str
    name: str
    direction: str
    typed: Typed
    seen: str
    shown: str
    otherwise: Message | None
    sources: tuple[Source, ...]
    draft: Draft | None
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    conflict: Difference | None = None
    conflict_by: str | None = None


@dataclass
class Form:
    """What came with a form.

    :ivar typed: by language
    :ivar seen: tag of the value that was there when the form was shown, by language
    :ivar shown: tag of the change that its fields would have made, by language
    """

    typed: dict[str, Typed] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)


@bp.get("/words")
@editors
def show() -> str:
    moment = console().desk.moment()
    key = _key(moment)
    return _page(moment, key, {}, saved=request.args.get("saved", ""))


@bp.post("/words")
@editors
def save() -> AnyResponse:
    """Save what was typed, or only look at it: fill fields from elsewhere, check, preview."""
    moment = console().desk.moment()
    key = _key(moment)
    form = _form(moment)
    action = request.form.get("action", "save")
    if action.startswith("fill "):
        _fill(form, action, moment, key)
    if action != "save":
        return make_response(_page(moment, key, form.typed, form=form))
    if console().settings.is_read_only:
        raise Conflict
    changes = {tag: entries.change_of(typed, moment, key, tag) for tag, typed in form.typed.items()}
    changed = [tag for tag, change in changes.items() if etag(change) != form.shown[tag]]
    _, faults = entries.with_typed(moment, key, form.typed)
    if any(faults.get(tag) for tag in changed):
        return make_response(_page(moment, key, form.typed, form=form), 422)
    who, places = staff.somebody(), {tag: entries.place_of(key, tag) for tag in changed}
    if not who.is_publisher and _is_restricted(moment, key):
        return make_response(_page(moment, key, form.typed, form=form), 403)
    try:
        saved = console().drafts.save_all(
            {place: changes[tag] for tag, place in places.items()},
            by=who.name,
            is_publisher=who.is_publisher,
            seen={place: form.seen[tag] for tag, place in places.items()},
        )
    except ChangedMeanwhile:
        return _changed(key, form)
    except Restricted:
        return make_response(_page(moment, key, form.typed, form=form), 403)
    return redirect(url_for("entry.show", section=key[0], name=key[1], saved="yes" if saved else "same"), 303)


@bp.post("/words/restrict")
@publishers
@changes_words
def restrict() -> AnyResponse:
    """Let only publishers change an entry, or everybody again."""
    moment = console().desk.moment()
    key = _key(moment)
    who, is_restricted = staff.somebody(), request.form.get("restricted") == "yes"
    place = entries.place_of(key, moment.draft.localizers[0].language)  # in any language it means all
    console().drafts.restrict(place, is_restricted=is_restricted, by=who.name)
    return redirect(url_for("entry.show", section=key[0], name=key[1]), 303)


@bp.get("/brand/<fingerprint>/<name>")
@editors
def brand(fingerprint: str, name: str) -> Response:
    """A part of the look that a page in a frame names."""
    moment = console().desk.moment()
    for catalogue in (moment.draft, moment.live):
        if asset := asset_of(catalogue, fingerprint, name.partition(".")[0]):
            answer = Response(asset.content, mimetype=asset.mimetype)
            answer.headers["Cache-Control"] = KEPT_FOR_GOOD.replace("public", "private")
            answer.headers["Content-Security-Policy"] = FILE_POLICY
            return answer
    raise NotFound


def _key(moment: Moment) -> Key:
    key = entries.key_of(request.args.get("section", ""), request.args.get("name", ""), moment.draft)
    if key is None:
        raise NotFound
    return key


def _form(moment: Moment) -> Form:
    form = Form()
    given = request.form
    for tag in entries.languages(moment):
        if f"seen-{tag}" in given:
            texts = (given.get(f"{part}-{tag}", "") for part in ("text", "title", "link"))
            form.typed[tag] = Typed(*(text.replace("\r\n", "\n").strip() for text in texts))
            form.seen[tag], form.shown[tag] = given[f"seen-{tag}"], given.get(f"shown-{tag}", "")
    return form


def _fill(form: Form, action: str, moment: Moment, key: Key) -> None:
    """Fill the fields of a language from one of its sources, as a button says: ``fill folder en``."""
    _, source, language = (*action.split(" ", 2), "")[:3]
    if language in form.typed:
        for each in _sources(moment, key, language):
            if each.name == source:
                form.typed[language] = each.words


def _changed(key: Key, form: Form) -> AnyResponse:
    """Somebody else was faster: theirs and the difference, with everything that was typed still in its fields."""
    moment = console().desk.moment()
    conflicts = {}
    for language, seen in form.seen.items():
        place = entries.place_of(key, language)
        theirs = value_at(moment.contents, place)
        mine = entries.change_of(form.typed[language], moment, key, language)
        if etag(theirs) != seen and etag(mine) not in {etag(theirs), form.shown[language]}:
            by = moment.drafts[place].made_by if place in moment.drafts else None
            conflicts[language] = difference(place, theirs, mine, moment), by
        if etag(theirs) != seen and etag(mine) == form.shown[language]:
            form.typed[language] = entries.present(moment, key, language)  # theirs; nothing was typed here
    form.seen.clear()  # what is shown now counts from here on
    return make_response(_page(moment, key, form.typed, form=form, conflicts=conflicts), 409)


def _page(
    moment: Moment,
    key: Key,
    typed: Mapping[str, Typed],
    *,
    form: Form | None = None,
    conflicts: Mapping[str, tuple[Difference, str | None]] | None = None,
    saved: str = "",
) -> str:
    """The page of an entry.

    :param typed: what stands in the fields, where it is not what would be published.
    """
    shown = {tag: typed.get(tag) or entries.present(moment, key, tag) for tag in entries.languages(moment)}
    catalogue, faults = entries.with_typed(moment, key, shown)
    findings = entries.findings(catalogue, key, faults)
    state = state_of(key)
    frames = console().previews.frames(catalogue, state) if state else {}
    languages = [
        _language(moment, key, tag, each, findings=findings, form=form, conflict=(conflicts or {}).get(tag))
        for tag, each in shown.items()
    ]
    may_edit = not console().settings.is_read_only
    is_restricted = _is_restricted(moment, key)
    return render_template(
        "entry.html",
        key=key,
        name=key[1] if key[0] != "" else "default",
        address=url_for("entry.save", section=key[0], name=key[1]),
        is_label=entries.is_label(key),
        languages=languages,
        frames=frames,
        findings=findings,
        links=_links(moment),
        placeholders=allowed_in(*key),
        is_restricted=is_restricted,
        may_edit=may_edit and (staff.somebody().is_publisher or not is_restricted),
        saved=saved,
        is_checked=form is not None,
        screen=request.form.get("screen", "phone"),
        scheme=request.form.get("scheme", "light"),
        **_met(moment, key),
    )


def _language(
    moment: Moment,
    key: Key,
    tag: str,
    typed: Typed,
    *,
    findings: Findings,
    form: Form | None,
    conflict: tuple[Difference, str | None] | None,
) -> Language:
    place = entries.place_of(key, tag)
    there = value_at(moment.contents, place)
    present = entries.present(moment, key, tag)
    seen, shown = etag(there), etag(entries.change_of(present, moment, key, tag))
    if form and tag in form.seen:  # what was shown first is what somebody has changed
        seen, shown = form.seen[tag], form.shown[tag]
    blank, _ = entries.with_typed(moment, key, {tag: Typed()})
    return Language(
        tag=tag,
        name=english_name_of(tag),
        direction=direction_of(tag),
        typed=typed,
        seen=seen,
        shown=shown,
        otherwise=overview.said(blank, key, tag),
        sources=tuple(each for each in _sources(moment, key, tag) if each.words != typed),
        draft=moment.drafts.get(place),
        errors=findings.errors.get(tag, ()),
        warnings=findings.warnings.get(tag, ()),
        conflict=conflict[0] if conflict else None,
        conflict_by=conflict[1] if conflict else None,
    )


def _sources(moment: Moment, key: Key, tag: str) -> list[Source]:
    place = entries.place_of(key, tag)
    sources = []
    if place in moment.drafts:
        published = value_at(moment.base, place)
        folder = entries.of_folder(moment, key, tag) or Typed()
        words = folder if published is ABSENT else entries.of_value(published)
        sources += [
            Source("published", "Back to what is published", words),
            Source("draft", "Back to the draft", entries.present(moment, key, tag)),
        ]
    if folder_words := entries.of_folder(moment, key, tag):
        sources.append(Source("folder", "As the folder has it", folder_words))
    sources.append(Source("built-in", "Built-in words" if entries.is_built_in(key, tag) else "No words", Typed()))
    by_words = {each.words: each for each in reversed(sources)}  # the first of those that say the same
    return [each for each in sources if by_words[each.words] is each]


def _links(moment: Moment) -> list[tuple[str, str]]:
    voice = moment.draft.localizers[0]
    found = ((name, voice.link(name)) for name in moment.draft.merchant.links)
    return [(name, link.text) for name, link in found if link]


def _met(moment: Moment, key: Key) -> dict[str, object]:
    """How often guests met it, and what Paytronix said about it."""
    today = datetime.now(UTC).date()
    if key[0] != PAYTRONIX:
        texts = {each.code: each for each in console().texts_seen.read()} if overview.is_counted(key) else {}
        met = overview.met_by_day(texts[key[1]], today) if key[1] in texts else None
        return {"met": met, "vendor_text": ""}
    seen = console().codes_seen.read()
    vendor_text = next((each.vendor_text for each in seen if each.code == key[1]), "")
    return {"met": overview.met_of(moment.live, key, seen, today), "vendor_text": vendor_text}


def _is_restricted(moment: Moment, key: Key) -> bool:
    return subject_of(entries.place_of(key, moment.draft.localizers[0].language)) in console().drafts.restrictions()
