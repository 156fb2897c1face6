"""One sentence of the merchant's for everything that is the same to a guest."""

import pytest

from app.messages.builtin import builtin
from app.messages.entries import PAYTRONIX, SITE
from app.messages.situations import SITUATIONS, followed_by, situation_of

AWAY = [
    "system_error",
    "vendor.system_error",
    "http:503",
    "http:404",
    "http:418",
    "connection",
    "bad_response",
    "credentials",
]
CODES = [name for section, name in builtin().entries["en"] if section == PAYTRONIX]


@pytest.mark.parametrize("signing_in", [True, False])
@pytest.mark.parametrize("code", [*AWAY, "timeout", "busy", "http:429"])
def test_one_sentence_is_read_for_every_way_in_which_paytronix_is_away(folder, code, signing_in):
    folder.english('[site]\nunavailable = "We are mending it."').spanish("")
    message = folder.localizer("es").paytronix(code, signing_in=signing_in)
    assert (message.text, message.language, message.code) == ("We are mending it.", "en", code)


@pytest.mark.parametrize(
    ("english", "code", "expected"),
    [
        ('[site]\nunavailable = "A"\n[paytronix]\ntimeout = "B"', "timeout", "B"),
        ('[site]\nunavailable = "A"\nbusy = "B"', "http:429", "B"),
        ('[site]\nunavailable = "A"\nbusy = "B"', "busy", "B"),
        ('[site]\nunavailable = "A"\n[paytronix]\n"http:5xx" = "B"', "http:503", "B"),
        ('[site]\nunavailable = "A"\n[paytronix]\n"http:5xx" = "B"', "system_error", "A"),
        ('[site]\ncard_unavailable = "A"', "account_info.suspended", "A"),
        ('[site]\nsession_ended = "A"', "invalid_token", "A"),
    ],
)
def test_words_for_the_code_itself_come_first_then_those_of_the_closest_situation(folder, english, code, expected):
    folder.english(english)
    assert folder.localizer().paytronix(code).text == expected


def test_a_sentence_of_the_site_follows_its_situation_as_a_code_does(folder):
    folder.english('[site]\nunavailable = { text = "A", link = "help" }\nsession_ended = "B"')
    localizer = folder.localizer()
    assert (localizer.site("busy").text, localizer.site("busy").code) == ("A", "busy")
    assert localizer.site("session_expired").text == "B"
    assert localizer.site("session_lost").text == folder.english("").localizer().site("session_lost").text


def test_words_for_a_card_that_cannot_be_shown_tell_nobody_at_the_sign_in_page(folder):
    folder.english('[site]\ncard_unavailable = "This card is suspended."')
    localizer = folder.localizer()
    wrong_password = localizer.paytronix("could_not_authenticate", signing_in=True).text
    for code in ("result:invalid_status", "account_info.suspended", "user_info.not_found", "guest.locked"):
        assert localizer.paytronix(code, signing_in=True).text == wrong_password


@pytest.mark.parametrize("code", CODES)
def test_whoever_has_words_for_a_code_reads_what_they_read_before(folder, code):
    """With and without words for its situation, in both languages."""
    own = f'[paytronix]\n"{code}" = "own words {{}}"\n'
    folder.english(own.format("in English")).spanish(own.format("in Spanish"))
    before = [folder.localizer(tag).paytronix(code).text for tag in ("en", "es")]
    assert before == ["own words in English", "own words in Spanish"]
    section, name = situation_of((PAYTRONIX, code)).lead
    if (section, name) != (PAYTRONIX, code):
        of_situation = f'[{section}]\n"{name}" = "of the situation"\n'
        folder.english(own.format("in English") + ("" if section == PAYTRONIX else of_situation))
        assert folder.localizer("en").paytronix(code).text == "own words in English"


@pytest.mark.parametrize("code", CODES)
def test_without_words_of_the_merchants_each_code_has_the_built_in_ones(folder, code):
    for tag in ("en", "es"):
        assert folder.localizer(tag).paytronix(code).text == builtin().entries[tag][PAYTRONIX, code].text


def test_every_code_with_built_in_words_belongs_to_one_situation():
    assert [code for code in CODES if situation_of((PAYTRONIX, code)) is None] == []
    keys = [key for situation in SITUATIONS for key in situation.keys]
    assert len(keys) == len(set(keys))
    assert all(key in builtin().entries["en"] for key in keys)


def test_a_situation_is_followed_step_by_step():
    assert followed_by((PAYTRONIX, "http:429")) == ((SITE, "busy"), (SITE, "unavailable"))
    assert followed_by((SITE, "unavailable")) == ()
    assert followed_by((PAYTRONIX, "guest.locked")) == ()
