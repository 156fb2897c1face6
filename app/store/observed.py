"""A store that tells how its operations went."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, ParamSpec, TypeVar

from app.store.interface import Change, Claim, Count, Facts, Limit, Store, StoreUnavailable

DONE, DECLINED = "done", "declined"

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Operation(NamedTuple):
    """What is told of a finished operation: nothing of keys, values, owners or holders.

    :ivar name: the method, such as ``acquire``
    :ivar outcome: ``done``; ``declined`` when the answer was no (somebody else has the lease, the record has changed
        or is gone); or a :class:`Reason`
    """

    name: str
    outcome: str
    seconds: float


class ObservedStore:
    """Passes every operation on to another store.

    :param observe: told of each when it has ended.
    """

    def __init__(self, store: Store, observe: Callable[[Operation], None]) -> None:
        self._store = store
        self._observe = observe

    def get(self, *keys: str) -> list[bytes | None]:
        return self._told("get", self._store.get, *keys)

    def put(self, key: str, value: bytes, ttl_seconds: float, owner: str | None = None) -> None:
        self._told("put", self._store.put, key, value, ttl_seconds, owner)

    def write(self, *changes: Change) -> int:
        return self._told("write", self._store.write, *changes)

    def replace(self, key: str, old: bytes, new: bytes, ttl_seconds: float) -> bool:
        return self._told("replace", self._store.replace, key, old, new, ttl_seconds)

    def extend(self, key: str, ttl_seconds: float) -> bool:
        return self._told("extend", self._store.extend, key, ttl_seconds)

    def delete(self, *keys: str, owner: str | None = None) -> None:
        self._told("delete", self._store.delete, *keys, owner=owner)

    def owned(self, owner: str) -> list[str]:
        return self._told("owned", self._store.owned, owner)

    def delete_owned(self, owner: str) -> int:
        return self._told("delete_owned", self._store.delete_owned, owner)

    def delete_all(self) -> int:
        return self._told("delete_all", self._store.delete_all)

    def count_owned(self, ttl_seconds: float) -> int:
        return self._told("count_owned", self._store.count_owned, ttl_seconds)

    def increment(self, key: str, ttl_seconds: float) -> int:
        return self._told("increment", self._store.increment, key, ttl_seconds)

    def count_up(self, limits: Mapping[str, Limit]) -> str | None:
        return self._told("count_up", self._store.count_up, limits)

    def count(self, key: str) -> Count:
        return self._told("count", self._store.count, key)

    def acquire(self, lease: str, holder: str, ttl_seconds: float) -> bool:
        return self._told("acquire", self._store.acquire, lease, holder, ttl_seconds)

    def release(self, lease: str, holder: str) -> None:
        self._told("release", self._store.release, lease, holder)

    def prolong(self, held: Collection[tuple[str, str]], ttl_seconds: float) -> None:
        self._told("prolong", self._store.prolong, held, ttl_seconds)

    def claim(self, lease: str, holder: str, ttl_seconds: float, *, records: Sequence[str] = ()) -> Claim:
        return self._told("claim", self._store.claim, lease, holder, ttl_seconds, records=records)

    def ping(self) -> None:
        self._told("ping", self._store.ping)

    def facts(self) -> Facts:
        return self._told("facts", self._store.facts)

    def close(self) -> None:
        self._store.close()

    def _told(
        self,
        name: str,
        operation: Callable[Arguments, Result],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Result:
        started = time.monotonic()
        try:
            result = operation(*arguments, **named)
        except StoreUnavailable as failure:
            self._observe(Operation(name, failure.reason.value, time.monotonic() - started))
            raise
        is_declined = result is False or (isinstance(result, Claim) and not result.is_held)
        self._observe(Operation(name, DECLINED if is_declined else DONE, time.monotonic() - started))
        return result
