"""``messages check``: read by someone who has never seen TOML."""

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from flask import Flask

from app.commands.messages import messages
from app.messages.builtin import builtin
from app.messages.check import check, check_catalogue, check_entry
from app.messages.entries import Entry
from app.messages.folder import MOST_FILES
from app.messages.readability import readability_problems

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(folder):
    def check_folder(*arguments):
        app = Flask("check")
        app.extensions["services"] = SimpleNamespace(settings=SimpleNamespace(merchant_dir=folder.path))
        app.cli.add_command(messages)
        return app.test_cli_runner().invoke(args=["messages", "check", *map(str, arguments)])

    return check_folder


def test_the_sample_folder_has_nothing_wrong_and_nothing_worth_a_look():
    findings = check(ROOT / "merchant")
    assert (findings.errors, findings.warnings) == ((), ())


def test_a_folder_without_faults_ends_with_0_and_says_what_guests_get(run, folder):
    folder.merchant('name = "Olive"\nlanguages = ["en"]').english('[site]\nbusy = "Full."')
    result = run()
    assert result.exit_code == 0
    assert result.output == f"Nothing is wrong in {folder.path}: 1 sentence of your own; guests can read en.\n"


def test_a_broken_folder_ends_with_1_and_names_file_line_fault_and_remedy(run, folder):
    folder.merchant('name = "Olive"\nlanguages = ["en"]\n[look]\nbrand = "green"\n')
    folder.english("[site]\nbusy = “Full.”\n")
    result = run(folder.path)
    assert result.exit_code == 1
    assert result.output == (
        f"WRONG  {folder.path}/merchant.toml, line 4\n"
        '  "brand" is no colour.\n'
        '  Write it with # and six digits: brand = "#0b6e4f"\n'
        "\n"
        f"WRONG  {folder.path}/messages/en.toml, line 2\n"
        "  The quotation marks around the text are curly ones.\n"
        '  Use straight ones around the whole text: busy = "Full.". Curly ones inside it are fine.\n'
        "\n"
        f"2 things are wrong in {folder.path}. Until then guests read the words from before, or the built-in ones.\n"
    )


def test_a_folder_that_is_not_there_is_wrong(run, tmp_path):
    result = run(tmp_path / "nowhere")
    assert result.exit_code == 1
    assert "The folder is missing or empty." in result.output


def test_what_is_worth_a_look_is_told_and_ends_with_0(run, folder):
    folder.merchant('name = "Olive"\nlanguages = ["en", "es"]').english('[site]\nbusy = "Full."')
    folder.write("messages/fr.toml", '[site]\nbusy = "Complet."')
    result = run()
    assert result.exit_code == 0
    assert f"WORTH A LOOK  {folder.path}/messages/en.toml, line 2\n" in result.output
    assert '"busy" of [site] has words in en but not in es' in result.output
    assert "No guest gets this language." in result.output


TELLING = [
    "no_matching_guests",
    "invalid_grant",
    "account_locked",
    "guest.disabled",
    "user_not_found",
    "invalid_username",
    "account.*",
    "user.unverified",
    "http:401",
    "http:4xx",
]


@pytest.mark.parametrize("code", TELLING)
def test_words_that_tell_a_stranger_who_has_an_account_are_worth_a_look(folder, code):
    folder.merchant('name = "Olive"\nlanguages = ["en"]')
    folder.english(f'[paytronix]\ncould_not_authenticate = "No."\n"{code}" = "You are locked."')
    [warning] = check(folder.path).warnings
    assert warning.line == 3
    assert "who has an account" in warning.description
    assert '"No."' in warning.suggestion
    folder.english(f'[paytronix]\ncould_not_authenticate = "No."\n"{code}" = "No."')
    assert check(folder.path).warnings == ()


def test_a_default_that_reads_differently_from_a_wrong_password_is_worth_a_look(folder):
    folder.merchant('name = "Olive"\nlanguages = ["en"]')
    folder.english('default = "Your account is locked."')
    [warning] = check(folder.path).warnings
    assert (warning.line, "who has an account" in warning.description) == (1, True)
    folder.english('default = "No."\n[paytronix]\ncould_not_authenticate = "No."')
    assert check(folder.path).warnings == ()


@pytest.mark.parametrize(
    "code",
    [
        "system_error",
        "one_time_password.system_error",
        "system.error",
        "oauth.system.error",
        "server_error",
        "x.internal_error",
        "feature_disabled",
        "oauth.invalid_merchant",
        "timeout",
        "connection",
        "busy",
        "bad_response",
        "credentials",
        "http:403",
        "http:404",
        "http:429",
        "http:5xx",
        "http:503",
        "invalid_token",
        "user_info.gone",
        "result:no_such_card",
    ],
)
def test_words_for_what_keeps_everybody_out_or_comes_after_sign_in_tell_nothing(folder, code):
    folder.merchant('name = "Olive"\nlanguages = ["en"]')
    folder.english(f'[paytronix]\n"{code}" = "Not now."')
    assert check(folder.path).warnings == ()


