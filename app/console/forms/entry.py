"""The form of an entry: its fields in every language, and the button that was pressed."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, Form, FormField, HiddenField, SelectField, StringField, TextAreaField

from app.console import entries
from app.console.differences import Difference, difference
from app.console.entries import Findings, Typed
from app.console.workspace import Snapshot
from app.history import Change, etag, value_at
from app.messages import Catalogue
from app.messages.editing import Key

_PARTS = ("text", "title", "link")


class EntryForm(FlaskForm):  # type: ignore[misc]
    """An entry as it was sent, over what would be published now; :func:`entry_form` makes it.

    Its fields ``text``, ``title``, ``link``, ``seen`` and ``shown`` hold one of each language: ``form.text["es"]`` is
    called ``text-es``. ``seen`` is the tag of the value that was there when the form was shown, ``shown`` that of the
    change that the fields would have made then, if nobody had typed anything.
    """

    action = StringField(default="save")
    screen = StringField(default="phone")
    scheme = StringField(default="light")

    def __init__(self, snapshot: Snapshot, key: Key, languages: Sequence[str]) -> None:
        self.snapshot, self.key, self.languages = snapshot, key, languages
        present = {tag: self._shown(tag) for tag in languages}
        seen = {tag: etag(value_at(snapshot.contents, entries.place_of(key, tag))) for tag in languages}
        shown = {tag: etag(self._change(tag, typed)) for tag, typed in present.items()}
        parts = {part: {tag: getattr(typed, part) for tag, typed in present.items()} for part in _PARTS}
        super().__init__(data={**parts, "seen": seen, "shown": shown})

    @property
    def typed(self) -> dict[str, Typed]:
        """What stands in the fields, by language."""
        return {tag: Typed(*(self[part][tag].data for part in _PARTS)) for tag in self.languages}

    @property
    def changes(self) -> dict[str, Change]:
        """What has to stand in the contents, of the languages in which somebody has typed."""
        changes = {tag: self._change(tag, typed) for tag, typed in self.typed.items()}
        return {tag: change for tag, change in changes.items() if etag(change) != self.shown[tag].data}

    def check(self) -> tuple[Catalogue, Findings]:
        """The draft with what was typed, and all that a check says of that."""
        catalogue, faults = entries.with_typed(self.snapshot, self.key, self.typed)
        return catalogue, entries.findings(catalogue, self.key, faults)

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether guests would read all that was typed; what was there before may have faults."""
        _, findings = self.check()
        return super().validate(extra_validators) and not any(findings.errors.get(tag) for tag in self.changes)

    def fill(self) -> None:
        """Fill the fields of a language from one of its sources, as a button says: ``fill folder en``."""
        _, source, language = (*self.action.data.split(" ", 2), "", "")[:3]
        if language in self.languages:
            read = entries.otherwise(self.snapshot, self.key, language, self.typed)
            for each in entries.sources(self.snapshot, self.key, language, read):
                if each.name == source:
                    self._put(language, each.words)

    def rebase(self) -> dict[str, Difference]:
        """Count from what is there now on, where somebody else has saved while this was filled in.

        Fields in which nobody typed show theirs.

        :returns: theirs and what was typed, by language, where both have changed the same.
        """
        conflicts = {}
        for tag, typed in self.typed.items():
            place, mine = entries.place_of(self.key, tag), self._change(tag, typed)
            theirs, present = value_at(self.snapshot.contents, place), self._shown(tag)
            if etag(theirs) != self.seen[tag].data:
                if etag(mine) == self.shown[tag].data:
                    self._put(tag, present)
                elif etag(mine) != etag(theirs):
                    conflicts[tag] = difference(place, theirs, mine, self.snapshot)
            self.seen[tag].data, self.shown[tag].data = etag(theirs), etag(self._change(tag, present))
        return conflicts

    def _shown(self, language: str) -> Typed:
        """What stands in the fields before anybody types. Own words begin with the next step of those that are read."""
        present = entries.present(self.snapshot, self.key, language)
        if not present.is_blank or entries.is_label(self.key):
            return present
        return Typed(link=entries.as_read(entries.otherwise(self.snapshot, self.key, language, {})).link)

    def _change(self, language: str, typed: Typed) -> Change:
        return entries.change_of(typed, self.snapshot, self.key, language)

    def _put(self, language: str, typed: Typed) -> None:
        for part in _PARTS:
            self[part][language].data = getattr(typed, part)


def entry_form(snapshot: Snapshot, key: Key) -> EntryForm:
    """The form of an entry in the languages that it can be written in."""
    languages, links = entries.languages(snapshot), entries.links(snapshot)

    def next_steps(_: Form, field: Field) -> list[tuple[str, str]]:
        texts = {"": "None"} | links
        return list((texts if field.data in texts else texts | {field.data: f"{field.data} (has no address)"}).items())

    class LanguagesForm(EntryForm):
        text = _in_each(languages, TextAreaField(filters=[_cleaned]))
        title = _in_each(languages, StringField(filters=[_cleaned]))
        link = _in_each(languages, SelectField(choices=next_steps, validate_choice=False, filters=[_cleaned]))
        seen = _in_each(languages, HiddenField())
        shown = _in_each(languages, HiddenField())

    return LanguagesForm(snapshot, key, languages)


def _in_each(languages: Iterable[str], field: Field) -> FormField:
    return FormField(type("InEachLanguage", (Form,), dict.fromkeys(languages, field)))


def _cleaned(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
