"""``messages export``: what guests read, as a merchant's folder."""

import hashlib
import threading

from app.messages.check import check
from app.messages.pictures import picture_of
from tests.exchange.conftest import catalogue, files, words
from tests.messages.test_commands import flask
from tests.sites import ROOT

SIGNED_OUT = ("messages/en.toml", "site", "signed_out")


def publish(desk, changes, comment="Because"):
    return desk.revisions.publish_changes(changes, by="Ana", comment=comment, seen=desk.revisions.published_number())


def message(text, title=None, link=None):
    return {"text": text, "title": title, "link": link}


def test_what_is_published_is_written_over_what_the_folder_says(desk, tmp_path):
    publish(desk, {SIGNED_OUT: message("See you!", title="Out"), ("messages/en.toml", "site", "busy"): None})
    publish(desk, {("messages/es.toml", "paytronix", "a.b"): message("Hola"), ("merchant.toml", "name"): "Thyme"})
    assert desk.ok("export", tmp_path / "out") == f"3 files written to {tmp_path}/out.\n"
    assert words(tmp_path / "out") == {"site": {"signed_out": {"text": "See you!", "title": "Out"}}}
    assert words(tmp_path / "out", "messages/es.toml") == {"paytronix": {"a.b": "Hola"}}
    assert words(tmp_path / "out", "merchant.toml")["name"] == "Thyme"
    assert (tmp_path / "out/merchant.toml").read_text().startswith("# Revision 2 (")


def test_the_draft_is_written_only_when_it_is_asked_for(desk, tmp_path):
    desk.drafts.save_all({SIGNED_OUT: message("Soon")}, by="Ana", is_publisher=False)
    desk.ok("export", tmp_path / "live")
    desk.ok("export", tmp_path / "draft", "--draft")
    assert words(tmp_path / "live")["site"]["signed_out"] == "Bye."
    assert words(tmp_path / "draft")["site"]["signed_out"] == "Soon"


def test_one_change_is_one_line_of_difference(desk, tmp_path):
    desk.ok("export", tmp_path / "before")
    publish(desk, {SIGNED_OUT: message("See you!")})
    desk.ok("export", tmp_path / "after")
    before, after = files(tmp_path / "before"), files(tmp_path / "after")
    assert before.keys() == after.keys()
    changed = set(after["messages/en.toml"].splitlines()) - set(before["messages/en.toml"].splitlines())
    assert changed == {b'signed_out = "See you!"'}
    assert {name for name in after if after[name] != before[name]} == {"messages/en.toml"}


def test_the_check_finds_nothing_in_an_export_that_is_not_in_the_folder(desk, tmp_path):
    for sample in ("merchant", "tests/brands/neon"):
        out = tmp_path / sample.replace("/", "-")
        code, said = desk.run("export", out, MERCHANT_DIR=str(ROOT / sample))
        assert code == 0, said
        here, there = check(ROOT / sample), check(out)
        told = [
            sorted((each.description, each.suggestion) for each in found.errors + found.warnings)
            for found in (here, there)
        ]
        assert told[0] == told[1]
        assert (here.languages, here.sentences) == (there.languages, there.sentences)
        assert catalogue(out).theme.assets.keys() == catalogue(ROOT / sample).theme.assets.keys()


def test_a_picture_is_written_as_it_was_published(desk, tmp_path):
    content = picture_of("", b'<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>').content
    (desk.seed / "logo.svg").write_bytes(content.replace(b"rect", b"circle"))
    desk.pictures.add(content, by="Ana")
    mark = hashlib.sha256(content).hexdigest()
    publish(desk, {("merchant.toml", "logo"): "logo.svg", ("pictures", "logo.svg"): mark})
    desk.ok("export", tmp_path / "out")
    assert (tmp_path / "out/logo.svg").read_bytes() == content


def test_a_folder_that_holds_something_is_left_alone_unless_it_is_forced(desk, tmp_path):
    out = tmp_path / "out"
    desk.ok("export", out)
    (out / "README.md").write_text("Mine")
    (out / "messages/fr.toml").write_text('[site]\nbusy = "Complet."')
    (out / "notices.toml").write_text("")
    publish(desk, {SIGNED_OUT: message("See you!")})
    code, said = desk.run("export", out)
    assert (code, "is not empty" in said, words(out)["site"]["signed_out"]) == (1, True, "Bye.")
    desk.ok("export", out, "--force")
    assert words(out)["site"]["signed_out"] == "See you!"
    assert sorted(path.name for path in out.rglob("*") if path.is_file()) == ["README.md", "en.toml", "merchant.toml"]


def test_whoever_reads_a_folder_while_it_is_replaced_finds_words_in_it(desk, tmp_path):
    out, seen, is_over = tmp_path / "out", set(), threading.Event()
    desk.ok("export", out)

    def read():
        while not is_over.is_set():
            seen.add((words(out)["site"]["signed_out"], words(out, "merchant.toml")["name"]))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(5):
            publish(desk, {SIGNED_OUT: message(f"Bye {number}.")})
            desk.ok("export", out, "--force")
    finally:
        is_over.set()
        reader.join()
    assert {name for _, name in seen} == {"Olive"}
    assert len(seen) > 1


def test_a_folder_that_cannot_be_written_is_told(desk, tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file/out", tmp_path / "file"):
        code, said = desk.run("export", out)
        assert code != 0
        assert "Traceback" not in said


def test_faults_of_the_folder_are_told_and_written_as_they_are(desk, tmp_path):
    (desk.seed / "messages/en.toml").write_text('[site]\nbusyy = "Full."\n')
    said = desk.ok("export", tmp_path / "out")
    assert "1 thing is wrong in it" in said
    assert words(tmp_path / "out") == {"site": {"busyy": "Full."}}


def test_without_a_history_or_with_one_that_is_away_it_says_what_to_do(desk, tmp_path):
    for settings, told in (
        ({"MESSAGES_URL": ""}, "MESSAGES_URL is not set"),
        ({"MESSAGES_URL": f"sqlite:///{tmp_path}/empty.db"}, "console migrate"),
        ({"MESSAGES_URL": "postgresql://words:a-password@127.0.0.1:1/words"}, "cannot be used"),
    ):
        for arguments in (["export", tmp_path / "out"], ["import", desk.seed]):
            code, said = desk.run(*arguments, **settings)
            assert (code, told in said) == (1, True), said
            assert "a-password" not in said
    assert not (tmp_path / "out").exists()


def test_no_other_setting_is_needed(desk, tmp_path):
    done = flask("messages", "export", tmp_path / "out", MESSAGES_URL=desk.url, MERCHANT_DIR=str(desk.seed))
    assert (done.returncode, done.stderr) == (0, "")
    assert words(tmp_path / "out")["site"] == {"busy": "Full.", "signed_out": "Bye."}
