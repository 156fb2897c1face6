"""What is wrong in a folder costs the entry that has it, is told with its place, and costs nothing else."""

import gc
import os
from pathlib import Path

import pytest

from app.messages.document import LARGEST_BYTES
from app.messages.merchant import Merchant

GOOD = '[site]\nsigned_out = "Bye"\n'


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("busy = 5", '"busy" is no text.'),
        ("busy = true", '"busy" is no text.'),
        ('busy = ["a"]', '"busy" is no text.'),
        ("busy = 1979-05-27", '"busy" is no text.'),
        ('busy = ""', "The text is empty."),
        ('busy = " \\n\\t"', "The text is empty."),
        ('busy = "\\u200b\\u2800"', "The text is empty."),
        ('busy = { title = "T" }', '"busy" has no text.'),
        ('busy = { text = "T", title = "" }', "The text is empty."),
        ('busy = { text = "T", titel = "x" }', '"busy" has "titel" in it'),
        ('busy = { text = "T", link = 5 }', "The link is no text."),
        ('busy = "a\\u0007b"', "control character in the text (U+0007)"),
        ('busy = "a\\u202Eb"', "turns the direction of reading (U+202E)"),
        ('busy = "a\\u2067b"', "turns the direction of reading (U+2067)"),
        ('busy = "' + "a" * 1001 + '"', "The text has 1001 characters."),
        ('bussy = "a"', '[site] has no entry named "bussy".'),
        ('timeout = "a"', '[site] has no entry named "timeout".'),
    ],
)
def test_an_entry_with_a_fault_is_left_out_and_the_rest_is_there(folder, line, told):
    folder.english(f'{GOOD}{line}\nno_card = "Later"\n')
    catalogue = folder.catalogue()
    localizer = catalogue.negotiate("en")
    assert (localizer.site("signed_out").text, localizer.site("no_card").text) == ("Bye", "Later")
    assert localizer.site("busy").text == "It’s very busy right now. Please try again in a minute."
    [fault] = catalogue.problems
    assert (fault.file, fault.line, fault.column) == ("messages/en.toml", 3, 1)
    assert told in fault.description
    assert fault.suggestion


@pytest.mark.parametrize(
    ("text", "problem", "instead"),
    [
        ('[sight]\nbusy = "a"', '"sight" means nothing here.', 'Did you mean "site"?'),
        ('busy = "a"', '"busy" stands outside its section.', "Move it below a line that says [paytronix]."),
        ('site = "a"', '"site" is a heading.', "Write it on a line of its own: [site]"),
        ('[site]\ntimeout = "a"', "no entry named", "It belongs below [paytronix]."),
        ('[site]\nbusy = "{merchent}"', '"{merchent}" in it', "Did you mean {merchant}?"),
        ('[site]\nbusy = "{minutes}"', '"{minutes}" in it', "Here you can use {merchant}"),
        ('[site]\nbusy = { text = "a", link = "hlep" }', 'the link "hlep"', 'Did you mean "help"?'),
        ('[links]\nmenu = "a"', "no entry named", "Give the link its address in merchant.toml first."),
        ('[login]\nbutton = { text = "a", link = "help" }', "can only be a text", 'button = "'),
        ('[paytronix]\na = "1"\nA = "2"', 'The code "A" is in this file twice.', "Keep one of the two"),
        ('[paytronix]\nx = { txt = "a" }', '"x" has "txt" in it', "Write text instead."),
    ],
)
def test_a_fault_says_what_to_write_instead(folder, text, problem, instead):
    [fault] = folder.english(text).catalogue().problems
    assert problem in fault.description
    assert instead in fault.suggestion


def test_a_code_without_quotation_marks_is_understood(folder):
    folder.english('[paytronix]\nuser_info.not_found = "Gone"\na.b.c = { text = "Deep", link = "help" }')
    catalogue = folder.catalogue()
    assert catalogue.problems == ()
    assert catalogue.negotiate("en").paytronix("user_info.not_found").text == "Gone"
    assert catalogue.negotiate("en").paytronix("a.b.c").text == "Deep"


