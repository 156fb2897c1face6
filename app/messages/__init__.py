"""The merchant's words and look: load, check, look up, reload.

``Messages`` is the folder, live; its ``current()`` gives the ``Catalogue`` of this moment, and that one's
``negotiate()`` a guest's ``Voice``.
Knows nothing of the web, of Paytronix or of the store.
"""

from app.messages.catalogue import Catalogue
from app.messages.faults import Fault
from app.messages.live import Messages
from app.messages.merchant import Merchant
from app.messages.voice import Link, Message, Voice

__all__ = ["Catalogue", "Fault", "Link", "Merchant", "Message", "Messages", "Voice"]
