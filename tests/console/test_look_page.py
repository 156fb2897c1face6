"""Look: everything that merchant.toml says, changed in the draft; pictures are refused unless they are pictures."""

import io
import struct
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.messages.pictures import picture_of
from tests.console.conftest import sign_in
from tests.console.pages import fill_in, form_of, forms_of, text_of

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1" fill="%s"/></svg>'
ROOT = Path(__file__).parents[2]


def png(width=2, height=2):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\xff\0\0" * 2 for _ in range(2)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(width=2, height=2):
    sizes = b"\xff\xc0" + struct.pack(">HBHHB", 8, 8, height, width, 0)
    return b"\xff\xd8\xff\xe0" + struct.pack(">H", 4) + b"JF" + sizes + b"\xff\xda\0\2x\xff\xd9"


def webp(width=2, height=2):
    size = b"\0" * 4 + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + size + b"VP8 " + struct.pack("<I", 10) + b"\0" * 6 + b"\2\0\2\0"
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.fixture
def app(make_console):
    return make_console(MERCHANT_DIR=str(ROOT / "merchant"))


@pytest.fixture
def parts(app):
    return app.extensions["console"]


@pytest.fixture
def ana(app):
    return sign_in(app)


def with_folder(make_console, tmp_path, merchant=""):
    """A console for a folder of its own, and Ana's browser."""
    folder = tmp_path / "merchant"
    folder.mkdir()
    (folder / "merchant.toml").write_text(f'name = "Olive "\nlanguages = ["en", "es"]\n{merchant}')
    app = make_console(MERCHANT_DIR=str(folder))
    return app, sign_in(app)


def look(client, **changes):
    return fill_in(client, "/look", {name.replace("__", "."): value for name, value in changes.items()}, field="name")


def upload(client, content, name="logo.svg", field="logo", **changes):
    return fill_in(client, "/look", {field: (io.BytesIO(content), name), **changes}, field="name")


def test_a_form_that_is_sent_as_it_came_changes_nothing(ana, parts):
    assert look(ana).location == "/look"
    assert parts.drafts.read() == {}


def test_each_setting_is_a_change_of_its_own_and_says_where_it_is_from(ana, parts):
    answer = look(
        ana, name="Fig & Co", look__brand="#0B6E4F", look__corners="round", languages="es, en", currency="EUR",
        show_card_code="qr", username__kind="email", username__label="Your e-mail", show_code="yes", phone="",
        **{"links.help.url": "mailto:a@example.com", "links.help.text": "Write to us", "links.register.url": "",
           "links.+.name": "menu", "links.+.url": "https://example.com/menu", "links.+.text": "Menu"},
    )  # fmt: skip
    assert answer.location == "/look?saved=yes"
    assert {place[1:]: draft.value for place, draft in parts.drafts.read().items()} == {
        ("name",): "Fig & Co",
        ("look", "brand"): "#0B6E4F",
        ("look", "corners"): "round",
        ("languages",): ["es", "en"],
        ("currency",): "EUR",
        ("show_card_code",): "qr",
        ("username", "kind"): "email",
        ("username", "label"): "Your e-mail",
        ("show_code",): True,
        ("phone",): None,
        ("links", "help"): {"url": "mailto:a@example.com", "text": "Write to us"},
        ("links", "register"): None,
        ("links", "menu"): {"url": "https://example.com/menu", "text": "Menu"},
    }
    merchant = parts.workspace.snapshot().draft.merchant
    assert (merchant.name, merchant.languages, merchant.phone, merchant.show_code) == (
        "Fig & Co",
        ("es", "en"),
        None,
        True,
    )
    assert dict(merchant.links) == {
        "forgot_password": "https://olive-and-thyme.example.com/forgot-password",
        "help": "mailto:a@example.com",
        "menu": "https://example.com/menu",
    }
    page = text_of(ana.get("/look").text)
    assert "Name of the restaurant In the draft, by Ana" in page
    assert "Colour of links From the folder" in page
    assert "Label of the first field In the draft" in page
    back = look(
        ana, name="Olive & Thyme", look__brand="#4b5a2a", look__corners="soft", languages="en, es", currency="GBP",
        show_card_code="", username__kind="username", username__label="", show_code=None, phone="020 7946 0123",
        **{"links.help.url": "tel:+442079460123", "links.help.text": "", "links.menu.url": "", "links.menu.text": "",
           "links.register.url": "https://olive-and-thyme.example.com/join"},
    )  # fmt: skip
    assert back.status_code == 303
    assert parts.drafts.read() == {}


