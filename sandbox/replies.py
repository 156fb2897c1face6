"""A reply: what is sent back, and in which healthy or unhealthy way it travels."""

import json
from dataclasses import dataclass, field
from enum import Enum


class Delivery(Enum):
    """How a reply travels."""

    WHOLE = "at once, as it should be"
    DRIP = "one byte a second"
    BROKEN = "half of it, then the connection closes"
    CLOSED = "not at all: the connection closes"
    HANGING = "not at all: the connection stays open for a minute"


@dataclass(frozen=True)
class Reply:
    """One reply. `outcome` names it in the list of calls; `wait_seconds` pass before it is sent."""

    status: int
    body: bytes
    content_type: str
    outcome: str
    headers: dict[str, str] = field(default_factory=dict)
    wait_seconds: float = 0
    delivery: Delivery = Delivery.WHOLE

    @property
    def status_sent(self) -> int | None:
        """The HTTP status that reaches the caller, None where nothing does."""
        return None if self.delivery in {Delivery.CLOSED, Delivery.HANGING} else self.status


def json_reply(document: object, outcome: str, status: int = 200) -> Reply:
    # A lone surrogate, which a caller can send, has no UTF-8; as an escape it is still JSON.
    body = json.dumps(document, ensure_ascii=False).encode(errors="backslashreplace")
    return Reply(status, body, "application/json; charset=UTF-8", outcome)


def failure_reply(code: str, message: str, status: int, **more: object) -> Reply:
    """The standard failure (docs/paytronix.md, 3.1)."""
    document = {"result": "failure", "errorCode": code, "errorMessage": message, **more}
    return json_reply(document, outcome=code, status=status)


def html_reply(status: int, outcome: str, **headers: str) -> Reply:
    """What a gateway in front of the API says: a page for people, where a program expects JSON."""
    page = f"<!DOCTYPE html>\n<title>{status}</title>\n<h1>{status}</h1>\n<p>Simulated Paytronix\n"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, page.encode(), "text/html; charset=UTF-8", outcome, named)
