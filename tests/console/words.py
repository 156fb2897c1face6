"""What tests of words, inbox and one entry have in common: codes that guests met, and a form as a browser sends it."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import urlencode

import msgspec

from app.history import draft_tag
from app.usage import Tally, _key


def meet(app, code, count=1, *, days_ago=0, text="", has_words=False, of="codes"):
    """Have guests meet a code, or one of the site's own texts."""
    store, day = app.extensions["console"].codes_seen._store, datetime.now(UTC).date() - timedelta(days=days_ago)
    record = store.get(_key(day, of))[0]
    tallies = msgspec.msgpack.decode(record, type=dict[str, Tally]) if record else {}
    tallies[code] = Tally(count, has_words, text)
    store.put(_key(day, of), msgspec.msgpack.encode(tallies), 3600)


def meet_many(app, counts, *, days_ago=0):
    """Have guests meet many codes on one day, and no others."""
    day = datetime.now(UTC).date() - timedelta(days=days_ago)
    tallies = {code: Tally(count, False, "") for code, count in counts.items()}
    app.extensions["console"].codes_seen._store.put(_key(day), msgspec.msgpack.encode(tallies), 3600)


def address(section, name):
    """Where an entry is edited."""
    return "/words?" + urlencode({"section": section, "name": name})


def publish(app):
    """Publish the draft."""
    parts = app.extensions["console"]
    changes = {place: draft.value for place, draft in parts.drafts.read().items()}
    parts.revisions.publish(by="Ana", comment="", seen=draft_tag(changes))


class Page(HTMLParser):
    """A page as a browser understands it.

    :ivar fields: of the form for words: name → what it would send
    :ivar elements: every element: its name and attributes
    :ivar text: all that can be read
    """

    def __init__(self, answer):
        super().__init__()
        self.fields, self.elements, self._texts = {}, [], []
        self._form = self._area = self._select = None
        self.feed(answer.text.replace("\r\n", "\n"))  # as browsers read it
        self.text = " ".join("".join(self._texts).split())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.elements.append((tag, given))
        if tag == "form":
            self._form = given.get("id")
        if self._form != "entry":
            return
        if tag == "input" and (given.get("type") not in {"radio", "checkbox"} or "checked" in given):
            self.fields[given["name"]] = given.get("value", "")
        elif tag == "textarea":
            self._area = given["name"]
            self.fields[self._area] = ""
        elif tag == "select":
            self._select = given["name"]
            self.fields[self._select] = ""
        elif tag == "option" and "selected" in given:
            self.fields[self._select] = given["value"]

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self.fields[self._area] = self.fields[self._area].removeprefix("\n")
            self._area = None

    def handle_data(self, data):
        self._texts.append(data)
        if self._area:
            self.fields[self._area] += data

    def frames(self, language="en", scheme="light", screen="phone"):
        """The page of the guests' site that a frame shows."""
        name = f"frame-{language}-{scheme}-{screen}"
        return next(given["srcdoc"] for tag, given in self.elements if tag == "iframe" and given["id"] == name)


def edit(client, section, name, action="save", **typed):
    """Open an entry, type, and press a button. Names of fields have _ for -."""
    there = address(section, name)
    fields = Page(client.get(there)).fields | {name.replace("_", "-"): text for name, text in typed.items()}
    return client.post(there, data=fields | {"action": action})
