"""Flask's debugger, which runs what its visitors type, is for a developer's own machine."""

import ipaddress
import sys

import click
from flask.helpers import get_debug_flag


def refuse_debugger_for_others() -> None:
    """End unless nobody but this machine can reach Flask's debugger, which runs what its visitors type."""
    if not get_debug_flag():
        return
    command = click.get_current_context(silent=True)
    host = command.params.get("host") if command else None
    if command is None or (host is not None and not _is_loopback(host)):
        sys.exit(
            "FLASK_DEBUG and --debug are for a developer's own machine, since the debugger runs what its visitors "
            "type. Take it away, or listen at 127.0.0.1 only: make dev"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
