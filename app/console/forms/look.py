"""The form of the look: a field for each setting of ``merchant.toml``, its pictures, and its links."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, Field, Form, HiddenField, SelectField, StringField

from app.console.differences import PICTURES
from app.console.findings import new_faults
from app.console.form_document import FormDocument, troubles
from app.console.parts import console
from app.console.settings import SETTINGS, Setting
from app.console.workspace import Snapshot
from app.history import ABSENT, Change, Contents, Place, etag, value_at, with_changes
from app.messages import KNOWN_LINKS, Problem
from app.messages.editing import MERCHANT_FILE as FILE
from app.messages.editing import NO_WORDS, merged, read_merchant
from app.messages.pictures import LARGEST_BYTES, Asset, picture_of

PICTURE_SETTINGS = tuple(setting for setting in SETTINGS if setting.kind == "picture")
NEW_LINK = "links.+"
_UNCHANGED = {"autocomplete": "off"}  # Firefox fills hidden fields in anew after a reload
_SETTING_OF = {setting.field: setting for setting in SETTINGS}


class LookForm(FlaskForm):  # type: ignore[misc]
    """The look as it was sent, over what would be published now; :func:`look_form` makes it.

    A setting has a field of its own name, a picture one for the file and ``remove.…``, a link ``….url`` and ``….text``.
    Beside each are ``seen.…``, the tag of the value that was there when the form was shown, and ``shown.…``, that of
    the change that its fields would have made then, if nobody had typed anything.

    :ivar places: name of a setting or link → where its value stands
    :ivar pictures: name of a setting → the picture that came, with the name that it gets; after :meth:`validate`
    """

    def __init__(self, snapshot: Snapshot, link_names: Sequence[str]) -> None:
        self.snapshot, self.link_names = snapshot, link_names
        self.places: dict[str, Place] = {setting.field: setting.place for setting in SETTINGS}
        self.places |= {f"links.{name}": (FILE, "links", name) for name in link_names}
        self.pictures: dict[str, tuple[str, Asset]] = {}
        data: dict[str, Any] = {}
        for name, place in self.places.items():
            present = _in_fields(name, value_at(snapshot.values, place))
            data |= present | {f"seen.{name}": self._seen_now(name), f"shown.{name}": etag(self._change(name, present))}
        super().__init__(data=data)

    @property
    def changes(self) -> dict[Place, Change]:
        """What somebody has typed, removed, or added as a link."""
        changes: dict[Place, Change] = {}
        for name, place in self.places.items():
            typed = self._typed(name)
            if typed != _in_fields(name, value_at(self.snapshot.values, place)):
                changes[place] = self._change(name, typed)
                if etag(changes[place]) == self[f"shown.{name}"].data:
                    del changes[place]  # still as it was shown: somebody else has changed it, and not on this form
        for setting in PICTURE_SETTINGS:
            if setting.field in self.pictures:
                changes[setting.place] = self._change(setting.field, {setting.field: self.pictures[setting.field][0]})
            elif self[f"remove.{setting.field}"].data:
                changes[setting.place] = self._change(setting.field, {setting.field: ""})
        new = {part: self[f"{NEW_LINK}.{part}"].data for part in ("name", "url", "text")}
        if any(new.values()):
            changes[FILE, "links", new["name"] or "+"] = {"url": new["url"], "text": new["text"] or None}
        return changes

    @property
    def superseded(self) -> dict[Place, Change]:
        """What takes those pictures out of the draft that nothing names any more."""
        after = with_changes(self.snapshot.contents, self.changes)
        named = {value_at(after, setting.place) for setting in PICTURE_SETTINGS}
        pictures = [place for place in self.snapshot.drafts if place[0] == PICTURES and place[-1] not in named]
        return {place: value_at(self.snapshot.live_contents, place) for place in pictures}

    def has_value(self, setting: Setting) -> bool:
        """Whether the draft says anything of a setting."""
        return value_at(self.snapshot.values, setting.place) not in (ABSENT, None, "")

    def seen(self, place: Place) -> str:
        """The tag of the value that was there when the form was shown; of a link that is new, of nothing."""
        name = ".".join(place[1:])
        return self[f"seen.{name}"].data or "" if name in self.places else etag(ABSENT)

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether guests would get all of it; what was there before may have faults."""
        is_valid = super().validate(extra_validators)
        self._read_pictures()
        for name, text in _wrong_names(self._troubles(), self.places).items():
            self._say(name, text)
        self._check_links()
        if not self.errors:
            self.form_errors = [f"{fault.description} {fault.suggestion}" for fault in self._new_faults()]
        return is_valid and not self.errors

    def rebase(self, made_by: str | None) -> None:
        """Count from what is there now on, where somebody else has saved while this was filled in.

        Fields in which nobody typed show theirs; where both have changed the same, it is said at the field.

        :param made_by: who saved meanwhile, if it is not in the draft any more.
        """
        changes = self.changes
        for name, place in self.places.items():
            if place not in changes:
                self._put(name)
            elif self[f"seen.{name}"].data != self._seen_now(name):
                self._say(name, _changed_meanwhile(self.snapshot, place, made_by))
            self[f"seen.{name}"].data = self._seen_now(name)
            self[f"shown.{name}"].data = etag(
                self._change(name, _in_fields(name, value_at(self.snapshot.values, place)))
            )
        if self.pictures:
            self.form_errors = ["Choose the picture again, too."]

    def _typed(self, name: str) -> dict[str, Any]:
        return {field: self[field].data for field in _in_fields(name, ABSENT)}

    def _put(self, name: str) -> None:
        for field, data in _in_fields(name, value_at(self.snapshot.values, self.places[name])).items():
            self[field].data = data

    def _change(self, name: str, fields: Mapping[str, Any]) -> Change:
        """What has to stand in the contents for what stands in the fields.

        The folder's own value is no change to it, and nothing takes away only what is there.
        """
        value, of_folder = _from_fields(name, fields), value_at(self.snapshot.of_folder, self.places[name])
        if value is None:
            return ABSENT if of_folder is ABSENT else None
        if isinstance(value, Mapping):
            if _link_of(value) == _link_of(of_folder):
                return ABSENT
            return {**dict.fromkeys(of_folder if isinstance(of_folder, Mapping) else ()), **value}
        if value is False and of_folder is ABSENT:
            return ABSENT
        return ABSENT if value == of_folder else value

    def _seen_now(self, name: str) -> str:
        return etag(value_at(self.snapshot.contents, self.places[name]))

    def _say(self, name: str, text: str) -> None:
        """Say what is wrong at the first field of a setting or link."""
        field = self[next(iter(_in_fields(name, ABSENT)), name)] if name != NEW_LINK else self[f"{NEW_LINK}.name"]
        field.errors = [text]

    def _read_pictures(self) -> None:
        for setting in PICTURE_SETTINGS:
            if file := self[setting.field].data:
                asset = picture_of(file.filename, file.stream.read(LARGEST_BYTES + 1))
                if isinstance(asset, Asset):
                    self.pictures[setting.field] = f"{setting.path[-1]}-{asset.fingerprint}{asset.suffix}", asset
                else:
                    self._say(setting.field, f"{asset.description} {asset.suggestion}")

    def _troubles(self) -> dict[str, str]:
        """What the reader of ``merchant.toml`` says of what was typed, by name."""
        given = {place: value for place, value in self.changes.items() if value not in (None, ABSENT)}
        typed: Contents = with_changes({FILE: {"name": "…"}}, given)
        _, faults = read_merchant(FormDocument(FILE, "", merged({}, typed[FILE])))
        return {path.replace("/", "."): text for path, text in troubles(faults).items()}

    def _check_links(self) -> None:
        if self.changes.get((FILE, "name"), ABSENT) is None:
            self._say("name", "The restaurant needs a name.")
        new = self[f"{NEW_LINK}.name"].data
        if f"links.{new}" in self.places:
            self._say(NEW_LINK, "There is another link of that name.")
        elif (FILE, "links", "+") in self.changes:
            self._say(NEW_LINK, "Give the link a name: small letters, digits and _ only, such as menu_card.")

    def _new_faults(self) -> list[Problem]:
        """What the changes would make wrong with the draft."""
        after = console().workspace.catalogue_of("draft", with_changes(self.snapshot.contents, self.changes))
        names = [name for name, _ in self.pictures.values()]
        # A picture that is to come cannot be found yet, so what is said of it was said when it was read.
        return [
            fault
            for fault in new_faults(after.problems, self.snapshot.draft.problems)
            if not any(name in fault.description for name in names)
            and not fault.description.startswith(NO_WORDS)  # they are written next; until then nothing is published
        ]


