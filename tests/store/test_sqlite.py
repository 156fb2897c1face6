"""What can happen to the file of a store, and what is in it."""

import contextlib
import os
import signal
import sqlite3
import stat
import tempfile
import time
from pathlib import Path

import pytest

from app.store import StoreUnavailable, open_store
from tests.stores import IN_TIME_SECONDS, count_one, in_processes

LONG = 60


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "store.db"


@pytest.fixture
def store(path):
    store = open_store(f"sqlite:///{path}")
    yield store
    store.close()


@contextlib.contextmanager
def looked_into(path):
    """The file as another program sees it."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db


def test_file_and_folder_are_the_owner_s_alone(store, path):
    before = os.umask(0)
    try:
        store.put("s:{a}", b"value", LONG)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    files = list(path.parent.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


@pytest.mark.parametrize("content", [b"junk" * 2000, b"\0" * 8192, b"SQLite format 3\0" + b"\xff" * 4080])
def test_a_file_that_is_no_store_is_refused_and_left_alone(store, path, content, fails_in_time):
    path.parent.mkdir()
    path.write_bytes(content)
    for operation in (store.ping, lambda: store.get("s:{a}"), lambda: store.put("s:{a}", b"value", LONG)):
        failure = fails_in_time(operation)
        assert failure.reason == "error"
        assert str(failure).startswith(f"The store in {path} is unavailable (error): file is not a database")
    assert path.read_bytes() == content


def test_another_program_s_database_is_refused_and_left_alone(store, path, fails_in_time):
    path.parent.mkdir()
    with looked_into(path) as db:
        db.execute("CREATE TABLE records (theirs)")
    failure = fails_in_time(store.ping)
    assert failure.reason == "error"
    assert "belongs to another program or release" in str(failure)
    with looked_into(path) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("records",)]


def test_a_file_damaged_while_in_use_is_noticed_and_a_new_one_is_used(store, path, fails_in_time):
    for number in range(300):
        store.put(f"s:{{{number}}}", os.urandom(1500), LONG, "guest")
    store.close()
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 100_000)
    failure = fails_in_time(store.delete_all)
    assert failure.reason == "error"
    assert "malformed" in str(failure)
    for file in path.parent.iterdir():
        file.unlink()
    store.ping()
    assert store.get("s:{1}") == [None]


def test_a_file_that_is_moved_away_is_left_by_every_process(store, path):
    store.put("s:{a}", b"value", LONG)
    other = open_store(f"sqlite:///{path}")
    assert other.get("s:{a}") == [b"value"]
    for file in list(path.parent.iterdir()):
        file.rename(file.with_name("old-" + file.name))
    other.put("s:{b}", b"value", LONG)
    assert store.get("s:{a}", "s:{b}") == [None, b"value"]
    other.close()


def as_ordinary_user(work):
    """Do ``work()`` in a process that no permission can be ignored by."""

    def without_privileges(_):
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        work()

    in_processes(1, without_privileges)


@pytest.fixture
def public_folder():
    """A folder that every user can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


def test_a_file_that_may_only_be_read_is_said_to_be_so(public_folder):
    is_root = os.geteuid() == 0
    path = public_folder / "store.db"
    store = open_store(f"sqlite:///{path}")
    store.put("s:{a}", b"value", LONG)
    store.close()
    path.chmod(0o444)
    public_folder.chmod(0o555)

    def try_to_write():
        began = time.monotonic()
        for operation in (store.ping, lambda: store.put("s:{a}", b"new", LONG)):
            with pytest.raises(StoreUnavailable) as caught:
                operation()
            assert caught.value.reason == ("refused" if is_root else "readonly"), caught.value
            assert ("belongs to root, and this runs as nobody" in caught.value.todo) is is_root
        assert time.monotonic() - began < IN_TIME_SECONDS

    as_ordinary_user(try_to_write)


def test_a_folder_in_which_nothing_may_be_created_is_refused(public_folder):
    def try_to_create():
        store = open_store(f"sqlite:///{public_folder}/store.db")
        with pytest.raises(StoreUnavailable) as caught:
            store.ping()
        assert caught.value.reason == "refused"

    public_folder.chmod(0o555)
    as_ordinary_user(try_to_create)


