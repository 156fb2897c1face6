"""The face for those who edit, check, compare and preview messages: the console, the commands, the doctor.

:mod:`app.messages` is the one for a site that serves guests, which loads nothing of this.
"""

from app.messages import times
from app.messages.builtin import FOLDER as BUILTIN_FOLDER
from app.messages.builtin import builtin
from app.messages.catalogue import LAST_RESORT, NO_WORDS
from app.messages.check import (
    Findings,
    check,
    check_all_but_entries,
    check_entry,
    check_what_entries_name,
)
from app.messages.codes import AFTER_SIGN_IN
from app.messages.colours import FOR_PARTS, FOR_TEXT, contrast
from app.messages.document import Document
from app.messages.documents import Documents
from app.messages.entries import DEFAULT, LINKS, PAYTRONIX, SITE, Entry, Key, Vocabulary, read_entries
from app.messages.folder import LANGUAGES_FOLDER, Folder
from app.messages.languages import direction_of, english_name_of, language_tag, locale_of
from app.messages.listing import ListedMessage, list_messages
from app.messages.merchant import FILE as MERCHANT_FILE
from app.messages.merchant import Corners, Headings, UsernameKind, read_merchant
from app.messages.notices import FILE as NOTICES_FILE
from app.messages.notices import MOST_NOTICES, WHILE_FAILING, Notice, read_notices
from app.messages.overlay import MESSAGES, merged
from app.messages.placeholders import allowed_in
from app.messages.positions import KeyPath
from app.messages.problems import SourcePosition
from app.messages.situations import SITUATIONS, followed_by, situation_of
from app.messages.svg import TAKEN_OUT
from app.messages.theme import DEFAULT_BACKGROUND, DEFAULT_BRAND, SchemeName, Theme
from app.messages.times import zone_named, zone_names, zones_of

__all__ = [
    "AFTER_SIGN_IN",
    "BUILTIN_FOLDER",
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
    "SITE",
    "SITUATIONS",
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
    "KeyPath",
    "ListedMessage",
    "Notice",
    "SchemeName",
    "SourcePosition",
    "Theme",
    "UsernameKind",
    "Vocabulary",
    "allowed_in",
    "builtin",
    "check",
    "check_all_but_entries",
    "check_entry",
    "check_what_entries_name",
    "contrast",
    "direction_of",
    "english_name_of",
    "followed_by",
    "language_tag",
    "list_messages",
    "locale_of",
    "merged",
    "read_entries",
    "read_merchant",
    "read_notices",
    "situation_of",
    "times",
    "zone_named",
    "zone_names",
    "zones_of",
]
