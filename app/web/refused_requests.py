"""The log's lines about requests at another address than ours or from another site: what came, what was expected."""

import re

from flask import request

from app.observability import log

_HOST_OR_ORIGIN = re.compile(r"(?:[a-z][a-z0-9+-]{0,20}://)?[A-Za-z0-9._:\[\]-]{1,100}")  # and nothing of a path


def log_unknown_host(expected: str, *, setting: str) -> None:
    """Say that a request named another host.

    :param expected: host and port of our own.
    :param setting: where the operator has written them.
    """
    log.warning(
        "host_refused",
        came=_shown(request.environ.get("HTTP_HOST", "")),
        expected=expected,
        todo=f"if people use the address that came: correct {setting}, or have the proxy pass the Host header on as "
        "people send it",
    )


def log_cross_origin(expected: str, *, setting: str) -> None:
    """Say that a page of another site, or one that seems to be, sent a form."""
    log.warning(
        "csrf_refused",
        reason="foreign_origin",
        endpoint=request.endpoint,
        came=_shown(request.headers.get("Origin", "")),
        sec_fetch_site=_shown(request.headers.get("Sec-Fetch-Site", "")),
        expected=expected,
        todo=f"if it was a form of our own: {setting} is not the address that browsers show, or a proxy changes it",
    )


def _shown(came: str) -> str:
    return (came if _HOST_OR_ORIGIN.fullmatch(came) else "unreadable") if came else "none"
