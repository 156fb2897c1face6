"""Logs, metrics and traces, and the observers that are told what happens."""

import structlog

log = structlog.get_logger("app")