def test_a_file_that_is_full_is_told_from_one_that_is_away(store):
    store.put("s:{a}", b"value", LONG)
    with store._pool.connection() as db:
        db.execute("PRAGMA max_page_count = 20")

    def fill():
        for number in range(100):
            store.put(f"s:{{{number}}}", os.urandom(4000), LONG)

    with pytest.raises(StoreUnavailable) as caught:
        fill()
    assert caught.value.reason == "full"
    assert store.get("s:{a}") == [b"value"]


def test_a_writer_that_never_ends_is_not_waited_for_longer_than_promised(store, path, reasons_given_in_time):
    store.put("s:{a}", b"value", LONG)
    writing = [
        lambda store: store.ping(),
        lambda store: store.put("s:{a}", b"new", LONG),
        lambda store: store.replace("s:{a}", b"value", b"new", LONG),
        lambda store: store.extend("s:{a}", ttl_seconds=LONG),
        lambda store: store.delete("s:{a}"),
        lambda store: store.delete_owned("guest"),
        lambda store: count_one(store, "c"),
        lambda store: store.acquire("l:{a}", "holder", LONG),
    ]
    with looked_into(path) as other:
        other.execute("BEGIN IMMEDIATE")
        assert reasons_given_in_time(store, writing) == ["timeout"] * len(writing)
        assert store.get("s:{a}") == [b"value"]  # readers do not wait for writers
        other.execute("ROLLBACK")
    store.ping()


def test_a_process_that_is_killed_loses_nothing_that_it_was_told_is_kept(store, path):
    told = path.parent.parent / "told"

    def write_and_die(_):
        for number in range(50):
            store.put(f"s:{{{number}}}", b"value", LONG, "guest")
        told.touch()
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(AssertionError, match=str(-signal.SIGKILL.value)):
        in_processes(1, write_and_die)
    assert told.exists()
    assert store.delete_owned("guest") == 50


def test_processes_that_all_find_no_file_make_one_together(path):
    def begin(number):
        store = open_store(f"sqlite:///{path}")
        store.put(f"s:{{{number}}}", b"value", LONG, "guest")

    in_processes(8, begin)
    store = open_store(f"sqlite:///{path}")
    assert store.delete_owned("guest") == 8
    store.close()


def test_rows_past_their_end_leave_by_themselves(store, path):
    for number in range(100):
        store.put(f"s:{{{number}}}", b"value", 0.01, "guest")
        count_one(store, f"c{number}", 0.01)
        store.acquire(f"l:{{{number}}}", "holder", 0.01)
    time.sleep(0.05)
    for number in range(50):
        store.put(f"t:{{{number}}}", b"value", LONG, "guest")
        count_one(store, f"d{number}")
        store.acquire(f"m:{{{number}}}", "holder", LONG)
    with looked_into(path) as db:
        for table in ("records", "counters", "leases"):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (50,)


def test_the_file_does_not_grow_while_as_much_ends_as_begins(store, path):
    def round_of_guests():
        for number in range(100):  # all of them live when the last one comes, however busy the machine is
            store.put(f"s:{{{time.monotonic_ns()}-{number}}}", os.urandom(1500), 0.5, f"guest {number}")
        time.sleep(0.6)

    for _ in range(2):
        round_of_guests()
    with looked_into(path) as db:
        before = db.execute("PRAGMA page_count").fetchone()[0]
    for _ in range(3):
        round_of_guests()
    with looked_into(path) as db:
        assert db.execute("PRAGMA page_count").fetchone()[0] <= before * 1.1


def test_what_was_deleted_is_not_left_in_the_file(store, path):
    store.put("s:{a}", b"marker-" + b"x" * 3000, LONG)
    store.delete("s:{a}")
    store.close()
    assert b"marker-" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_times_to_live_follow_the_wall_clock_of_the_machine(store, path):
    store.put("s:{a}", b"value", LONG)
    with looked_into(path) as db:
        ((ends_at,),) = db.execute("SELECT ends_at FROM records").fetchall()
    assert abs(ends_at / 1000 - time.time() - LONG) < 5
