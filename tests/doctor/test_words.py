"""What the doctor says of the words and of their database: each fault is named rightly, with what to do."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from app.doctor.history import check_history
from app.history import Database, Drafts, Revisions, draft_tag, migrate
from tests.doctor.conftest import faults, findings, the_fault
from tests.words_databases import prepare

# --- Words ---


def test_words_with_a_fault(examine, tmp_path):
    folder = tmp_path / "words"
    (folder / "messages").mkdir(parents=True)
    (folder / "merchant.toml").write_text('name = "Olive"\n')
    (folder / "messages" / "en.toml").write_text("[paytronix]\nlocked = 7\n")
    assert the_fault(examine(MERCHANT_DIR=str(folder))) == 'words: words/messages/en.toml, line 2: "locked" is no text.'


# --- What is published ---


@pytest.fixture
def history(tmp_path):
    """A history of the words."""
    url = f"sqlite:///{tmp_path}/words.db"
    with closing(prepare(url)) as database:
        yield SimpleNamespace(url=url, revisions=Revisions(database), drafts=Drafts(database))


def test_without_a_database_the_folder_alone_counts(examine):
    assert findings(examine(), "ok", "history") == ["MESSAGES_URL is not set: guests read the folder alone"]


def test_what_guests_read_and_what_waits_is_told(examine, history, tmp_path):
    found = examine(MESSAGES_URL=history.url)
    assert faults(found) == []
    assert "nothing is published: guests read the folder alone" in findings(found, "ok", "history")
    good = {("messages/en.toml", "site", "busy"): {"text": "Full.", "title": None, "link": None}}
    history.revisions.publish_changes(good, by="Ana", comment="x", seen=0)
    history.drafts.save_all({("merchant.toml", "name"): "Thyme"}, by="Ana", is_publisher=True)
    seen = draft_tag({("merchant.toml", "name"): "Thyme"})
    history.revisions.publish(by="Ana", comment="x", seen=seen, at=datetime.now(UTC) + timedelta(days=1))
    found = examine(MESSAGES_URL=history.url)
    assert faults(found) == []
    place, reads, fine, waits = findings(found, "ok", "history")
    assert place.startswith(f"SQLite in {tmp_path}/words.db answers in ")
    assert reads.startswith("guests read revision 1, of 2")
    assert fine == "no faults in what is published"
    assert waits.startswith("revision 2 waits until ")


def test_faults_in_what_is_published_are_told(examine, history):
    history.revisions.publish_changes({("merchant.toml", "phone"): "none"}, by="Ana", comment="x", seen=0)
    named = the_fault(examine(MESSAGES_URL=history.url))
    assert named == "history: revision 1, merchant.toml: This is no telephone number."


def test_a_database_that_is_new_or_away(examine, tmp_path):
    with closing(Database(f"sqlite:///{tmp_path}/new.db")) as database:
        migrate(database)
        migrate(database, "base")
    assert "lacks tables" in the_fault(examine(MESSAGES_URL=f"sqlite:///{tmp_path}/new.db"))
    away = "postgresql://words:marker-redis-password@127.0.0.1:1/words?options=marker-client-secret"
    found = examine(MESSAGES_URL=away)
    assert "history: PostgreSQL at 127.0.0.1/words: " in the_fault(found)
    assert "MESSAGES_URL = *** (environment)" in findings(found, "ok", "settings")


def test_a_server_whose_clock_is_wrong(monkeypatch, make_site, history):
    site = make_site(MESSAGES_URL=history.url).extensions["services"]
    monkeypatch.setattr(Database, "seconds_ahead", lambda self: -40.0)
    told = [each.what for each in check_history(site) if each.level == "fault"]
    assert told == ["this machine's clock is 40 seconds behind the database's"]


def test_a_real_postgresql(make_site, postgres_url):
    with closing(Database(postgres_url)) as database:
        migrate(database)
        assert abs(database.seconds_ahead()) < 5
    found = list(check_history(make_site(MESSAGES_URL=postgres_url).extensions["services"]))
    (may_write,) = [each for each in found if each.level != "ok"]
    assert may_write.level == "note"
    assert may_write.what == "this user of it may write too, so whoever takes over the site can publish"
    assert may_write.todo.startswith("Give the site a user that may only read")
    assert found[0].what.startswith("PostgreSQL at ")


def test_a_user_of_the_database_that_may_only_read(make_site, shared_postgres, postgres_url):
    database = postgres_url.rpartition("/")[2]
    with closing(Database(postgres_url)) as of_owner:
        migrate(of_owner)
    with shared_postgres.connect(database) as administrator:
        administrator.execute(f"CREATE ROLE {database}_reader LOGIN PASSWORD 'x'")
        administrator.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {database}_reader")
    url = f"postgresql://{database}_reader:x@{postgres_url.partition('@')[2]}"
    found = list(check_history(make_site(MESSAGES_URL=url).extensions["services"]))
    assert {each.level for each in found} == {"ok"}
    assert "this user of it may only read: whoever takes over the site can publish nothing" in [e.what for e in found]


def test_a_file_that_site_and_console_share_is_told(examine, history):
    (told,) = findings(examine(MESSAGES_URL=history.url), "note", "history")
    assert told == "this user of it may write too, so whoever takes over the site can publish"