def look_form(snapshot: Snapshot) -> LookForm:
    """The form of the look, with the known links, those of the draft, and those that the draft takes away."""
    links = value_at(snapshot.values, (FILE, "links"))
    taken = [place[2] for place in snapshot.drafts if place[:2] == (FILE, "links") and len(place) == 3]
    names = list(dict.fromkeys((*KNOWN_LINKS, *(links if isinstance(links, Mapping) else ()), *taken)))
    fields: dict[str, Field] = {setting.field: _field_for(setting) for setting in SETTINGS}
    fields |= {f"remove.{setting.field}": BooleanField("Show no picture here") for setting in PICTURE_SETTINGS}
    fields[f"{NEW_LINK}.name"] = _line("Name", placeholder="menu_card")
    for name in (NEW_LINK, *(f"links.{name}" for name in names)):
        fields |= {f"{name}.url": _line("Address", inputmode="url"), f"{name}.text": _line("Text")}
    for name in (*_SETTING_OF, *(f"links.{name}" for name in names)):
        fields |= {f"{tag}.{name}": HiddenField(render_kw=_UNCHANGED) for tag in ("seen", "shown")}
    form: LookForm = type("FormWithTheseLinks", (LookForm,), fields)(snapshot, names)
    return form


def _field_for(setting: Setting) -> Field:
    if setting.kind == "picture":
        return FileField(setting.label)
    if setting.kind == "switch":
        return BooleanField(setting.hint)
    if setting.kind == "choice":

        def choices(_: Form, field: Field) -> list[tuple[str, str]]:
            return list({**setting.choices, field.data: setting.choices.get(field.data, field.data)}.items())

        return SelectField(setting.label, choices=choices, validate_choice=False, filters=[_stripped])
    return _line(setting.label, placeholder=setting.built_in)


