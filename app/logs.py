"""The log: one JSON object a line, without anything that table C of the security requirements names."""

import logging
import re
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import structlog
from flask import Flask, Response, g, request
from gunicorn.glogging import Logger
from structlog.typing import EventDict, WrappedLogger

from app.log_writer import LogWriter, StreamWriter

log = structlog.get_logger("app")

_SECRET_KEYS = frozenset(
    {"password", "access_token", "refresh_token", "client_id", "client_secret", "authorization", "secret_key"}
    | {"session_id", "csrf_token", "cookie", "username", "url", "query", "referer", "body"}
)
_CARD_NUMBER = re.compile(r"(?<![0-9])[0-9]{9,15}(?=[0-9]{4}(?![0-9]))")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_LONGEST_TEXT = 200
_QUIET = (
    "urllib3",
    "requests",
    "redis",
    "flask_wtf",
    "werkzeug",
)  # their records hold URLs, and URLs hold tokens


def configure(level: str, *, observe: Callable[[Mapping[str, Any]], None] | None = None) -> None:
    """Set the log up for this process, the records of libraries included.

    A terminal gets lines for a person to read; a pipe or a file one JSON object a line.

    :param observe: told of every event of the site, those below the level too. It must not log.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: Any = structlog.processors.JSONRenderer()
    if sys.stdout.isatty():
        render = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    observing: list[Any] = [_Observed(observe, threshold)] if observe else []
    structlog.configure(
        processors=[*observing, *shared, _format_exception, clean, render],
        logger_factory=_Line,
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET if observe else threshold),
        # gunicorn's master logs before it forks: what it kept, its workers could not set up anew.
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    of_server = next((handler for handler in root.handlers if isinstance(handler, LogWriter)), None)
    handler = of_server or StreamWriter(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _format_exception,
                clean,
                render,
            ],
        )
    )
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        library = logging.getLogger(name)
        library.handlers, library.propagate = [logging.NullHandler()], False


class _Observed:
    """The first processor of an event: tells of it, then lets through what the level lets through."""

    def __init__(self, observe: Callable[[Mapping[str, Any]], None], threshold: int) -> None:
        self._observe = observe
        self._threshold = threshold

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        try:
            self._observe(event)
        except Exception:  # counting must not break what it counts
            logging.getLogger(__name__).exception("not_observed")
        if logging.getLevelNamesMapping()[method.upper()] < self._threshold:
            raise structlog.DropEvent
        return event


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


def clean(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Keep secrets out of a record, card numbers to their last four digits and texts short."""
    return {key: "***" if key.lower() in _SECRET_KEYS else _clean_value(key, value) for key, value in event.items()}


def _clean_value(key: str, value: Any) -> Any:
    if not isinstance(value, str) or key == "request_id":  # guests quote it: it must stay as they read it
        return value
    text = _CARD_NUMBER.sub(lambda run: "*" * len(run[0]), value)
    return text if key == "trace" or len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"


def _format_exception(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Where an error came from: class, file, line and function. Its text and its variables may hold anything."""
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else info if isinstance(info, BaseException) else None
    if info is True:
        error = sys.exc_info()[1]
    if error is None:
        return event
    lines, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        lines.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    event["error"], event["trace"] = type(error).__name__, "\n".join(lines[-12:])
    return event


def init_app(app: Flask, *, trusts_proxy: bool) -> None:
    """Give each request an id, and the log a line for each answer.

    :param trusts_proxy: a well-formed ``X-Request-ID`` that comes in is used.
    """

    @app.before_request
    def begin() -> None:
        offered = request.headers.get("X-Request-ID", "") if trusts_proxy else ""
        g.request_id = offered if _REQUEST_ID.fullmatch(offered) else secrets.token_hex(8)
        g.started = time.monotonic()
        structlog.contextvars.bind_contextvars(request_id=g.request_id, address=request.remote_addr)

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id()
        if request.endpoint not in {"health.healthz", "health.readyz", "assets.static"}:
            log.info(
                "request",
                method=request.method if request.method in _METHODS else "other",
                path=request.path,
                page=request.endpoint,
                status=response.status_code,
                seconds=round(time.monotonic() - g.get("started", time.monotonic()), 4),
            )
        return response

    @app.teardown_request
    def forget(error: BaseException | None) -> None:
        structlog.contextvars.clear_contextvars()


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})


def request_id() -> str:
    """The id of the request under way, also when it failed before it got one."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(8)
    return str(g.request_id)
