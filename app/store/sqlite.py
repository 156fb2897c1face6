"""The store in one SQLite file: no server, several worker processes on one machine."""

import contextlib
import os
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.store.interface import (
    Change,
    Claim,
    Count,
    Facts,
    Limit,
    Put,
    Reason,
    Release,
    Settle,
    StoreUnavailable,
    TakeBack,
    milliseconds,
)
from app.store.patience import longest_wait, operation
from app.store.sqlite_errors import explain, reason_of

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


class SqliteStore:
    """A store in a file that all worker processes of one machine share.

    Ends are moments of the machine's wall clock, in milliseconds. Write-ahead logging lets readers go on while one
    process writes. Nearly every operation is a single statement: SQLite then takes its write lock and gives it back
    without waiting for Python's, and a busy process does not hold up the others.

    When power fails, what was not yet synchronised (``synchronous``) is lost, and the file stays sound:

    - Most writes do not wait for the disk (NORMAL). Some guests sign in again after that; waiting would make the
      writes of all workers queue behind the disk. A crash of the process loses nothing.
    - Deletions wait (FULL), because what was signed out must stay so even then. They are few.

    Deleted rows are overwritten (``secure_delete``). Copies of pages stay in the log until it starts anew, every
    thousand pages or so; what is in them is sealed.

    :param path: the file; it is created for its owner only, and so is its folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = f"The store in {path}"
        self._connections = _Connections(path)

    def get(self, *keys: str) -> list[bytes | None]:
        with self._connection() as db:
            return _get(db, keys)

    def put(self, key: str, value: bytes, ttl_seconds: float, owner: str | None = None) -> None:
        with self._connection() as db:
            db.execute(_PUT, (key, value, owner, _ends_at(ttl_seconds)))

    def write(self, *changes: Change) -> int:
        with self._connection() as db, _transaction(db):
            for change in changes:
                _make(db, change)
            owners = {change.owner for change in changes if isinstance(change, Put) and change.owner is not None}
            return max((len(_owned(db, owner)) for owner in owners), default=0)

    def replace(self, key: str, old: bytes, new: bytes, ttl_seconds: float) -> bool:
        with self._connection() as db:
            changed = db.execute(
                "UPDATE records SET value = ?, ends_at = ? WHERE key = ? AND value IN (?, ?) AND ends_at > ?",
                (new, _ends_at(ttl_seconds), key, old, new, _now()),
            )
        return changed.rowcount == 1

    def extend(self, key: str, ttl_seconds: float) -> bool:
        with self._connection() as db:
            changed = db.execute(
                "UPDATE records SET ends_at = ? WHERE key = ? AND ends_at > ?", (_ends_at(ttl_seconds), key, _now())
            )
        return changed.rowcount == 1

    def delete(self, *keys: str, owner: str | None = None) -> None:
        with self._connection(durable=True) as db:
            db.execute(f"DELETE FROM records WHERE key IN ({_marks(keys)})", keys)  # noqa: S608 only marks

    def owned(self, owner: str) -> list[str]:
        with self._connection() as db:
            return _owned(db, owner)

    def delete_owned(self, owner: str) -> int:
        with self._connection(durable=True) as db, _transaction(db):
            live = db.execute(
                "SELECT count(*) FROM records WHERE owner = ? AND ends_at > ?", (owner, _now())
            ).fetchone()
            db.execute("DELETE FROM records WHERE owner = ?", (owner,))
        return int(live[0])

    def delete_all(self) -> int:
        with self._connection(durable=True) as db, _transaction(db):
            live = db.execute(
                "SELECT count(*) FROM records WHERE owner IS NOT NULL AND ends_at > ?", (_now(),)
            ).fetchone()
            db.execute("DELETE FROM records WHERE owner IS NOT NULL")
        return int(live[0])

    def count_owned(self, ttl_seconds: float) -> int:
        with self._connection() as db:
            live = db.execute("SELECT count(*) FROM records WHERE owner IS NOT NULL AND ends_at > ?", (_now(),))
            return int(live.fetchone()[0])

    def increment(self, key: str, ttl_seconds: float) -> int:
        return self.increment_all({key: ttl_seconds})[0].number

    def increment_all(self, windows_seconds: Mapping[str, float]) -> list[Count]:
        with self._connection() as db, _transaction(db):
            for key, ttl_seconds in windows_seconds.items():
                _count_one(db, key, ttl_seconds)
            return _counts(db, tuple(windows_seconds))

    def count_up(self, limits: Mapping[str, Limit]) -> str | None:
        with self._connection() as db, _transaction(db):
            counts = zip(limits.items(), _counts(db, tuple(limits)), strict=True)
            full = next((key for (key, limit), count in counts if count.number >= limit.number), None)
            if full is None:
                for key, limit in limits.items():
                    _count_one(db, key, limit.window_seconds)
            return full

    def count(self, key: str) -> Count:
        return self.counts(key)[0]

    def counts(self, *keys: str) -> list[Count]:
        with self._connection() as db:
            return _counts(db, keys)

    def acquire(self, lease: str, holder: str, ttl_seconds: float) -> bool:
        with self._connection() as db:
            return _acquire(db, lease, holder, ttl_seconds)

    def release(self, lease: str, holder: str) -> None:
        with self._connection(gives_back=True) as db:
            db.execute(_RELEASE, (lease, holder))

    def prolong(self, held: Collection[tuple[str, str]], ttl_seconds: float) -> None:
        with self._connection() as db, _transaction(db):
            ends_at = _ends_at(ttl_seconds)
            for lease, holder in held:
                db.execute("UPDATE leases SET ends_at = ? WHERE name = ? AND holder = ?", (ends_at, lease, holder))

    def claim(
        self, lease: str, holder: str, ttl_seconds: float, *, records: Sequence[str] = (), counters: Sequence[str] = ()
    ) -> Claim:
        with self._connection() as db:
            return Claim(_acquire(db, lease, holder, ttl_seconds), _get(db, records), _counts(db, counters))

    def ping(self) -> None:
        self.increment("ping", 1)

    def facts(self) -> Facts:
        return Facts(
            engine=f"SQLite {sqlite3.sqlite_version}",
            eviction="",
            persistence="the file; a power failure may take the last sign-ins",
            is_encrypted=True,
        )

    def close(self) -> None:
        self._connections.withdraw()
        self._connections.restore()

    @contextlib.contextmanager
    def _connection(self, *, durable: bool = False, gives_back: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection to use, with what SQLite or the file system says turned into what a store says."""
        try:
            with operation(self._name, gives_back=gives_back), self._connections.lent() as db:
                if durable:
                    db.execute("PRAGMA synchronous = FULL")
                try:
                    yield db
                finally:
                    if durable:
                        db.execute("PRAGMA synchronous = NORMAL")
        except _NoneFree as error:
            raise StoreUnavailable(self._name, Reason.TIMEOUT, "too many wait in this process") from error
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailable(self._name, *explain(error, self._path)) from error


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Several statements as one. It takes the write lock first: taking it half-way could fail without waiting."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _get(db: sqlite3.Connection, keys: Sequence[str]) -> list[bytes | None]:
    query = f"SELECT key, CAST(value AS BLOB) FROM records WHERE key IN ({_marks(keys)}) AND ends_at > ?"  # noqa: S608 only marks
    found: dict[str, bytes] = dict(db.execute(query, (*keys, _now()))) if keys else {}
    return [found.get(key) for key in keys]


