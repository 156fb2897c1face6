"""Which codes and texts guests meet, day by day, and whether there were words: how a merchant finds what is missing.

Nothing in it is about a guest: a code, how often, and Paytronix's own text without what may be somebody's.
"""

import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Literal

import msgspec

from app.messages import cleaned
from app.observability import log
from app.store import Store, StoreUnavailable

KEPT_DAYS = 40
MOST_CODES_A_DAY = 200
OTHERS = "(others)"  # codes beyond that number, and what is no code
LONGEST_TEXT = 120
WRITE_AFTER_SECONDS = 2.0

_DAY_SECONDS = 86_400
_LEASE_SECONDS = 5.0  # longer than a read and a write can take
_CODE = re.compile(r"[a-z0-9_.:-]{1,100}")
# Only " and ' close themselves; what the others open and nobody closes is hidden to the end.
_QUOTED = re.compile(r"""["'][^"'”’»]*["'”’»]|[“‘«][^"'”’»]*(?:["'”’»]|\Z)""")
# Addresses, also where the @ is written %40, and numbers of phones, cards, accounts.
_SOMEBODYS = re.compile(r"(?<!\S)\S+(?:@|%40)\S+|\+?[0-9][0-9 ()./-]{2,}[0-9]")
# What holds letters and digits, as card numbers and tokens do. A code or a word holds no digits.
_WORD = re.compile(r"[\w.-]+")
_MIXED = re.compile(r"[0-9]|[a-z][A-Z]")
_CAMELS = re.compile(r"[a-z][A-Z]")
_SHORTEST_GUEST = 3  # a shorter username stands in half of all words: left out only where it stands alone
_HIDDEN = "…"


class Tally(msgspec.Struct):
    """One code on one day."""

    count: int
    has_words: bool
    vendor_text: str


Day = dict[str, Tally]
_DECODER = msgspec.msgpack.Decoder(Day)


@dataclass(frozen=True)
class Seen:
    """One code over all days that are kept.

    :ivar has_words: whether there were words for it when it was met last
    :ivar vendor_text: Paytronix's own text when it was met last, cut; may be empty
    :ivar counts: how often on each day on which it was met
    """

    code: str
    count: int
    has_words: bool
    first_day: date
    last_day: date
    vendor_text: str
    counts: Mapping[date, int]


