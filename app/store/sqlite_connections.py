"""A pool of connections to the file of a store, opened as threads need them."""

import contextlib
import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.deadline import Deadline
from app.store.interface import Reason
from app.store.sqlite_errors import reason_of

# An operation waits for a free connection of its process, then for other writers: a second at most in sum.
WAIT_SECONDS = 0.5
# A thread that has a connection may wait long for the interpreter when the process is busy. With few connections the
# others then queue behind it until they fail (measured: 64 threads with one connection lost 5 % of their writes, with
# 64 none). Each takes two descriptors, and 200 KB of memory at most.
CONNECTIONS = 64
CACHE_KIBIBYTES = 200

_APPLICATION_ID = 0x474C4F47  # written into the file's header; tells ours from other SQLite files
_SCHEMA_VERSION = 1
# Each new row clears away a few that are past their end: more than one, so the file does not grow with time.
_CLEAR = """
CREATE TRIGGER {table}_clear AFTER INSERT ON {table} BEGIN
  DELETE FROM {table} WHERE {key} IN (
    SELECT {key} FROM {table} WHERE ends_at <= (julianday('now') - 2440587.5) * 86400000 ORDER BY ends_at LIMIT 4
  );
END"""
_SCHEMA = (
    "CREATE TABLE records (key TEXT PRIMARY KEY, value BLOB NOT NULL, owner TEXT, ends_at INTEGER NOT NULL)",
    # With the ends in it, all that has an owner can be counted from this index alone.
    "CREATE INDEX records_by_owner ON records (owner, ends_at) WHERE owner IS NOT NULL",
    "CREATE INDEX records_by_end ON records (ends_at)",
    _CLEAR.format(table="records", key="key"),
    "CREATE TABLE counters (key TEXT PRIMARY KEY, number INTEGER NOT NULL, ends_at INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX counters_by_end ON counters (ends_at)",
    _CLEAR.format(table="counters", key="key"),
    "CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, ends_at INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX leases_by_end ON leases (ends_at)",
    _CLEAR.format(table="leases", key="name"),
)


class Connection(sqlite3.Connection):
    """A connection that waits for other writers in its own way, and knows which file it has open.

    SQLite's own waiting looks less and less often, down to ten times a second. While others write without a pause it
    comes too late again and again (measured: 60 threads of two processes lost 3 of 1,000 writes, with this none).
    """

    file_number: int

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        deadline = Deadline.after(WAIT_SECONDS)
        while True:
            try:
                return super().execute(sql, parameters)
            except sqlite3.OperationalError as error:
                if reason_of(error) is not Reason.TIMEOUT or deadline.is_over:
                    raise
            time.sleep(random.uniform(0.001, 0.004))  # noqa: S311 so that two do not meet again and again


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Several statements as one. It takes the write lock first: taking it half-way could fail without waiting."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


class PoolExhausted(Exception):
    """All connections stayed in use for as long as a thread may wait."""


class ConnectionPool:
    """Connections to one file, each used by one thread at a time. None may be open while the process forks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        self._idle: list[Connection] = []

    @contextlib.contextmanager
    def connection(self) -> Iterator[Connection]:
        """Use a connection; after a failure it is closed, and the next one to ask gets a new one.

        :raises PoolExhausted: none became free in time.
        """
        if not self._free.acquire(timeout=WAIT_SECONDS):
            raise PoolExhausted
        db = None
        try:
            db = self._idle_connection() or _open(self._path)
            yield db
        except sqlite3.Error as error:
            if db is not None and reason_of(error) is not Reason.TIMEOUT:
                db.close()
                db = None
            raise
        finally:
            if db is not None:
                self._idle.append(db)
            self._free.release()

    def _idle_connection(self) -> Connection | None:
        with contextlib.suppress(IndexError):
            db = self._idle.pop()
            if db.file_number == _file_number(self._path):
                return db
            # Somebody moved the file away. Other processes may have made a new one: two would split the guests.
            db.close()
        return None

    def close(self) -> None:
        """Close what nobody uses now."""
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop().close()


def _open(path: Path) -> Connection:
    """Open the file, made ready if it is new.

    :raises sqlite3.Error: it is damaged, belongs to something else, or cannot be opened.
    :raises OSError: the folder or the file cannot be created.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Only ever a new file: closing any descriptor of a file that SQLite has open would undo SQLite's locks on it.
    with contextlib.suppress(FileExistsError):
        path.touch(mode=0o600, exist_ok=False)
    db = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False, factory=Connection)
    try:
        db.file_number = _file_number(path)
        db.execute("PRAGMA secure_delete = ON")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
        if _version(db) != (_APPLICATION_ID, _SCHEMA_VERSION):
            _make_ready(db)
    except sqlite3.Error:
        db.close()
        raise
    return db


def _make_ready(db: sqlite3.Connection) -> None:
    with transaction(db):
        version = _version(db)  # again: another process may have been quicker
        if version == (0, 0) and not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in _SCHEMA:
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        elif version != (_APPLICATION_ID, _SCHEMA_VERSION):
            raise sqlite3.DatabaseError("the file belongs to another program or release, name another in STORE_URL")


def _version(db: sqlite3.Connection) -> tuple[int, int]:
    return db.execute("PRAGMA application_id").fetchone()[0], db.execute("PRAGMA user_version").fetchone()[0]


def _file_number(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0
