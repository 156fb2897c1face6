"""What templates are given: the merchant's words, and numbers and dates as the guest's language writes them."""

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from flask import Flask, request
from jinja2 import StrictUndefined

from app.auth.forms import form_token
from app.headers import SCRIPT_INTEGRITY
from app.messages import Link
from app.messages.merchant import KNOWN_LINKS
from app.site import site, voice
from app.views.assets import static_url
from app.views.brand import brand_url

FORMATS_REMEMBERED = 2048


def init_app(app: Flask) -> None:
    """Set up the templates of an application."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals |= {
        "static_url": static_url,
        "brand_url": brand_url,
        "script_integrity": SCRIPT_INTEGRITY,
        "form_token": form_token,
    }
    app.jinja_env.filters |= {"number": number, "money": money, "day": day}

    @app.context_processor
    def words() -> dict[str, Any]:
        catalogue = site().messages.current()
        return {
            "words": voice(),
            "merchant": catalogue.merchant,
            "look": catalogue.look,
            "links": _links(),
            "languages": catalogue.voices,
            "here": request.full_path.rstrip("?") if request.method == "GET" else None,
        }


def _links() -> list[Link]:
    """Where a guest who is stuck can go: what the merchant has an address for."""
    return [link for name in KNOWN_LINKS if (link := voice().link(name))]


def number(value: Decimal) -> str:
    """A number of things: points, rewards, money."""
    return _number(value, voice().locale)


def money(value: Decimal) -> str:
    """An amount of money. Paytronix does not tell its currency; the merchant may."""
    return _money(value, site().messages.current().merchant.currency, voice().locale)


def day(value: date) -> str:
    """A day, spelled out so that no one mistakes the month."""
    return _day(value, voice().locale)


# Guests share most of their amounts and days, and Babel takes longer for one than a page for a whole line.


@lru_cache(FORMATS_REMEMBERED)
def _number(value: Decimal, locale: Locale) -> str:
    return format_decimal(value + 0, locale=locale)


@lru_cache(FORMATS_REMEMBERED)
def _money(value: Decimal, currency: str | None, locale: Locale) -> str:
    if currency:
        return format_currency(round(value, 2) + 0, currency, locale=locale)
    return format_decimal(round(value, 2) + 0, "#,##0.00", locale=locale)  # + 0 makes 0 of -0


@lru_cache(FORMATS_REMEMBERED)
def _day(value: date, locale: Locale) -> str:
    return format_date(value, "long", locale=locale)
