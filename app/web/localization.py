"""The merchant's messages in the language of the guest who asks."""

from datetime import UTC, datetime
from typing import cast

from babel import Locale
from flask import g, request

from app.messages import LONGEST_HEADER, Catalogue, Localizer, Message, regional_locale
from app.observability import log
from app.paytronix import PaytronixError, Unavailable
from app.paytronix.errors import PSEUDO_CODES
from app.services import services


def catalogue() -> Catalogue:
    """The merchant's messages and theme; the same for the whole request, whatever is published meanwhile."""
    if (catalogue := g.get("catalogue")) is None:
        g.catalogue = catalogue = services().messages.current()
    return cast(Catalogue, catalogue)


def localizer() -> Localizer:
    """The messages in the language of the guest who asks; one and the same for the whole request."""
    if (localizer := g.get("localizer")) is None:
        chosen = request.cookies.get(language_cookie())
        g.localizer = localizer = catalogue().negotiate(request.headers.get("Accept-Language"), chosen)
    return cast(Localizer, localizer)


def locale() -> Locale:
    """How the guest who asks writes numbers and dates."""
    accept_language = request.headers.get("Accept-Language", "")
    return regional_locale(localizer().language, accept_language[:LONGEST_HEADER])


def language_cookie() -> str:
    """The name of the cookie that holds the language a guest has chosen: its tag, and nothing else."""
    return "__Host-language" if services().settings.public_url.is_secure else "language"


def site_message(name: str, /, **values: object) -> Message:
    """A message of the site itself. It counts as shown (``messages seen``).

    :raises KeyError: there is no such message.
    """
    message = localizer().site(name, **values)
    services().texts_seen.note(name, has_words=True)
    return message


def merchants_notices() -> list[Message]:
    """What the merchant wants guests to read for a while: above the sign-in form, and above what a guest has."""
    return localizer().notices(datetime.now(UTC), paytronix_is_failing=services().paytronix.is_failing())


def error_message(error: PaytronixError, *, guest: str, signing_in: bool = False) -> Message:
    """The merchant's message for an error of Paytronix. Its code counts as met (``messages seen``).

    :param guest: the username; it is kept out of what is counted.
    :param signing_in: as in :meth:`Localizer.paytronix`.
    """
    instead = PSEUDO_CODES[error.reason] if isinstance(error, Unavailable) else None
    has_words = instead is not None or localizer().knows(error.code)
    if not has_words:
        log.info("words_missing", code=error.code)
    services().codes_seen.note(error.code, has_words=has_words, vendor_text=error.vendor_text, guest=guest)
    return localizer().paytronix(error.code, error.vendor_text, signing_in=signing_in, instead=instead)