@pytest.mark.parametrize("difference", ['title = "Locked", text = "No."', 'text = "No.", link = "help"'])
def test_a_title_or_a_link_tells_a_stranger_as_much_as_words(folder, difference):
    folder.merchant('name = "Olive"\nlanguages = ["en"]\nlinks.help = "tel:123"')
    folder.english(f'[paytronix]\ncould_not_authenticate = "No."\naccount_locked = {{ {difference} }}')
    [warning] = check(folder.path).warnings
    assert "who has an account" in warning.description


@pytest.mark.parametrize("setting", ["show_code", "show_vendor_text"])
def test_a_setting_that_tells_a_stranger_who_has_an_account_is_worth_a_look(folder, setting):
    folder.merchant(f'name = "Olive"\nlanguages = ["en"]\n{setting} = true')
    [warning] = check(folder.path).warnings
    assert (warning.file, warning.line) == ("merchant.toml", 3)
    assert "who has an account" in warning.description
    folder.merchant(f'name = "Olive"\nlanguages = ["en"]\n{setting} = false')
    assert check(folder.path).warnings == ()


WORTH_A_LOOK = [
    ('default = "Oh."\n[paytronix]\ncould_not_authenticate = "Oh."\n"x.y" = "Oh."', "same as default"),
    ('[paytronix]\n"user_info.not_found" = "We looked and looked."', "dead end"),
    ('[site]\nno_card = "No card yet."', "dead end"),
    ('[site]\nbusy = { text = "Full.", link = "register" }', "has no address"),
    ('[site]\nbusy = "COME BACK LATER"', "capitals"),
    ('[site]\nbusy = { title = "COME BACK LATER", text = "Full." }', "capitals"),
    ('[links]\nhelp = "CALL US RIGHT NOW"', "capitals"),
    ('[site]\nbusy = "It is <b>full</b>."', "HTML"),
    ('[site]\nbusy = "Fish &amp; chips."', "HTML"),
    ('[site]\nbusy = "{{merchant}} is full."', "as it is typed"),
    ('[site]\nbusy = "{merchant is full."', "as it is typed"),
    ('[site]\nbusy = "Ring {phone}."', "no number in merchant.toml"),
    ('[paytronix]\nthrottled = "Slow."', "is a sentence of the site"),
    (
        '[paytronix]\nsystem_eror = "We couldn’t sign you in with those details. Please check both and try again."',
        "nearly one",
    ),
    ('[site]\nbusy = "See https://example.com/help"', "address in the text (https://example.com/help)"),
    ('[site]\nbusy = "See www.example.com"', "address in the text"),
    ('[site]\nbusy = "See example.com for more."', "address in the text"),
    ('[site]\nbusy = "' + "so " * 21 + 'on."', "22 words"),
    ('[site]\nbusy = "Invalid credentials."', "few guests know"),
]


@pytest.mark.parametrize(("words", "told"), WORTH_A_LOOK)
def test_what_a_guest_would_stumble_over_is_worth_a_look(folder, words, told):
    folder.merchant('name = "Olive"\nlanguages = ["en"]\nlinks.help = "tel:123"').english(words)
    [warning] = check(folder.path).warnings
    assert told in warning.description
    assert warning.line == words.count("\n") + 1
    assert check(folder.path).errors == ()


@pytest.mark.parametrize(
    "words",
    [
        '[paytronix]\n"user_info.not_found" = { text = "We looked.", link = "help" }',
        '[paytronix]\n"user_info.not_found" = "We looked. Ring us on {phone}."',
        '[paytronix]\n"user_info.not_found" = "We looked. Ring us on 020 7946 0123."',
        '[site]\nbusy = "OK"',
        '[site]\nbusy = "{merchant} FAQ"',
        '[site]\nbusy = "' + "so " * 11 + "on. " + "so " * 11 + 'on."',
        '[site]\nbusy = "Come back at 9.30 or later...maybe."',
    ],
)
def test_good_words_are_not_worth_a_look(folder, words):
    folder.merchant('name = "Olive"\nphone = "123 456"\nlanguages = ["en"]\nlinks.help = "tel:123"').english(words)
    assert check(folder.path).warnings == ()


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("es", " ".join(["así"] * 24)),
        ("zh", "请稍后再试" * 30),
        ("ar", "الخدمة مشغولة الآن"),
    ],
)
def test_the_reading_level_is_judged_by_the_language(folder, language, sentence):
    folder.merchant(f'name = "Olive"\nlanguages = ["{language}"]')
    folder.write(f"messages/{language}.toml", f'[site]\nbusy = "{sentence}."')
    assert check(folder.path).warnings == ()


def test_the_built_in_words_would_pass_the_check_of_style():
    for language, words in builtin().entries.items():
        for key, entry in words.items():
            assert list(readability_problems(entry.text, language)) == [], key


