"""Makes pages: a template, with the merchant's words, and numbers and days as the guest's language writes them.

Templates see what they are given here and by the view, and nothing else: no request, no session, no settings.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from flask import url_for
from flask.globals import request_ctx
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.auth import session
from app.messages import KNOWN_LINKS, Catalogue, Link, Message, Voice
from app.services import services
from app.web.csrf import form_token
from app.web.localization import locale, localizer
from app.web.security_headers import SCRIPT_INTEGRITY
from app.web.static_files import brand_url, static_url

FOLDER = Path(__file__).parents[2] / "templates"
FORMATS_REMEMBERED = 2048
ADDRESSES_REMEMBERED = 16  # all that guests come by; anybody can make up more, and longer ones
LONGEST_ADDRESS_REMEMBERED = 64


def render(template: str, /, **about: object) -> str:
    """A page in the language of the guest who asks.

    :param template: its file in ``templates/``.
    :param about: what this page shows; ``here`` if a guest who changes the language is to come to another page than
        this one; ``can_sign_out`` if it is not to go by whether the browser is signed in.
    """
    given = _given.in_language(localizer(), locale(), services().messages.current())
    about = {"here": _here(), "can_sign_out": session.is_signed_in(), **given, **about}
    return _templates.get_template(template).render(about)


def read_templates() -> None:
    """Compile them all, so that no guest waits for it."""
    for name in _templates.list_templates(filter_func=lambda name: "/" not in name):  # those are the console's
        _templates.get_template(name)


def _here() -> str | None:
    asked = request_ctx.request
    return asked.full_path.rstrip("?") if asked.method in {"GET", "HEAD"} else None


class _Entries:
    """What is the same whenever it is said: ``labels.account.points``. Each is made when a page first needs it.

    A template has an attribute in a quarter of the time that the result of a call takes.
    """

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        made = self._make(name)
        setattr(self, name, made)
        return made


class Wording:
    """The words of pages in one language, numbers and days as they are written in one region. Keeps nothing of a guest.

    :ivar language: tag (RFC 5646), fit for ``lang``
    :ivar direction: ``ltr`` or ``rtl``, fit for ``dir``
    :ivar labels: entries for the inside of an element, by section and name
    :ivar texts: entries for an attribute or a title, by section and name
    :ivar links: where a guest who is stuck can go: what the merchant has an address for
    """

    def __init__(self, voice: Voice, locale: Locale, currency: str | None) -> None:
        self.language, self.direction = voice.language, voice.direction
        self.links: list[Link] = [link for name in KNOWN_LINKS if (link := voice.link(name))]
        self._voice, self._locale, self._currency = voice, locale, currency
        self.labels = _Entries(lambda section: _Entries(partial(self.label, section)))
        self.texts = _Entries(lambda section: _Entries(partial(self.text, section)))
        # Guests share most of their amounts and days, and Babel takes longer for one than a page for a whole line.
        self.number = lru_cache(FORMATS_REMEMBERED)(self._number)
        self.money = lru_cache(FORMATS_REMEMBERED)(self._money)
        self.until = lru_cache(FORMATS_REMEMBERED)(self._until)

    def label(self, section: str, name: str, /, **values: object) -> Markup:
        """An entry for the inside of an element; ``labels`` has those that need no values.

        :raises KeyError: there is no such entry.
        """
        return self.spoken(self._voice.said(section, name, **values))

    def text(self, section: str, name: str, /, **values: object) -> str:
        """An entry for an attribute or a title; ``texts`` has those that need no values.

        :raises KeyError: there is no such entry.
        """
        return self._voice.text(section, name, **values)

    def spoken(self, said: Message | Link) -> Markup:
        """A text for the inside of an element; in another language than the page's, it tells that to screen readers."""
        if said.language == self.language:
            return Markup.escape(said.text)
        return Markup('<span lang="{}" dir="{}">{}</span>').format(said.language, said.direction, said.text)

    def tongue(self, said: Message | Link) -> Markup:
        """The attributes that tell browsers and screen readers of a text in another language than the page's."""
        if said.language == self.language:
            return Markup()
        return Markup(' lang="{}" dir="{}"').format(said.language, said.direction)

    def site(self, name: str) -> Message:
        """What the site itself has to say.

        :raises KeyError: there is no such entry.
        """
        return self._voice.site(name)

    def _number(self, value: Decimal) -> str:
        """A number of things: points, rewards."""
        return format_decimal(value + 0, locale=self._locale)  # + 0 makes 0 of -0

    def _money(self, value: Decimal) -> str:
        """An amount of money. Paytronix does not tell its currency; the merchant may."""
        amount = round(value, 2) + 0
        if self._currency:
            return format_currency(amount, self._currency, locale=self._locale)
        return format_decimal(amount, "#,##0.00", locale=self._locale)

    def _until(self, last_day: date) -> Markup:
        """When something expires; the day is spelled out so that no one mistakes the month."""
        return self.label("account", "expires", date=format_date(last_day, "long", locale=self._locale))


class _Given:
    """What templates are given that is the same for all guests until the merchant's folder changes."""

    def __init__(self) -> None:
        self._of: tuple[Catalogue | None, dict[tuple[Voice, Locale], dict[str, Any]]] = None, {}

    def in_language(self, voice: Voice, locale: Locale, catalogue: Catalogue) -> dict[str, Any]:
        """By name, for pages in the language of a voice and with the numbers of a region that CLDR knows."""
        of, by_place = self._of
        if of is not catalogue:  # one assignment: another thread sees the former moment or this one
            self._of = _, by_place = catalogue, {}
        place = voice, locale
        if place not in by_place:
            given: dict[str, Any] = {
                "words": Wording(voice, locale, catalogue.merchant.currency),
                "merchant": catalogue.merchant,
                "look": catalogue.look,
                "languages": catalogue.voices,
                "brand": {name: brand_url(name) for name in ("look", "icon", "logo")},
                "static_url": static_url,
                "page_url": page_url,
                "language_url": language_url,
                "script_integrity": SCRIPT_INTEGRITY,
                "form_token": form_token,
            }
            given["head"], given["brand_line"] = _part("head.html", given), _part("brand.html", given)
            given["languages_line"] = _languages_line(given)
            by_place[place] = given
        return by_place[place]


def _languages_line(given: Mapping[str, Any]) -> Callable[..., Markup]:
    """Makes the ways to the same page in other languages, given its address, or the id of the form that it is about."""

    def make(here: str | None, form: str | None = None) -> Markup:
        return _part("languages.html", {**given, "here": here, "form": form})

    remembered = lru_cache(ADDRESSES_REMEMBERED)(make)
    return lambda here, form=None: (make if len(here or "") > LONGEST_ADDRESS_REMEMBERED else remembered)(here, form)


def _part(template: str, given: Mapping[str, Any]) -> Markup:
    """A part of all pages, which is the same on all of them."""
    return Markup(_templates.get_template(template).render(given))  # noqa: S704 - a template has escaped all in it


@cache
def page_url(endpoint: str) -> str:
    """The address of a page that has only one.

    :raises BuildError: there is no such page.
    """
    return url_for(endpoint)


def language_url(tag: str, here: str | None) -> str:
    """Where a guest goes to read the site in another language.

    :param here: the page to come back to.
    """
    return url_for("language.choose", tag=tag) + ("?" + urlencode({"next": here}) if here else "")


_given = _Given()
_templates = Environment(
    loader=FileSystemLoader(FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
    cache_size=-1,  # all of them, for good
)
_templates.globals.clear()
