"""The history of the words in SQL: revisions, the draft beside them, pictures, links for staff, and who did what.

SQLite for one machine, PostgreSQL where several share it. What is in a revision is for :mod:`app.messages` to read;
here it is names and values. Knows nothing of the web.
"""

from app.history.audit import Audit, AuditEvent
from app.history.contents import ABSENT, Change, Contents, Place, differences, etag, value_at, with_changes
from app.history.database import Database, HistoryUnavailable
from app.history.drafts import ChangedMeanwhile, Draft, DraftChanged, Drafts, Restricted, draft_tag, subject_of
from app.history.links import Links, LinkTrouble, LinkUnusable
from app.history.migrations import UnknownStep, is_current, migrate
from app.history.pictures import Pictures, PicturesFull
from app.history.queries import Heading, Revision
from app.history.revisions import NothingToPublish, Revisions
from app.history.rights import may_write

__all__ = [
    "ABSENT",
    "Audit",
    "AuditEvent",
    "Change",
    "ChangedMeanwhile",
    "Contents",
    "Database",
    "Draft",
    "DraftChanged",
    "Drafts",
    "Heading",
    "HistoryUnavailable",
    "LinkTrouble",
    "LinkUnusable",
    "Links",
    "NothingToPublish",
    "Pictures",
    "PicturesFull",
    "Place",
    "Restricted",
    "Revision",
    "Revisions",
    "UnknownStep",
    "differences",
    "draft_tag",
    "etag",
    "is_current",
    "may_write",
    "migrate",
    "subject_of",
    "value_at",
    "with_changes",
]
