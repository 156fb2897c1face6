"""The built-in words are whole: every language words everything, with the same placeholders, and well."""

import re
from pathlib import Path

import pytest

from app.messages import placeholders
from app.messages.builtin import LANGUAGES, builtin
from app.messages.catalogue import compose
from app.messages.documents import Documents
from app.messages.entries import PAYTRONIX
from app.messages.plain_text import is_visible

ROOT = Path(__file__).parents[2]
OTHERS = [tag for tag in LANGUAGES if tag != "en"]


@pytest.mark.parametrize("tag", OTHERS)
def test_every_language_has_every_entry_and_no_other(tag):
    assert builtin().entries[tag].keys() == builtin().entries["en"].keys()


@pytest.mark.parametrize("tag", OTHERS)
def test_every_language_has_the_same_placeholders_titles_and_next_steps(tag):
    for key, entry in builtin().entries["en"].items():
        other = builtin().entries[tag][key]
        assert re.findall(r"\{\w+\}", entry.text) == re.findall(r"\{\w+\}", other.text), key
        assert (entry.title is None, entry.link) == (other.title is None, other.link), key


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_built_in_words_say_something_without_their_placeholders(tag):
    for key, entry in builtin().entries[tag].items():
        assert is_visible(re.sub(r"\{\w+\}", "", entry.text)), key


def test_every_placeholder_that_is_documented_for_one_entry_is_used_there():
    for key, names in placeholders.ONLY_IN.items():
        for name in names:
            assert f"{{{name}}}" in builtin().entries["en"][key].text


@pytest.mark.parametrize(
    "code",
    [
        "could_not_authenticate",
        "no_matching_guests",
        "invalid_grant",
        "invalid_token",
        "user_info.not_found",
        "result:invalid_status",
        "one_time_password.*",
        "one_time_password.feature_disabled",
        "x.system_error",
        "timeout",
        "connection",
        "bad_response",
        "credentials",
        "busy",
        "http:401",
        "http:403",
        "http:404",
        "http:418",
        "http:429",
        "http:500",
        "http:521",
        "http:5xx",
    ],
)
def test_every_code_of_the_four_calls_has_words_of_its_own(code):
    for localizer in compose(Documents()).localizers:
        message = localizer.paytronix(code)
        assert message.code != "default"
        assert message.language == localizer.language


def test_all_that_may_go_wrong_with_a_password_reads_the_same():
    for tag in LANGUAGES:
        words = builtin().entries[tag]
        codes = ("could_not_authenticate", "no_matching_guests", "invalid_grant", "http:401")
        assert len({(words[PAYTRONIX, code].text, words[PAYTRONIX, code].link) for code in codes}) == 1


def test_every_name_that_a_template_asks_for_is_in_the_built_in_words():
    asked = re.compile(r'messages\.(?:text\(\s*"|labels\.|texts\.)(\w+)(?:",\s*"|\.)(\w+)')
    templates = list((ROOT / "templates").rglob("*.html"))
    found = [
        (template, *names) for template in templates for names in asked.findall(template.read_text(encoding="utf-8"))
    ]
    assert len(found) > 20
    for template, section, name in found:
        assert name in builtin().vocabulary.sections[section], f"{template.name}: {section}.{name}"


def test_the_table_of_placeholders_in_the_merchants_readme_is_complete():
    readme = (ROOT / "merchant/README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `\{(\w+)\}` \|", readme, re.MULTILINE)) == placeholders.EVERY_NAME
