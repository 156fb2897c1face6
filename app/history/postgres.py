"""PostgreSQL that hangs costs seconds: its driver would wait for a reply for ever."""

import time
from collections.abc import Generator
from typing import Any

import psycopg
import sqlalchemy as sa

CONNECT_SECONDS = 3
REPLY_SECONDS = 5

# Statements are not prepared: what stands in front of a server may share its connections, and a migration may change
# a table while they are open.
CONNECT = {"connect_timeout": CONNECT_SECONDS, "prepare_threshold": None}


class _Connection(psycopg.Connection[Any]):
    """Waits for a reply for so long, then closes itself: neither a stopped server nor a lost machine ends a wait."""

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **options: Any) -> Any:
        try:
            return super().wait(_in_time(gen), *args, **options)
        except _Silent:
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no reply within {REPLY_SECONDS} seconds") from None


class _Silent(Exception):
    pass


def _in_time(waits: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """The same waits, as long as it is not too late. Whoever runs them comes back at least every 0.1 seconds."""
    give_up_at = time.monotonic() + REPLY_SECONDS
    try:
        wanted = next(waits)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > give_up_at:
                raise _Silent
            wanted = waits.send(ready)
    except StopIteration as end:
        return end.value


def connect(_dialect: sa.Dialect, _record: object, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A connection for SQLAlchemy's event ``do_connect``."""
    return _Connection.connect(*arguments, **options)
