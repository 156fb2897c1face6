"""Whatever the merchant writes, a page shows it as text: never a tag, never a template, never nothing."""

from html import unescape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.messages.builtin import builtin
from app.messages.catalogue import compose
from app.messages.document import Document
from app.messages.documents import Documents
from app.messages.placeholders import ONLY_IN
from app.messages.plain_text import text_problem
from tests.sites import browser_of

ODD = [
    "<script>alert(1)</script>",
    "{{config}}",
    "{% raw %}",
    "'\"><img src=x onerror=alert(1)>",
    "&lt;b&gt;",
    "]]>",
    "--><b>",
]
TEXTS = (st.sampled_from(ODD) | st.text(min_size=1, max_size=60)).filter(lambda text: text_problem(text) is None)


@pytest.fixture
def told(site):
    """A function that puts words in place, without files, and gives a new guest's browser."""
    messages = site.extensions["services"].messages

    def tell(words, notices, merchant):
        merchant_file, notices_file = Document("merchant.toml", "", merchant), Document("notices.toml", "", notices)
        languages = {"en": Document("messages/en.toml", "", words)}
        catalogue = compose(Documents(merchant_file, languages, notices_file))
        messages.current = lambda: catalogue
        return browser_of(site)

    return tell


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(text=TEXTS)
def test_any_text_in_every_entry_is_shown_as_text(told, text):
    words = {section: dict.fromkeys(names, text) for section, names in builtin().vocabulary.sections.items()}
    words["site"] = {name: {"text": text, "title": text, "link": "help"} for name in words["site"]}
    words["default"] = {"text": text, "title": text, "link": "help"}
    words["paytronix"] = {"*": text, "could_not_authenticate": {"text": text, "title": text, "link": "help"}}
    notices = {"n": {"while": "paytronix_failing", "text": {"en": text}, "title": {"en": text}}}
    merchant = {
        "name": text if text_problem(text, longest=80) is None else "Olive",
        "languages": ["en", "es"],
        "links": {"help": {"url": "https://example.com/?a=b&c=d", "text": text}},
        "show_code": True,
        "show_vendor_text": True,
    }
    browser = told(words, notices, merchant)
    pages = [
        browser.get("/login"),
        browser.sign_in("bob", "wrong"),
        browser.sign_in("", ""),
        browser.sign_in("status:<b>", "x"),
        browser.get("/nothing-here"),
    ]
    browser.sign_in()
    pages.append(browser.get("/account"))
    for page in pages:
        assert page.read.headings
        assert tags_of(page) <= KNOWN_TAGS
        assert all(not name.startswith("on") for _, attributes in page.read.tags for name in attributes)
        assert page.read.title.strip()
    shown = text.strip().replace("\r\n", "\n").replace("\r", "\n")
    assert shown in unescape(pages[0].body)


TAGS = (
    "html head meta title link body header p main h1 h2 form input button ul li a div label footer nav span section bdi"
)
KNOWN_TAGS = frozenset(TAGS.split())


def tags_of(page):
    """The tags of a page, but for our own script, which every page names once (``Page`` has looked)."""
    return {tag for tag, _ in page.read.tags} - {"script"}


def test_the_tags_of_the_pages_are_those_that_the_test_above_allows(browser):
    pages = [browser.get("/login"), browser.sign_in("ana", "wrong"), browser.get("/nothing-here")]
    browser.sign_in()
    pages.append(browser.get("/account"))
    assert set().union(*map(tags_of, pages)) <= KNOWN_TAGS
    assert not KNOWN_TAGS & {"script", "img", "b", "iframe", "svg", "style"}


def test_every_placeholder_of_a_page_is_filled_in(browser):
    browser.sign_in()
    for page in (browser.get("/account"), browser.get("/nothing-here")):
        for names in ONLY_IN.values():
            assert not any(f"{{{name}}}" in page.text for name in names)
