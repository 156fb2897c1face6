"""A database that is away, hangs or is damaged costs seconds, is told as such, and betrays nothing."""

import shutil
import socket
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
import trustme

from app.history import Database, HistoryUnavailable, migrate
from app.history.tables import drafts
from tests.history.conftest import History
from tests.postgres import PASSWORD, USER


def fails(operation, *, within_seconds=2.5):  # 3 and more if it waited until nobody connects
    began = time.monotonic()
    with pytest.raises(HistoryUnavailable) as caught:
        operation()
    took = time.monotonic() - began
    assert took < within_seconds, f"took {took:.1f} s: {caught.value}"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__  # a traceback would show it
    text = str(caught.value)
    assert not any(word in text for word in (PASSWORD, USER + ":", "127.0.0.1", "/", "words_1")), text
    return text


@pytest.fixture
def secure_postgres(own_postgres):
    """A server with a certificate that nobody vouches for."""
    certificate = trustme.CA().issue_cert("127.0.0.1")
    own_postgres.secure(certificate.private_key_and_cert_chain_pem.bytes())
    return own_postgres


@pytest.fixture
def own_history(own_postgres):
    history = History(own_postgres.url)
    migrate(history.database)
    history.publish(a="One")
    yield history
    history.close()


def test_a_server_that_stops_and_comes_back(own_postgres, own_history):
    own_history.draft(b="Mine")
    own_postgres.stop()
    for operation in (own_history.revisions.published, own_history.publish, own_history.drafts.read):
        assert "nobody is at its address" in fails(operation)
    own_postgres.start()
    assert own_history.texts() == {"a": "One"}
    assert own_history.publish() == 2


def test_a_server_that_hangs_costs_seconds_and_all_is_well_afterwards(own_postgres, own_history):
    own_history.draft(b="Mine")
    own_postgres.freeze()
    try:
        operations = [own_history.revisions.published, own_history.publish] * 10  # more than there are connections
        with ThreadPoolExecutor(len(operations)) as pool:
            list(pool.map(lambda operation: fails(operation, within_seconds=12), operations))
    finally:
        own_postgres.thaw()
    assert own_history.texts() == {"a": "One"}
    assert own_history.publish() == 2


def test_a_server_that_hangs_in_the_middle_of_a_transaction(own_postgres, own_history):
    def work():
        with own_history.database.writing() as connection:
            own_postgres.freeze()
            connection.execute(sa.select(drafts)).all()

    try:
        assert "does not answer" in fails(work, within_seconds=8)
    finally:
        own_postgres.thaw()
    assert own_history.publish(a="Two") == 2


def test_whoever_holds_the_lock_and_says_nothing_more_loses_it(postgres_url, monkeypatch):
    """As a machine that loses its power in the middle of publishing."""
    from app.history import database

    monkeypatch.setattr(database, "_LIMITS", [*database._LIMITS[:1], ("idle_in_transaction_session_timeout", "1s")])
    history = History(postgres_url)
    migrate(history.database)

    def be_silent():
        with history.database.writing():
            is_silent.set()
            time.sleep(4)

    is_silent = threading.Event()
    silent = threading.Thread(target=fails, args=[be_silent], kwargs={"within_seconds": 9})
    silent.start()
    assert is_silent.wait(10)
    assert history.publish(a="One") == 1
    silent.join(20)
    assert history.texts() == {"a": "One"}
    history.close()


@pytest.mark.parametrize(
    ("url", "to_write", "to_make"),
    [
        ("postgresql://words:marker-database-password@127.0.0.1:1/words_1", *["nobody is at its address"] * 2),
        ("postgresql://words:marker-database-password@nowhere.invalid/words_1", *["nobody is at its address"] * 2),
        ("sqlite:////proc/no/words.db", "cannot be opened", "cannot be made"),
    ],
)
def test_an_address_where_nobody_is(url, to_write, to_make):
    database = Database(url, migrate=migrate)
    assert to_write in fails(lambda: History(url).draft(a="One"), within_seconds=5)
    assert to_make in fails(lambda: migrate(database), within_seconds=5)


def test_a_file_that_vanishes_is_made_by_nobody_who_uses_it(tmp_path, monkeypatch):
    history = History(f"sqlite:///{tmp_path}/words #1 ü.db")
    migrate(history.database)
    (file,) = tmp_path.glob("words*.db")
    for each in tmp_path.iterdir():
        each.unlink()
    monkeypatch.setattr(Database, "is_there", True)  # it vanishes after somebody has looked
    for use in (history.revisions.published, lambda: history.draft(a="One")):
        assert "cannot be opened" in fails(use)
    assert not file.exists()


