"""What a check has to say."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    NOTE = "note"  # may be meant so, or could not be found out
    FAULT = "fault"  # guests or the operator suffer from it


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. Holds no secret.

    :ivar area: ``settings``, ``proxy``, ``store``, ``words``, ``history`` or ``paytronix``
    :ivar what: what was found, in a few words
    :ivar todo: what to do about it; empty when nothing need be done
    """

    level: Level
    area: str
    what: str
    todo: str = ""


def ok(area: str, what: str) -> Finding:
    return Finding(Level.OK, area, what)


def note(area: str, what: str, todo: str) -> Finding:
    return Finding(Level.NOTE, area, what, todo)


def fault(area: str, what: str, todo: str) -> Finding:
    return Finding(Level.FAULT, area, what, todo)
