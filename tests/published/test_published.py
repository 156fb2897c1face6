"""What is published is known soon, and stays known whatever happens to the database."""

import gc
import os
import re
import shutil
import socket
import sqlite3
import threading
import time
import warnings
import weakref
import zlib
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.history.live import Published, read_published
from app.messages import Messages
from tests.misbehaving import Misbehaving, silent
from tests.published.conftest import heading_of
from tests.sites import ROOT
from tests.stores import until

AWAY, BACK, TAKEN = "published_words_away", "published_words_back", "published_words_taken"
PNG = (ROOT / "tests/messages/pictures/padded.png").read_bytes()


def test_what_is_published_scheduled_and_rolled_back_is_known_soon(publisher, follow, told):
    published = follow(publisher.url)
    assert published.current() is None
    publisher.publish("one")
    until(lambda: heading_of(published) == "one")
    publisher.publish("two", at=datetime.now(UTC) + timedelta(seconds=4))
    time.sleep(0.5)
    assert heading_of(published) == "one"
    until(lambda: heading_of(published) == "two")
    publisher.roll_back(1)
    until(lambda: heading_of(published) == "one")
    publisher.roll_back(0)
    until(lambda: heading_of(published) is None)
    assert told() == [TAKEN] * 4
    assert not published.is_away


def test_what_was_published_before_the_start_is_there_at_the_first_question(publisher, follow):
    publisher.publish("one")
    assert heading_of(follow(publisher.url)) == "one"
    assert read_published(publisher.url).label == "revision 1"


def test_a_database_that_is_new_and_empty_takes_no_words_away(sqlite_publisher, publisher_at, follow, told, tmp_path):
    """As when a volume is not mounted, and somebody starts the console."""
    sqlite_publisher.publish("one")
    published = follow(sqlite_publisher.url)
    assert heading_of(published) == "one"
    sqlite_publisher.close()
    (tmp_path / "words").rename(tmp_path / "elsewhere")
    until(lambda: published.is_away)
    publisher_at(sqlite_publisher.url)
    time.sleep(0.5)
    assert published.is_away
    assert heading_of(published) == "one"
    shutil.rmtree(tmp_path / "words")
    (tmp_path / "elsewhere").rename(tmp_path / "words")
    until(lambda: not published.is_away)
    assert told(AWAY, BACK) == [AWAY, BACK]


