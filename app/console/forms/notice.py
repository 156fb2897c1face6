"""The forms of the notices: one notice in every language, its deletion, and the time zone of all."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    Form,
    FormField,
    HiddenField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)

from app.console import notices
from app.console.form_document import FormDocument, troubles
from app.console.times import TIME_ZONE, field_of, zone_of
from app.console.workspace import Snapshot
from app.history import ABSENT, Change, Place, etag, value_at
from app.messages import KNOWN_LINKS
from app.messages.editing import MOST_NOTICES, WHILE_FAILING, read_notices, zone_named, zones_of
from app.messages.editing import NOTICES_FILE as FILE

LONGEST_NAME = 60  # characters
_KEYS = (*notices.TEXTS, "link", "from", "until", "while")
_UNCHANGED = {"autocomplete": "off"}  # Firefox fills hidden fields in anew after a reload


def _text(typed: object) -> str:
    return typed.replace("\r\n", "\n").strip() if isinstance(typed, str) else ""


class NoticeForm(FlaskForm):  # type: ignore[misc]
    """A notice as it was sent, over what would be published now; :func:`notice_form` makes it.

    Its fields ``text`` and ``title`` hold one of each language: ``form.text["es"]`` is called ``text.es``.

    :ivar existing: the name in the address; None for a new notice, whose name is typed
    :ivar seen: tag of the value that was there when the form was shown
    """

    name = StringField(filters=[_text])
    starts = StringField(name="from", filters=[_text])
    ends = StringField(name="until", filters=[_text])
    while_failing = BooleanField(name="while")
    seen = HiddenField(render_kw=_UNCHANGED)

    def __init__(self, snapshot: Snapshot, existing: str | None, languages: list[str]) -> None:
        self.snapshot, self.existing, self.languages = snapshot, existing, languages
        self._zone = zone_of(snapshot.values)
        self._present = (notices.present(snapshot, existing) if existing is not None else None) or {}
        data: dict[str, Any] = {part: _texts_in(self._present.get(part)) for part in notices.TEXTS}
        link, seen = self._present.get("link"), ABSENT if existing is None else value_at(snapshot.contents, self.place)
        data |= {"link": link if isinstance(link, str) else "", "seen": etag(seen)}
        data |= {"starts": self._shown("from"), "ends": self._shown("until")}
        super().__init__(data=data, while_failing=self._present.get("while") == WHILE_FAILING)

    @property
    def place(self) -> Place:
        """Where the notice stands in the contents."""
        return FILE, self.name.data if self.existing is None else self.existing

    @property
    def value(self) -> dict[str, Any]:
        """The notice as it is kept: with all keys, so that nothing of the folder's shines through."""
        of_folder = value_at(self.snapshot.of_folder, self.place)
        folder: Mapping[str, Any] = of_folder if isinstance(of_folder, Mapping) else {}
        value: dict[str, Any] = dict.fromkeys((*folder, *_KEYS))
        for part in notices.TEXTS:
            texts = folder.get(part)
            typed = {field.short_name: field.data or None for field in self[part]}
            if any(typed.values()) or isinstance(texts, Mapping):
                value[part] = dict.fromkeys(texts if isinstance(texts, Mapping) else ()) | typed
        value["link"] = self.link.data or None
        value["from"], value["until"] = self._time("from", self.starts.data), self._time("until", self.ends.data)
        value["while"] = WHILE_FAILING if self.while_failing.data else None
        return value

    @property
    def change(self) -> Change:
        """What has to stand in the contents. The folder's own value is no change to it."""
        of_folder = value_at(self.snapshot.of_folder, self.place)
        if isinstance(of_folder, Mapping):
            of_folder = notices.with_proper_tags(of_folder)
        return ABSENT if notices.without_none(self.value) == of_folder else self.value

    @property
    def is_different(self) -> bool:
        """Whether it says anything else than what would be published now."""
        return bool(notices.without_none(self.value) != notices.present(self.snapshot, self.place[1]))

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether guests would read it."""
        is_valid = super().validate(extra_validators)
        for path, trouble in self._troubles().items():
            self._say(path, trouble)
        # Also a name in the address can be one that no notice has: it was deleted meanwhile, or was never there.
        is_new = self.existing is None or notices.present(self.snapshot, self.existing) is None
        if is_new and (wrong := _trouble_with_name(self.snapshot, self.place[1])):
            self._say("name" if self.existing is None else "", wrong)
        return is_valid and not self.errors

    def _troubles(self) -> dict[str, str]:
        """What the reader of ``notices.toml`` says of it, by the path of the field."""
        name = self.place[1] or "notice"
        zone = value_at(self.snapshot.values, TIME_ZONE)
        values = {"time_zone": zone} if zone_named(zone) else {}
        document = FormDocument(FILE, "", values | {name: notices.without_none(self.value)})
        _, faults = read_notices(document, {*KNOWN_LINKS, *self.snapshot.draft.merchant.links})
        return {path.removeprefix(name).removeprefix("/"): text for path, text in troubles(faults).items()}

    def _say(self, path: str, trouble: str) -> None:
        """Say what is wrong at its field, or above all of them."""
        for field in (*self, *self.text, *self.title):
            if field.name == path.replace("/", "."):
                field.errors = [trouble]
                return
        self.form_errors = [trouble]

    def _shown(self, key: str) -> str:
        return field_of(self._present.get(key), self._zone, is_end=key == "until")

    def _time(self, key: str, typed: str) -> Any:
        if typed and typed == self._shown(key):
            return self._present[key]  # as it was written, such as a day alone
        has_zone = zone_named(value_at(self.snapshot.values, TIME_ZONE)) is not None
        return typed.replace("T", " ") + ("" if has_zone else "+00:00") if typed else None


def notice_form(snapshot: Snapshot, existing: str | None) -> NoticeForm:
    """The form of a notice, in its languages and in those that it had when the form was opened.

    :param existing: its name; None for a new one.
    """
    value = (notices.present(snapshot, existing) if existing is not None else None) or {}
    typed = [tag for part, _, tag in (name.partition(".") for name in request.form) if part in notices.TEXTS]
    languages = notices.languages(snapshot, value, typed)
    links = {"": "Nothing"} | {name: name for name in snapshot.draft.merchant.links}

    def link_choices(_: Form, field: Field) -> list[tuple[str, str]]:
        return list((links if field.data in links else links | {field.data: field.data}).items())

    class FormInTheseLanguages(NoticeForm):
        title = _in_each(languages, StringField(filters=[_text]))
        text = _in_each(languages, TextAreaField(filters=[_text]))
        link = SelectField(choices=link_choices, validate_choice=False, filters=[_text])

    return FormInTheseLanguages(snapshot, existing, languages)


class DeleteForm(FlaskForm):  # type: ignore[misc]
    """A notice, to be deleted.

    :ivar seen: tag of the value that was shown
    """

    name = HiddenField(render_kw=_UNCHANGED)
    seen = HiddenField(render_kw=_UNCHANGED)


class TimeZoneForm(FlaskForm):  # type: ignore[misc]
    """The time zone in which all times are meant.

    :ivar seen: tag of the value that was there when the form was shown
    """

    time_zone = StringField("All times here are in", filters=[_text])
    seen = HiddenField(render_kw=_UNCHANGED)

    def __init__(self, snapshot: Snapshot) -> None:
        zone = value_at(snapshot.values, TIME_ZONE)
        seen = etag(value_at(snapshot.contents, TIME_ZONE))
        super().__init__(data={"time_zone": zone if isinstance(zone, str) else "", "seen": seen})

    def validate_time_zone(self, field: Field) -> None:
        """There is such a one. A city stands for its own."""
        zones = zones_of(field.data)
        if not zones:
            raise ValidationError(f"“{field.data}” is no time zone. Choose one from the list, such as Europe/London.")
        if len(zones) > 1:
            raise ValidationError(f"“{field.data}” can be one of these: {', '.join(zones)}. Which do you mean?")
        [field.data] = zones


def _in_each(languages: Iterable[str], field: Field) -> FormField:
    return FormField(type("InEachLanguage", (Form,), dict.fromkeys(languages, field)), separator=".")


def _texts_in(value: object) -> dict[str, str]:
    return {tag: text for tag, text in value.items() if isinstance(text, str)} if isinstance(value, Mapping) else {}


def _trouble_with_name(snapshot: Snapshot, name: str) -> str | None:
    if not name or not name.isprintable():
        return "Give it a name, for you alone."
    if len(name) > LONGEST_NAME:
        return f"The name has {len(name)} characters: {LONGEST_NAME} at most."
    if name == TIME_ZONE[1] or notices.present(snapshot, name) is not None:
        return "There is another one of that name."
    if len(notices.names(snapshot.values)) >= MOST_NOTICES:
        return f"There are {MOST_NOTICES} notices already: delete those that are over."
    return None
