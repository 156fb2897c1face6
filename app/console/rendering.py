"""What the templates of all pages of the console are given. They speak English; guests' words stand in any language."""

from typing import Any

from flask import Flask

from app.console import staff
from app.console.parts import console
from app.web.rendering import JINJA_OPTIONS
from app.web.security_headers import CONSOLE_SCRIPT_INTEGRITY
from app.web.static_files import static_url


def init_app(app: Flask) -> None:
    """Give every template what all pages show."""
    app.jinja_options = JINJA_OPTIONS

    @app.context_processor
    def shared() -> dict[str, Any]:
        return {
            "staff": staff.present(),
            "inbox_count": console().inbox_count.now,
            "is_read_only": console().settings.is_read_only,
            "static_url": static_url,
            "script_integrity": CONSOLE_SCRIPT_INTEGRITY,
        }
