"""A slip in a file costs its own entry; all slips are told at once, each with what to write instead."""

import time

import pytest

from app.messages.check import check
from app.messages.document import LARGEST_BYTES, parse
from app.messages.folder import Folder
from app.messages.pieces import MOST_FAULTS

BUILT_IN = "It’s very busy right now. Please try again in a minute."


@pytest.mark.parametrize(
    "slip",
    [
        "busy = “Full.”",
        'busy = "Full.',
        'busy = "Full.\nCome later."',
        "busy = Full.",
        'busy: "Full."',
        "busy = { text = “Full.”, link = “help” }",
        'busy = {\n  text = "Full.",\n  link = "help"\n}',
        "busy = [\n  “a”,\n]",
        "busy = 'We're full.'",
        "\u00a0busy = 5",
        "====",
        'busy = """Full.\n',
        "busy." + "a." * 65 + "b = 5",
    ],
)
def test_a_slip_costs_its_own_entry_and_nothing_else(folder, slip):
    folder.english(f'[site]\nsigned_out = "Bye"\n{slip}\n\nunavailable = "Later"\n[login]\nbutton = "Go"\n')
    voice = folder.voice()
    assert (voice.site("signed_out").text, voice.site("unavailable").text) == ("Bye", "Later")
    assert voice.text("login", "button") == "Go"
    assert voice.site("busy").text == BUILT_IN
    [fault] = folder.catalogue().faults
    assert fault.line in range(3, 7)


def test_a_broken_heading_costs_its_section_and_moves_no_entry_into_the_one_before(folder):
    folder.english('[site]\nbusy = "Full"\n[login\nbutton = "Go"\n[account]\ntitle = "Yours"\n')
    voice = folder.voice()
    assert (voice.site("busy").text, voice.text("account", "title")) == ("Full", "Yours")
    assert voice.text("login", "button") == "Sign in"
    [fault] = folder.catalogue().faults
    assert (fault.line, "left out" in fault.problem) == (3, True)


def test_all_slips_of_a_file_are_told_at_once(folder):
    folder.english('[site]\nbusy = “a”\nno_card "b"\nsigned_out = "c"\nsigned_out = "d"\n[login\n')
    assert [fault.line for fault in folder.catalogue().faults] == [2, 3, 5, 6]


def test_a_slip_in_merchant_toml_leaves_its_other_lines(folder):
    folder.merchant('name = “Olive”\nphone = "020 7946 0123"\n[links]\nhelp = "tel:123"\n')
    merchant = folder.catalogue().merchant
    assert (merchant.name, merchant.phone, merchant.links) == ("Rewards", "020 7946 0123", {"help": "tel:123"})
    assert len(folder.catalogue().faults) == 1


def test_whoever_has_read_a_file_whole_keeps_it_and_whoever_comes_later_gets_the_rest(folder):
    here = Folder(folder.english('[site]\nbusy = "old"\nunavailable = "old"\n').path)
    here.look()
    folder.english('[site]\nbusy = “new”\nunavailable = "new"\n')
    here.look()
    kept, late = here.catalogue().negotiate("en"), folder.voice()
    assert (kept.site("busy").text, kept.site("unavailable").text) == ("old", "old")
    assert (late.site("busy").text, late.site("unavailable").text) == (BUILT_IN, "new")
    folder.english('[site]\nbusy = "mended"\n')
    here.look()
    assert here.catalogue().negotiate("en").site("busy").text == "mended"


FOLLOWERS = [
    ("messages/es.toml", "[site]\nbusy = “Lleno.”"),
    ("messages/es.toml", '[site\nbusy = "Lleno."'),
    ("messages/es.toml", "[site]".encode("utf-16")),
    ("merchant.toml", 'name = "Olive"\nlanguages = ["en"]\n[links]\nhelp = “tel:123”'),
    ("merchant.toml", 'name = "Olive"\nlanguages = ["en"]\n[links]\nhelp = "020 7946 0123"'),
    ("merchant.toml", 'name = “Olive”\nlanguages = ["en"]\n[links]\nhelp = "tel:123"'),
]


