"""What every store can do, and how it says that it cannot."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol


class Reason(StrEnum):
    """Why a store is unavailable: a closed list, fit for a metric's label."""

    UNREACHABLE = "unreachable"  # nobody answers at that address, or the file cannot be opened
    TIMEOUT = "timeout"
    READONLY = "readonly"
    FULL = "full"
    REFUSED = "refused"  # password, access list or file permission: a matter for the operator
    ERROR = "error"


class StoreUnavailable(Exception):
    """The store did not say in time what became of an operation.

    It may have been done, or be done a moment later; and nothing is said about whether a record exists.

    The text names the engine and its address or file, never a password.

    :ivar reason: why, as a word that is safe to count.
    :ivar todo: what the operator can do about it, where that is known better than from the reason.
    """

    def __init__(self, store: str, reason: Reason, what: str, todo: str = "") -> None:
        self.reason = reason
        self.todo = todo
        super().__init__(f"{store} is unavailable ({reason}): {what}")


class Limit(NamedTuple):
    """How far a counter may go within the window that begins with its first count."""

    number: int
    window_seconds: float


class Claim(NamedTuple):
    """Whether a lease is held now, and what was read when that was known."""

    is_held: bool
    records: list[bytes | None]


class Put(NamedTuple):
    """Create or overwrite records.

    Those that lie together (in a Redis Cluster by their hash tag) are there all at once, or not at all.

    :ivar owner: opaque name, without a line break, under which the records can be ended later.
    """

    records: Mapping[str, bytes]
    ttl_seconds: float
    owner: str | None = None


class PutAndRelease(NamedTuple):
    """Put a record without an owner, and give the lease of the same name back if this holder has it still.

    Both happen, or neither.

    :ivar name: with a part in braces, which keeps the two together in a Redis Cluster (hash tag).
    """

    name: str
    holder: str
    value: bytes
    ttl_seconds: float


class Decrement(NamedTuple):
    """Count one less in counters that were counted before. One that is past its end stays so."""

    counters: Sequence[str]


Change = Put | PutAndRelease | Decrement


@dataclass(frozen=True)
class Facts:
    """What an operator should know of a store. ``None`` where the engine does not say.

    :ivar engine: its name and release
    :ivar eviction: by which rule records are dropped when the memory that it may use is full; empty if none are
    :ivar persistence: what outlives a restart of the engine, in a few words; empty if nothing does
    :ivar is_encrypted: whether what travels to it is protected by TLS, or does not leave the machine
    """

    engine: str
    eviction: str | None
    persistence: str | None
    is_encrypted: bool


class Store(Protocol):
    """Records, leases and counters, each with an end.

    A record is bytes under a key. It ends by time, by ``delete``, or through its owner; from then on it is absent,
    and only ``put`` makes it again. Times to live are in seconds, to the millisecond, at least one millisecond.

    One store serves all threads of a process. It opens its files and connections when they are first needed: making
    one never fails for want of a server, and it may be made before a fork, but not used before.

    Every operation raises StoreUnavailable when the engine cannot be reached, answers late, or refuses; it does so
    within about a second (``delete_all``: a second for each thousand records; ``count_owned`` in a file: for each
    million). There is no limit over all operations of a request: it ends with the first that fails.
    """

    def get(self, *keys: str) -> list[bytes | None]:
        """The records under the keys, in their order; None for one that is absent or past its end.

        One round trip for all records of a sign-in.
        """

    def put(self, key: str, value: bytes, ttl_seconds: float, owner: str | None = None) -> None:
        """Create or overwrite a record. The arguments are those of :class:`Put`."""

    def write(self, *changes: Change) -> int:
        """Make changes in their order, in one round trip if one server has all of it.

        When it fails, any of them may have been made. What others go by, such as a :class:`PutAndRelease`, stands last.

        :returns: how many records an owner has that something was put for. Some that ended by themselves may be among
            them, and it is 0 where the answer was lost: ``owned`` knows.
        """

    def replace(self, key: str, old: bytes, new: bytes, ttl_seconds: float) -> bool:
        """Overwrite a live record if it still holds exactly ``old``; its owner stays.

        Sealed values are never alike, so this compares versions. A record that holds ``new`` already counts as
        replaced.

        :returns: False if the record is absent or holds something else.
        """

    def extend(self, *keys: str, ttl_seconds: float) -> bool:
        """Move the end of live records, to later or earlier.

        :returns: False if one of them is absent; the others' end is moved nonetheless.
        """

    def delete(self, *keys: str, owner: str | None = None) -> None:
        """End records now.

        :param owner: whose they are, if that is known: they are then no longer counted as the owner's.
        """

    def owned(self, owner: str) -> list[str]:
        """The keys of an owner's live records; those that will end first come first."""

    def delete_owned(self, owner: str) -> int:
        """End all records of an owner.

        :returns: how many were live.
        """

    def delete_all(self) -> int:
        """End every record that has an owner; leases, counters and records without an owner stay.

        :returns: how many were live.
        """

    def count_owned(self, ttl_seconds: float) -> int:
        """How many records with an owner are live, without a look at each of them.

        A few more or less where an engine finds that out from its index: of records whose last time to live was
        shorter than most, and of those that were lost with a connection.

        :param ttl_seconds: the time to live that such records are usually given; not every engine keeps it.
        """

    def count_up(self, limits: Mapping[str, Limit]) -> str | None:
        """Count one more in several counters, or in none if one of them has come to its limit.

        Nobody counts in between, where one server has all of it. Elsewhere those that lie together (in a Redis Cluster
        by their hash tag) are counted at once, and taken back if another one is full.

        :returns: the first counter that has come to its limit, or None if all were counted.
        """

    def acquire(self, lease: str, holder: str, ttl_seconds: float) -> bool:
        """Take a lease, or take it anew as its present holder.

        :param holder: a name that nobody else uses, such as a random one for each attempt.
        :returns: False while another holder has it.
        """

    def release(self, *leases: str, holder: str) -> None:
        """Give leases back: those that this holder has."""

    def prolong(self, held: Collection[tuple[str, str]], ttl_seconds: float) -> None:
        """Move the end of leases, each named with its holder, and only if that has it still."""

    def claim(self, lease: str, holder: str, ttl_seconds: float, *, records: Sequence[str] = ()) -> Claim:
        """``acquire``, then ``get``, in one round trip if one server has all of it."""

    def ping(self) -> None:
        """Return if what a sign-in needs works now: each kind of operation, on records that leave nothing behind."""

    def facts(self) -> Facts:
        """What the engine says of itself."""

    def close(self) -> None:
        """Give connections and files back. The store can be used again afterwards."""


def milliseconds(ttl_seconds: float) -> int:
    """A time to live as engines keep it. At least one, because zero would mean "no end" or "delete" to some."""
    return max(1, round(ttl_seconds * 1000))
