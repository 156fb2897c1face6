"""A site with a history of its words, and the commands that carry words in and out."""

import tomllib

import pytest

from app.factory import create_app
from app.history import Audit, Drafts, Pictures, Revisions
from app.messages import folder as folder_module
from app.messages.folder import Folder
from config import Settings
from tests.words_databases import prepare

MERCHANT = 'name = "Olive"\nlanguages = ["en", "es"]\nphone = "123 456"\n'


class Desk:
    """A site's folder and its history.

    :ivar url: where the history is
    :ivar seed: the site's folder
    """

    def __init__(self, home, url=None):
        self.seed, self.url = home / "seed", url or f"sqlite:///{home}/words.db"
        (self.seed / "messages").mkdir(parents=True)
        database = prepare(self.url)
        self.revisions, self.drafts, self.audit = Revisions(database), Drafts(database), Audit(database)
        self.pictures, self.database = Pictures(database), database

    def settings(self, **changes):
        environ = {"MERCHANT_DIR": str(self.seed), "MESSAGES_URL": self.url, "STORE_URL": "sqlite:////nowhere/none.db"}
        return Settings.for_words(environ | changes)

    def run(self, *arguments, **settings):
        """A ``messages`` command: its exit code, and what it says."""
        app = create_app(self.settings(**settings).for_command())
        done = app.test_cli_runner().invoke(args=["messages", *map(str, arguments)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    def ok(self, *arguments):
        code, said = self.run(*arguments)
        assert code == 0, said
        return said


@pytest.fixture(autouse=True)
def _nobody_else_writes(monkeypatch):
    for name in ("_SETTLE_SECONDS", "_FILLED_SECONDS"):
        monkeypatch.setattr(folder_module, name, 0)


@pytest.fixture(params=["sqlite", "postgres"])
def desk(request, tmp_path):
    is_file = request.param == "sqlite"
    made = Desk(tmp_path / "site", None if is_file else request.getfixturevalue("migrated_postgres_url"))
    (made.seed / "merchant.toml").write_text(MERCHANT)
    (made.seed / "messages/en.toml").write_text('# A remark.\n[site]\nsigned_out = "Bye."\nbusy = "Full."\n')
    yield made
    made.database.close()


def files(folder):
    """A folder's files, without the line that says of which revision it is."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    first, found["merchant.toml"] = found["merchant.toml"].split(b"\n", 1)
    assert first.startswith(b"# Revision ")
    return found


def words(folder, file="messages/en.toml"):
    return tomllib.loads((folder / file).read_text(encoding="utf-8"))


def catalogue(folder):
    here = Folder(folder)
    here.poll()
    return here.catalogue()