def _line(label: str, **attributes: str) -> StringField:
    return StringField(label, filters=[_stripped], render_kw={"autocomplete": "off", **attributes})


def _stripped(text: object) -> str:
    return text.strip() if isinstance(text, str) else ""  # a file can come in any field


def _in_fields(name: str, value: Any) -> dict[str, Any]:
    """What the fields of a setting or link hold; a value that fits none is shown as it is. Pictures have none."""
    setting = _SETTING_OF.get(name)
    if setting is None:
        url, text = _link_of(value)
        return {f"{name}.url": url, f"{name}.text": text}
    if setting.kind == "picture":
        return {}
    if setting.kind == "switch":
        return {name: bool(value) and value is not ABSENT}
    if value is ABSENT or value is None:
        return {name: setting.built_in if setting.kind == "choice" else ""}
    return {name: ", ".join(map(str, value)) if isinstance(value, list) else str(value).strip()}


def _from_fields(name: str, fields: Mapping[str, Any]) -> Any:
    """The value that ``merchant.toml`` would have."""
    if name not in _SETTING_OF:
        url, text = fields[f"{name}.url"], fields[f"{name}.text"]
        return {"url": url, "text": text or None} if url or text else None
    setting, typed = _SETTING_OF[name], fields.get(name)
    if setting.kind == "list":
        return [each.strip() for each in str(typed).split(",") if each.strip()] or None
    return typed if setting.kind == "switch" else typed or None


def _wrong_names(wrong: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The same by names that are on the form: what else is wrong is so of the new link, whose name may have a dot."""
    names = frozenset(names)
    return {name if name in names else NEW_LINK: text for name, text in wrong.items()}


def _changed_meanwhile(snapshot: Snapshot, place: Place, made_by: str | None) -> str:
    draft, value = snapshot.drafts.get(place), value_at(snapshot.values, place)
    by = draft.made_by if draft else made_by or "Somebody else"
    theirs = " ".join(filter(None, _link_of(value))) if place[1] == "links" else value
    theirs = "nothing" if theirs is ABSENT or theirs == "" else theirs
    return f"{by} has changed this meanwhile, to: {theirs}. Save again to have yours in its place."


def _link_of(value: object) -> tuple[str, str]:
    """Address and text, as fields hold them."""
    if isinstance(value, Mapping):
        return str(value.get("url") or "").strip(), str(value.get("text") or "").strip()
    return (value.strip() if isinstance(value, str) else ""), ""
