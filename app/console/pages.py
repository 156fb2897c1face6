"""Makes the console's pages. They speak English; what guests read stands on them in any language."""

from pathlib import Path

from flask import request, url_for
from flask_wtf.csrf import generate_csrf
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.console import staff
from app.console.parts import console
from app.web.security_headers import CONSOLE_SCRIPT_INTEGRITY
from app.web.static_files import static_url

FOLDER = Path(__file__).parents[2] / "templates" / "console"


def render(template: str, /, **about: object) -> str:
    """A page of the console.

    :param template: its file in ``templates/console/``.
    """
    present = staff.present()
    given = {
        "staff": present,
        "inbox_count": console().inbox_count.now() if present and template != "error.html" else None,
        "endpoint": request.endpoint,
        "is_read_only": console().settings.is_read_only,
    }
    return _templates.get_template(template).render({**given, **about})


def read_templates() -> None:
    """Compile them all, so that nobody waits for it."""
    for name in _templates.list_templates():
        _templates.get_template(name)


_templates = Environment(
    loader=FileSystemLoader(FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
    cache_size=-1,
)
_templates.globals = {
    "static_url": static_url,
    "url_for": url_for,
    "csrf_token": generate_csrf,
    "script_integrity": CONSOLE_SCRIPT_INTEGRITY,
}
