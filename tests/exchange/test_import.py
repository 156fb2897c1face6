"""``messages import``: a folder's words into the draft, or published."""

import re
import shutil

import pytest

from app.messages.pictures import picture_of
from tests.exchange.conftest import files, words
from tests.exchange.test_export import SIGNED_OUT, message, publish

BUSY = ("messages/en.toml", "site", "busy")


@pytest.fixture
def exported(desk, tmp_path):
    """The folder that a developer has exported."""
    desk.ok("export", tmp_path / "exported")
    return tmp_path / "exported"


def edit(folder, before, after, file="messages/en.toml"):
    text = (folder / file).read_text(encoding="utf-8")
    assert before in text
    (folder / file).write_text(text.replace(before, after), encoding="utf-8")


def test_what_differs_goes_into_the_draft_and_nothing_else(desk, exported):
    edit(exported, '"Bye."', '"See you!"')
    said = desk.ok("import", exported, "--name", "Dev")
    assert said.startswith("messages/en.toml: [site] signed_out\n1 change taken into the draft.")
    (draft,) = desk.drafts.read().values()
    assert (draft.place, draft.value, draft.made_by) == (SIGNED_OUT, message("See you!"), "Dev")
    assert desk.revisions.published() is None
    assert "Nothing to import" in desk.ok("import", exported)
    imported, saved = desk.audit.read()
    assert (imported.what, imported.about, imported.done_by) == ("imported", {"changes": 1}, "Dev")
    assert saved.what == "draft_saved"


def test_published_at_once_it_is_a_revision_with_a_comment(desk, exported, tmp_path):
    edit(exported, '"Bye."', '"See you!"')
    edit(exported, '"Olive"', '"Thyme"', "merchant.toml")
    assert "2 changes published as revision 1." in desk.ok("import", exported, "--publish", "--comment", "Reviewed")
    revision = desk.revisions.published()
    assert (revision.comment, revision.made_by, revision.changed) == ("Reviewed", "command line", 2)
    desk.ok("export", tmp_path / "again")
    assert files(tmp_path / "again") == files(exported)
    assert "Nothing to import" in desk.ok("import", exported, "--publish", "--comment", "Twice")
    assert desk.revisions.published_number() == 1


def test_what_was_taken_out_is_taken_out_and_what_is_the_folders_again_says_nothing(desk, exported, tmp_path):
    edit(exported, 'busy = "Full."\n', "")
    desk.ok("import", exported, "--publish", "--comment", "Out")
    assert desk.revisions.published().contents == {"messages/en.toml": {"site": {"busy": None}}}
    desk.ok("export", tmp_path / "two")
    edit(tmp_path / "two", "[site]\n", '[site]\nbusy = "Full."\n')
    desk.ok("import", tmp_path / "two", "--publish", "--comment", "In")
    assert desk.revisions.published().contents == {}


def test_of_an_entry_all_fields_are_replaced(desk, tmp_path):
    (desk.seed / "messages/en.toml").write_text(
        '[site]\nsigned_out = { text = "Bye.", title = "Out", link = "help" }\n'
    )
    (desk.seed / "merchant.toml").write_text('name = "Olive"\n[links]\nhelp = { url = "tel:123", text = "Ring" }\n')
    (desk.seed / "notices.toml").write_text(
        '[n]\nuntil = 2999-01-01T00:00:00Z\ntitle.en = "T"\ntext.en = "E"\ntext.es = "S"\n'
    )
    desk.ok("export", tmp_path / "out")
    (tmp_path / "out/messages/en.toml").write_text('[site]\nsigned_out = "Bye!"\n')
    edit(tmp_path / "out", 'text = "Ring"\n', "", "merchant.toml")
    (tmp_path / "out/notices.toml").write_text('[n]\nuntil = "2999-01-01 00:00+00:00"\ntext.es = "S2"\n')
    desk.ok("import", tmp_path / "out", "--publish", "--comment", "x")
    desk.ok("export", tmp_path / "again")
    assert words(tmp_path / "again") == {"site": {"signed_out": "Bye!"}}
    assert words(tmp_path / "again", "merchant.toml")["links"] == {"help": "tel:123"}
    assert words(tmp_path / "again", "notices.toml") == {"n": {"until": "2999-01-01 00:00+00:00", "text": {"es": "S2"}}}


