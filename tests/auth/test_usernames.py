"""Usernames: what nobody sees is no part of them, what carries meaning is."""

import sys
import unicodedata

import pytest

from app.auth.usernames import cleaned, normalized

EVERY = [chr(code) for code in range(sys.maxunicode + 1)]
BLANK = [each for each in EVERY if unicodedata.category(each) in {"Cf", "Cc", "Zs", "Zl", "Zp"}] + ["\ufffc"]
FROM_CONTACT_LISTS = (
    "\u202a\u202b\u202c\u2066\u2067\u2068\u2069\u061c\u00ad\ufffc\u200b\u200e\u2060\ufeff\u2028\u2029\t"
)


def test_format_control_and_space_characters_around_a_name_are_none_of_it():
    assert {cleaned(f"{each}ana{each}") for each in BLANK} == {"ana"}
    assert cleaned("\u202a\u00a0\u3000+1 555 010 0199\u202c\u2003") == "+1 555 010 0199"


@pytest.mark.parametrize("invisible", FROM_CONTACT_LISTS)
def test_what_is_invisible_inside_a_name_is_none_of_it(invisible):
    assert cleaned(f"a{invisible}na") == "ana"
    assert cleaned(f"لیلا{invisible}ن") == "لیلان"


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u2003", "\u3000", " "])
def test_a_space_inside_is_the_one_that_a_guest_would_type(space):
    assert cleaned(f"+44 20{space}7946 0123") == "+44 20 7946 0123"


@pytest.mark.parametrize(
    "name",
    [
        "علی\u200cرضا",  # Persian: a non-joiner
        "क\u094d\u200dष",  # Hindi: a joiner
        "ශ\u0dca\u200dරී",  # Sinhala
        "👩\u200d🍳",
        "❤\ufe0f\u200d🔥",
        "\u0645\u0600\u0661",  # a sign that is seen, though it is a format character
        "o'neill+olive@example.com",
        "ana maría",
        "ş̌",
        "",
    ],
)
def test_what_carries_meaning_stays(name):
    assert cleaned(name) == name


@pytest.mark.parametrize("joiner", ["\u200c", "\u200d"])
def test_a_joiner_joins_nothing_in_scripts_that_have_none(joiner):
    for name in ("ana", "éé", "άβ", "аня", "55"):
        assert cleaned(joiner.join(name)) == name
    assert cleaned(f"{joiner}علی{joiner}") == "علی"
    assert cleaned(f"علی{joiner}\u202c@example.com") == "علی@example.com"


def test_all_that_is_invisible_is_nothing():
    assert cleaned("".join(BLANK)) == ""


def test_a_guest_is_one_guest_however_the_name_is_written():
    spellings = ["ana", "ANA", " ana\u202c", "a\u00adna", "\u2068Ana\u2069", "ａｎａ", "a\u200dna"]
    assert {normalized(each) for each in spellings} == {"ana"}
    assert normalized("ana maria") == normalized("ANA\u00a0Maria")
    assert normalized("ana") != normalized("anna")