def test_a_link_that_merchant_toml_does_not_have_costs_the_link_and_not_the_sentence(folder):
    folder.english('[site]\nbusy = { text = "Full.", link = "menu" }')
    message = folder.localizer().site("busy")
    assert (message.text, message.link) == ("Full.", None)


def test_a_link_that_names_itself_as_its_next_step_is_refused(folder):
    folder.merchant('name = "Olive"\n[links]\nhelp = "tel:123"')
    folder.english('[links]\nhelp = { text = "Help", link = "help" }')
    catalogue = folder.catalogue()
    assert len(catalogue.problems) == 1
    assert catalogue.negotiate("en").link("help").text == "Get help"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "This is no text file."),
        ("[site]\nbusy = 'á'".encode("latin-1"), "is not UTF-8"),
        ("[site]".encode("utf-16"), "UTF-16"),
        (b"#" * (LARGEST_BYTES + 1), "larger than 256 KB"),
        (b'[login]\nbutton = "a"\nbutton = "b"', '"button" is in this file twice'),
        (b"x = " + b"[" * 5000, "brackets inside brackets"),
        (b"x = " + b"9" * 5000, "no quotation marks around it"),
        (b"a" + b".a" * 100_000 + b" = 1", "dots in it"),
    ],
)
def test_a_file_that_cannot_be_read_leaves_the_built_in_words_and_one_fault(folder, content, told):
    catalogue = folder.english(content).catalogue()
    assert catalogue.negotiate("en").site("busy").text.startswith("It’s very busy")
    [fault] = catalogue.problems
    assert told in fault.description


def test_a_file_of_50_megabytes_is_not_read_to_its_end(folder):
    with (folder.path / "messages/en.toml").open("wb") as huge:
        huge.truncate(50_000_000)
    [fault] = folder.catalogue().problems
    assert "larger than" in fault.description


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: path.symlink_to(path)])
def test_a_directory_a_pipe_or_a_link_to_itself_in_a_files_place_is_told(folder, make):
    make(folder.path / "messages/en.toml")
    [fault] = folder.catalogue().problems
    assert fault.description.startswith(("This is no ordinary file", "The file cannot be opened"))


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_reading_odd_files_again_and_again_leaves_no_file_open(folder):
    (folder.path / "messages/en.toml").mkdir()
    folder.spanish('[site]\nbusy = "Lleno"')
    gc.collect()  # what other tests have left is closed now and not in between
    before = open_files()
    for _ in range(5):
        folder.catalogue()
    assert open_files() <= before


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(folder):
    folder.english(b"\xef\xbb\xbf[site]\r\nbusy = 'Full'\r\nbussy = 'x'\r\n")
    assert folder.localizer().site("busy").text == "Full"
    assert folder.catalogue().problems[0].line == 3


@pytest.mark.parametrize("file", ["messages/klingonish.toml", "messages/en copy.toml"])
def test_a_file_named_after_no_language_is_told(folder, file):
    folder.write(file, "")
    [fault] = folder.catalogue().problems
    assert (fault.file, "is no language" in fault.description) == (file, True)


def test_two_files_for_one_language_are_told_and_one_is_used(folder):
    folder.write("messages/pt-BR.toml", '[site]\nbusy = "Cheio"').write("messages/pt_br.toml", "")
    catalogue = folder.catalogue()
    [fault] = catalogue.problems
    assert fault.file == "messages/pt_br.toml"
    assert catalogue.negotiate("pt").site("busy").text == "Cheio"


def test_what_editors_and_configmaps_leave_around_is_no_language(folder):
    for name in (".en.toml.swp", "en.toml~", ".#en.toml", "..data", "4913", "en.toml.bak"):
        folder.write(f"messages/{name}", "nonsense")
    assert folder.catalogue().problems == ()