def test_notices_that_are_over_or_lack_a_language_are_worth_a_look(folder):
    folder.merchant('name = "Olive"\nlanguages = ["en", "es"]')
    folder.write("notices.toml", '\n[n]\nuntil = 2026-01-01T00:00:00Z\ntext.en = "SEE US IN BRIGHTON"')
    problems = [warning.description for warning in check(folder.path, now=datetime(2026, 1, 1, tzinfo=UTC)).warnings]
    assert {warning.line for warning in check(folder.path).warnings} == {2}
    assert [any(told in problem for problem in problems) for told in ("is over", "no text in es", "capitals")] == [
        True
    ] * 3
    problems = [warning.description for warning in check(folder.path, now=datetime(2025, 12, 31, tzinfo=UTC)).warnings]
    assert not any("is over" in problem for problem in problems)


def test_json_is_one_object_with_everything_in_it(run, folder):
    folder.merchant('name = "Olive"\nlanguages = ["en"]\nnmae = 1').english('[site]\nbusy = "COME BACK LATER"')
    result = run("--json")
    assert result.exit_code == 1
    findings = json.loads(result.output)
    assert findings["languages"] == ["en"]
    assert findings["sentences"] == 1
    [error], [warning] = findings["errors"], findings["warnings"]
    assert (error["file"], error["line"], error["column"]) == ("merchant.toml", 3, 1)
    assert (warning["file"], warning["line"]) == ("messages/en.toml", 2)
    assert error["problem"]
    assert error["instead"]


def test_annotations_stand_beside_the_lines_that_they_are_about(run, folder):
    folder.merchant('name = "Olive"\nlanguages = ["en"]\n"100%" = 1').english('[site]\nbusy = "COME BACK LATER"')
    result = run("--github")
    assert result.exit_code == 1
    error, warning = result.output.splitlines()
    assert error.startswith(f'::error file={folder.path}/merchant.toml,line=3,col=1::"100%25" means nothing here.')
    assert warning.startswith(f"::warning file={folder.path}/messages/en.toml,line=2,col=1::")


def test_an_unknown_flag_ends_with_2(run):
    assert run("--nonsense").exit_code == 2


@pytest.mark.parametrize(
    ("file", "instead"),
    [
        ("messages/fr.toml.txt", "Name it fr.toml."),
        ("messages/fr.txt", "Name it fr.toml."),
        ("messages/fr.docx", "Save it as plain text, with the name fr.toml."),
        ("fr.toml", "Move it to messages/fr.toml."),
        ("notice.toml", "Name it notices.toml."),
        ("Merchant.toml.txt", "Name it merchant.toml."),
    ],
)
def test_a_file_that_nobody_reads_is_wrong(folder, file, instead):
    folder.write(file, "")
    [fault] = check(folder.path).errors
    assert (fault.file, fault.suggestion) == (file, instead)


def test_a_link_to_nothing_a_file_in_the_place_of_the_folder_and_no_folder_are_told(folder):
    (folder.path / "messages/en.toml").symlink_to("nowhere")
    assert "not there" in check(folder.path).errors[0].description
    (folder.path / "messages/en.toml").unlink()
    (folder.path / "messages").rmdir()
    assert "no folder messages" in check(folder.path).warnings[0].description
    (folder.path / "messages").write_text("")
    assert "is no folder" in check(folder.path).errors[0].description


def test_an_empty_file_and_files_beyond_those_that_are_read_are_told(folder):
    folder.english("# nothing yet")
    assert "no sentence in this file" in check(folder.path).warnings[0].description
    for number in range(MOST_FILES):
        folder.write(f"messages/x{number:03}.toml", "")
    assert any("1 files too many" in fault.description for fault in check(folder.path).errors)


def test_what_lies_around_and_is_not_meant_for_the_site_is_not_wrong(folder):
    for file in ("README.md", "logo.svg", ".gitignore", "messages/README.txt", "messages/en.toml~"):
        folder.write(file, "")
    findings = check(folder.path)
    assert (findings.errors, findings.warnings) == ((), ())


def test_help_explains_itself():
    assert "what to write instead" in CliRunner().invoke(messages, ["check", "--help"]).output


def test_one_entry_is_told_what_the_whole_folder_is_told_of_it(folder):
    folder.merchant('name = "Olive"\nlanguages = ["en", "es"]\n')
    folder.english('[paytronix]\n"user_info.not_found" = "SORRY ABOUT THAT"\n"card.lost" = "Ring us."\n')
    catalogue, key = folder.catalogue(), ("paytronix", "user_info.not_found")
    of_entry = check_entry(catalogue, key)
    everything = check_catalogue(catalogue).warnings
    assert set(of_entry) == {"en"}
    assert set(of_entry["en"]) == {fault for fault in everything if "not_found" in fault.description}
    assert len(of_entry["en"]) == 3
    assert everything == check(folder.path).warnings


def test_a_catalogue_with_another_entry_reads_like_a_folder_with_it(folder):
    folder.english('[site]\nbusy = "Full."\n')
    before = folder.catalogue()
    key = ("site", "busy")
    assert before.with_entries(key, {"en": Entry("Packed.")}).localizers[0].site("busy").text == "Packed."
    assert (
        before.with_entries(key, {"en": None}).localizers[0].site("busy").text
        == "It’s very busy right now. Please try again in a minute."
    )
    assert before.localizers[0].site("busy").text == "Full."
