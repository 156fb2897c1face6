"""Connections to the file of a store: one for each thread that asks at once, none across a fork."""

import contextlib
import os
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.store.interface import Reason
from app.store.patience import longest_wait
from app.store.sqlite_errors import reason_of

# An operation waits for a free connection of its process, then for other writers: a second at most in sum.
WAIT_SECONDS = 0.5
# A thread that has a connection may wait long for the interpreter when the process is busy. With few connections the
# others then queue behind it until they fail (measured: 64 threads with one connection lost 5 % of their writes, with
# 64 none). They are opened as they are needed, take two descriptors each, and 200 KB of memory at most.
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


class _Connection(sqlite3.Connection):
    """A connection that knows which file it has open, and waits for other writers in its own way.

    SQLite's own waiting looks less and less often, down to ten times a second. While others write without a pause it
    comes too late again and again, and now and then for the whole time.
    """

    file_number: int

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        give_up_at = time.monotonic() + longest_wait(WAIT_SECONDS)
        while True:
            try:
                return super().execute(sql, parameters)
            except sqlite3.OperationalError as error:
                if reason_of(error) is not Reason.TIMEOUT or time.monotonic() >= give_up_at:
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


class NoneFree(Exception):
    """All connections stayed in use for as long as a thread may wait."""


class Connections:
    """Connections to one file, each lent to one thread at a time and opened when first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.forget()
        _every_connections.add(self)

    def forget(self) -> None:
        """Start with no connection, and with locks that nobody holds."""
        self._change = threading.Condition(threading.Lock())
        self._idle: list[_Connection] = []
        self._lent = 0
        self._may_lend = True

    @contextlib.contextmanager
    def lent(self) -> Iterator[_Connection]:
        """Lend a connection; after a failure it is closed, so that the next one to ask gets a new one.

        :raises NoneFree: none became free in time.
        """
        db = self._take()
        try:
            if db is not None and db.file_number != _file_number(self._path):
                # Somebody moved the file away. Other processes may have made a new one: two would split the guests.
                db.close()
                db = None
            if db is None:
                db = _open(self._path)
            yield db
        except sqlite3.Error as error:
            if db is not None and reason_of(error) is not Reason.TIMEOUT:
                db.close()
                db = None
            raise
        finally:
            self._give_back(db)

    def _take(self) -> _Connection | None:
        with self._change:
            if not self._change.wait_for(
                lambda: self._may_lend and self._lent < CONNECTIONS, longest_wait(WAIT_SECONDS)
            ):
                raise NoneFree
            self._lent += 1
            return self._idle.pop() if self._idle else None

    def _give_back(self, db: _Connection | None) -> None:
        with self._change:
            self._lent -= 1
            if db is not None:
                self._idle.append(db)
            if self._may_lend:
                self._change.notify()
            else:
                self._change.notify_all()  # among those who wait is the one who withdraws

    def withdraw(self) -> None:
        """Close all connections, waiting for what is lent, and lend none before ``restore``."""
        with self._change:
            self._may_lend = False
            self._change.wait_for(lambda: self._lent == 0, 2 * WAIT_SECONDS)
            while self._idle:
                self._idle.pop().close()

    def restore(self) -> None:
        """Lend again."""
        with self._change:
            self._may_lend = True
            self._change.notify_all()


_every_connections: weakref.WeakSet[Connections] = weakref.WeakSet()


def _open(path: Path) -> _Connection:
    """Open the file, made ready if it is new.

    :raises sqlite3.Error: it is damaged, belongs to something else, or cannot be opened.
    :raises OSError: the folder or the file cannot be created.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Only ever a new file: closing any descriptor of a file that SQLite has open would undo SQLite's locks on it.
    with contextlib.suppress(FileExistsError):
        path.touch(mode=0o600, exist_ok=False)
    db = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False, factory=_Connection)
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


# A connection that crosses a fork loses its locks without noticing and may damage the file (sqlite.org,
# "How To Corrupt An SQLite Database File", 2.6). So no connection is open while a process forks.


def _before_fork() -> None:
    for connections in list(_every_connections):
        connections.withdraw()


def _after_fork_in_parent() -> None:
    for connections in list(_every_connections):
        connections.restore()


def _after_fork_in_child() -> None:
    for connections in list(_every_connections):
        connections.forget()  # its lock may be in the hands of a thread that only the parent has


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
