"""The pictures that were uploaded, each once, under the fingerprint of its content."""

import hashlib

import sqlalchemy as sa

from app.history.audit import note
from app.history.database import Database, now
from app.history.tables import pictures

MOST_BYTES = 200 * 1024 * 1024  # of all pictures; four hundred of the largest


class PicturesFull(Exception):
    """There is no room for another picture, so that a database on the site's disk does not fill it."""


class Pictures:
    """Uploaded pictures. They stay: a revision that names one may be rolled back to at any time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, content: bytes, *, by: str) -> str:
        """Keep a picture that was found good.

        :returns: its fingerprint (SHA-256), by which contents name it.
        :raises PicturesFull: with it there would be too many; nothing was kept.
        :raises HistoryUnavailable: it could not be kept.
        """
        fingerprint = hashlib.sha256(content).hexdigest()
        with self._database.writing() as connection:
            known = connection.execute(sa.select(pictures.c.fingerprint).where(pictures.c.fingerprint == fingerprint))
            if known.first() is None:
                kept = connection.execute(sa.select(sa.func.sum(sa.func.length(pictures.c.content)))).scalar_one()
                if (kept or 0) + len(content) > MOST_BYTES:
                    raise PicturesFull("the database holds as many pictures as it may")
                connection.execute(
                    pictures.insert().values(
                        fingerprint=fingerprint, content=content, made_by=by, made_at=now(connection)
                    )
                )
                note(connection, by, "picture_added", fingerprint=fingerprint, bytes=len(content))
        return fingerprint

    def get(self, fingerprint: str) -> bytes | None:
        """A picture's content; None when there is none of that fingerprint.

        :raises HistoryUnavailable: it cannot be read.
        """
        with self._database.reading() as connection:
            wanted = sa.select(pictures.c.content).where(pictures.c.fingerprint == fingerprint)
            return connection.execute(wanted).scalar_one_or_none()
