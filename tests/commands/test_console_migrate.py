"""``console migrate``, on both engines: with the console's settings alone."""

import subprocess
from contextlib import closing
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from app.commands.console import console
from app.history import Database, is_current
from sandbox import demo
from tests.history.conftest import History
from tests.postgres import PASSWORD
from tests.sites import SECRET_KEY


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else f"sqlite:///{tmp_path}/words.db"


@pytest.fixture
def migrate(url, monkeypatch):
    """Types the command; gives its exit code and all that it printed."""
    for name, value in {"CONSOLE_URL": "http://127.0.0.1:8001", "SECRET_KEY": SECRET_KEY, "MESSAGES_URL": url}.items():
        monkeypatch.setenv(name, value)

    def run(*arguments, answer=None):
        ended = CliRunner().invoke(console, ["migrate", *arguments], input=answer)
        assert PASSWORD not in ended.output
        return ended.exit_code, ended.output

    return run


def test_up_down_and_up_again(url, migrate):
    assert migrate() == (0, "From step base to 0002.\n")
    assert migrate() == (0, "At step 0002 already.\n")
    with closing(History(url)) as history:
        history.publish(a="One")
        code, said = migrate("--to", "base", answer="n\n")
        assert code == 1
        assert "Every word, draft and revision is lost" in said
        assert history.texts() == {"a": "One"}
    assert migrate("--to", "base", "--yes") == (0, "From step 0002 to base.\n")
    with closing(Database(url)) as database:
        assert not is_current(database)
    assert migrate("--to", "0001", answer="y\n")[0] == 0


def test_make_run_has_the_tables_before_the_site_looks_for_them(url, monkeypatch):
    class Started(Exception):
        """The first of the processes."""

    def start(*_, **__):
        with closing(Database(url)) as database:
            assert is_current(database)
        raise Started

    monkeypatch.setenv("MESSAGES_URL", url)
    monkeypatch.setattr(demo, "_answers", lambda port: False)
    monkeypatch.setattr(demo.signal, "signal", lambda *_: None)
    monkeypatch.setattr(demo.sys, "argv", ["demo"])
    monkeypatch.setattr(demo, "_key", lambda name: f"{name}-{SECRET_KEY}")
    monkeypatch.setattr(demo, "subprocess", SimpleNamespace(run=subprocess.run, Popen=start))
    with pytest.raises(Started):
        demo.main()


def test_what_it_cannot_do_it_says(migrate, monkeypatch):
    code, said = migrate("--to", "0009", "--yes")
    assert (code, "There are: base, 0001, 0002" in said) == (1, True)
    monkeypatch.setenv("MESSAGES_URL", f"postgresql://words:{PASSWORD}@127.0.0.1:1/words")
    assert migrate() == (1, "Error: The database of the words cannot be used: nobody is at its address.\n")
    monkeypatch.delenv("CONSOLE_URL")
    code, said = migrate()
    assert (code, "CONSOLE_URL" in said) == (1, True)
