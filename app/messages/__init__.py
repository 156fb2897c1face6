"""The merchant's messages and theme: load, check, look up, reload.

``Messages`` is the folder, live; its ``current()`` gives the ``Catalogue`` of this moment, and that one's
``negotiate()`` a guest's ``Localizer``.
Outside of this package nobody imports its modules: :mod:`app.messages.editing` is the face for editors, with
:mod:`app.messages.pictures` and :mod:`app.messages.values` beside it.
Knows nothing of the web, of Paytronix or of the store.
"""

from app.messages.catalogue import Catalogue, compose
from app.messages.codes import WRONG_PASSWORD
from app.messages.documents import Documents
from app.messages.languages import LONGEST_HEADER, regional_locale
from app.messages.live import Messages
from app.messages.localizer import Link, Localizer, Message
from app.messages.merchant import KNOWN_LINKS, CardCode, Merchant
from app.messages.overlay import PICTURES, Overlay
from app.messages.plain_text import cleaned
from app.messages.problems import Problem
from app.messages.well_known import MIMETYPES as WELL_KNOWN_TYPES

__all__ = [
    "KNOWN_LINKS",
    "LONGEST_HEADER",
    "PICTURES",
    "WELL_KNOWN_TYPES",
    "WRONG_PASSWORD",
    "CardCode",
    "Catalogue",
    "Documents",
    "Link",
    "Localizer",
    "Merchant",
    "Message",
    "Messages",
    "Overlay",
    "Problem",
    "cleaned",
    "compose",
    "regional_locale",
]