def _counts(db: sqlite3.Connection, keys: Sequence[str]) -> list[Count]:
    now = _now()
    query = f"SELECT * FROM counters WHERE key IN ({_marks(keys)}) AND ends_at > ?"  # noqa: S608 only marks
    rows = db.execute(query, (*keys, now)).fetchall() if keys else []
    found = {key: Count(number, (ends_at - now) / 1000) for key, number, ends_at in rows if type(number) is int}
    return [found.get(key, Count(0, 0.0)) for key in keys]


def _count_one(db: sqlite3.Connection, key: str, ttl_seconds: float) -> None:
    db.execute(
        "INSERT INTO counters VALUES (:key, 1, :ends_at) ON CONFLICT (key) DO UPDATE SET"
        " number = iif(ends_at > :now, number + 1, 1), ends_at = iif(ends_at > :now, ends_at, :ends_at)",
        {"key": key, "ends_at": _ends_at(ttl_seconds), "now": _now()},
    )


def _owned(db: sqlite3.Connection, owner: str) -> list[str]:
    query = "SELECT key FROM records WHERE owner = ? AND ends_at > ? ORDER BY ends_at, key"
    return [key for (key,) in db.execute(query, (owner, _now()))]


def _make(db: sqlite3.Connection, change: Change) -> None:
    match change:
        case Put(records, ttl_seconds, owner):
            ends_at = _ends_at(ttl_seconds)
            for key, value in records.items():
                db.execute(_PUT, (key, value, owner, ends_at))
        case Settle(name, holder, value, ttl_seconds):
            db.execute(_PUT, (name, value, None, _ends_at(ttl_seconds)))
            db.execute(_RELEASE, (name, holder))
        case Release(lease, holder):
            db.execute(_RELEASE, (lease, holder))
        case TakeBack(counters):
            for key in counters:
                db.execute("UPDATE counters SET number = max(number - 1, 0) WHERE key = ?", (key,))


def _acquire(db: sqlite3.Connection, lease: str, holder: str, ttl_seconds: float) -> bool:
    changed = db.execute(
        "INSERT INTO leases VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"
        " SET holder = excluded.holder, ends_at = excluded.ends_at"
        " WHERE leases.holder = excluded.holder OR leases.ends_at <= ?",
        (lease, holder, _ends_at(ttl_seconds), _now()),
    )
    return changed.rowcount == 1


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


class _NoneFree(Exception):
    """All connections stayed in use for as long as a thread may wait."""


class _Connections:
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

        :raises _NoneFree: none became free in time.
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
                raise _NoneFree
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


_every_connections: weakref.WeakSet[_Connections] = weakref.WeakSet()


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
    with _transaction(db):
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


def _marks(keys: Sequence[str]) -> str:
    return ",".join("?" * len(keys))


def _now() -> int:
    return time.time_ns() // 1_000_000


def _ends_at(ttl_seconds: float) -> int:
    return _now() + milliseconds(ttl_seconds)


_PUT = (
    "INSERT INTO records VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE"
    " SET value = excluded.value, owner = excluded.owner, ends_at = excluded.ends_at"
)

_RELEASE = "DELETE FROM leases WHERE name = ? AND holder = ?"

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
