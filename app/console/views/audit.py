"""``/audit``: who did what and when, in plain sentences."""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request

from app.console.differences import Difference, difference, name_of
from app.console.guards import editors
from app.console.parts import console
from app.console.times import zone_of
from app.console.workspace import Snapshot
from app.history import ABSENT, AuditEvent, Change, Place

PAGE = 50
_LARGEST = 2**63 - 1

bp = Blueprint("audit", __name__)


@dataclass(frozen=True)
class Line:
    """An event for somebody to read.

    :ivar sentence: what follows after the name of whoever did it
    :ivar number: of the revision that it made or is about
    :ivar change: of words: the former and the new ones
    """

    event: AuditEvent
    sentence: str
    number: int | None
    change: Difference | None


@bp.get("/audit")
@editors()
def show() -> str:
    snapshot, before = console().workspace.snapshot(), request.args.get("before", type=int)
    wanted = {name: request.args.get(name, "").strip() for name in ("by", "on", "section", "name")}
    zone = zone_of(snapshot.values)
    events = console().audit.read(
        before=max(0, min(before, _LARGEST)) if before is not None else None,
        count=PAGE + 1,
        by=wanted["by"],
        about=tuple(filter(None, (wanted["section"], wanted["name"]))),
        **_day(wanted["on"], zone),
    )
    return render_template(
        "audit.html",
        lines=[_line(event, snapshot) for event in events[:PAGE]],
        older=events[PAGE - 1].number if len(events) > PAGE else None,
        is_first_page=before is None,
        wanted=wanted,
        zone=zone,
    )


def _day(text: str, zone: ZoneInfo) -> dict[str, datetime]:
    """The first moment of a day, and that of the next; nothing for what is no day."""
    with suppress(ValueError, OverflowError):
        first = datetime.combine(date.fromisoformat(text), time(), zone)
        return {"since": first.astimezone(UTC), "until": (first + timedelta(days=1)).astimezone(UTC)}
    return {}


def _line(event: AuditEvent, snapshot: Snapshot) -> Line:
    number = event.about.get("revision")
    place = _place(event.about.get("place"))
    change = None
    if event.what == "draft_saved" and place:
        change = difference(place, _value(event.about.get("old")), _value(event.about.get("new")), snapshot)
    return Line(event, sentence_of(event), number if isinstance(number, int) else None, change)


def sentence_of(event: AuditEvent) -> str:
    """What somebody did, in words that follow a name. An event that is not known here reads less well, and reads."""
    about = event.about
    comment = f": “{about['comment']}”" if about.get("comment") else ""
    to = f"revision {about['to']}" if about.get("to") else "the folder alone"
    if sentence := _SENTENCES.get(event.what):
        return sentence.format_map(_Known({**about, "comment": comment, "to": to, "named": _named(event)}))
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in about.items()}
    told = ", ".join(f"{name} {text}" for name, text in texts.items())
    return f"{event.what.replace('_', ' ')}{f' ({told})' if told else ''}"


_SENTENCES = {
    "signed_in": "signed in as {role}, by {by}",
    "signed_out": "signed out",
    "sign_in_refused": "was not let in, by {by}: {reason}",
    "imported": "imported the words of a folder ({changes} changes)",
    "link_made": "made a link for {name} to sign in with, as {role}",
    "draft_saved": "changed {named} in the draft",
    "draft_discarded": "gave up all changes of the draft ({changes})",
    "published": "published revision {revision}{comment}",
    "scheduled": "scheduled revision {revision}{comment}",
    "rolled_back": "rolled back to {to}, as revision {revision}{comment}",
    "withdrawn": "withdrew revision {revision} before its time",
    "restricted": "let only publishers change {named}",
    "unrestricted": "let everybody change {named} again",
    "picture_added": "uploaded a picture of {bytes} bytes",
}


class _Known(dict[str, Any]):
    """What is not told of an event does not keep it from being read."""

    def __missing__(self, name: str) -> str:
        return "?"


def _named(event: AuditEvent) -> str:
    place = _place(event.about.get("place"))
    if place is None:
        return "something"
    name = name_of(place)
    is_in_one_language = name.language and event.what == "draft_saved"  # a restriction is of all
    return f"“{name.text}”, {name.language_name}," if is_in_one_language else f"“{name.text}”"


def _place(given: object) -> Place | None:
    return tuple(map(str, given)) if isinstance(given, list) and given else None


def _value(given: Any) -> Change:
    return ABSENT if given == {"absent": True} else given
