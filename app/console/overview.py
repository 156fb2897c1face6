"""All entries on one page: what guests read in each language, where it is from, and how often they met it."""

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

from app.console import entries
from app.console.workspace import Snapshot
from app.history import ABSENT, Place, subject_of, value_at
from app.messages import Catalogue, Message
from app.messages.editing import BUILTIN_FOLDER as BUILTIN
from app.messages.editing import PAYTRONIX, SITE, Key, list_messages
from app.usage import OTHERS, Seen

DAYS = 30
WEEK = 7
MOST_UNKNOWN = 500  # codes without words that are shown, the most frequent ones
_APOSTROPHES = str.maketrans("‘’ʼ´`", "'" * 5)
_BUILT_IN = f"{BUILTIN.name}/"


class State(StrEnum):
    """What can be said of an entry, and looked for."""

    NO_WORDS = "no words"  # a code that guests met, and that nobody has words for
    DRAFT = "draft"
    MISSING = "missing"  # in a language of the programme
    RESTRICTED = "restricted"
    PUBLISHED = "published"
    FOLDER = "folder"
    BUILT_IN = "built-in"


@dataclass(frozen=True)
class Met:
    """How often guests met something.

    :ivar by_day: on each of the last ``DAYS`` days, today last
    """

    by_day: tuple[int, ...]

    @property
    def in_week(self) -> int:
        """In the last ``WEEK`` days."""
        return sum(self.by_day[-WEEK:])

    @property
    def in_month(self) -> int:
        """In the last ``DAYS`` days."""
        return sum(self.by_day)

    @property
    def bars(self) -> list[tuple[int, int]]:
        """For a chart of a height of 20: position and height of the bar of each day that has one."""
        most = max(self.by_day)
        return [(at, max(1, round(20 * count / most))) for at, count in enumerate(self.by_day) if count]


@dataclass(frozen=True)
class Cell:
    """An entry in one language.

    :ivar language: tag
    :ivar message: what guests read
    :ivar drafted: what they would read if the draft were published, where that is something else
    :ivar is_missing: they read it in another language
    """

    language: str
    message: Message
    drafted: Message | None
    is_missing: bool


@dataclass(frozen=True)
class Row:
    """An entry.

    :ivar met: None for what is not counted
    """

    key: Key
    cells: tuple[Cell, ...]
    states: tuple[State, ...]
    met: Met | None
    names: str = field(repr=False)  # what is searched: the name and all that guests read

    @property
    def is_unworded(self) -> bool:
        """Whether nobody has words for it."""
        return State.NO_WORDS in self.states

    @property
    def name(self) -> str:
        """As the merchant's files have it."""
        section, name = self.key
        return name if section in {"", PAYTRONIX, SITE} else f"{section}: {name}"


def rows(
    snapshot: Snapshot, restricted: Collection[Place], seen: Iterable[Seen], texts: Iterable[Seen], *, today: date
) -> list[Row]:
    """All of them: codes without words that guests meet, then what else they meet, each the most frequent in front.

    :param restricted: each as :func:`subject_of` has it.
    :param seen: codes.
    :param texts: the site's own.
    """
    seen = list(seen)
    unknown = {each.code for each in unworded(snapshot.live, seen)[MOST_UNKNOWN:]}
    met = _met(snapshot.live, (each for each in seen if each.code not in unknown), today)
    live, draft = _said(snapshot.live), _said(snapshot.draft)
    met |= {(SITE, each.code): met_by_day(each, today) for each in texts if (SITE, each.code) in live}
    keys = dict.fromkeys((*draft, *live, *met))
    found = [_row(key, snapshot, restricted, live, draft, met=met.get(key)) for key in keys]
    return sorted(found, key=_matters_less)


def fitting(rows: Iterable[Row], *, words: str, language: str, state: str) -> list[Row]:
    """Those that somebody looks for, with the languages that they want to see.

    :param words: all of them have to be in the name or in what guests read, in any order and case.
    :param language: a tag; empty for all.
    :param state: one of ``State``; empty for all.
    """
    wanted = _folded(words).split()
    found = []
    for row in rows:
        if language:
            row = _in_one(row, language)  # noqa: PLW2901 - it is the row from here on
        if state and state not in row.states:
            continue
        if all(word in row.names for word in wanted):
            found.append(row)
    return found


def unworded(catalogue: Catalogue, seen: Iterable[Seen]) -> list[Seen]:
    """The codes that guests met and that nobody has words for, the most frequent in front."""
    knows = catalogue.localizers[0].knows
    found = (each for each in seen if each.code != OTHERS and not knows(each.code))
    return sorted(found, key=lambda each: (-each.count, each.code))


def is_counted(key: Key) -> bool:
    """Whether it is noted when guests read it; labels stand on every page."""
    return key[0] == PAYTRONIX or (key[0] == SITE and key[1] not in _ON_PAGES)


def met_by_day(seen: Seen, today: date) -> Met:
    """How often a code was met."""
    return _by_day(seen.counts, _days_until(today))


