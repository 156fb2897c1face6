"""A file that TOML cannot read leaves the last good text; the fault says where, what is wrong and what to write instead."""

import pytest

from app.messages.check import check
from app.messages.folder import Folder

BUILT_IN = "It’s very busy right now. Please try again in a minute."
SYNTAX_ERRORS = [  # a line, the line it is noticed on, and a part of what is told
    ("busy = “Full.”", 2, "straight ones"),
    ('busy = "Full.', 2, "quotation mark at its end"),
    ('busy = "Full.”', 2, "straight ones"),
    ('busy = "Full.\nCome later."', 2, "on the same line"),
    ("busy = Full.", 2, 'Put them there: busy = "Full."'),
    ('busy: "Full."', 2, "a colon where an equals sign belongs"),
    ("busy = { text = “Full.”, link = “help” }", 2, 'busy = { text = "What guests read.", link = "help" }'),
    ('busy = { text = "Full.", link = "help", }', 2, "Between { and }"),
    ('busy = {\n  text = "Full.",\n  link = "help"\n}', 2, "an end of the line"),
    ("languages = [en, es]", 2, 'languages = ["en", "es"]'),
    ("busy = 'We're full.'", 2, "first apostrophe"),
    ('busy = "Say "please"."', 2, "inside the text, use curly"),
    ('busy = "C:\\Users"', 2, "There is a \\ in the text"),
    ("\u00a0busy = 5", 2, "looks like a space"),
    ('busy = """Full.\n', 2, "three quotation marks"),
    ("busy = yes", 2, "busy = true"),
    ("busy =", 2, "cannot be read"),
    ('signed out = "x"', 2, "_ in place of each space"),
    ('user:info = "x"', 2, '"user:info" = '),
    ("[Summer sale!]", 2, "[site]"),
    ("[login", 2, "[site]"),
    ('busy = "a"\nbusy = "b"', 3, '"busy" is in this file twice'),
    ("[site]", 2, '"[site]" is in this file twice'),
    ("====", 2, "cannot be read"),
    ("busy." + "a." * 65 + "b = 5", 2, "more than 64 dots"),
]


@pytest.mark.parametrize(("line", "number", "told"), SYNTAX_ERRORS)
def test_a_syntax_error_leaves_the_built_in_words_and_is_explained(folder, line, number, told):
    folder.english(f"[site]\n{line}\n")
    assert folder.localizer().site("busy").text == BUILT_IN
    [fault] = folder.catalogue().problems
    assert (fault.file, fault.line) == ("messages/en.toml", number)
    assert told.lower() in str(fault).lower()


def test_a_syntax_error_leaves_the_last_good_text_until_it_is_mended(folder):
    here = Folder(folder.english('[site]\nbusy = "old"\nunavailable = "old"\n').path)
    here.poll()
    folder.english('[site]\nbusy = “new”\nunavailable = "new"\n')
    here.poll()
    kept = here.catalogue().negotiate("en")
    assert (kept.site("busy").text, kept.site("unavailable").text) == ("old", "old")
    folder.english('[site]\nbusy = "mended"\n')
    here.poll()
    assert here.catalogue().negotiate("en").site("busy").text == "mended"


def test_a_syntax_error_costs_no_other_file(folder):
    folder.merchant('name = “Olive”\nphone = "020 7946 0123"\n').english('[site]\nbusy = "Full"\n')
    catalogue = folder.catalogue()
    assert (catalogue.merchant.name, catalogue.negotiate("en").site("busy").text) == ("Rewards", "Full")
    assert len(catalogue.problems) == 1


FOLLOWERS = [
    ("messages/es.toml", "[site]\nbusy = “Lleno.”"),
    ("messages/es.toml", '[site\nbusy = "Lleno."'),
    ("messages/es.toml", "[site]".encode("utf-16")),
    ("merchant.toml", 'name = "Olive"\nlanguages = ["en"]\n[links]\nhelp = “tel:123”'),
    ("merchant.toml", 'name = "Olive"\nlanguages = ["en"]\n[links]\nhelp = "020 7946 0123"'),
    ("merchant.toml", 'name = “Olive”\nlanguages = ["en"]\n[links]\nhelp = "tel:123"'),
]


@pytest.mark.parametrize(("file", "content"), FOLLOWERS)
def test_what_follows_from_an_error_is_not_told(folder, file, content):
    folder.merchant('name = "Olive"\nlanguages = ["en", "es"]\n[links]\nhelp = "tel:123"')
    folder.english('[site]\nbusy = { text = "Full.", link = "help" }')
    folder.spanish('[site]\nbusy = { text = "Lleno.", link = "help" }')
    folder.write(file, content)
    if file == "merchant.toml":
        (folder.path / "messages/es.toml").unlink()
    findings = check(folder.path)
    assert (len(findings.errors), findings.warnings) == (1, ())


MERCHANT_ADVICE = [
    ('[links]\nhelp = "020 7946 0123"', 'help = "tel:02079460123"'),
    ('[links]\nhelp = "tel:+44 20 7946 0123"', 'help = "tel:+442079460123"'),
    ('[links]\nhelp = "help@example.com"', 'help = "mailto:help@example.com"'),
    ('[links]\nhelp = "http://example.com/help"', 'help = "https://example.com/help"'),
    ("[links]\nshow_code = true", "Move it above the first line in [ ]."),
    ('[username]\nphone = "123 456"', "Move it above the first line in [ ]."),
]


@pytest.mark.parametrize(("line", "instead"), MERCHANT_ADVICE)
def test_the_advice_for_merchant_toml_can_be_copied(folder, line, instead):
    [fault] = folder.merchant(f'name = "Olive"\n{line}\n').catalogue().problems
    assert instead in fault.suggestion


@pytest.mark.parametrize(
    ("line", "instead"),
    [('en = "Hi"', 'text.en = "…"'), ('time_zone = "Europe/Paris"', "above the first line in [ ]")],
)
def test_the_advice_for_a_notice_can_be_copied(folder, line, instead):
    folder.write("notices.toml", f'[n]\nwhile = "paytronix_failing"\ntext.en = "x"\n{line}\n')
    [fault] = folder.catalogue().problems
    assert instead in fault.suggestion


def test_dots_in_a_remark_cost_nothing(folder):
    folder.english(f'# {"." * 200}\n[site]\nbusy = "Full{"." * 100}"\n')
    assert folder.catalogue().problems == ()
    assert folder.localizer().site("busy").text.startswith("Full")


def test_rich_text_is_told_for_what_it_is(folder):
    [fault] = folder.english(b"{\\rtf1 [site]}").catalogue().problems
    assert "plain text" in fault.suggestion
