"""The parts of the running site, made once per application, and the one way to reach them from a view."""

from dataclasses import dataclass
from typing import cast

from babel import Locale
from flask import current_app, g
from flask.globals import request_ctx

from app.auth.login import Login
from app.auth.pseudonyms import Pseudonyms
from app.auth.refresh import TokenKeeper
from app.auth.sign_ins import SignIns
from app.codes_seen import CodesSeen
from app.logs import log
from app.messages import Message, Messages, Voice
from app.messages.languages import LONGEST_HEADER, regional_locale
from app.paytronix import PaytronixClient, PaytronixError, Unavailable
from app.paytronix.errors import PSEUDO_CODES
from app.recent_calls import RecentCalls
from app.store import Store
from config import Settings

RETRY_AFTER_SECONDS = 10  # in a 503, where nobody knows better


@dataclass(frozen=True)
class Site:
    """What the views work with."""

    settings: Settings
    store: Store
    paytronix: PaytronixClient
    pseudonyms: Pseudonyms
    sign_ins: SignIns
    login: Login
    tokens: TokenKeeper
    messages: Messages
    recent_calls: RecentCalls
    codes_seen: CodesSeen
    texts_seen: CodesSeen


def site() -> Site:
    """The parts of the application that handles this request or command."""
    return cast(Site, current_app.extensions["site"])


def voice() -> Voice:
    """The merchant's words in the language of the guest who asks; one and the same for the whole request."""
    if (voice := g.get("voice")) is None:
        asked = request_ctx.request
        chosen = asked.cookies.get(language_cookie())
        g.voice = voice = site().messages.current().negotiate(asked.environ.get("HTTP_ACCEPT_LANGUAGE"), chosen)
    return cast(Voice, voice)


def locale() -> Locale:
    """How the guest who asks writes numbers and dates."""
    accept_language = request_ctx.request.environ.get("HTTP_ACCEPT_LANGUAGE", "")
    return regional_locale(voice().language, accept_language[:LONGEST_HEADER])


def language_cookie() -> str:
    """The name of the cookie that holds the language a guest has chosen: its tag, and nothing else."""
    return "__Host-language" if site().settings.public_url.is_secure else "language"


def told(name: str, /, **values: object) -> Message:
    """What the site itself has to say to a guest. It counts as seen.

    :raises KeyError: there is no such message.
    """
    message = voice().site(name, **values)
    site().texts_seen.note(name, has_words=True)
    return message


def words_for(error: PaytronixError, *, guest: str, signing_in: bool = False) -> Message:
    """What a guest reads when Paytronix said no. The code counts as seen.

    :param guest: the username; it is kept out of what is counted.
    :param signing_in: as in :meth:`Voice.paytronix`.
    """
    instead = PSEUDO_CODES[error.reason] if isinstance(error, Unavailable) else None
    has_words = instead is not None or voice().knows(error.code)
    if not has_words:
        log.info("words_missing", code=error.code)
    site().codes_seen.note(error.code, has_words=has_words, vendor_text=error.vendor_text, guest=guest)
    return voice().paytronix(error.code, error.vendor_text, signing_in=signing_in, instead=instead)