def test_contrast_is_told_as_a_number_with_what_guests_get_instead(ana):
    look(ana, look__accent="#ffe000")
    page = text_of(ana.get("/look").text)
    assert "Contrast 1.1; everybody can see it from 4.5. Guests get" in page
    assert "instead." in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "The restaurant needs a name."),
        ({"name": "n" * 81}, "81 characters"),
        ({"phone": "call me"}, "no telephone number"),
        ({"look.brand": "red"}, "no colour"),
        ({"look.corners": "pointed"}, "can only be one of"),
        ({"languages": "en, klingon!"}, "is no language"),
        ({"currency": "pounds"}, "no currency"),
        ({"username.kind": "name"}, "no kind of username"),
        ({"show_card_code": "x"}, "can only be one of"),
        ({"links.help.url": "javascript:alert(1)"}, "does not begin with https://"),
        ({"links.help.url": "http://example.com"}, "does not begin with https://"),
        ({"links.help.url": "", "links.help.text": "Help"}, "does not begin with https://"),
        ({"links.help.text": "\u202e"}, "The text is empty"),
        ({"links.+.name": "Menu Card", "links.+.url": "https://example.com"}, "no name for a link"),
        ({"links.+.name": "a/b", "links.+.url": "https://example.com"}, "no name for a link"),
        ({"links.+.name": "help", "links.+.url": "https://example.com"}, "another link of that name"),
        ({"links.+.url": "https://example.com"}, "Give the link a name"),
        ({"links.+.name": "menu"}, "does not begin with https://"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(ana, parts, changes, said):
    typed = {"look.accent": "#123456", "show_code": "yes", **changes}
    answer = fill_in(ana, "/look", typed, field="name")
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    fields = form_of(answer.text, field="name")
    assert {name: fields[name] for name in typed} == typed
    assert parts.drafts.read() == {}


@pytest.mark.parametrize(
    ("content", "suffix"), [(SVG % b"red", "svg"), (png(), "png"), (jpeg(), "jpg"), (webp(), "webp")]
)
def test_a_picture_is_kept_named_and_shown(ana, parts, content, suffix):
    assert upload(ana, content, f"Our logo.{suffix}").status_code == 303
    moment = parts.workspace.snapshot()
    name = moment.contents["merchant.toml"]["logo"]
    assert name.endswith(f".{suffix}")
    content = picture_of("", content).content
    assert moment.draft.theme.logo.content == content
    assert moment.draft.problems == ()
    fingerprint = moment.contents["pictures"][name]
    for mark in (fingerprint, moment.draft.theme.logo.fingerprint):
        answer = ana.get(f"/look/picture/{mark}")
        assert answer.data == content
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert fingerprint in ana.get("/publish").text


def test_a_picture_that_takes_the_place_of_another_leaves_nothing_behind(ana, parts):
    upload(ana, SVG % b"red")
    upload(ana, SVG % b"blue")
    upload(ana, png(), "back.png", field="look.background_picture")
    assert len([place for place in parts.drafts.read() if place[0] == "pictures"]) == 2
    forms = forms_of(ana.get("/publish").text)
    logo = next(form for form in forms if '"logo"' in form["fields"].get("place", ""))
    ana.post("/publish/discard", data=logo["fields"])
    assert {place[-1].partition("-")[0] for place in parts.drafts.read()} == {"background_picture"}
    fill_in(ana, "/look", {"remove.look.background_picture": "yes"}, field="name")
    assert {place: draft.value for place, draft in parts.drafts.read().items()} == {
        ("merchant.toml", "look", "background_picture"): None
    }
    assert parts.workspace.snapshot().draft.theme.background is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"GIF89a", "no picture that browsers show"),
        (b"<html><svg></svg></html>", "no picture that browsers show"),
        (b"", "is empty"),
        (b"MZ\x90", "no picture that browsers show"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "nothing in the SVG to draw"),
        (b"<svg><rect/></svg>", "does not say that it is one"),
        (b"<svg ", "broken"),
        (png()[:-20], "cut off or broken"),
        (b"\x89PNG\r\n\x1a\n", "cut off or broken"),
        (png(0, 2), "cut off or broken"),
        (png(60_000, 60_000), "too many points"),
        (jpeg(9_000, 2), "too many points"),
        (jpeg()[:12], "cut off or broken"),
        (webp(9_000, 2), "too many points"),
        (webp()[:20], "cut off or broken"),
        (b"\xff\xd8\xff" + b"\xff" * 100, "cut off or broken"),
        (png() + b" " * 512 * 1024, "larger than 512 KB"),
    ],
)
def test_what_is_no_good_as_a_picture_is_refused_and_nothing_typed_is_lost(ana, parts, content, said):
    answer = upload(ana, content, phone="020 1234 5678")
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert form_of(answer.text, field="name")["phone"] == "020 1234 5678"
    assert parts.drafts.read() == {}
    assert "alert(1)" not in answer.text


def test_what_acts_in_a_drawing_is_taken_out_and_told(ana, parts):
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><rect/><animate/><text>&lt;b></text></svg>'
    answer = upload(ana, svg)
    assert answer.status_code == 303
    assert "Taken out of the picture: a script, an animation." in text_of(ana.get(answer.location).text)
    assert "Taken out" not in ana.get("/look?saved=yes&taken_out=Call+0900+1234").text
    logo = parts.workspace.snapshot().draft.theme.logo
    assert b"alert" not in logo.content
    assert b"<rect" in logo.content


