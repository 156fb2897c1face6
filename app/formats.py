"""What templates are given: the merchant's words, and numbers and dates as the guest's language writes them."""

from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal
from flask import Flask, request
from jinja2 import StrictUndefined

from app.auth.forms import form_token
from app.messages import Link
from app.messages.merchant import KNOWN_LINKS
from app.site import site, voice
from app.views.assets import static_url


def init_app(app: Flask) -> None:
    """Set up the templates of an application."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals |= {"static_url": static_url, "form_token": form_token}
    app.jinja_env.filters |= {"number": number, "money": money, "day": day}

    @app.context_processor
    def words() -> dict[str, Any]:
        catalogue = site().messages.current()
        return {
            "words": voice(),
            "merchant": catalogue.merchant,
            "links": _links(),
            "languages": catalogue.voices,
            "here": request.full_path.rstrip("?") if request.method == "GET" else None,
        }


def _links() -> list[Link]:
    """Where a guest who is stuck can go: what the merchant has an address for."""
    return [link for name in KNOWN_LINKS if (link := voice().link(name))]


def number(value: Decimal) -> str:
    """A number of things: points, rewards, money."""
    return format_decimal(value + 0, locale=voice().locale)


def money(value: Decimal) -> str:
    """An amount of money, without its currency: Paytronix does not tell it."""
    return format_decimal(round(value, 2) + 0, "#,##0.00", locale=voice().locale)  # + 0 makes 0 of -0


def day(value: date) -> str:
    """A day, spelled out so that no one mistakes the month."""
    return format_date(value, "long", locale=voice().locale)
