"""Whatever lies in the merchant's folder, reading it takes neither long nor much memory, and ends no process."""

import os
import resource
import socket
import time

import pytest

from app.messages.check import check
from app.messages.document import LARGEST_BYTES
from app.messages.folder import MOST_FILES, Folder
from app.messages.live import Messages

MERCHANT = 'name = "Olive"\nlogo = "logo.svg"\nlanguages = ["en"]\nlook.background_picture = "back.png"\n'
FILES = ["merchant.toml", "notices.toml", "messages/en.toml", "logo.svg", "back.png"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "messages").mkdir()
    (tmp_path / "merchant.toml").write_text(MERCHANT)
    return tmp_path


def put(path, what):
    path.unlink(missing_ok=True)
    if what == "a pipe":
        os.mkfifo(path)
    elif what == "a socket":
        with socket.socket(socket.AF_UNIX) as one:
            here = os.getcwd()
            os.chdir(path.parent)  # an address may be 107 bytes long
            try:
                one.bind(path.name)
            finally:
                os.chdir(here)
    elif what == "an endless device":
        path.symlink_to("/dev/zero")
    elif what == "a link to itself":
        path.symlink_to(path.name)
    elif what == "a link to nothing":
        path.symlink_to("nowhere")
    elif what == "a folder":
        path.mkdir()
    elif what == "a file of a terabyte":
        with path.open("wb") as opened:
            opened.truncate(1 << 40)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    "what",
    [
        "a pipe",
        "a socket",
        "an endless device",
        "a link to itself",
        "a link to nothing",
        "a folder",
        "a file of a terabyte",
    ],
)
def test_whatever_stands_in_a_files_place_is_read_at_once(folder, file, what):
    put(folder / file, what)
    before = time.process_time()
    Messages(folder).current()
    assert check(folder).errors
    assert time.process_time() - before < 5


def test_a_folder_in_circles_is_read_at_once(folder):
    (folder / "messages").rmdir()
    (folder / "messages").symlink_to(".")
    assert Messages(folder).current().merchant.name == "Olive"


def test_a_name_that_is_no_text_hurts_nobody(folder):
    for name in (b"\xff\xfe.toml", b"a\nb.toml", b"\xff.svg"):
        (folder / "messages" / os.fsdecode(name)).write_text("x = 1")
        (folder / os.fsdecode(name)).write_text("x = 1")
    check(folder)
    assert Messages(folder).current().merchant.name == "Olive"


def test_ten_thousand_files_cost_as_much_as_a_few(folder, monkeypatch):
    for number in range(10_000):
        (folder / f"{number}.png").touch()
        (folder / "messages" / f"x{number}.toml").touch()
    asked = []
    stat = os.stat
    monkeypatch.setattr("os.stat", lambda path, **given: asked.append(path) or stat(path, **given))
    here = Folder(folder)
    here.poll()
    assert here.catalogue().merchant.name == "Olive"
    asked.clear()
    here.is_as_seen()
    assert 0 < len(asked) < 3 * MOST_FILES
    assert any("files too many" in fault.description for fault in here.catalogue().problems)


def text(start, again, end=""):
    return (start + again * (LARGEST_BYTES // len(again)))[: LARGEST_BYTES - len(end)] + end


TEXTS = {
    "arrays in one another": text("a = ", "["),
    "tables in one another": text("a = ", "{a="),
    "closed ones": "a = " + "[" * 100_000 + "]" * 100_000,
    "a long name": text("", "a."),
    "headings of many parts": text("[a", ".a", "]\n"),
    "headings again": text("", "[site]\n"),
    "lists of tables": text("", "[[a]]\n"),
    "deeper and deeper": "".join(f"[{'.'.join('a' * n)}]\n" for n in range(1, 300)),
    "names": "".join(f"a{n}=1\n" for n in range(25_000)),
    "the same name": text("", "a=1\n"),
    "broken lines": text("", "a=\n"),
    "a broken line of commas": text('x = { text: "a", ', ", ", "b"),
    "quotation marks": text("", '"'),
    "long texts begun": text("", '"""\n'),
    "backslashes": text('a = "', "\\"),
    "curly quotation marks": text("a = ", "“”"),
    "remarks": text("", "#\n"),
    "blanks": text("", " ", "x"),
    "lines": text("", "\n", "x"),
    "numbers": "a = " + "1" * 200_000,
    "one long sentence": 'busy = "' + "a " * 100_000 + '"',
    "one long word": '[site]\nbusy = "' + "a" * 200_000 + '"',
    "braces": '[site]\nbusy = "' + "{" * 200_000 + '"',
    "entries": "[paytronix]\n" + "".join(f'c{n} = "x"\n' for n in range(15_000)),
}


@pytest.mark.parametrize("what", TEXTS)
def test_no_text_takes_long_or_much_memory_to_read(folder, what):
    content = TEXTS[what].encode()[:LARGEST_BYTES]
    for file in FILES[:3]:
        (folder / file).write_bytes(content)
    seconds, kilobytes = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    Messages(folder).current()
    assert time.process_time() - seconds < 30
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - kilobytes < 300_000