def test_thousands_of_faults_are_told_as_fifty_and_a_number(folder):
    folder.english("[site]\n" + "".join(f'name_{number} = "x"\n' for number in range(3000)) + 'busy = "Full"')
    catalogue = folder.catalogue()
    assert len(catalogue.problems) == 51
    assert "2950 more" in " ".join(fault.description for fault in catalogue.problems)
    assert catalogue.negotiate("en").site("busy").text == "Full"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("name = 5", "no text"),
        ('name = ""', "empty"),
        ('nmae = "x"', '"nmae" means nothing here'),
        ('logo = "../secret.svg"', "no file name of a picture"),
        ('logo = "logo.html"', "no file name of a picture"),
        ('phone = "call us"', "no telephone number"),
        ('phone = "CALL US"', "no telephone number"),
        ('phone = "<b>555 0100</b>"', "no telephone number"),
        ('languages = "en"', "no list of languages"),
        ("languages = []", "no list of languages"),
        ('languages = ["en", 5]', "One of them is no language"),
        ('languages = ["en", "xx"]', '"xx" is no language'),
        ('languages = ["en", "EN"]', "twice"),
        ('show_vendor_text = "yes"', "neither true nor false"),
        ('look = "red"', "is a heading"),
        ('look.brand = "red"', "is no colour"),
        ('look.brand = "#12345"', "is no colour"),
        ('look.brand = "#fff;}"', "is no colour"),
        ('look.brnad = "#fff"', "means nothing here"),
        ('look.corners = "oval"', "can only be one of round, soft, square"),
        ("look.corners = []", "can only be one of round, soft, square"),
        ('look.headings = "comic"', "can only be one of plain, serif"),
        ('look.background_picture = "../oak.svg"', "no file name of a picture"),
        ('look.background_picture = "oak.svg"', 'no picture "oak.svg"'),
        ('logo = "oak.svg"', 'no picture "oak.svg"'),
        ('currency = "£"', "no currency"),
        ("currency = 1", "no currency"),
        ("show_card_code = true", "can only be one of qr, barcode"),
        ('links.help = "http://example.com/"', "does not begin with https://"),
        ('links.help = "javascript:alert(1)"', "does not begin with https://"),
        ('links.help = "https:example.com"', "does not begin with https://"),
        ('links.help = "//example.com"', "does not begin with https://"),
        ('links.help = "https://u:p@example.com/"', "has an @ before its first slash"),
        ('links.help = "https://exa mple.com/"', "no address has (space)"),
        ('links.help = "https://[::1"', "a host or a port that cannot be"),
        ('links.help = "https://example.com:99999/"', "a host or a port that cannot be"),
        ('links.help = "https://example.com/a|b"', "no address has (vertical line)"),
        ('links.help = "https://example.com/100%"', "no address has (percent sign)"),
        ('links.help = "https://example.com/menü"', "no address has (latin small letter u with diaeresis)"),
        ('links.help = "https:///menu"', "has no host"),
        ('links.help = "tel:"', "has nothing behind tel:"),
        ('links.help = { href = "https://example.com/" }', "more than an address and a text"),
        ('links."Help us" = "tel:1"', "no name for a link"),
        ('username.kind = "fax"', "no kind of username"),
        ("username.kind = []", "no kind of username"),
        ('username.label = ""', "empty"),
        ('username.name = "x"', "means nothing here"),
    ],
)
def test_a_fault_in_merchant_toml_costs_its_line_only(folder, line, told):
    name = "" if line.startswith(("name", "nmae")) else 'name = "Olive"\n'
    folder.merchant(f"{name}{line}\n")
    catalogue = folder.catalogue()
    assert any(told in fault.description for fault in catalogue.problems)
    assert catalogue.problems[0].file == "merchant.toml"
    assert catalogue.merchant.name == ("Olive" if name else Merchant().name)
    assert "help" not in catalogue.merchant.links
    assert catalogue.merchant.colours == {}


