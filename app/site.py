"""The parts of the running site, made once per application, and the one way to reach them from a view."""

from dataclasses import dataclass
from typing import cast

from flask import current_app, g, request

from app.auth.login import Login
from app.auth.pseudonyms import Pseudonyms
from app.auth.refresh import TokenKeeper
from app.auth.sign_ins import SignIns
from app.messages import Messages, Voice
from app.paytronix import PaytronixClient
from app.store import Store
from config import Settings


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


def site() -> Site:
    """The parts of the application that handles this request or command."""
    return cast(Site, current_app.extensions["site"])


def voice() -> Voice:
    """The merchant's words in the language of the guest who asks; one and the same for the whole request."""
    if "voice" not in g:
        g.voice = site().messages.current().negotiate(request.headers.get("Accept-Language"))
    return cast(Voice, g.voice)
