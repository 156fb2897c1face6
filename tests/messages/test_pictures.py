"""Pictures as people have them are taken, from folder and console alike; what phones cannot draw is refused."""

import struct
import time
import zlib
from pathlib import Path

import pytest

from app.messages.check import check
from app.messages.pictures import LARGEST_BYTES, Asset, is_name, picture_of, read_picture

HERE = Path(__file__).parent / "pictures"
ORDINARY = sorted(HERE.iterdir())
JPEG, PNG = (HERE / "plain.jpg").read_bytes(), (HERE / "padded.png").read_bytes().rstrip(b"\0")
SCAN = JPEG.index(b"\xff\xda")


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def webp(*parts):
    body = b"WEBP" + b"".join(kind + struct.pack("<I", len(inside)) + inside for kind, inside in parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def size(width, height, flags=0):
    return bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


VP8 = (b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 30, 20))
TAKEN = {
    "a film behind a photograph": JPEG + b"\0\0\0\x18ftypmp42" * 1000,
    "a second photograph behind one": JPEG + JPEG[:-100],
    "zeros behind a photograph": JPEG + bytes(4096),
    "fill bytes before a marker": JPEG[:SCAN] + b"\xff" * 9 + JPEG[SCAN:],
    "a photograph of several scans": JPEG[:-2] + JPEG[SCAN:-2] * 12 + b"\xff\xd9",
    "a picture inside a photograph's notes": JPEG[:2]
    + b"\xff\xe1"
    + struct.pack(">H", len(JPEG) + 2)
    + JPEG
    + JPEG[2:],
    "something behind a drawing": PNG + b"x" * 300,
    "an unknown chunk": PNG[:33] + chunk(b"prVt", b"\xff\xd9IEND") + PNG[33:],
    "WebP": webp(VP8),
    "WebP with a profile": webp((b"VP8X", size(30, 20)), (b"ICCP", b"abc" + b"\0"), VP8) + b"behind",
    "lossless WebP": webp((b"VP8L", b"\x2f" + struct.pack("<I", 29 | 19 << 14))),
}
REFUSED = {
    "a photograph cut off": (JPEG[:-40], "cut off or broken"),
    "a photograph cut off, with the end of another": (JPEG[: SCAN - 3] + b"\xff\xd9", "cut off or broken"),
    "a photograph without a size": (b"\xff\xd8" + JPEG[SCAN:], "cut off or broken"),
    "a PNG cut off in its picture": (PNG[:60], "cut off or broken"),
    "a PNG without its end": (PNG[:-12], "cut off or broken"),
    "a PNG whose end stands in its trash only": (PNG[:-14] + b"IEND" * 9, "cut off or broken"),
    "a WebP cut off": (webp(VP8)[:-3], "cut off or broken"),
    "a WebP without a picture": (webp((b"VP8X", size(3, 3))), "cut off or broken"),
    "a wide WebP inside a small one": (
        webp((b"VP8X", size(3, 3)), (b"VP8L", b"\x2f" + struct.pack("<I", 0x3FFF | 19 << 14))),
        "too many points",
    ),
    "a photograph in a thousand steps": (JPEG[:-2] + b"\xff\xda\0\2" * 1000 + b"\xff\xd9", "in so many steps"),
    "a moving PNG": (PNG[:33] + chunk(b"acTL", bytes(8)) + PNG[33:], "moves"),
    "a moving WebP": (webp((b"VP8X", size(30, 20, flags=2)), VP8), "moves"),
    "nothing": (b"", "is empty"),
    "a page": (b"<!doctype html><p>", "cannot be read"),
    "too much": (JPEG + bytes(LARGEST_BYTES), "larger than 512 KB"),
}


@pytest.mark.parametrize("path", ORDINARY, ids=lambda path: path.name)
def test_ordinary_pictures_are_taken_by_folder_and_console(path):
    of_console, of_folder = picture_of(path.name, path.read_bytes()), read_picture(HERE, path.name)
    assert isinstance(of_console, Asset)
    assert of_console == of_folder
    assert of_console.taken_out == ()


@pytest.mark.parametrize("what", TAKEN)
def test_what_browsers_show_is_taken_whatever_stands_around_it(what):
    assert isinstance(picture_of("a", TAKEN[what]), Asset)


@pytest.mark.parametrize("what", REFUSED)
def test_what_browsers_cannot_show_or_would_hang_over_is_refused(what):
    content, said = REFUSED[what]
    found = picture_of("back.jpg", content)
    problem, instead = found.description, found.suggestion
    assert said in problem
    assert '"back.jpg"' in problem
    assert instead.endswith(".")


@pytest.mark.parametrize("start", [JPEG[:20], PNG[:33], webp(VP8)[:12], b"\xff\xd8\xff", b"<svg", b""])
@pytest.mark.parametrize(
    "again", [b"\xff", b"\xff\xd9", b"\xff\x00", b"\xff\xc0", b"\xff\xda\0\0", b"\0", b"<!---->", b"IDAT"]
)
def test_no_content_takes_long(start, again):
    before = time.process_time()
    picture_of("a", start + again * ((LARGEST_BYTES - 64) // len(again)) + b"x")
    assert time.process_time() - before < 5


@pytest.mark.parametrize(
    "name",
    ["logo.PNG", "my logo.png", "Café.JPEG", "logo (final) v2.svg", "20% off.webp", "Bild 2026-11-30 um 9.41.png"],
)
def test_names_are_taken_as_people_give_them(tmp_path, name):
    assert is_name(name)
    (tmp_path / "merchant.toml").write_text(f'name = "Olive"\nlogo = "{name}"\nlanguages = ["en"]\n')
    (tmp_path / "messages").mkdir()
    (tmp_path / name).write_bytes(PNG)
    assert not check(tmp_path).errors


@pytest.mark.parametrize(
    "name", ["../a.svg", "a/b.png", "a\\b.png", ".svg", "logo", "a.html", "a\n.png", "\u202ea.png", "x" * 99 + ".png"]
)
def test_what_is_no_name_of_a_picture_is_none(name):
    assert not is_name(name)


@pytest.mark.parametrize("there", ["Logo.PNG", "logo .png", "lo\u200ago.png"])
def test_a_name_that_is_nearly_right_is_told(tmp_path, there):
    (tmp_path / there).write_bytes(PNG)
    found = read_picture(tmp_path, "logo.png")
    problem, instead = found.description, found.suggestion
    assert 'no picture "logo.png"' in problem
    assert there.replace("\u200a", r"\u200a") in instead  # which nobody would see otherwise


def test_a_fingerprint_is_too_long_to_be_met_by_another_picture():
    assert len(Asset(b"a", "image/png").fingerprint) * 4 >= 128


def test_what_was_taken_out_is_worth_a_look_and_no_fault(tmp_path):
    (tmp_path / "merchant.toml").write_text('name = "Olive"\nlanguages = ["en"]\nlogo = "logo.svg"\n')
    (tmp_path / "messages").mkdir()
    (tmp_path / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script><rect/></svg>')
    found = check(tmp_path)
    assert found.errors == ()
    note = next(each for each in found.warnings if "Taken out" in each.description)
    assert (note.file, note.line) == ("merchant.toml", 3)
    assert note.description == 'Taken out of the picture "logo.svg": a script.'
    assert note.suggestion.startswith("Look at the page.")