def test_everything_in_merchant_toml_is_understood(folder):
    for picture in ("logo.svg", "oak.svg"):
        folder.write(picture, '<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>')
    folder.merchant(
        'name = "Olive & Thyme"\nlogo = "logo.svg"\nphone = "+44 20 7946 0123"\nlanguages = ["es", "en"]\n'
        'show_vendor_text = true\ncurrency = "GBP"\nshow_card_code = "barcode"\n[look]\nbrand = "#0B6e4f"\naccent = "#000"\n'
        'background = "#FFF"\ncorners = "round"\nheadings = "serif"\nbackground_picture = "oak.svg"\n'
        '[links]\nhelp = { url = "mailto:hi@example.com", text = "Write" }\nregister = "https://example.com/join?a=b"\n'
        '[username]\nkind = "card"\nlabel = "Club card"\n'
    )
    catalogue = folder.catalogue()
    assert catalogue.problems == ()
    assert catalogue.merchant == Merchant(
        name="Olive & Thyme",
        logo="logo.svg",
        phone="+44 20 7946 0123",
        colours={"brand": "#0b6e4f", "accent": "#000000", "background": "#ffffff"},
        corners="round",
        headings="serif",
        background_picture="oak.svg",
        currency="GBP",
        show_card_code="barcode",
        links={"help": "mailto:hi@example.com", "register": "https://example.com/join?a=b"},
        link_texts={"help": "Write"},
        languages=("es", "en"),
        username_kind="card",
        username_label="Club card",
        show_vendor_text=True,
    )


def test_a_faults_words_show_every_character_of_what_they_quote(folder):
    folder.english('"\\u001b[31mred\\n" = "x"')
    assert all(str(fault).isprintable() for fault in folder.catalogue().problems)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("(555) 010-0199", "(555) 010-0199"),
        ("+1 (555) 010-0199", "+1 (555) 010-0199"),
        ("1-800-TACOS-99", "1-800-TACOS-99"),
        ("555–010–0199", "555–010–0199"),  # as word processors write it
        ("\u202a+44 20 7946 0123\u202c", "+44 20 7946 0123"),  # as contact lists copy it
        ("020\u00a07946\u00a00123", "020 7946 0123"),
        ("555.010.0199 ext. 5", "555.010.0199 ext. 5"),
        ("555 010 0199 x12", "555 010 0199 x12"),
        ("+49 (0)30/901820", "+49 (0)30/901820"),
    ],
)
def test_telephone_numbers_are_taken_as_people_write_them(folder, typed, shown):
    folder.merchant(f'name = "Olive"\nphone = "{typed}"')
    assert folder.catalogue().merchant.phone == shown


@pytest.mark.parametrize(
    "address",
    [
        "https://www.example.com/joe's-club",
        "https://www.example.com/a(b)*c;d,e!f$g&h=i~j@k:l",
        "https://www.example.com/?q=[1]#frag/ment?",
        "https://www.example.com:8443/caf%C3%A9",
        "HTTPS://www.example.com",
        "tel:+442079460123;ext=5",
        "mailto:ana@example.com?subject=Lost%20card",
    ],
)
def test_addresses_are_taken_as_the_standard_has_them(folder, address):
    folder.merchant(f'name = "Olive"\n[links]\nhelp = "{address}"')
    assert folder.catalogue().merchant.links == {"help": address}


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        ("https://example.com/menü", "https://example.com/men%C3%BC"),
        ("https://weißwurst.example/a|b c", "https://xn--weiwurst-sya.example/a%7Cb%20c"),
        ("http://example.com/100%", "https://example.com/100%25"),
        ("www.example.com/menu", "https://www.example.com/menu"),
    ],
)
def test_what_to_write_instead_of_an_address_is_what_a_browser_would_send(folder, typed, instead):
    folder.merchant(f'name = "Olive"\n[links]\nhelp = "{typed}"')
    (fault,) = [each for each in folder.catalogue().problems if "address of the link" in each.description]
    assert fault.suggestion == f'Write it like this: help = "{instead}"'
