"""A database with words that a test publishes, as the console would."""

import io
import json
import logging

import pytest

from app.history import Drafts, Pictures, Revisions, draft_tag
from app.history.live import Published
from app.observability import logs
from tests.words_databases import prepare

HEADING = ("messages/en.toml", "login", "heading")  # on the sign-in page, where everybody sees it
SOON = 0.05  # seconds between two questions


class Publisher:
    """Whoever publishes, in a database of a test's own."""

    def __init__(self, url):
        self.url, self.database = url, prepare(url)
        self.revisions, self.pictures = Revisions(self.database), Pictures(self.database)

    def publish(self, heading=None, *, at=None, **others):
        """Publish a heading of the sign-in page, or ``others`` (place → value); now, or at a time."""
        drafts = Drafts(self.database)
        drafts.save_all({HEADING: heading} if heading else others["changes"], by="Ana", is_publisher=True)
        seen = draft_tag({place: draft.value for place, draft in drafts.read().items()})
        return self.revisions.publish(by="Ana", comment="", seen=seen, at=at)

    def roll_back(self, to):
        return self.revisions.roll_back(to, by="Ana", comment="")

    def close(self):
        self.database.engine.dispose()


@pytest.fixture
def sqlite_messages_url(tmp_path):
    return f"sqlite:///{tmp_path}/words/words.db"


@pytest.fixture
def publisher_at():
    """A function that makes a publisher."""
    made = []

    def make(url):
        made.append(Publisher(url))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(params=["sqlite_messages", "postgres"])
def publisher(request, publisher_at):
    """A publisher on each engine in turn."""
    return publisher_at(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def sqlite_publisher(sqlite_messages_url, publisher_at):
    return publisher_at(sqlite_messages_url)


@pytest.fixture
def told():
    """A function that gives the events of the log so far, by name."""
    stream = io.StringIO()
    logs.configure("info")
    logging.getLogger().handlers[0].setStream(stream)

    def tell(*names):
        records = [json.loads(line) for line in stream.getvalue().splitlines()]
        published = {each["event"] for each in records if each["event"].startswith("published_")}
        return [each["event"] for each in records if each["event"] in (names or published)]

    tell.text = stream.getvalue
    return tell


@pytest.fixture
def follow(told, monkeypatch):
    """A function that begins to follow what is published at a URL, and waits for the first answer on any machine."""
    monkeypatch.setattr("app.history.live.FIRST_ANSWER_SECONDS", 10)

    def begin(url):
        return Published(url, ask_every_seconds=SOON)

    return begin


def heading_of(published):
    """The heading that is published; None when it is the folder's."""
    overlay = published.current()
    return overlay.contents.get("messages/en.toml", {}).get("login", {}).get("heading") if overlay else None
