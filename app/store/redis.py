"""The store in Redis 6.2 or later: many machines, and whatever Redis is made to survive.

Each step is one script, sent as text, so that it is atomic and works on a server that was started empty a moment ago.
The steps of an operation are sent together, to be done in order. A script touches the keys of one Cluster slot only:

``guest-login:r:KEY``             a record: its owner or nothing, a line break, the value
``guest-login:c:KEY``             a counter
``guest-login:l:LEASE``           a lease: its holder
``guest-login:{owned}:by:OWNER``  which records an owner has (a sorted set)
``guest-login:{owned}:all``       which records have an owner at all

The last two are indices. An entry is written before its record (should only the entry fail, the operation has failed,
and nobody learns how to open the record), and kept for twice the record's time to live: if the
connection breaks after a record was extended and before its entry was, the entry is still there when the record ends.
An entry whose record has gone does no harm, because what is ended through an index must name the owner itself.
Entries past their time are cleared away by the next writes, a few each time.
"""

import contextlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from redis import exceptions

from app.store import redis_scripts as scripts
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
from app.store.redis_clients import Client, Step
from app.store.redis_errors import explain

PAUSE_SECONDS = 0.05  # before a repetition, for a server that is just being restarted

_ALL = "guest-login:{owned}:all"
_PROBE = "{probe}"  # what a ping writes under: in another slot of a Cluster than the indices