class UsageCounter:
    """Counts in memory, and writes to the store a moment later, from a thread of its own.

    So no guest waits for it, and a storm of refused sign-ins is one write. What a worker has counted in its last
    moment is lost when it ends: these are hints, not accounts.

    :param of: what is counted here: ``codes`` of Paytronix, or ``texts``, the site's own that guests meet by name.
    """

    def __init__(
        self, store: Store, *, of: Literal["codes", "texts"] = "codes", write_after_seconds: float = WRITE_AFTER_SECONDS
    ) -> None:
        self._store, self._of = store, of
        self._write_after_seconds = write_after_seconds
        self._lock = threading.Lock()
        self._waiting: dict[date, Day] = {}

    def note(self, code: str, *, has_words: bool, vendor_text: str | None = None, guest: str = "") -> None:
        """Count a code that a guest met, today (UTC).

        :param vendor_text: Paytronix's own text, untrusted.
        :param guest: the username; left out of the text.
        """
        lowered = code.strip().lower()
        tally = Tally(1, has_words, _nobodys(vendor_text or "", guest))
        with self._lock:
            is_first = not self._waiting
            _add(self._waiting.setdefault(datetime.now(UTC).date(), {}), lowered, tally)
        if is_first:
            timer = threading.Timer(self._write_after_seconds, self.write)
            timer.daemon = True
            timer.start()

    def write(self) -> None:
        """Bring what was counted to the store. Whatever stands in the way costs the counts, and nothing else."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        try:
            for day, tallies in waiting.items():
                self._write_day(day, tallies)
        except StoreUnavailable as error:
            log.warning("codes_seen_not_kept", reason=error.reason)
        except Exception:  # noqa: BLE001 - a hint is not worth an error
            log.warning("codes_seen_not_kept", exc_info=True)

    def _write_day(self, day: date, tallies: Day) -> None:
        # A lease and not compare-and-set, which cannot make a record; the day's first one would be lost.
        holder = secrets.token_hex(8)
        for _ in range(20):
            if self._store.acquire(f"seen:{{{self._of}}}:writer", holder, _LEASE_SECONDS):
                break
            threading.Event().wait(self._write_after_seconds / 10)
        else:
            log.warning("codes_seen_not_kept", reason="busy")
            return
        try:
            kept = _read(self._store.get(_key(day, self._of))[0])
            for code, tally in tallies.items():
                _add(kept, code, tally)
            self._store.put(_key(day, self._of), msgspec.msgpack.encode(kept), KEPT_DAYS * _DAY_SECONDS)
        finally:
            self._store.release(f"seen:{{{self._of}}}:writer", holder=holder)

    def read(self, *, today: date | None = None) -> list[Seen]:
        """All codes of the days that are kept: those without words first, the most frequent of them in front.

        :raises StoreUnavailable: the store cannot say.
        """
        last = today or datetime.now(UTC).date()
        days = [last - timedelta(days=ago) for ago in range(KEPT_DAYS, -1, -1)]
        seen: dict[str, Seen] = {}
        counts: dict[str, dict[date, int]] = {}
        for day, record in zip(days, self._store.get(*(_key(day, self._of) for day in days)), strict=True):
            for code, tally in _read(record).items():
                before = seen.get(code)
                counts.setdefault(code, {})[day] = tally.count
                seen[code] = Seen(
                    code=code,
                    count=tally.count + (before.count if before else 0),
                    has_words=tally.has_words,
                    first_day=before.first_day if before else day,
                    last_day=day,
                    vendor_text=tally.vendor_text or (before.vendor_text if before else ""),
                    counts=counts[code],
                )
        return sorted(seen.values(), key=lambda each: (each.has_words, -each.count, each.code))


def _add(day: Day, code: str, tally: Tally) -> None:
    if code != OTHERS and (not _CODE.fullmatch(code) or (code not in day and len(day) >= MOST_CODES_A_DAY)):
        code, tally = OTHERS, Tally(tally.count, tally.has_words, "")
    if before := day.get(code):
        tally = Tally(before.count + tally.count, tally.has_words, tally.vendor_text or before.vendor_text)
    day[code] = tally


def _nobodys(text: str, guest: str) -> str:
    """A text without what may be somebody's: what it quotes, addresses, long numbers, the guest's own name."""
    text = cleaned(text, longest=4 * LONGEST_TEXT)
    guest = guest.strip()
    if guest:
        name = re.escape(guest) if len(guest) >= _SHORTEST_GUEST else rf"\b{re.escape(guest)}\b"
        text = re.sub(name, _HIDDEN, text, flags=re.IGNORECASE)
    text = _SOMEBODYS.sub(_HIDDEN, _QUOTED.sub(_HIDDEN, text))
    text = _WORD.sub(lambda found: _HIDDEN if _may_be_a_token(found[0]) else found[0], text)
    return cleaned(text, longest=LONGEST_TEXT)


def _may_be_a_token(word: str) -> bool:
    parts = word.split(".")
    if _MIXED.search(word) and any(len(one) >= 4 and len(other) >= 4 for one, other in pairwise(parts)):
        return True
    return any(
        (len(part) >= 6 and any(map(str.isdigit, part)) and any(map(str.isalpha, part)))
        or (len(part) >= 20 and _CAMELS.search(part) is not None)
        for part in parts
    )


def _read(record: bytes | None) -> Day:
    if record is None:
        return {}
    try:
        return _DECODER.decode(record)
    except msgspec.MsgspecError:  # of another release
        return {}


def _key(day: date, of: str = "codes") -> str:
    return f"seen:{{{of}}}:{day.isoformat()}"
