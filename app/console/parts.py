"""The parts of the running console, made once per application, and the one way to reach them from a view."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from app.console.attempts import Attempts
from app.console.inbox_count import InboxCount
from app.console.previews import Previews
from app.console.provider import Provider
from app.console.workspace import Workspace
from app.history import Audit, Drafts, Links, Pictures, Revisions
from app.store import Store
from app.usage import UsageCounter
from config import ConsoleSettings


@dataclass(frozen=True)
class Console:
    """What the console's pages work with."""

    settings: ConsoleSettings
    store: Store
    attempts: Attempts
    provider: Provider | None
    codes_seen: UsageCounter
    texts_seen: UsageCounter
    workspace: Workspace
    previews: Previews
    inbox_count: InboxCount
    revisions: Revisions
    drafts: Drafts
    pictures: Pictures
    links: Links
    audit: Audit


def console() -> Console:
    """The parts of the application that handles this request."""
    return cast(Console, current_app.extensions["console"])