def test_words_are_read_only_when_another_revision_is_published(sqlite_publisher, follow):
    sqlite_publisher.publish("one")
    published, statements = follow(sqlite_publisher.url), []
    sa.event.listen(published._database.engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    first = published.current()
    read = len([each for each in statements if "contents" in each.partition("FROM")[0]])
    until(lambda: len(statements) > read + 6)
    assert len([each for each in statements if "contents" in each.partition("FROM")[0]]) == read == 1
    assert published.current() is first


def test_pictures_come_along_and_one_that_is_missing_costs_nothing_else(publisher, follow):
    mark = publisher.pictures.add(PNG, by="Ana")
    pictures = {("pictures", "logo.png"): mark, ("pictures", "lost.png"): "0" * 64, ("pictures", "old.png"): None}
    publisher.publish(changes=pictures)
    overlay = follow(publisher.url).current()
    assert {name: asset.content for name, asset in overlay.pictures.items()} == {"logo.png": PNG}


def test_a_picture_that_was_published_is_what_guests_get(sqlite_publisher, follow, tmp_path):
    mark = sqlite_publisher.pictures.add(PNG, by="Ana")
    changes = {("pictures", "logo.png"): mark, ("merchant.toml", "logo"): "logo.png"}
    sqlite_publisher.publish(changes=changes)
    words = Messages(tmp_path / "no-folder", published=follow(sqlite_publisher.url).current)
    assert words.current().theme.assets["logo"].content == PNG


# --- the database is away ---


def test_a_sqlite_file_that_is_deleted_and_comes_back_from_a_copy(sqlite_publisher, follow, told, tmp_path):
    path = tmp_path / "words/words.db"
    sqlite_publisher.publish("one")
    sqlite_publisher.publish("two")
    sqlite_publisher.close()
    shutil.copy(path, tmp_path / "copy.db")
    published = follow(sqlite_publisher.url)
    assert heading_of(published) == "two"
    for each in path.parent.iterdir():
        each.unlink(missing_ok=True)  # who closes the file last takes the others away
    until(lambda: published.is_away)
    time.sleep(0.3)
    assert heading_of(published) == "two"
    with sqlite3.connect(tmp_path / "copy.db") as copy:  # older than what guests read
        copy.execute("DELETE FROM revisions WHERE number = 2")
        copy.execute("PRAGMA journal_mode = DELETE")
    copy.close()
    shutil.copy(tmp_path / "copy.db", path)
    until(lambda: heading_of(published) == "one")
    assert told() == [TAKEN, AWAY, TAKEN, BACK]


def test_a_copy_that_is_moved_over_the_file_is_what_counts(sqlite_publisher, publisher_at, follow, tmp_path):
    sqlite_publisher.publish("one")
    published = follow(sqlite_publisher.url)
    assert heading_of(published) == "one"
    other = publisher_at(f"sqlite:///{tmp_path}/other.db")
    other.publish("another")  # of the same number
    other.close()
    with sqlite3.connect(tmp_path / "other.db") as moved:
        moved.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    moved.close()
    sqlite_publisher.close()
    (tmp_path / "other.db").replace(tmp_path / "words/words.db")
    until(lambda: heading_of(published) == "another")


def test_a_sqlite_file_that_is_overwritten_with_junk(sqlite_publisher, follow, told, tmp_path):
    sqlite_publisher.publish("one")
    sqlite_publisher.close()
    published = follow(sqlite_publisher.url)
    assert heading_of(published) == "one"
    (tmp_path / "words/words.db").write_bytes(os.urandom(20_000))
    until(lambda: published.is_away)
    assert heading_of(published) == "one"
    assert told(AWAY) == [AWAY]


def test_a_sqlite_file_that_somebody_holds_locked(sqlite_publisher, follow, told, tmp_path):
    sqlite_publisher.publish("one")
    sqlite_publisher.publish("two")
    published = follow(sqlite_publisher.url)
    assert heading_of(published) == "two"
    sqlite_publisher.close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        held = sqlite3.connect(tmp_path / "words/words.db", isolation_level=None, timeout=10)
        held.execute("PRAGMA locking_mode = EXCLUSIVE")
        held.execute("BEGIN EXCLUSIVE")
        until(lambda: published.is_away, seconds=15)
        began_at = time.monotonic()
        assert heading_of(published) == "two"
        assert time.monotonic() - began_at < 2
        held.execute("ROLLBACK")
        held.close()
    until(lambda: not published.is_away)
    assert told(AWAY, BACK) == [AWAY, BACK]


@pytest.mark.parametrize("contents", [b"junk", zlib.compress(b'["no words"]')])
def test_a_revision_that_is_damaged_leaves_the_one_before_it(publisher, told, contents):
    publisher.publish("one")
    published = Published(publisher.url, ask_every_seconds=3600)
    assert heading_of(published) == "one"
    publisher.publish("two")
    with publisher.database.engine.begin() as connection:
        row = connection.execute(sa.text("SELECT contents, changes FROM revisions WHERE number = 2")).mappings().one()
        set_row = sa.text("UPDATE revisions SET contents = :contents, changes = :changes WHERE number = 2")
        connection.execute(set_row, {"contents": contents, "changes": None})
    for _ in range(3):
        published.ask()
        assert (heading_of(published), published.is_away) == ("one", True)
    with publisher.database.engine.begin() as connection:
        connection.execute(set_row, dict(row))
    published.ask()
    assert (heading_of(published), published.is_away) == ("two", False)
    assert told() == [TAKEN, AWAY, TAKEN, BACK]
    published._database.engine.dispose()


def test_tables_that_are_not_there_yet(publisher_at, follow, sqlite_messages_url):
    published = follow(sqlite_messages_url)
    assert (published.current(), published.is_away) == (None, True)
    publisher_at(sqlite_messages_url).publish("one")
    until(lambda: heading_of(published) == "one")


def test_postgres_that_is_stopped_in_the_middle_and_started_again(own_postgres, publisher_at, follow, told):
    publisher = publisher_at(own_postgres.url)
    publisher.publish("one")
    published = follow(own_postgres.url)
    assert heading_of(published) == "one"
    own_postgres.stop()
    until(lambda: published.is_away)
    time.sleep(0.5)
    assert heading_of(published) == "one"
    own_postgres.start()
    until(lambda: not published.is_away)
    publisher.publish("two")
    until(lambda: heading_of(published) == "two")
    assert told() == [TAKEN, AWAY, BACK, TAKEN]
    assert "marker-database-password" not in told.text()


def test_postgres_that_hangs_is_away_and_nobody_waits_for_it(own_postgres, publisher_at, follow, told, tmp_path):
    publisher = publisher_at(own_postgres.url)
    publisher.publish("one")
    words = Messages(tmp_path / "merchant", published=follow(own_postgres.url).current, poll_seconds=0.02)
    published = words._published.__self__
    own_postgres.freeze()
    time.sleep(0.2)
    (tmp_path / "merchant/messages").mkdir(parents=True)
    (tmp_path / "merchant/merchant.toml").write_text('name = "Olive"')
    until(lambda: words.current().merchant.name == "Olive")
    assert heading_of(published) == "one"
    until(lambda: published.is_away, seconds=20)
    assert heading_of(published) == "one"
    own_postgres.thaw()
    until(lambda: not published.is_away, seconds=20)
    assert told(AWAY, BACK) == [AWAY, BACK]


@pytest.mark.parametrize("kind", ["silent", "nobody"])
def test_a_start_without_the_database_takes_a_second_at_most(kind, told, tmp_path):
    with Misbehaving(silent) as server, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = server.port if kind == "silent" else unused.getsockname()[1]
        published = Published(f"postgresql://words:marker-password@127.0.0.1:{port}/words", ask_every_seconds=0.05)
        began_at = time.monotonic()
        words = Messages(tmp_path / "no-folder", published=published.current)
        assert time.monotonic() - began_at < 2.5  # 3 if it waited until nobody connects
        began_at = time.monotonic()
        assert words.current().negotiate("en").text("login", "heading")
        assert time.monotonic() - began_at < 2
        until(lambda: published.is_away)
        assert told() == [AWAY]
        assert not re.search("marker-password|127.0.0.1", told.text())


def test_a_database_that_says_nothing_for_long_is_told_of(sqlite_publisher, follow, told, monkeypatch):
    published, hangs = follow(sqlite_publisher.url), threading.Event()
    published.current()
    monkeypatch.setattr("app.history.live.PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(published._revisions, "published_heading", lambda: hangs.wait(20) and None)
    until(lambda: published.current() is None and published.is_away)
    hangs.set()
    until(lambda: not published.is_away)
    assert told() == [AWAY, BACK]


# --- processes and threads ---


def test_the_thread_ends_with_its_object_and_closes_what_it_holds(publisher, follow):
    published, before = follow(publisher.url), set(threading.enumerate())
    published.current()
    [thread] = set(threading.enumerate()) - before
    gone = weakref.ref(published)
    del published
    gc.collect()
    until(lambda: gone() is None and not thread.is_alive())
