"""The store in one SQLite file: no server, several worker processes on one machine."""

import contextlib
import sqlite3
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from app.store.interface import (
    Change,
    Claim,
    Decrement,
    Facts,
    Limit,
    Put,
    PutAndRelease,
    Reason,
    StoreUnavailable,
    milliseconds,
)
from app.store.sqlite_connections import ConnectionPool, PoolExhausted, transaction
from app.store.sqlite_errors import explain


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
        self._pool = ConnectionPool(path)

    def get(self, *keys: str) -> list[bytes | None]:
        with self._connection() as db:
            return _get(db, keys)

    def put(self, key: str, value: bytes, ttl_seconds: float, owner: str | None = None) -> None:
        with self._connection() as db:
            db.execute(_PUT, (key, value, owner, _ends_at(ttl_seconds)))

    def write(self, *changes: Change) -> int:
        with self._connection() as db, transaction(db):
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

    def extend(self, *keys: str, ttl_seconds: float) -> bool:
        with self._connection() as db:
            changed = db.execute(
                f"UPDATE records SET ends_at = ? WHERE key IN ({_marks(keys)}) AND ends_at > ?",  # noqa: S608 only marks
                (_ends_at(ttl_seconds), *keys, _now()),
            )
        return changed.rowcount == len(keys)

    def delete(self, *keys: str, owner: str | None = None) -> None:
        with self._connection(durable=True) as db:
            db.execute(f"DELETE FROM records WHERE key IN ({_marks(keys)})", keys)  # noqa: S608 only marks

    def owned(self, owner: str) -> list[str]:
        with self._connection() as db:
            return _owned(db, owner)

    def delete_owned(self, owner: str) -> int:
        with self._connection(durable=True) as db, transaction(db):
            live = db.execute(
                "SELECT count(*) FROM records WHERE owner = ? AND ends_at > ?", (owner, _now())
            ).fetchone()
            db.execute("DELETE FROM records WHERE owner = ?", (owner,))
        return int(live[0])

    def delete_all(self) -> int:
        with self._connection(durable=True) as db, transaction(db):
            live = db.execute(
                "SELECT count(*) FROM records WHERE owner IS NOT NULL AND ends_at > ?", (_now(),)
            ).fetchone()
            db.execute("DELETE FROM records WHERE owner IS NOT NULL")
        return int(live[0])

    def count_owned(self, ttl_seconds: float) -> int:
        with self._connection() as db:
            live = db.execute("SELECT count(*) FROM records WHERE owner IS NOT NULL AND ends_at > ?", (_now(),))
            return int(live.fetchone()[0])

    def count_up(self, limits: Mapping[str, Limit]) -> str | None:
        with self._connection() as db, transaction(db):
            numbers = _numbers(db, tuple(limits))
            full = next((key for key, limit in limits.items() if numbers.get(key, 0) >= limit.number), None)
            if full is None:
                for key, limit in limits.items():
                    _count_one(db, key, limit.window_seconds)
            return full

    def acquire(self, lease: str, holder: str, ttl_seconds: float) -> bool:
        with self._connection() as db:
            return _acquire(db, lease, holder, ttl_seconds)

    def release(self, *leases: str, holder: str) -> None:
        with self._connection() as db, transaction(db):
            db.executemany(_RELEASE, [(lease, holder) for lease in leases])

    def prolong(self, held: Collection[tuple[str, str]], ttl_seconds: float) -> None:
        with self._connection() as db, transaction(db):
            ends_at, now = _ends_at(ttl_seconds), _now()
            for lease, holder in held:
                db.execute(
                    "UPDATE leases SET ends_at = ? WHERE name = ? AND holder = ? AND ends_at > ?",
                    (ends_at, lease, holder, now),
                )

    def claim(self, lease: str, holder: str, ttl_seconds: float, *, records: Sequence[str] = ()) -> Claim:
        with self._connection() as db:
            return Claim(_acquire(db, lease, holder, ttl_seconds), _get(db, records))

    def ping(self) -> None:
        self.count_up({"ping": Limit(sys.maxsize, 1)})

    def facts(self) -> Facts:
        return Facts(
            engine=f"SQLite {sqlite3.sqlite_version}",
            eviction="",
            persistence="the file; a power failure may take the last sign-ins",
            is_encrypted=True,
        )

    def close(self) -> None:
        self._pool.close()

    @contextlib.contextmanager
    def _connection(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection to use, with what SQLite or the file system says turned into what a store says."""
        try:
            with self._pool.connection() as db:
                if durable:
                    db.execute("PRAGMA synchronous = FULL")
                try:
                    yield db
                finally:
                    if durable:
                        db.execute("PRAGMA synchronous = NORMAL")
        except PoolExhausted as error:
            raise StoreUnavailable(self._name, Reason.TIMEOUT, "too many wait in this process") from error
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailable(self._name, *explain(error, self._path)) from error


def _get(db: sqlite3.Connection, keys: Sequence[str]) -> list[bytes | None]:
    query = f"SELECT key, CAST(value AS BLOB) FROM records WHERE key IN ({_marks(keys)}) AND ends_at > ?"  # noqa: S608 only marks
    found: dict[str, bytes] = dict(db.execute(query, (*keys, _now()))) if keys else {}
    return [found.get(key) for key in keys]


def _numbers(db: sqlite3.Connection, keys: Sequence[str]) -> dict[str, int]:
    """How far counters have come within their windows."""
    query = f"SELECT key, number FROM counters WHERE key IN ({_marks(keys)}) AND ends_at > ?"  # noqa: S608 only marks
    rows = db.execute(query, (*keys, _now())) if keys else ()
    return {key: number for key, number in rows if type(number) is int}


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
        case PutAndRelease(name, holder, value, ttl_seconds):
            db.execute(_PUT, (name, value, None, _ends_at(ttl_seconds)))
            db.execute(_RELEASE, (name, holder))
        case Decrement(counters):
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