def test_a_wrong_password_or_name(shared_postgres):
    url = shared_postgres.make_database()
    assert "refuses the name or the password" in fails(History(url.replace(PASSWORD, "wrong")).revisions.published)
    assert "no database" in fails(History(url + "x").revisions.published)


def test_tls_that_cannot_be_is_told_as_such(shared_postgres, secure_postgres):
    said = "TLS with it fails: see sslmode and sslrootcert in MESSAGES_URL"
    plain, secure = shared_postgres.make_database(), secure_postgres.make_database()
    for url in (
        f"{plain}?sslmode=require",
        f"{secure}?sslmode=verify-full&sslrootcert=/nonexistent/root.crt",  # as without a home folder
        f"{secure}?sslmode=verify-full&sslrootcert=system",
        f"{secure}?sslmode=require&sslrootcert=system",
    ):
        assert said in fails(History(url).revisions.published), url


@pytest.mark.parametrize("option", ["sslmod=require", "sslmode=strict", "target_session_attrs=best"])
def test_an_option_that_is_none_is_told_as_such(shared_postgres, option):
    url = f"{shared_postgres.make_database()}?{option}"
    assert "an option in MESSAGES_URL is none, or has no such value" in fails(History(url).revisions.published)


def test_a_server_that_never_answers_costs_seconds():

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{listener.getsockname()[1]}/words_1"
        assert "does not answer" in fails(History(url).revisions.published, within_seconds=6)


def test_tables_that_are_missing_are_told_with_the_remedy(url):
    if url.startswith("sqlite"):
        with Database(url).migrating():
            pass  # an empty file
    history = History(url)
    with pytest.raises(HistoryUnavailable, match="flask --app wsgi console migrate"):
        history.revisions.published()
    history.close()


def test_records_that_are_damaged_are_told(history):
    history.publish(a="One")
    history.draft(a="Two")
    history.draft(b="Two")
    for statement in (
        "UPDATE drafts SET value = '{'",
        "UPDATE deeds SET about = 'x'",
        "UPDATE revisions SET contents = " + ("'x'" if "sqlite" in history.url else "'\\x78'::bytea"),
    ):
        with history.database.writing() as connection:
            connection.exec_driver_sql(statement)
    for operation in (history.drafts.read, history.audit.read, history.revisions.published):
        assert "damaged" in fails(operation)
    assert [each.number for each in history.revisions.read()] == [1]


def test_a_damaged_revision_does_not_stand_in_the_way_of_a_good_one(history):
    history.publish(a="Good")
    history.publish(a="Damaged")
    content = "'x'" if "sqlite" in history.url else "'\\x78'::bytea"
    with history.database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE revisions SET contents = {content} WHERE number = 2")
    assert "damaged" in fails(history.revisions.published)
    assert history.revisions.roll_back(1, by="Ana", comment="") == 3
    assert history.texts() == {"a": "Good"}


class TestFile:
    @pytest.fixture
    def history(self, sqlite_history_url):
        history = History(sqlite_history_url)
        migrate(history.database)
        history.publish(a="One")
        return history

    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "words/words.db"

    def test_nobody_else_on_the_machine_reads_it(self, history, path):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        with history.database.writing():
            assert all(each.stat().st_mode & 0o777 == 0o600 for each in path.parent.iterdir())

    def test_a_copy_that_is_put_back_is_read_at_once(self, history, path):
        shutil.copy(path, path.with_suffix(".copy"))
        history.publish(a="Two")
        assert history.texts() == {"a": "Two"}
        path.with_suffix(".copy").replace(path)
        assert history.texts() == {"a": "One"}

    def test_one_that_is_gone_is_not_made_by_a_reader(self, history, path):
        path.unlink()
        assert "not there" in fails(history.revisions.published)
        assert not path.exists()

    def test_one_that_is_damaged(self, history, path):
        path.write_bytes(b"no database" * 1000)
        assert "damaged" in fails(history.revisions.published)
        assert "damaged" in fails(history.publish)

    @pytest.mark.parametrize(
        ("said", "reason"),
        [
            ("disk I/O error", "its disk is full or broken"),
            ("unable to open database file", "its file cannot be opened; its folder has to be writable too"),
        ],
    )
    def test_a_disk_that_is_full_or_closed(self, history, said, reason):
        def fail(*_):
            raise sqlite3.OperationalError(said)

        sa.event.listen(history.database.engine, "before_cursor_execute", fail)
        assert reason in fails(lambda: history.draft(a="Two"))

    def test_one_that_another_program_holds(self, history, path):
        other = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
        with other.connect() as connection:
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
            assert history.texts() == {"a": "One"}
            assert "somebody else" in fails(lambda: history.draft(a="Two"), within_seconds=8)
