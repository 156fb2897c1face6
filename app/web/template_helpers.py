"""What templates write in the language of a page: messages, numbers, days."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from markupsafe import Markup

from app.messages import KNOWN_LINKS, Link, Localizer, Message

FORMATS_REMEMBERED = 2048


class _LazyLabels:
    """Labels by attribute, as in ``labels.account.points``. Each is made when a page first needs it.

    A template has an attribute in a quarter of the time that the result of a call takes.
    """

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        made = self._make(name)
        setattr(self, name, made)
        return made


class TemplateHelpers:
    """Messages, numbers and days for templates, in one language and as one region writes them. Nothing of a guest.

    :ivar language: tag (RFC 5646), fit for ``lang``
    :ivar direction: ``ltr`` or ``rtl``, fit for ``dir``
    :ivar labels: entries for the inside of an element, by section and name
    :ivar texts: entries for an attribute or a title, by section and name
    :ivar links: where a guest who is stuck can go: what the merchant has an address for
    """

    def __init__(self, localizer: Localizer, locale: Locale, currency: str | None) -> None:
        self.language, self.direction = localizer.language, localizer.direction
        self.links: list[Link] = [link for name in KNOWN_LINKS if (link := localizer.link(name))]
        self._localizer, self._locale, self._currency = localizer, locale, currency
        self.labels = _LazyLabels(lambda section: _LazyLabels(partial(self.label, section)))
        self.texts = _LazyLabels(lambda section: _LazyLabels(partial(self.text, section)))
        # Guests share most of their amounts and days, and Babel takes longer for one than a page for a whole line.
        self.number = lru_cache(FORMATS_REMEMBERED)(self._number)
        self.money = lru_cache(FORMATS_REMEMBERED)(self._money)
        self.until = lru_cache(FORMATS_REMEMBERED)(self._until)

    def label(self, section: str, name: str, /, **values: object) -> Markup:
        """An entry for the inside of an element; ``labels`` has those that need no values.

        :raises KeyError: there is no such entry.
        """
        return self.as_html(self._localizer.message(section, name, **values))

    def text(self, section: str, name: str, /, **values: object) -> str:
        """An entry for an attribute or a title; ``texts`` has those that need no values.

        :raises KeyError: there is no such entry.
        """
        return self._localizer.text(section, name, **values)

    def as_html(self, message: Message | Link) -> Markup:
        """A text for the inside of an element; in another language than the page's, it tells that to screen readers."""
        if message.language == self.language:
            return Markup.escape(message.text)
        return Markup('<span lang="{}" dir="{}">{}</span>').format(message.language, message.direction, message.text)

    def lang_attributes(self, message: Message | Link) -> Markup:
        """The attributes that tell browsers and screen readers of a text in another language than the page's."""
        if message.language == self.language:
            return Markup()
        return Markup(' lang="{}" dir="{}"').format(message.language, message.direction)

    def site(self, name: str) -> Message:
        """What the site itself has to say.

        :raises KeyError: there is no such entry.
        """
        return self._localizer.site(name)

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