class RedisStore:
    """A store that machines share.

    Ends are kept by the server's clock alone, so machines may differ about the time. When a connection breaks, an
    operation is repeated once, if that cannot be told from doing it once; a server that answers late is not asked
    again, because it is busy enough.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, *keys: str) -> list[bytes | None]:
        return self._read(records=keys)[1]

    def put(self, key: str, value: bytes, ttl_seconds: float, owner: str | None = None) -> None:
        self.write(Put({key: value}, ttl_seconds, owner))

    def write(self, *changes: Change) -> int:
        outcomes = {change.name: change.value for change in changes if isinstance(change, PutAndRelease)}

        def was_done() -> bool:
            # Others go by the outcome. What was written before that, they may have ended already.
            return bool(outcomes) and self.get(*outcomes) == list(outcomes.values())

        steps = [step for change in changes for step in self._steps(change)]
        replies = self._execute(steps, was_done=was_done)
        entered = [
            reply
            for step, reply in zip(steps, replies, strict=False)
            if step.script in (scripts.INDEX, scripts.INDEX_AND_PUT)
        ]
        return max(entered, default=0)

    def replace(self, key: str, old: bytes, new: bytes, ttl_seconds: float) -> bool:
        step = _step(scripts.REPLACE, [_record(key)], old, new, milliseconds(ttl_seconds))
        return self._move([key], [step], ttl_seconds)

    def extend(self, *keys: str, ttl_seconds: float) -> bool:
        steps = [_step(scripts.EXTEND, [_record(key)], milliseconds(ttl_seconds)) for key in keys]
        return self._move(keys, steps, ttl_seconds)

    def delete(self, *keys: str, owner: str | None = None) -> None:
        records = [_record(key) for key in keys]
        for group in self._client.group_by_slot(records):
            self._run(scripts.DELETE, group)
        self._unindex(records, owner)

    def owned(self, owner: str) -> list[str]:
        entries = [entry.decode() for entry in self._run(scripts.OWNED, [_owner_index(owner)])]
        live: set[bytes] = set()
        for group in self._client.group_by_slot(entries):
            live.update(self._run(scripts.LIVE, group, owner))
        return [entry.removeprefix(_record("")) for entry in entries if entry.encode() in live]

    def delete_owned(self, owner: str) -> int:
        return self._end_owned(self._run(scripts.OWNED, [_owner_index(owner)]), owner)

    def delete_all(self) -> int:
        ended, cursor = 0, b"0"
        while True:
            cursor, entries = self._run(scripts.OWNED_PAGE, [_ALL], cursor)
            ended += self._end_owned(entries[::2], "")  # each entry is followed by its score
            if cursor == b"0":
                return ended

    def count_owned(self, ttl_seconds: float) -> int:
        return int(self._run(scripts.COUNT_OWNED, [_ALL], milliseconds(ttl_seconds)))

    def count_up(self, limits: Mapping[str, Limit]) -> str | None:
        held = {_counter(key): (key, limit) for key, limit in limits.items()}
        counted: list[str] = []
        for group in self._client.group_by_slot(list(held)):
            arguments = [part for each in group for part in _limit(held[each][1])]
            try:
                full = self._run(scripts.COUNT_UP, group, *arguments, repeatable=False)
            except StoreUnavailable:
                self._decrement(counted)
                raise
            if full:
                self._decrement(counted)
                return held[group[full - 1]][0]
            counted += group
        return None

    def acquire(self, lease: str, holder: str, ttl_seconds: float) -> bool:
        return bool(self._execute([_acquire(lease, holder, ttl_seconds)])[0])

    def release(self, *leases: str, holder: str) -> None:
        self._execute([_step(scripts.RELEASE, [_lease(lease)], holder) for lease in leases])

    def prolong(self, held: Collection[tuple[str, str]], ttl_seconds: float) -> None:
        self._execute([_prolong(lease, holder, ttl_seconds) for lease, holder in held])

    def claim(self, lease: str, holder: str, ttl_seconds: float, *, records: Sequence[str] = ()) -> Claim:
        (held,), values = self._read(_acquire(lease, holder, ttl_seconds), records=records)
        return Claim(bool(held), values)

    def ping(self) -> None:
        """Run every script once: a right that is missing shows, and so does a node that has a part of the keys only."""
        record, counter, index = _record(_PROBE), _counter(_PROBE), _owner_index(_PROBE)
        self._execute(
            [
                _acquire(_PROBE, "", 1),
                _prolong(_PROBE, "", 1),
                *self._steps(Put({_PROBE: b""}, 1, owner=_PROBE)),
                _step(scripts.GET, [record]),
                _step(scripts.REPLACE, [record], b"", b"", 1000),
                _step(scripts.EXTEND, [record], 1000),
                _step(scripts.OWNED, [index]),
                _step(scripts.OWNED_PAGE, [index], b"0"),
                _step(scripts.LIVE, [record], _PROBE),
                _step(scripts.END_OWNED, [record], _PROBE),
                _step(scripts.FORGET, [_ALL, index], record),
                _step(scripts.COUNT_OWNED, [_ALL], 1000),
                *self._steps(PutAndRelease(_PROBE, "", b"", 1)),
                _step(scripts.DELETE, [record]),
                _step(scripts.COUNT_UP, [counter], *_limit(Limit(2, 1))),
                _step(scripts.DECREMENT, [counter]),
            ]
        )

    def facts(self) -> Facts:
        lines = self._run(scripts.FACTS, [_ALL]).decode().split("\r\n")
        said = dict(line.split(":", 1) for line in lines if ":" in line)
        is_bounded = said.get("maxmemory", "0") != "0"
        policy = said.get("maxmemory_policy", "noeviction")
        has_saved = int(said.get("rdb_last_save_time", 0)) > time.time() - int(said.get("uptime_in_seconds", 0)) + 2
        return Facts(
            engine=f"Redis {said.get('redis_version', 'of an unknown release')}",
            eviction=policy if is_bounded and policy != "noeviction" else "",
            persistence="an append-only file" if said.get("aof_enabled") == "1" else "snapshots" if has_saved else "",
            is_encrypted=self._client.is_private,
        )

    def close(self) -> None:
        self._client.close()

    def _move(self, keys: Sequence[str], steps: Sequence[Step], ttl_seconds: float) -> bool:
        """Run steps that move the end of a record each, then have the indices of their owners learn the new ends.

        :param steps: each gives the owner of its record.
        :returns: False if one of the records is absent.
        """
        owners = self._execute(steps)
        moved = [(owner.decode(), key) for owner, key in zip(owners, keys, strict=True) if owner]
        if moved:
            self._execute([_index(owner, [_record(key)], ttl_seconds) for owner, key in moved])
        return None not in owners

    def _end_owned(self, records: Iterable[bytes], owner: str) -> int:
        ended: list[bytes] = []
        for group in self._client.group_by_slot([record.decode() for record in records]):
            # Not repeatable: the second reply would leave out what the first try ended.
            ended += self._run(scripts.END_OWNED, group, owner, repeatable=False)
        self._unindex(ended, owner)
        return len(ended)

    def _unindex(self, records: Sequence[str | bytes], owner: str | None) -> None:
        """Take records that have ended out of what is counted. An entry that stays leaves by itself, in time."""
        with contextlib.suppress(StoreUnavailable):
            if records:
                self._run(scripts.FORGET, [_ALL, _owner_index(owner)] if owner else [_ALL], *records)

    def _decrement(self, counters: Sequence[str]) -> None:
        """Count one less, if that can be had; a count that stays ends with its window."""
        with contextlib.suppress(StoreUnavailable):
            self._execute([_step(scripts.DECREMENT, group) for group in self._client.group_by_slot(counters)])

    def _run(self, script: str, keys: Sequence[str], *arguments: str | bytes | int, repeatable: bool = True) -> Any:
        return self._execute([_step(script, keys, *arguments)], repeatable=repeatable)[0]

    def _read(self, *steps: Step, records: Sequence[str]) -> tuple[list[Any], list[bytes | None]]:
        """What the steps give, and after them records."""
        keys = [*map(_record, records)]
        groups = self._client.group_by_slot(keys)
        replies = self._execute([*steps, *(_step(scripts.GET, group) for group in groups)])
        found: dict[str, Any] = {}
        for group, reply in zip(groups, replies[len(steps) :], strict=True):
            found.update(zip(group, reply, strict=True))
        return replies[: len(steps)], [_value(found[key]) for key in keys]

    def _steps(self, change: Change) -> Iterator[Step]:
        match change:
            case Put(records, ttl_seconds, owner):
                header, ttl = (owner or "").encode() + b"\n", milliseconds(ttl_seconds)
                held = {_record(key): header + value for key, value in records.items()}
                if owner is not None:
                    keys = [_owner_index(owner), _ALL, *held]
                    if len(self._client.group_by_slot(keys)) == 1:
                        yield _step(scripts.INDEX_AND_PUT, keys, ttl, *held.values())
                        return
                    yield _index(owner, held, ttl_seconds)
                for group in self._client.group_by_slot(list(held)):
                    yield _step(scripts.PUT, group, ttl, *(held[record] for record in group))
            case PutAndRelease(name, holder, value, ttl_seconds):
                keys = [_lease(name), _record(name)]
                yield _step(scripts.PUT_AND_RELEASE, keys, holder, b"\n" + value, milliseconds(ttl_seconds))
            case Decrement(counters):
                for group in self._client.group_by_slot([_counter(key) for key in counters]):
                    yield _step(scripts.DECREMENT, group)

    def _execute(
        self,
        steps: Sequence[Step],
        *,
        repeatable: bool = True,
        was_done: Callable[[], bool] = lambda: False,
    ) -> list[Any]:
        """Run scripts in order; what each of them gives. If one fails, those after it may be done all the same.

        :param repeatable: running them twice in a row leaves and gives the same as running them once.
        :param was_done: looks before a repetition whether there is nothing left to do. What they give is then lost.
        """
        try:
            return self._try(steps)
        except StoreUnavailable as failure:
            if not repeatable or failure.reason not in {Reason.UNREACHABLE, Reason.READONLY}:
                raise
        time.sleep(PAUSE_SECONDS)
        return [] if was_done() else self._try(steps)

    def _try(self, steps: Sequence[Step]) -> list[Any]:
        try:
            return self._client.run(steps)
        except exceptions.RedisError as error:
            reason, what, todo = explain(error)
            if reason not in {Reason.FULL, Reason.REFUSED}:
                self._client.reconnect()
            raise StoreUnavailable(self._client.name, reason, what, todo) from error


def _step(script: str, keys: Sequence[str], *arguments: str | bytes | int) -> Step:
    return Step(script, keys, arguments)


def _limit(limit: Limit) -> tuple[int, int]:
    return limit.number, milliseconds(limit.window_seconds)


def _index(owner: str, records: Iterable[str], ttl_seconds: float) -> Step:
    return _step(scripts.INDEX, [_owner_index(owner), _ALL], milliseconds(ttl_seconds), *records)


def _acquire(lease: str, holder: str, ttl_seconds: float) -> Step:
    return _step(scripts.ACQUIRE, [_lease(lease)], holder, milliseconds(ttl_seconds))


def _prolong(lease: str, holder: str, ttl_seconds: float) -> Step:
    return _step(scripts.PROLONG, [_lease(lease)], holder, milliseconds(ttl_seconds))


def _record(key: str) -> str:
    return f"guest-login:r:{key}"


def _counter(key: str) -> str:
    return f"guest-login:c:{key}"


def _lease(name: str) -> str:
    return f"guest-login:l:{name}"


def _owner_index(owner: str) -> str:
    return f"guest-login:{{owned}}:by:{owner}"


def _value(held: bytes | None) -> bytes | None:
    _, line_break, value = (held or b"").partition(b"\n")
    return value if line_break else None