@pytest.mark.parametrize(("file", "content"), FOLLOWERS)
def test_what_follows_from_a_slip_is_not_told(folder, file, content):
    folder.merchant('name = "Olive"\nlanguages = ["en", "es"]\n[links]\nhelp = "tel:123"')
    folder.english('[site]\nbusy = { text = "Full.", link = "help" }')
    folder.spanish('[site]\nbusy = { text = "Lleno.", link = "help" }')
    folder.write(file, content)
    if file == "merchant.toml":
        (folder.path / "messages/es.toml").unlink()
    findings = check(folder.path)
    assert (len(findings.errors), findings.warnings) == (1, ())


ADVICE = [
    ('busy = "Bye.”', 'busy = "Bye."'),
    ("busy = { text = “Bye.”, link = “help” }", 'busy = { text = "Bye.", link = "help" }'),
    ('busy = { text = "Bye.", link = "help", }', 'busy = { text = "Bye.", link = "help" }'),
    ('busy = { text: "Bye." }', 'busy = { text = "Bye." }'),
    ('busy = {\n  text = "Bye.",\n  link = "help"\n}', 'busy = { text = "Bye.", link = "help" }'),
    ("busy = 'We're full.'", 'busy = "We\'re full."'),
    ('busy: "Full."', 'busy = "Full."'),
    ('busy = "One.\nTwo."', 'busy = "One. Two."'),
    ("\u200bbusy\u00a0= 5", "U+200B"),
    ("======", "# ======"),
    ("[Summer sale!]", "[summer_sale]"),
    ("[login] here", "[login]"),
    ("busy = yes", "busy = true"),
    ('signed out = "x"', "signed_out"),
    ('[site]\nno_card = "x"', "below the first one, on line 1"),
    ('default = "x"', "to the very top"),
]


@pytest.mark.parametrize(("line", "instead"), ADVICE)
def test_the_advice_can_be_copied(folder, line, instead):
    faults = folder.english(f"[site]\n{line}\n").catalogue().faults
    assert instead in str(faults[0])


MERCHANT_ADVICE = [
    ("languages = [“en”, “es”]", 'languages = ["en", "es"]'),
    ("languages = [en, es]", 'languages = ["en", "es"]'),
    ('[links]\nhelp = "020 7946 0123"', 'help = "tel:02079460123"'),
    ('[links]\nhelp = "tel:+44 20 7946 0123"', 'help = "tel:+442079460123"'),
    ('[links]\nhelp = "help@example.com"', 'help = "mailto:help@example.com"'),
    ('[links]\nhelp = "http://example.com/help"', 'help = "https://example.com/help"'),
    ("[links]\nshow_code = true", "Move it above the first line in [ ]."),
    ('[username]\nphone = "123 456"', "Move it above the first line in [ ]."),
]


@pytest.mark.parametrize(("line", "instead"), MERCHANT_ADVICE)
def test_the_advice_for_merchant_toml_can_be_copied(folder, line, instead):
    [fault] = folder.merchant(f'name = "Olive"\n{line}\n').catalogue().faults
    assert instead in fault.instead


@pytest.mark.parametrize(
    ("line", "instead"),
    [('en = "Hi"', 'text.en = "…"'), ('time_zone = "Europe/Paris"', "above the first line in [ ]")],
)
def test_the_advice_for_a_notice_can_be_copied(folder, line, instead):
    folder.write("notices.toml", f'[n]\nwhile = "paytronix_failing"\ntext.en = "x"\n{line}\n')
    [fault] = folder.catalogue().faults
    assert instead in fault.instead


def test_dots_in_a_remark_cost_nothing(folder):
    folder.english(f'# {"." * 200}\n[site]\nbusy = "Full{"." * 100}"\n')
    assert folder.catalogue().faults == ()
    assert folder.voice().site("busy").text.startswith("Full")


def test_rich_text_is_told_for_what_it_is(folder):
    [fault] = folder.english(b"{\\rtf1 [site]}").catalogue().faults
    assert "plain text" in fault.instead


def test_thousands_of_slips_are_told_as_fifty_and_a_number_and_cost_little():
    content = (b"busy = \xe2\x80\x9cx\xe2\x80\x9d\n" * 20_000)[: LARGEST_BYTES // 20 * 20]
    started = time.thread_time()
    document = parse("messages/en.toml", content)
    assert time.thread_time() - started < 5
    assert len(document.slips) == MOST_FAULTS + 1
