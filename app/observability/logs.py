"""The log: one JSON object a line, without anything that docs/security.md says is never in it."""

import json
import linecache
import logging
import re
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import msgspec
import structlog
from flask import Flask, Response, g, request
from gunicorn.glogging import Logger
from structlog.typing import EventDict, WrappedLogger

from app.observability import log
from app.observability.log_writer import LogWriter, StreamWriter

_LEVELS = {name.lower(): level for name, level in logging.getLevelNamesMapping().items()}
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_of_request = ContextVar("of_request", default=_NOTHING)  # what each event of a request tells

_SECRET_KEYS = frozenset(
    {"password", "access_token", "refresh_token", "client_id", "client_secret", "authorization", "secret_key"}
    | {"session_id", "csrf_token", "cookie", "username", "url", "query", "referer", "body"}
)
_CARD_NUMBER = re.compile(r"(?<![0-9])[0-9]{9,15}(?=[0-9]{4}(?![0-9]))")
_SHORTEST_CARD_NUMBER = 13
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_LONGEST_TEXT = 200
_QUIET = (
    "urllib3",
    "requests",
    "redis",
    "flask_wtf",
    "werkzeug",
    "authlib",
)  # their records hold URLs, and URLs hold tokens


def configure(level: str, *, observe: Callable[[Mapping[str, Any]], None] | None = None) -> None:
    """Set the log up for this process, the records of libraries included.

    A terminal gets lines for a person to read; a pipe or a file one JSON object a line.

    :param observe: told of every event of the site, those below the level too. It must not log.
    """
    _events.observe, _events.threshold = observe, _LEVELS[level.lower()]
    _events.render = _json
    if sys.stdout.isatty():
        _events.render = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[_events],
        logger_factory=_Line,
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        # gunicorn's master logs before it forks. What it has kept then is set up anew with what stands above.
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    of_server = next((handler for handler in root.handlers if isinstance(handler, LogWriter)), None)
    handler = of_server or StreamWriter(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _events.line]
        )
    )
    root.handlers = [handler]
    logging.raiseExceptions = False  # or a library's faulty record is printed with all that it was given
    root.setLevel(level.upper())
    for name in _QUIET:
        library = logging.getLogger(name)
        library.handlers, library.propagate = [logging.NullHandler()], False


class _Events:
    """What becomes of an event: it is told of, and becomes a line if it is of the level."""

    observe: Callable[[Mapping[str, Any]], None] | None = None
    threshold = logging.NOTSET
    render: Callable[[WrappedLogger, str, EventDict], str]

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> str:
        if self.observe:
            try:
                self.observe(event)
            except Exception:  # counting must not break what it counts
                logging.getLogger(__name__).exception("not_observed")
        if _LEVELS[method] < self.threshold:
            raise structlog.DropEvent
        return self.line(logger, method, event)

    def line(self, logger: WrappedLogger, method: str, event: EventDict) -> str:
        """A line of what may be told of an event, or of a library's record."""
        error = _error_of(event)
        for name, value in _of_request.get().items():
            event.setdefault(name, value)
        about = {"level": method, "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z")}
        if error is not None:
            about |= {"error": type(error).__name__, "trace": _without_card_numbers(_trace_of(error))}
            if message := _message_of(error):
                about["error_message"] = message
        try:
            return self.render(logger, method, {**clean(event), **about})
        except Exception:  # noqa: BLE001 - whatever cannot be written: to tell of something must not break it
            told = {"event": str(event.get("event")), "not_written": ", ".join(sorted(map(str, event)))}
            return self.render(logger, method, {**told, **about})


_events = _Events()


class _Line:
    """A line on its way out, past ``logging``, which would make a record of it and take that apart again."""

    def __init__(self, *_: object) -> None:
        """Nothing: structlog gives loggers names, and ours needs none."""

    def info(self, line: str) -> None:
        cast(LogWriter | StreamWriter, logging.getLogger().handlers[0]).write(line)

    debug = warning = error = critical = info


class GunicornLogger(Logger):  # type: ignore[misc]
    """gunicorn's own records, as lines of the same log."""

    def setup(self, cfg: Any) -> None:
        logging.getLogger().handlers = [LogWriter()]
        configure(cfg.loglevel)
        for name in ("gunicorn.error", "gunicorn.access"):
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [], True

    def access(self, *_: object) -> None:
        """Nothing: the site tells of each answer itself, without query strings."""


