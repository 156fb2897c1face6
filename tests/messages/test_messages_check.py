"""``messages check``: read by someone who has never seen TOML."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from flask import Flask

from app.commands.messages import messages
from app.messages.check import check

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(folder):
    def check_folder(*arguments):
        app = Flask("check")
        app.extensions["site"] = SimpleNamespace(settings=SimpleNamespace(merchant_dir=folder.path))
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
    folder.merchant('name = "Olive"\nlanguages = ["en"]\n[colours]\nbrand = "green"\n')
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


@pytest.mark.parametrize("code", ["no_matching_guests", "invalid_grant", "account_locked", "guest.disabled"])
def test_words_that_tell_a_stranger_who_has_an_account_are_worth_a_look(folder, code):
    folder.merchant('name = "Olive"\nlanguages = ["en"]')
    folder.english(f'[paytronix]\ncould_not_authenticate = "No."\n"{code}" = "You are locked."')
    [warning] = check(folder.path).warnings
    assert warning.line == 3
    assert "who has an account" in warning.problem
    assert '"No."' in warning.instead
    folder.english(f'[paytronix]\ncould_not_authenticate = "No."\n"{code}" = "No."')
    assert check(folder.path).warnings == ()


SLIPS = [
    ("busy = “Full.”", "curly"),
    ('busy = "Full.', "no quotation mark at its end"),
    ("busy = Full.", "no quotation marks around"),
    ("busy =", "no text after the equals sign"),
    ('busy "Full."', "no entry"),
    ('busy = "Say "hi" now"', "straight quotation marks inside"),
    ('busy = "Full." please', "after the closing quotation mark"),
    ('busy = "C:\\menu"', "means something special"),
    ('busy = "a"\nbusy = "b"', '"busy" is in this file twice'),
    ('http:401 = "a"', '"http:401" needs quotation marks'),
    ('one_time_password.* = "a"', '"one_time_password.*" needs quotation marks'),
    ('busy = { text = "a", link = "help"', "Between { and }"),
    ('busy = """Full.', "three quotation marks"),
    ("[login", "does not end"),
    ("busy = True", "small letters"),
    ('busy = "a\x07b"', "nobody can see"),
]


@pytest.mark.parametrize(("line", "told"), SLIPS)
def test_a_slip_in_writing_is_explained_at_its_line(folder, line, told):
    folder.english(f"# words\n[site]\n{line}\n\n\n")
    [fault] = check(folder.path).errors
    assert fault.line == 3 + line.count("\n")
    assert told in f"{fault.problem} {fault.instead}"


def test_help_explains_itself():
    assert "what to write instead" in CliRunner().invoke(messages, ["check", "--help"]).output
