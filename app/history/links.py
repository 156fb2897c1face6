"""One-time links by which staff sign in without a password and without an identity provider."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from app.history.audit import note
from app.history.database import Database, now
from app.history.tables import links

LIVES_SECONDS = 15 * 60
_KEPT_DAYS = 30  # after its end, so that a late visitor is told that it is late and not that it never was


class LinkTrouble(StrEnum):
    """Why a link opens nothing."""

    UNKNOWN = "unknown"
    USED = "used"
    LATE = "late"


class LinkUnusable(Exception):
    """The link opens nothing.

    :ivar trouble: why
    :ivar name: for whom it was made; empty if it never was
    """

    def __init__(self, trouble: LinkTrouble, name: str = "") -> None:
        self.trouble, self.name = trouble, name
        super().__init__(f"The link is {trouble}.")


@dataclass(frozen=True)
class Link:
    """Whom a link lets in.

    :ivar role: ``editor`` or ``publisher``
    """

    name: str
    role: str
    ends_at: datetime


class Links:
    """The links that were made. Only their fingerprints are kept, so a copy of the database opens nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, name: str, role: str, *, lives_seconds: float = LIVES_SECONDS) -> str:
        """Make a link for somebody.

        :returns: the secret that it ends with: 256 random bits as base64url.
        :raises HistoryUnavailable: it could not be kept.
        """
        secret = secrets.token_urlsafe(32)
        with self._database.writing() as connection:
            made_at = now(connection)
            connection.execute(links.delete().where(links.c.ends_at < made_at - timedelta(days=_KEPT_DAYS)))
            connection.execute(
                links.insert().values(
                    fingerprint=_fingerprint(secret),
                    name=name,
                    role=role,
                    ends_at=made_at + timedelta(seconds=lives_seconds),
                )
            )
            note(connection, "operator", "link_made", name=name, role=role)
        return secret

    def look(self, secret: str) -> Link:
        """Whom the link would let in. It stays as it is.

        :raises LinkUnusable: nobody.
        :raises HistoryUnavailable: that cannot be known now.
        """
        with self._database.reading() as connection:
            return _usable(connection, secret)

    def use(self, secret: str) -> Link:
        """Let somebody in, once.

        :raises LinkUnusable: it opens nothing, or somebody else was faster.
        :raises HistoryUnavailable: it could not be noted that it is used now; so nobody is let in.
        """
        with self._database.writing() as connection:
            link = _usable(connection, secret)
            connection.execute(
                links.update().where(links.c.fingerprint == _fingerprint(secret)).values(used_at=now(connection))
            )
            note(connection, link.name, "signed_in", role=link.role, by="link")
            return link


def _usable(connection: sa.Connection, secret: str) -> Link:
    row = connection.execute(sa.select(links).where(links.c.fingerprint == _fingerprint(secret))).mappings().first()
    if row is None:
        raise LinkUnusable(LinkTrouble.UNKNOWN)
    if row["used_at"] is not None:
        raise LinkUnusable(LinkTrouble.USED, row["name"])
    if row["ends_at"] <= now(connection):
        raise LinkUnusable(LinkTrouble.LATE, row["name"])
    return Link(row["name"], row["role"], row["ends_at"])


def _fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