def clean(event: EventDict) -> EventDict:
    """Keep secrets out of a record, card numbers to their last four digits and texts short."""
    return {
        name: "***"
        if name.lower() in _SECRET_KEYS
        # Guests quote the id of a request: it must stay as they read it.
        else _cleaned(value)
        if isinstance(value, str) and name != "request_id"
        else _cleaned_inside(value)
        if type(value) in _HOLDERS
        else value
        for name, value in event.items()
    }


_HOLDERS = frozenset({dict, list, tuple})


def _cleaned_inside(value: Any) -> Any:
    if isinstance(value, dict):
        return clean({str(name): each for name, each in value.items()})
    if isinstance(value, list | tuple):
        return [_cleaned_inside(each) for each in value]
    return _cleaned(value) if isinstance(value, str) else value


def _cleaned(text: str) -> str:
    if len(text) < _SHORTEST_CARD_NUMBER:
        return text
    text = _without_card_numbers(text)
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"


def _without_card_numbers(text: str) -> str:
    return _CARD_NUMBER.sub(lambda run: "*" * len(run[0]), text)


def _error_of(event: EventDict) -> BaseException | None:
    """The error that an event is about, taken out of it."""
    info = event.pop("exc_info", None)
    if info is True:
        return sys.exc_info()[1]
    error = info[1] if isinstance(info, tuple) else info
    return error if isinstance(error, BaseException) else None


def _trace_of(error: BaseException) -> str:
    """Where an error came from: file, line and function, and of our own files the line itself, but no variable."""
    lines, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        source = linecache.getline(code.co_filename, trace.tb_lineno).strip()
        is_ours = code.co_filename.startswith(_OUR_FILES)
        lines.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}" + (f": {source}" if is_ours else ""))
        trace = trace.tb_next
    return "\n".join(lines[-12:])


def _message_of(error: BaseException) -> str:
    """What an error says, if it is one of ours or of who wrote the program; nothing of what a library says.

    A library's text may hold a URL or a body. So may that of a ValueError or a KeyError: the value itself.
    """
    room = type(error).__module__.partition(".")[0]
    if room not in {"app", "config", "jinja2"} and type(error) not in _PROGRAMMING_ERRORS:
        return ""
    match error.args:
        case [str(message)]:  # others carry facts, for whoever catches them
            return _cleaned(message)
    return ""


_ROOT = Path(__file__).parents[2]
_OUR_FILES = tuple(f"{_ROOT}/{name}" for name in ("app/", "templates/", "config.py", "wsgi.py", "gunicorn.conf.py"))
_PROGRAMMING_ERRORS = frozenset(
    {AttributeError, ImportError, ModuleNotFoundError, NameError, NotImplementedError, TypeError, UnboundLocalError}
)


def _json(logger: WrappedLogger, method: str, record: EventDict) -> str:
    """As json.dumps would write it, several times as fast where a record holds what nearly all hold."""
    if _PLAIN.issuperset(map(type, record.values())):  # others are written by their repr
        with suppress(UnicodeEncodeError, OverflowError, msgspec.MsgspecError):
            line = msgspec.json.format(_ENCODER.encode(record), indent=0)
            # Whoever shows a line on a terminal must not be at the mercy of what it holds.
            if line.isascii() and b"\x7f" not in line:
                return line.decode()
    return json.dumps(record, default=repr)


_PLAIN = frozenset({str, int, float, bool, type(None)})
_ENCODER = msgspec.json.Encoder()


def init_app(app: Flask, *, trusts_proxy: bool, is_logged: Callable[[], bool]) -> None:
    """Give each request an id, and the log a line for each answer.

    :param trusts_proxy: a well-formed ``X-Request-ID`` that comes in is used.
    :param is_logged: whether the answer to the request under way is a line.
    """

    @app.before_request
    def begin() -> None:
        offered = request.environ.get("HTTP_X_REQUEST_ID", "") if trusts_proxy else ""
        g.request_id = identity = offered if _REQUEST_ID.fullmatch(offered) else secrets.token_hex(8)
        g.started = time.monotonic()
        _of_request.set({"request_id": identity, "address": request.remote_addr})

    @app.after_request
    def finish(response: Response) -> Response:
        ended = time.monotonic()
        response.headers["X-Request-ID"] = request_id()
        if is_logged():
            log.info(
                "request",
                method=request.method if request.method in _METHODS else "other",
                path=request.path,
                page=request.endpoint,
                status=response.status_code,
                seconds=round(ended - g.get("started", ended), 4),
            )
        return response

    @app.teardown_request
    def forget(error: BaseException | None) -> None:
        _of_request.set(_NOTHING)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})


def request_id() -> str:
    """The id of the request under way, also when it failed before it got one."""
    identity = g.get("request_id")
    if identity is None:
        g.request_id = identity = secrets.token_hex(8)
    return str(identity)
