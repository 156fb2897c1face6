"""The log: structlog over the standard library's ``logging``, one JSON object a line.

Processors run in the thread that logs; in a serving process another thread writes (``log_writer``). What may stand in a
record is decided in ``log_records``.
"""

import logging
import re
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from flask import Flask, Response, g, request
from gunicorn.glogging import Logger
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars
from structlog.processors import JSONRenderer, TimeStamper, add_log_level
from structlog.stdlib import ProcessorFormatter, filter_by_level
from structlog.typing import EventDict, Processor, WrappedLogger

from app.observability import log
from app.observability.log_records import Renderer, SafeRenderer, describe_error
from app.observability.log_writer import LogQueue

Observe = Callable[[Mapping[str, Any]], None]

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
# Their records hold URLs, and URLs hold tokens.
_QUIET = ("urllib3", "requests", "redis", "flask_wtf", "werkzeug", "authlib")


def configure(level: str, *, observe: Observe | None = None) -> None:
    """Set the log up for this process, the records of libraries included.

    A terminal gets lines for a person to read; a pipe or a file one JSON object a line.

    :param observe: told of every event of the site, those below the level too. It must not log.
    """
    root = logging.getLogger()
    root.setLevel(level.upper())
    about: list[Processor] = [merge_contextvars, add_log_level, TimeStamper(fmt="iso", utc=True), describe_error]
    structlog.configure(
        processors=[
            *([_observer(observe)] if observe else []),
            filter_by_level,
            *about,
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
    )
    of_server = (each for each in root.handlers if isinstance(each, LogQueue))
    handler: logging.Handler = next(of_server, None) or logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=about, processors=[ProcessorFormatter.remove_processors_meta, SafeRenderer(_renderer())]
        )
    )
    root.handlers = [handler]
    logging.raiseExceptions = False  # or a library's faulty record is printed with all that it was given
    for name in _QUIET:
        library = logging.getLogger(name)
        library.handlers, library.propagate = [logging.NullHandler()], False


class GunicornLogger(Logger):  # type: ignore[misc]
    """gunicorn's own records, as lines of the same log."""

    def setup(self, cfg: Any) -> None:
        if not any(isinstance(each, LogQueue) for each in logging.getLogger().handlers):  # SIGHUP sets up anew
            logging.getLogger().handlers = [LogQueue()]
        configure(cfg.loglevel)
        for name in ("gunicorn.error", "gunicorn.access"):
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [], True

    def access(self, *_: object) -> None:
        """Nothing: the site tells of each answer itself, without query strings."""


def init_app(app: Flask, *, trusts_proxy: bool, is_logged: Callable[[], bool]) -> None:
    """Give each request an id, and the log a line for each answer.

    :param trusts_proxy: a well-formed ``X-Request-ID`` that comes in is used.
    :param is_logged: whether the answer to the request under way is a line.
    """

    @app.before_request
    def begin() -> None:
        offered = request.environ.get("HTTP_X_REQUEST_ID", "") if trusts_proxy else ""
        g.request_id = offered if _REQUEST_ID.fullmatch(offered) else secrets.token_hex(8)
        g.started = time.monotonic()
        clear_contextvars()
        bind_contextvars(request_id=g.request_id, address=request.remote_addr)

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
        clear_contextvars()


def request_id() -> str:
    """The id of the request under way, also when it failed before it got one."""
    identity = g.get("request_id")
    if identity is None:
        g.request_id = identity = secrets.token_hex(8)
    return str(identity)


def _observer(observe: Observe) -> Processor:
    """A processor that tells of each event, and adds nothing to it."""

    def tell(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        try:
            observe(event)
        except Exception:  # counting must not break what it counts
            logging.getLogger(__name__).exception("not_observed")
        return event

    return tell


def _renderer() -> Renderer:
    if sys.stdout.isatty():
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return JSONRenderer(default=repr)
