"""Which templates there are, and which of them are pages."""

import re
from pathlib import Path

TEMPLATES = sorted((Path(__file__).parents[2] / "templates").rglob("*.html"))
_FRAME = re.compile(r'{%-? extends "(\w+\.html)"')


def pages_of_guests():
    """The names of the templates that views render: they stand in a frame, and are none themselves."""
    extends = {path.name: _FRAME.search(path.read_text()) for path in TEMPLATES if path.parent.name == "templates"}
    pages = {name for name, found in extends.items() if found} - {found[1] for found in extends.values() if found}
    assert pages >= {"login.html", "account.html", "error.html"}
    return pages
