"""Times as staff read and type them: in the restaurant's time zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from app.history import ABSENT, Contents, value_at
from app.messages.editing import NOTICES_FILE, times

TIME_ZONE = (NOTICES_FILE, "time_zone")
UNTIL_LATEST = timedelta(days=2 * 366)


def zone_of(values: Contents) -> ZoneInfo:
    """The restaurant's time zone; UTC when there is none, or none that can be read.

    :param values: what the folder says with what is published over it.
    """
    name = value_at(values, TIME_ZONE)
    return (times.zone_named(name) if name is not ABSENT else None) or ZoneInfo("UTC")


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """What a field for day and time holds.

    :returns: aware, in UTC.
    :raises ValueError: it is no day and time, or none that can be written in UTC.
    """
    try:
        return times.moment_of(text, is_end=False).replace(tzinfo=zone).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


def field_of(value: object, zone: ZoneInfo, *, is_end: bool) -> str:
    """What a field for day and time shows of a value of ``notices.toml``; as it is when it is no time.

    :param is_end: a day alone counts whole, so the last moment of it is meant.
    """
    if not isinstance(value, str):
        return ""
    try:
        moment = times.moment_of(value, is_end=is_end)
        if moment.tzinfo is not None:
            moment = moment.astimezone(zone)
    except (ValueError, OverflowError):
        return value
    return moment.strftime("%Y-%m-%dT%H:%M")
