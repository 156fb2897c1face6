"""The face for those who edit, check, compare and preview messages: the console, the commands, the doctor.

:mod:`app.messages` is the one for a site that serves guests, which loads nothing of this.
"""

from app.messages import places, times
from app.messages.catalogue import LAST_RESORT, NO_WORDS
from app.messages.check import (
    AFTER_SIGN_IN,
    Findings,
    check,
    check_all_but_entries,
    check_entry,
    check_what_entries_name,
)
from app.messages.colours import FOR_PARTS, FOR_TEXT, contrast
from app.messages.document import Document
from app.messages.edition import MESSAGES, merged
from app.messages.folder import LANGUAGES_FOLDER, Documents, Folder
from app.messages.languages import direction_of, locale_of, tag_of
from app.messages.listing import Line, lines
from app.messages.look import DEFAULT_BACKGROUND, DEFAULT_BRAND, Look, SchemeName
from app.messages.merchant import FILE as MERCHANT_FILE
from app.messages.merchant import Corners, Headings, UsernameKind, read_merchant
from app.messages.notices import FILE as NOTICES_FILE
from app.messages.notices import MOST_NOTICES, WHILE_FAILING, Notice, read_notices
from app.messages.placeholders import allowed_in
from app.messages.shipped import FOLDER as SHIPPED_FOLDER
from app.messages.shipped import shipped
from app.messages.svg import TAKEN_OUT
from app.messages.times import zone_named
from app.messages.words import DEFAULT, LINKS, PAYTRONIX, SITE, Entry, Key, Vocabulary, read_words

__all__ = [
    "AFTER_SIGN_IN",
    "DEFAULT",
    "DEFAULT_BACKGROUND",
    "DEFAULT_BRAND",
    "FOR_PARTS",
    "FOR_TEXT",
    "LANGUAGES_FOLDER",
    "LAST_RESORT",
    "LINKS",
    "MERCHANT_FILE",
    "MESSAGES",
    "MOST_NOTICES",
    "NOTICES_FILE",
    "NO_WORDS",
    "PAYTRONIX",
    "SHIPPED_FOLDER",
    "SITE",
    "TAKEN_OUT",
    "WHILE_FAILING",
    "Corners",
    "Document",
    "Documents",
    "Entry",
    "Findings",
    "Folder",
    "Headings",
    "Key",
    "Line",
    "Look",
    "Notice",
    "SchemeName",
    "UsernameKind",
    "Vocabulary",
    "allowed_in",
    "check",
    "check_all_but_entries",
    "check_entry",
    "check_what_entries_name",
    "contrast",
    "direction_of",
    "lines",
    "locale_of",
    "merged",
    "places",
    "read_merchant",
    "read_notices",
    "read_words",
    "shipped",
    "tag_of",
    "times",
    "zone_named",
]
