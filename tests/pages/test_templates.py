"""What holds for the templates of guests and of the console alike."""

import re
from pathlib import Path

import pytest

from tests.pages.templates import TEMPLATES, pages_of_guests

HIDDEN = re.compile(r'<input type="hidden"[^>]*>')


@pytest.mark.parametrize(
    "template", [path for path in TEMPLATES if HIDDEN.search(path.read_text())], ids=lambda path: path.stem
)
def test_no_hidden_field_is_filled_in_with_what_an_older_page_held(template):
    for field in HIDDEN.findall(template.read_text(encoding="utf-8")):
        assert 'autocomplete="off"' in field, "Firefox fills it in with its former value when the page is loaded again"


PREVIEWS = Path(__file__).parents[2] / "app/previews.py"
NAMED = re.compile(r'"(\w+\.html)"')


def test_every_page_of_guests_has_a_state_for_previews():
    assert pages_of_guests() <= set(NAMED.findall(PREVIEWS.read_text())), "app/previews.py lacks a state of a page"
