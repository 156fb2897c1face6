"""Forms of the console's pages, filled in as a browser would."""

import re
from html import unescape
from html.parser import HTMLParser

from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart


class _Forms(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms = []
        self._form = self._area = self._select = None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self._form = {"action": given.get("action"), "fields": {}}
            self.forms.append(self._form)
        if self._form is None or "disabled" in given:
            return
        fields, name = self._form["fields"], given.get("name")
        if tag == "textarea":
            self._area, fields[name] = name, ""
        if tag == "select":
            self._select = name
        if tag == "option" and self._select and ("selected" in given or self._select not in fields):
            fields[self._select] = given.get("value", "")
        if tag == "input" and name and given.get("type") not in {"file", "checkbox", "radio"}:
            fields[name] = given.get("value") or ""
        if tag == "input" and name and given.get("type") in {"checkbox", "radio"} and "checked" in given:
            fields[name] = given.get("value", "on")

    def handle_data(self, data):
        if self._area:
            self._form["fields"][self._area] += data.removeprefix("\n")

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        if tag == "textarea":
            self._area = None
        if tag == "select":
            self._select = None


def forms_of(page):
    """All forms of a page, as ``{"action": …, "fields": …}``."""
    parser = _Forms()
    parser.feed(page.replace("\r\n", "\n"))  # as browsers read it
    return parser.forms


def form_of(page, *, action=None, field=None):
    """The fields of the form that goes to an address, or that has a field."""
    found = [
        form["fields"]
        for form in forms_of(page)
        if form["action"] == action and (field is None or field in form["fields"])
    ]
    assert found, f"there is no form to {action} with {field}"
    return found[0]


def fill_in(client, path, changes, *, action=None, field=None, page=None):
    """Open a page, change some fields of a form and send it; None takes a field away.

    :param page: one that was opened before.
    """
    fields = form_of(page or client.get(path).text, action=action, field=field) | changes
    data = {name: value for name, value in fields.items() if value is not None}
    if not any(isinstance(value, tuple) for value in data.values()):
        return client.post(action or path, data=data)
    files = {name: FileStorage(*value) for name, value in data.items() if isinstance(value, tuple)}
    boundary, body = encode_multipart(data | files)  # as bytes: the client would leave a large file open
    return client.post(action or path, data=body, content_type=f"multipart/form-data; boundary={boundary}")


def text_of(page):
    """What a page says, without tags."""
    main = re.search(r"<main.*</main>", page, re.DOTALL)[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())
