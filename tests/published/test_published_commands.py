"""What operators' commands say of what is published, and what a site needs to read it."""

import subprocess
import sys

import pytest

from tests.messages.test_commands import flask
from tests.sites import ROOT, environment


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "merchant"
    (path / "messages").mkdir(parents=True)
    (path / "merchant.toml").write_text('name = "Olive"\nlanguages = ["en"]\n')
    (path / "messages/en.toml").write_text('[login]\nheading = "Of the folder"\nbutton = "Come in"\n')
    return path


def test_a_list_without_a_folder_is_what_guests_read_and_with_one_that_folder_alone(sqlite_publisher, folder):
    sqlite_publisher.publish("Of the console")
    settings = {"MESSAGES_URL": sqlite_publisher.url, "MERCHANT_DIR": str(folder)}
    listed = flask("messages", "list", **settings)
    assert listed.returncode == 0, listed.stderr
    assert "Of the console  (yours, revision 1, messages/en.toml:1)" in listed.stdout
    assert "Come in  (yours, messages/en.toml:3)" in listed.stdout
    assert "Of the folder" not in listed.stdout
    listed = flask("messages", "list", folder, **settings)
    assert "Of the folder" in listed.stdout
    assert "Of the console" not in listed.stdout


def test_a_preview_without_a_folder_shows_what_guests_read(sqlite_publisher, folder, tmp_path):
    sqlite_publisher.publish("Of the console")
    settings = {"MESSAGES_URL": sqlite_publisher.url, "MERCHANT_DIR": str(folder)}
    for arguments, heading in (((), "Of the console"), ((folder,), "Of the folder")):
        shown = flask("messages", "preview", *arguments, "--out", tmp_path / "out", **settings)
        assert shown.returncode == 0, shown.stderr
        assert any(f"<h1>{heading}</h1>" in page.read_text() for page in (tmp_path / "out").rglob("*.html"))


def test_a_list_without_the_database_says_so_and_how_to_see_the_folder(folder, tmp_path):
    settings = {"MESSAGES_URL": "postgresql://words:marker-password@127.0.0.1:1/words", "MERCHANT_DIR": str(folder)}
    refused = flask("messages", "list", **settings)
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: The database of the words cannot be used")
    assert refused.stderr.strip().endswith(f"To see the folder alone, name it: {folder}")
    assert "marker-password" not in refused.stderr + refused.stdout
    assert flask("messages", "list", folder, **settings).returncode == 0


def test_without_the_extra_start_and_commands_say_what_to_install(sandbox, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'sqlalchemy' else find(name, *rest)\n"
    )
    environ = environment(sandbox, tmp_path, MESSAGES_URL=f"sqlite:///{tmp_path}/words.db", PYTHONPATH=str(tmp_path))
    serve = (sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "wsgi:app")
    show = (sys.executable, "-m", "flask", "--app", "wsgi", "messages", "list")
    for command in (serve, show):
        ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=30, check=False)
        assert ended.returncode == 1
        assert "pip install --require-hashes -r requirements-console.lock" in ended.stderr
        assert "Traceback" not in ended.stderr
