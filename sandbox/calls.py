"""The calls that have come in, for whoever wants to know what a caller did."""

import threading
from collections import deque
from dataclasses import asdict, dataclass

_MOST_KEPT = 10_000  # the oldest go first


@dataclass
class Record:
    """One call. It is listed before its answer is sent, so whoever has an answer finds the call listed."""

    operation: str  # such as requestGuestToken
    at: float  # when it came in, Unix time in seconds
    grant: str | None = None  # password or refresh_token
    status: int | None = None  # HTTP status sent; None when the answer stays out
    outcome: str = ""  # success, the error code, the result, or what was rehearsed
    username: str | None = None  # as received
    guest: str | None = None  # username of the guest whose call it was, as Paytronix writes it
    password: str | None = None  # as received, only when passwords are recorded


class Calls:
    """The latest calls in the order of their coming. Safe to use from many threads."""

    def __init__(self, *, record_passwords: bool) -> None:
        self._lock = threading.Lock()
        self._records: deque[Record] = deque(maxlen=_MOST_KEPT)
        self._record_passwords = record_passwords

    def add(self, record: Record) -> None:
        if not self._record_passwords:
            record.password = None
        with self._lock:
            self._records.append(record)

    def clear(self) -> None:
        with self._lock:
            self._records.clear()

    def as_dicts(self) -> list[dict[str, object]]:
        with self._lock:
            records = list(self._records)
        listed = [asdict(record) for record in records]
        if not self._record_passwords:
            for record in listed:
                del record["password"]
        return listed