def test_faults_stop_it_as_the_check_tells_them(desk, exported):
    edit(exported, "busy", "busyy")
    edit(exported, '"Bye."', '"See you!"')
    code, said = desk.run("import", exported)
    assert (code, said) == desk.run("check", exported)
    assert code == 1
    assert desk.drafts.read() == {}
    desk.ok("import", exported, "--force")  # without the faults; what they have cost stays
    assert set(desk.drafts.read()) == {SIGNED_OUT}


def test_a_file_that_cannot_be_read_takes_nothing_out(desk, exported):
    (exported / "messages/en.toml").write_text('[site\nsigned_out = "Hi')
    assert desk.run("import", exported)[0] == 1
    assert "Nothing to import" in desk.ok("import", exported, "--force")
    shutil.rmtree(exported)
    assert desk.run("import", exported)[0] == 1
    assert "Nothing to import" in desk.ok("import", exported, "--force")


def test_what_others_have_changed_meanwhile_stays(desk, exported):
    publish(desk, {("messages/en.toml", "site", "busy"): message("Quite full.")})
    desk.drafts.save_all({("merchant.toml", "phone"): "999 999"}, by="Ana", is_publisher=True)
    edit(exported, '"Bye."', '"See you!"')
    desk.ok("import", exported)
    assert {place: draft.value for place, draft in desk.drafts.read().items()} == {
        ("merchant.toml", "phone"): "999 999",
        SIGNED_OUT: message("See you!"),
    }
    assert desk.revisions.published().contents["messages/en.toml"]["site"]["busy"]["text"] == "Quite full."


@pytest.mark.parametrize("where", ["draft", "published"])
def test_the_same_words_changed_by_two_are_told_and_overwritten_only_by_force(desk, exported, where):
    if where == "draft":
        desk.drafts.save_all({SIGNED_OUT: message("Anas")}, by="Ana", is_publisher=True)
    else:
        publish(desk, {SIGNED_OUT: message("Anas")})
    edit(exported, '"Bye."', '"Mine"')
    edit(exported, '"Full."', '"Mine too"')
    before = desk.drafts.read(), desk.revisions.published_number()
    code, said = desk.run("import", exported)
    assert code == 1
    assert "CHANGED MEANWHILE  messages/en.toml: [site] signed_out\n" in said
    assert "busy" not in said
    assert (desk.drafts.read(), desk.revisions.published_number()) == before
    desk.ok("import", exported, "--force")
    assert desk.drafts.read()[SIGNED_OUT].value == message("Mine")


def test_to_publish_leaves_the_draft_of_others(desk, exported):
    desk.drafts.save_all({SIGNED_OUT: message("Mine"), ("merchant.toml", "name"): "Ana's"}, by="Ana", is_publisher=True)
    edit(exported, '"Bye."', '"Mine"')
    desk.ok("import", exported, "--publish", "--comment", "x")
    assert set(desk.drafts.read()) == {("merchant.toml", "name")}
    assert desk.revisions.published().contents == {"messages/en.toml": {"site": {"signed_out": message("Mine")}}}


@pytest.mark.parametrize("publishes", [False, True])
@pytest.mark.parametrize("lost", ["another history's", "taken out", "below the name"])
def test_a_folder_that_cannot_say_what_it_was_exported_from_undoes_nothing_unasked(desk, exported, lost, publishes):
    publish(desk, {SIGNED_OUT: message("Mine")})
    edit(exported, '"Full."', '"Mine too"')
    first, rest = (exported / "merchant.toml").read_text().split("\n", 1)
    changed = {
        "another history's": f"{first.replace('# Revision 0 (4', '# Revision 0 (5')}\n{rest}",
        "taken out": rest,
        "below the name": f"{rest}\n{first}\n",
    }
    (exported / "merchant.toml").write_text(changed[lost])
    options = ["--publish", "--comment", "x"] if publishes else []
    code, said = desk.run("import", exported, *options)
    assert code == 1
    assert "CHANGED MEANWHILE  messages/en.toml: [site] signed_out\n" in said
    assert "no remark at its top any more" in said
    assert "busy" not in said
    assert (desk.drafts.read(), desk.revisions.published_number()) == ({}, 1)
    assert "2 changes" in desk.ok("import", exported, *options, "--force")


BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "before",
    [BOM, b"\n", b"# Owner: marketing\n", BOM + b"\r\n\t\r\n# (c) Olive\r\n  ", b"#\n" * 40, "# “Olive”\n".encode()],
)
def test_whatever_says_nothing_may_stand_above_the_remark_of_an_export(desk, exported, before):
    publish(desk, {SIGNED_OUT: message("Mine")})
    edit(exported, '"Full."', '"Mine too"')
    content = (exported / "merchant.toml").read_bytes()
    if b"\r" in before:
        content = content.replace(b"\n", b"\r\n")
    (exported / "merchant.toml").write_bytes(before + content)
    assert "1 change published" in desk.ok("import", exported, "--publish", "--comment", "x")
    site = desk.revisions.published().contents["messages/en.toml"]["site"]
    assert (site["signed_out"]["text"], site["busy"]["text"]) == ("Mine", "Mine too")


def test_a_folder_that_an_older_release_exported_knows_its_revision(desk, exported):
    """Its mark is the first 16 digits of today's."""
    first, rest = (exported / "merchant.toml").read_text().split("\n", 1)
    mark = re.search(r"\(([0-9a-f]{64})\)", first)[1]
    publish(desk, {SIGNED_OUT: message("Mine")})
    (exported / "merchant.toml").write_text(f"{first.replace(mark, mark[:16])}\n{rest}")
    edit(exported, '"Full."', '"Mine too"')
    desk.ok("import", exported)
    assert set(desk.drafts.read()) == {BUSY}  # and what was published meanwhile stays


@pytest.mark.parametrize("length", [0, 15, 17, 63, 65])
def test_a_mark_of_any_other_length_is_none(desk, exported, length):
    first, rest = (exported / "merchant.toml").read_text().split("\n", 1)
    mark = re.search(r"\(([0-9a-f]{64})\)", first)[1]
    publish(desk, {SIGNED_OUT: message("Mine")})
    (exported / "merchant.toml").write_text(f"{first.replace(mark, (mark + '0')[:length])}\n{rest}")
    code, said = desk.run("import", exported)
    assert (code, "no remark at its top any more" in said) == (1, True)
    assert desk.drafts.read() == {}


def test_what_is_imported_is_read_at_once_and_what_waits_goes_on_waiting(desk, exported):
    from datetime import UTC, datetime, timedelta

    from app.history.revisions import draft_tag

    desk.drafts.save_all({SIGNED_OUT: message("Later")}, by="Ana", is_publisher=True)
    seen = draft_tag({SIGNED_OUT: message("Later")})
    desk.revisions.publish(by="Ana", comment="x", seen=seen, at=datetime.now(UTC) + timedelta(days=1))
    edit(exported, '"Full."', '"Mine"')
    desk.ok("import", exported, "--publish", "--comment", "x")
    assert desk.revisions.published_number() == 2
    [waiting] = desk.revisions.waiting()
    assert desk.revisions.get(waiting.number).contents["messages/en.toml"]["site"]["busy"]["text"] == "Mine"


def test_pictures_come_along(desk, exported, tmp_path):
    drawn = picture_of("", b'<svg xmlns="http://www.w3.org/2000/svg"><script/><title>New</title><rect/></svg>').content
    (exported / "logo.svg").write_bytes(drawn)
    edit(exported, 'name = "Olive"', 'name = "Olive"\nlogo = "logo.svg"', "merchant.toml")
    said = desk.ok("import", exported, "--publish", "--comment", "x")
    assert "pictures: logo.svg" in said
    desk.ok("export", tmp_path / "again")
    assert files(tmp_path / "again") == files(exported)
    assert "Nothing to import" in desk.ok("import", exported)


def test_a_comment_belongs_to_what_is_published(desk, exported):
    for arguments in (["--publish"], ["--comment", "x"]):
        code, said = desk.run("import", exported, *arguments)
        assert (code, "give it with --publish" in said) == (2, True)


def test_tables_of_a_newer_release_are_neither_read_nor_written(desk, exported, tmp_path):
    edit(exported, '"Bye."', '"Mine"')
    with desk.database.writing() as connection:
        connection.exec_driver_sql("UPDATE history_version SET version_num = '0099'")
    for arguments in (["import", exported], ["export", tmp_path / "again"]):
        code, said = desk.run(*arguments)
        assert (code, "a newer release has used it" in said) == (1, True), said
    assert desk.drafts.read() == {}
    assert not (tmp_path / "again").exists()
