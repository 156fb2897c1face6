"""Days, times and time zones as merchants type them."""

import re
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

# A day, and perhaps a time behind it. Half of Europe writes a time with a dot, and programs a day without lines.
_MOMENT = re.compile(
    r"(?P<year>\d{4})(?P<line>-?)(?P<month>\d\d)(?P=line)(?P<day>\d\d)"
    r"(?:[T ] ?(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?::(?P<second>\d\d(?:\.\d{1,6})?))?"
    r" ?(?P<offset>Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)


def zones_of(place: str) -> list[str]:
    """The time zones that a name or a city stands for: ``London`` for ``Europe/London``. Case does not count."""
    if place in zone_names():
        return [place]
    wanted = place.strip().replace(" ", "_").casefold()
    whole = [name for name in zone_names() if name.casefold() == wanted]
    return whole or sorted(name for name in zone_names() if name.rpartition("/")[2].casefold() == wanted)


@cache
def zone_names() -> frozenset[str]:
    """The names of all time zones, such as ``Europe/London``."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("ascii").split())


def zone_named(name: object) -> ZoneInfo | None:
    """A time zone by its name; None when there is none.

    It is the one of the package tzdata and not the machine's: a name means the same wherever the site runs.
    """
    return _zone(name) if isinstance(name, str) and name in zone_names() else None


@cache
def _zone(name: str) -> ZoneInfo:
    with resources.files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def moment_of(value: object, *, is_end: bool) -> datetime:
    """What a date, a time or a text of one means; naive where no time zone stands beside it.

    Only what can mean one thing is read: ``fromisoformat`` takes 18.30 for a fraction of a second past six, and
    ``2026-W52`` for a Monday.

    :param is_end: a day alone counts whole, so the first moment of the next day is meant.
    :raises ValueError: it is none of these.
    :raises OverflowError: the day after is beyond the calendar.
    """
    if isinstance(value, str):
        value = _typed(value)
    if isinstance(value, datetime):
        return value
    if not isinstance(value, date):
        raise ValueError  # noqa: TRY004 - to its caller a number is a time that cannot be read
    return datetime.combine(value + timedelta(days=is_end), time())


def _typed(text: str) -> date | datetime:
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        raise ValueError
    day = date(int(found["year"]), int(found["month"]), int(found["day"]))
    if found["hour"] is None:
        return day
    clock = f"{found['hour']:0>2}:{found['minute']}:{found['second'] or '00'}{found['offset'] or ''}"
    return datetime.fromisoformat(f"{day.isoformat()}T{clock}")
