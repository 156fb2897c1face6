"""What the templates of all pages are given: Flask's own environment and a context processor."""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlencode

from babel import Locale
from flask import Flask, request, url_for
from jinja2 import StrictUndefined
from markupsafe import Markup

from app.auth import session
from app.messages import Catalogue, Localizer
from app.web.localization import catalogue, locale, localizer, merchants_notices
from app.web.security_headers import SCRIPT_INTEGRITY
from app.web.static_files import brand_url, static_url
from app.web.template_helpers import TemplateHelpers

JINJA_OPTIONS = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
ADDRESSES_REMEMBERED = 16  # all that guests come by; anybody can make up more, and longer ones
LONGEST_ADDRESS_REMEMBERED = 64


def init_app(app: Flask) -> None:
    """Give every template of the guests' pages what all of them show.

    A view may give ``here`` if a guest who changes the language is to come to another page than this one, and
    ``can_sign_out`` if it is not to go by whether the browser is signed in.
    """
    app.jinja_options = JINJA_OPTIONS
    fragments = _Fragments(app)

    @app.context_processor
    def shared() -> dict[str, Any]:
        return {
            "here": request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else None,
            "can_sign_out": session.is_signed_in(),
            "merchants_notices": merchants_notices,
            **fragments.in_language(localizer(), locale(), catalogue()),
        }


class _Fragments:
    """What is the same on the pages of all guests until the merchant changes something: made once a language."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._made: tuple[Catalogue | None, dict[tuple[Localizer, Locale], dict[str, Any]]] = None, {}

    def in_language(self, localizer: Localizer, locale: Locale, catalogue: Catalogue) -> dict[str, Any]:
        """By name, for pages with the messages of a language and the numbers of a region that CLDR knows."""
        made_of, made = self._made
        if made_of is not catalogue:  # one assignment: another thread sees what was made before or this
            self._made = _, made = catalogue, {}
        if (localizer, locale) not in made:
            given: dict[str, Any] = {
                "messages": TemplateHelpers(localizer, locale, catalogue.merchant.currency),
                "merchant": catalogue.merchant,
                "look": catalogue.theme,
                "languages": catalogue.localizers,
                "brand": {name: brand_url(catalogue, name) for name in ("look", "icon", "logo")},
                "static_url": static_url,
                "page_url": page_url,
                "language_url": language_url,
                "script_integrity": SCRIPT_INTEGRITY,
            }
            given["head"], given["brand_line"] = self._render("head.html", given), self._render("brand.html", given)
            given["languages_line"] = self._languages_line(given)
            made[localizer, locale] = given
        return made[localizer, locale]

    def _languages_line(self, given: Mapping[str, Any]) -> Callable[..., Markup]:
        """Makes the ways to the same page in other languages, given its address or the id of its form."""

        def make(here: str | None, form: str | None = None) -> Markup:
            return self._render("languages.html", {**given, "here": here, "form": form})

        remembered = lru_cache(ADDRESSES_REMEMBERED)(make)
        return lambda here, form=None: (make if len(here or "") > LONGEST_ADDRESS_REMEMBERED else remembered)(
            here, form
        )

    def _render(self, template: str, given: Mapping[str, Any]) -> Markup:
        return Markup(self._app.jinja_env.get_template(template).render(given))  # noqa: S704 - it has escaped all


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
