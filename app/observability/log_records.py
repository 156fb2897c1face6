"""What a record of the log may hold: structlog processors that keep out what docs/security.md says is never in it."""

import linecache
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from structlog.typing import EventDict, WrappedLogger

Renderer = Callable[[WrappedLogger, str, EventDict], str | bytes]

_SECRET_KEYS = frozenset(
    {"password", "access_token", "refresh_token", "client_id", "client_secret", "authorization", "secret_key"}
    | {"session_id", "csrf_token", "cookie", "username", "url", "query", "referer", "body"}
)
_AS_THEY_ARE = frozenset({"request_id", "trace"})  # guests quote the id of a request; a trace is cut to its last lines
_CARD_NUMBER = re.compile(r"(?<![0-9])[0-9]{9,15}(?=[0-9]{4}(?![0-9]))")
_LONGEST_TEXT = 200
_LONGEST_TRACE_LINES = 12
_ROOT = Path(__file__).parents[2]
_OUR_FILES = tuple(f"{_ROOT}/{name}" for name in ("app/", "templates/", "config.py", "wsgi.py", "gunicorn.conf.py"))
_PROGRAMMING_ERRORS = frozenset(
    {AttributeError, ImportError, ModuleNotFoundError, NameError, NotImplementedError, TypeError, UnboundLocalError}
)


def describe_error(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace ``exc_info`` by the error's class, the places that it came through and, if it is safe, its message."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["trace"] = _without_card_numbers(_trace_of(error))
        if message := _message_of(error):
            event["error_message"] = message
    return event


def clean(event: EventDict) -> EventDict:
    """Keep secrets out of a record, card numbers to their last four digits and texts short."""
    return {name: "***" if name.lower() in _SECRET_KEYS else _cleaned(name, value) for name, value in event.items()}


class SafeRenderer:
    """Renders cleaned records. What cannot be rendered costs its values and not the line.

    :param render: makes a line of a record, such as ``structlog.processors.JSONRenderer``
    """

    def __init__(self, render: Renderer) -> None:
        self._render = render

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> str | bytes:
        try:
            return self._render(logger, method, clean(event))
        except Exception:  # noqa: BLE001 - whatever was given to be logged: to tell of something must not break it
            kept = {name: event[name] for name in ("level", "timestamp") if name in event}
            lost = ", ".join(sorted(str(name) for name in event if name not in kept))
            return self._render(logger, method, {"event": str(event.get("event")), "not_written": lost, **kept})


def _cleaned(name: str, value: Any) -> Any:
    match value:
        case str():
            return value if name in _AS_THEY_ARE else _shortened(_without_card_numbers(value))
        case dict():
            return clean({str(inner): each for inner, each in value.items()})
        case list() | tuple():
            return [_cleaned("", each) for each in value]
    return value


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"


def _without_card_numbers(text: str) -> str:
    return _CARD_NUMBER.sub(lambda run: "*" * len(run[0]), text)


def _trace_of(error: BaseException) -> str:
    """Where an error came from: file, line and function, and of our own files the line itself, but no variable."""
    lines, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        source = linecache.getline(code.co_filename, trace.tb_lineno).strip()
        is_ours = code.co_filename.startswith(_OUR_FILES)
        lines.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}" + (f": {source}" if is_ours else ""))
        trace = trace.tb_next
    return "\n".join(lines[-_LONGEST_TRACE_LINES:])


def _message_of(error: BaseException) -> str:
    """What an error says, if it is one of ours or of who wrote the program; nothing of what a library says.

    A library's text may hold a URL or a body. So may that of a ValueError or a KeyError: the value itself.
    """
    package = type(error).__module__.partition(".")[0]
    if package not in {"app", "config", "jinja2"} and type(error) not in _PROGRAMMING_ERRORS:
        return ""
    match error.args:
        case [str(message)]:  # others carry facts, for whoever catches them
            return message
    return ""