def met_of(catalogue: Catalogue, key: Key, seen: Iterable[Seen], today: date) -> Met:
    """How often guests met the codes that an entry speaks for."""
    name_for = catalogue.localizers[0].entry_for
    spoken_for = [each for each in seen if (name_for(each.code) or each.code) == key[1]]
    return _met(catalogue, spoken_for, today).get(key) or Met((0,) * DAYS)


def _by_day(counts: Mapping[date, int], days: Sequence[date]) -> Met:
    return Met(tuple([counts.get(day, 0) for day in days]))


def _days_until(today: date) -> list[date]:
    return [today - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1)]


def _met(catalogue: Catalogue, seen: Iterable[Seen], today: date) -> dict[Key, Met]:
    """By the entry that speaks for a code; by the code itself where none does."""
    counts: dict[Key, dict[date, int]] = {}
    for each in seen:
        if each.code != OTHERS:
            of_entry = counts.setdefault((PAYTRONIX, catalogue.localizers[0].entry_for(each.code) or each.code), {})
            for day, count in each.counts.items():
                of_entry[day] = of_entry.get(day, 0) + count
    days = _days_until(today)
    return {key: _by_day(of_entry, days) for key, of_entry in counts.items()}


_ON_PAGES = frozenset({"part_unavailable"})  # messages that templates ask for themselves


@lru_cache(4)  # hundreds of look-ups, the same until somebody changes a word
def _said(catalogue: Catalogue) -> Mapping[Key, Mapping[str, Message]]:
    said: dict[Key, dict[str, Message]] = {}
    for line in list_messages(catalogue):
        said.setdefault((line.section, line.name), {})[line.language] = line.message
    return said


def _row(
    key: Key,
    snapshot: Snapshot,
    restricted: Collection[Place],
    live: Mapping[Key, Mapping[str, Message]],
    draft: Mapping[Key, Mapping[str, Message]],
    *,
    met: Met | None,
) -> Row:
    cells = tuple(_cells(key, snapshot, live, draft))
    texts = [
        text for cell in cells for each in (cell.message, cell.drafted) if each for text in (each.title, each.text)
    ]
    names = _folded("\n".join((*key, *filter(None, texts))))
    if met is None and is_counted(key):
        met = Met((0,) * DAYS)
    return Row(key, cells, tuple(_states(key, snapshot, restricted, cells)), met, names)


def _folded(text: str) -> str:
    """A text as it is compared: without case and accents, and with the apostrophe that keyboards have."""
    letters = unicodedata.normalize("NFKD", text.casefold().translate(_APOSTROPHES))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _states(key: Key, snapshot: Snapshot, restricted: Collection[Place], cells: Sequence[Cell]) -> list[State]:
    states = []
    if key[0] == PAYTRONIX and not snapshot.live.localizers[0].knows(key[1]):
        states.append(State.NO_WORDS)
    places = [entries.place_of(key, cell.language) for cell in cells]
    if any(place in snapshot.drafts for place in places):
        states.append(State.DRAFT)
    if any(cell.is_missing for cell in cells):
        states.append(State.MISSING)
    if subject_of(places[0]) in restricted:
        states.append(State.RESTRICTED)
    if State.NO_WORDS not in states:
        states.append(_origin(key, snapshot, cells))
    return states


def _cells(
    key: Key,
    snapshot: Snapshot,
    live: Mapping[Key, Mapping[str, Message]],
    draft: Mapping[Key, Mapping[str, Message]],
) -> Iterator[Cell]:
    for voice in snapshot.draft.localizers:
        tag = voice.language
        now = live.get(key, {}).get(tag) or entries.message_of(snapshot.live, key, tag)
        then = draft.get(key, {}).get(tag) or entries.message_of(snapshot.draft, key, tag)
        is_same = (now.text, now.title, now.link) == (then.text, then.title, then.link)
        is_missing = now.language != tag and key in live
        yield Cell(tag, now, None if is_same else then, is_missing)


def _origin(key: Key, snapshot: Snapshot, cells: Sequence[Cell]) -> State:
    if any(value_at(snapshot.live_contents, entries.place_of(key, cell.language)) is not ABSENT for cell in cells):
        return State.PUBLISHED
    is_built_in = all(cell.message.source.startswith(_BUILT_IN) for cell in cells)
    return State.BUILT_IN if is_built_in else State.FOLDER


def _in_one(row: Row, language: str) -> Row:
    cells = tuple(cell for cell in row.cells if cell.language == language)
    if any(cell.is_missing for cell in cells):
        return replace(row, cells=cells)
    return replace(row, cells=cells, states=tuple(each for each in row.states if each != State.MISSING))


def _matters_less(row: Row) -> tuple[bool, int]:
    """Sorts in front what matters; the order of what matters alike is that of the built-in file."""
    times = row.met.in_month if row.met else 0
    return not (times and State.NO_WORDS in row.states), -times