def test_pictures_do_not_fill_the_disk(ana, parts, monkeypatch):
    content = png()
    monkeypatch.setattr("app.history.pictures.MOST_BYTES", len(content) + 1)
    assert upload(ana, content).status_code == 303
    before = parts.drafts.read()
    answer = upload(ana, png(3, 3), phone="020 1234 5678")
    assert answer.status_code == 422
    assert "no room" in text_of(answer.text)
    assert form_of(answer.text, field="name")["phone"] == "020 1234 5678"
    assert parts.drafts.read() == before
    assert upload(ana, content).status_code == 303, "one that is kept already takes no room"


def test_two_pictures_as_large_as_they_may_be_are_taken_at_once(ana, parts):
    logo, background = ((SVG % colour).ljust(512 * 1024) for colour in (b"red", b"tan"))
    answer = upload(ana, logo, **{"look.background_picture": (io.BytesIO(background), "behind.svg")})
    assert answer.status_code == 303, text_of(answer.text)
    assert {place[0] for place in parts.drafts.read()} == {"merchant.toml", "pictures"}


def test_a_request_that_is_too_large_says_so(ana, parts):
    answer = upload(ana, png() + b" " * 2 * 1024 * 1024)
    assert answer.status_code == 413
    assert "That is too large" in answer.text
    assert parts.drafts.read() == {}


def test_the_name_of_a_file_never_runs(ana):
    answer = upload(ana, b"x", "<script>alert(1)</script>.svg")
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text


def test_two_who_change_the_same_are_told_at_the_field_and_the_rest_stays_typed(app, ana, parts):
    page = ana.get("/look").text
    look(sign_in(app, "Ben", "editor"), name="Ben's", look__accent="#222222", show_code="yes")
    answer = fill_in(ana, "/look", {"name": "Ana's", "look.brand": "#333333"}, field="name", page=page)
    assert answer.status_code == 409
    assert "Ben has changed this meanwhile, to: Ben's." in text_of(answer.text)
    assert {place[-1] for place in parts.drafts.read()} == {"name", "accent", "show_code"}  # all or nothing of a form
    fields = form_of(answer.text, field="name")
    assert (fields["name"], fields["look.brand"]) == ("Ana's", "#333333")
    assert ana.post("/look", data=fields).status_code == 303
    draft = {place[-1]: each.value for place, each in parts.drafts.read().items()}
    assert draft == {
        "name": "Ana's",
        "brand": "#333333",
        "accent": "#222222",
        "show_code": True,
    }  # what Ana has not touched stays Ben's


@pytest.mark.parametrize("theirs", [{"look.corners": "square"}, {"links.register.url": "https://b.example"}])
def test_a_field_that_nobody_touched_is_in_nobodys_way(make_console, tmp_path, theirs):
    app, ana = with_folder(make_console, tmp_path)
    parts = app.extensions["console"]
    plain = {("merchant.toml", "links", "register"): "https://a.example"}  # as it stands in a file
    parts.drafts.save_all(plain, by="Ben", is_publisher=True)
    page = ana.get("/look").text
    assert fill_in(sign_in(app, "Ben", "editor"), "/look", theirs, field="name").status_code == 303
    wrong = fill_in(ana, "/look", {"phone": "call me"}, field="name", page=page)
    assert wrong.status_code == 422
    assert fill_in(ana, "/look", {"phone": "123 456"}, field="name", page=wrong.text).status_code == 303
    shown = form_of(ana.get("/look").text, field="name")
    assert {name: shown[name] for name in theirs} == theirs
    assert shown["phone"] == "123 456"


def test_spaces_around_what_the_folder_says_are_no_change(make_console, tmp_path):
    app, ana = with_folder(
        make_console, tmp_path, 'phone = "123 456 "\nlinks.help = {url = " tel:123456", text = "Ring us "}\n'
    )
    assert look(ana).location == "/look"
    assert app.extensions["console"].drafts.read() == {}


def test_a_link_takes_the_place_of_all_that_the_folder_says_of_it(make_console, tmp_path):
    app, ana = with_folder(make_console, tmp_path, 'links.help = {url = "https://a.example", title = "Help"}\n')
    assert look(ana, **{"links.help.url": "https://b.example"}).status_code == 303
    assert app.extensions["console"].workspace.snapshot().draft.merchant.links["help"] == "https://b.example"


def test_what_is_scheduled_is_not_shown_as_if_it_were_there(ana, parts):
    look(ana, name="Waiting Olive")
    at = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    assert fill_in(ana, "/publish", {"when": "later", "at": at}, field="follows").status_code == 303
    page = ana.get("/look").text
    assert "Waiting Olive" not in page
    assert "Colour of links From the folder" in text_of(page)


def test_what_only_publishers_change_is_refused_to_editors(app, parts):
    parts.drafts.restrict(("merchant.toml", "name"), is_restricted=True, by="Ana")
    answer = look(sign_in(app, "Ben", "editor"), name="Ben's")
    assert answer.status_code == 403
    assert form_of(answer.text, field="name")["name"] == "Ben's"
    assert parts.drafts.read() == {}


@pytest.mark.parametrize("mark", ["0" * 64, "0" * 12, "x", "%00", "a" * 5000])
def test_a_picture_that_is_not_there_is_said_to_be_none(ana, mark):
    assert ana.get(f"/look/picture/{mark}").status_code == 404
