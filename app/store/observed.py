"""A store that tells how its operations went."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from app.store.interface import Claim, Store, StoreUnavailable

DONE, DECLINED = "done", "declined"


class Operation(NamedTuple):
    """What is told of a finished operation: nothing of keys, values, owners or holders.

    :ivar name: the method, such as ``acquire``
    :ivar outcome: ``done``; ``declined`` when the answer was no (somebody else has the lease, the record has changed
        or is gone); or a :class:`Reason`
    """

    name: str
    outcome: str
    seconds: float


def observed(store: Store, observe: Callable[[Operation], None]) -> Store:
    """The store, with an observer that is told of each operation when it has ended."""
    return cast(Store, ObservedStore(store, observe))


class ObservedStore:
    """Passes every operation on to another store. Made by :func:`observed`."""

    def __init__(self, store: Store, observe: Callable[[Operation], None]) -> None:
        self._observe = observe
        self._store = store
        self.close = store.close

    def __getattr__(self, name: str) -> Any:
        """The other store's method of this name, observed; it is looked up once."""
        operation = getattr(self._store, name)

        def observed_operation(*arguments: Any, **named: Any) -> Any:
            started = time.monotonic()
            try:
                result = operation(*arguments, **named)
            except StoreUnavailable as failure:
                self._observe(Operation(name, failure.reason.value, time.monotonic() - started))
                raise
            is_declined = result is False or (isinstance(result, Claim) and not result.is_held)
            self._observe(Operation(name, DECLINED if is_declined else DONE, time.monotonic() - started))
            return result

        setattr(self, name, observed_operation)
        return observed_operation
