"""The merchant's look: wishes in, colours out that everybody can read; pictures that are pictures."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.messages.check import check
from app.messages.colours import BLACK, FOR_PARTS, FOR_TEXT, WHITE, colour_of, contrast, legible
from app.messages.live import Messages
from app.messages.merchant import Merchant
from app.messages.pictures import LARGEST_BYTES
from app.messages.theme import make_theme

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
GREYS = st.integers(0, 255).map(lambda number: f"#{number:02x}{number:02x}{number:02x}")
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>'
PICTURES = Path(__file__).parent / "pictures"


def look_of(**colours):
    return make_theme(Merchant(colours=colours))


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        (BLACK, WHITE, 21.0),
        (WHITE, WHITE, 1.0),
        ("#767676", WHITE, 4.54),  # the lightest grey that passes on white, as everybody knows
        ("#777777", WHITE, 4.48),
        ("#0000ff", WHITE, 8.59),
        ("#ff0000", BLACK, 5.25),
    ],
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.005)


@settings(deadline=None)  # a change of colours is computed once, and not for a guest who waits
@given(brand=COLOURS, accent=st.none() | COLOURS, background=COLOURS | GREYS)
def test_whatever_colours_are_wished_for_all_words_and_controls_can_be_seen_light_and_dark(brand, accent, background):
    colours = {"brand": brand, "background": background} | ({"accent": accent} if accent else {})
    look = look_of(**colours)
    for scheme in (look.light, look.dark):
        for ground in ("ground", "sheet", "note-ground", "wrong-ground"):
            for words in ("ink", "faint", "accent", "wrong"):
                assert contrast(scheme[words], scheme[ground]) >= FOR_TEXT, (words, ground)
        for pressed in ("brand", "brand-pressed"):
            assert contrast(scheme["on-brand"], scheme[pressed]) >= FOR_TEXT
        for part in ("brand", "line", "accent"):
            assert contrast(scheme[part], scheme["sheet"]) >= FOR_PARTS, part


@settings(deadline=None)
@given(colour=COLOURS, ground=COLOURS)
def test_a_colour_that_can_be_seen_stays_and_any_other_keeps_its_hue(colour, ground):
    moved = legible(colour, [ground], FOR_PARTS)
    if contrast(colour, ground) >= FOR_PARTS:
        assert moved == colour
    else:
        assert contrast(moved, ground) >= FOR_PARTS


def test_a_correction_is_small_and_keeps_the_hue():
    yellow = legible("#ffd400", [WHITE], FOR_PARTS)
    assert FOR_PARTS <= contrast(yellow, WHITE) < FOR_PARTS + 0.1
    red, green, blue = bytes.fromhex(yellow[1:])
    assert red > green > blue == 0


@pytest.mark.parametrize(
    ("text", "colour"),
    [("#ABC", "#aabbcc"), ("#00FF7f", "#00ff7f"), ("red", None), ("#12345", None), ("#12345g", None), ("#fff;", None)],
)
def test_a_colour_is_read_with_three_digits_or_six(text, colour):
    assert colour_of(text) == colour


def test_a_correction_is_told_with_its_line_and_the_colour_that_guests_get(folder):
    folder.merchant('name = "Olive"\n\n[look]\nbackground = "#ffffff"\nbrand = "#ffe08a"\naccent = "#ffffff"\n')
    brand, accent = check(folder.path).warnings
    assert (brand.file, brand.line, accent.line) == ("merchant.toml", 5, 6)
    (wanted, given_instead) = re.findall("#[0-9a-f]{6}", brand.description)
    assert wanted == "#ffe08a"
    assert contrast(given_instead, WHITE) >= FOR_PARTS
    assert f'brand = "{given_instead}"' in brand.suggestion
    assert check(folder.path).errors == ()


def test_what_the_check_offers_needs_no_correction(folder):
    folder.merchant('name = "Olive"\n[look]\nbackground = "#fff8e0"\nbrand = "#ffd400"\naccent = "#ffd400"\n')
    offered = dict(
        re.findall(r'Write (\w+) = "(#[0-9a-f]{6})"', " ".join(w.suggestion for w in check(folder.path).warnings))
    )
    assert offered.keys() == {"brand", "accent"}
    lines = "".join(f'{name} = "{colour}"\n' for name, colour in offered.items())
    folder.merchant(f'name = "Olive"\n[look]\nbackground = "#fff8e0"\n{lines}')
    assert check(folder.path).warnings == ()


def test_a_correction_is_told_to_the_log_once(folder):
    folder.merchant('name = "Olive"\n[look]\nbrand = "#ffe08a"\n')
    told = []
    words = Messages(folder.path, on_problem=told.append)
    assert len(told) == 1
    folder.english("[site]\nbusy = 'Full.'")
    words.poll()
    assert len(told) == 1


def test_a_dark_background_is_dark_whatever_the_device_is_set_to():
    assert look_of(background="#0b0716").is_always_dark
    assert not look_of(background="#ffffff").is_always_dark
    assert b"prefers-color-scheme" not in look_of(background="#0b0716").stylesheet.content


def test_the_stylesheet_has_nothing_in_it_that_the_merchant_typed():
    merchant = Merchant(name="</style>} body{display:none}", colours={"brand": "#123456"})
    assert b"display:none" not in make_theme(merchant).stylesheet.content
    assert b"<style" not in make_theme(merchant).icon.content


# --- Pictures ---


@pytest.mark.parametrize(
    ("content", "mimetype"),
    [
        ((PICTURES / "padded.png").read_bytes(), "image/png"),
        ((PICTURES / "plain.jpg").read_bytes(), "image/jpeg"),
        (SVG, "image/svg+xml"),
        (
            b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>\n<!-- made by hand -->\n' + SVG.encode(),
            "image/svg+xml",
        ),
        ('<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x">\n' + SVG, "image/svg+xml"),
        ('<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG, "image/svg+xml"),
    ],
)
def test_a_picture_is_known_by_its_content(folder, content, mimetype):
    folder.merchant('name = "Olive"\nlogo = "logo.png"\n').write("logo.png", content)
    catalogue = folder.catalogue()
    assert catalogue.problems == ()
    assert catalogue.theme.logo.mimetype == mimetype


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        ("<html><svg/></html>", "no picture that browsers show"),
        ("<svg><rect/></svg>", "does not say that it is one"),
        (b"GIF89a", "is no picture"),
        (SVG.encode() + b" " * LARGEST_BYTES, "larger than"),
        (None, "There is no picture"),
    ],
)
def test_what_is_no_picture_is_told_and_left_out(folder, content, told):
    folder.merchant('name = "Olive"\n\nlogo = "logo.svg"\n')
    if content is not None:
        folder.write("logo.svg", content)
    (fault,) = folder.catalogue().problems
    assert told in fault.description
    assert (fault.file, fault.line) == ("merchant.toml", 3)
    assert folder.catalogue().theme.logo is None


def test_a_folder_and_a_pipe_in_place_of_a_picture_are_told(folder):
    import os

    folder.merchant('name = "Olive"\nlogo = "logo.svg"\nlook.background_picture = "oak.png"\n')
    (folder.path / "logo.svg").mkdir()
    os.mkfifo(folder.path / "oak.png")
    assert ["no ordinary file" in fault.description for fault in folder.catalogue().problems] == [True, True]


def test_a_picture_that_is_replaced_is_live_and_a_broken_one_leaves_the_last_good(folder):
    folder.merchant('name = "Olive"\nlogo = "logo.svg"\n').write("logo.svg", SVG)
    words = Messages(folder.path)
    before = words.current().theme.logo
    folder.write("logo.svg", SVG.replace("<rect/>", "<circle/>"))
    words.poll()
    after = words.current().theme.logo
    assert after.fingerprint != before.fingerprint
    folder.write("logo.svg", "oops")
    words.poll()
    assert words.current().theme.logo == after
    assert "is no picture" in words.current().problems[0].description
    (folder.path / "logo.svg").unlink()
    words.poll()
    assert words.current().theme.logo == after
    folder.write("logo.svg", SVG)
    words.poll()
    assert words.current().problems == ()
    assert words.current().theme.logo == before


def test_a_picture_that_nobody_names_is_neither_read_nor_told(folder):
    folder.write("huge.png", b"x" * (2 * LARGEST_BYTES))
    assert folder.catalogue().problems == ()
    assert set(folder.catalogue().theme.assets) == {"look", "icon"}


@pytest.mark.parametrize("background", ["#ffffff", "#0b0716"])
def test_a_look_in_one_scheme_asks_no_device(background):
    look = look_of(background=background)
    for name, scheme in (("light", look.light), ("dark", look.dark)):
        css = look.in_scheme(name).stylesheet.content.decode()
        assert "prefers-color-scheme" not in css
        assert f"--ground:{scheme['ground']};" in css
    assert "color-scheme:dark" in look.in_scheme("dark").stylesheet.content.decode()
    assert look.in_scheme("dark").is_always_dark
    assert look.in_scheme("light").is_always_dark == look.is_always_dark
