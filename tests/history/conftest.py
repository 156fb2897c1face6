"""The history's own tests meet both engines, the real ones."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.history import (
    Audit,
    Database,
    Drafts,
    Links,
    Pictures,
    Revisions,
    draft_tag,
)
from app.history.tables import revisions
from tests.words_databases import prepare


class History:
    """All parts over one database, and what one needs to publish in a line."""

    def __init__(self, url):
        self.url = url
        self.database = Database(url)
        self.drafts, self.revisions = Drafts(self.database), Revisions(self.database)
        self.audit, self.links, self.pictures = Audit(self.database), Links(self.database), Pictures(self.database)

    def close(self):
        self.database.close()

    def draft(self, **changes):
        """Change texts of the site, whatever is there."""
        changes = {
            place(name): value if not isinstance(value, str) else entry(value) for name, value in changes.items()
        }
        return self.drafts.save_all(changes, by="Ana", is_publisher=True)

    def tag(self):
        return draft_tag({where: draft.value for where, draft in self.drafts.read().items()})

    def publish(self, *, by="Ana", comment="", at=None, **changes):
        """Change texts of the site and publish them."""
        if changes:
            self.draft(**changes)
        return self.revisions.publish(by=by, comment=comment, seen=self.tag(), at=at)

    def texts(self, revision=None):
        """name → text of what guests read, now or at a moment; or of a revision."""
        if revision is None or isinstance(revision, datetime):
            revision = self.revisions.published(revision)
        site = revision.contents.get("messages/en.toml", {}).get("site", {}) if revision else {}
        return {name: value and value["text"] for name, value in site.items()}


def place(name):
    return ("messages/en.toml", "site", name)


def entry(text):
    return {"text": text, "title": None, "link": None}


@pytest.fixture
def sqlite_history_url(tmp_path):
    return f"sqlite:///{tmp_path}/words/words.db"


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request):
    """Each engine in turn."""
    return request.param


@pytest.fixture
def url(request, engine):
    """The URL of an empty database of each engine in turn."""
    return request.getfixturevalue("postgres_url" if engine == "postgres" else "sqlite_history_url")


@pytest.fixture
def history(request, engine):
    """An empty history of each engine in turn."""
    url = request.getfixturevalue("migrated_postgres_url" if engine == "postgres" else "sqlite_history_url")
    history = History(url)
    prepare(url).close()
    yield history
    history.close()


LATER = datetime(2190, 1, 1, tzinfo=UTC)


HOUR = timedelta(hours=1)


def move_time(history, **values):
    """As if it had been another time when the last revision was made: a clock that was wrong, or time that went by."""
    with history.database.writing() as connection:
        last = connection.execute(sa.select(sa.func.max(revisions.c.number))).scalar_one()
        connection.execute(revisions.update().where(revisions.c.number == last).values(**values))
