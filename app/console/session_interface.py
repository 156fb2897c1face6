"""The sessions of staff: what the browser holds, and how long the console remembers it.

The browser holds a session id; what belongs to it is in the store, sealed with that id and the console's key, below a
prefix of its own. A guest's session is none of these, and theirs is no guest's. Without that key whoever can write to
the store, as the guests' site can, makes no session of staff.
"""

import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from flask import Flask

from app.auth.session import new_content
from app.auth.session_interface import StoreOrCookieSession, StoreOrCookieSessionInterface
from app.store import Store
from app.store.sealing import SessionKeys

MAX_SECONDS = 12 * 3600
NAME, ROLE, _ENDS_AT = "name", "role", "ends_at"
_DECODER = msgspec.msgpack.Decoder(dict[str, Any])


class StaffSessionInterface(StoreOrCookieSessionInterface):
    """The sessions of staff, in the store of the guests' sign-ins.

    :param keys: of the console, the current one first. With another one all sessions are gone.
    :param is_secure: staff come over https: cookies carry ``Secure`` and the ``__Host-`` prefix.
    :param idle_seconds: without a request, until a session ends.
    :param without: beginnings of paths that are answered without a session.
    :param now: the clock, seconds since 1970.
    """

    def __init__(
        self,
        app: Flask,
        store: Store,
        *,
        keys: Sequence[str],
        is_secure: bool,
        idle_seconds: int,
        without: tuple[str, ...] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        prefix = "__Host-" if is_secure else ""
        app.config.update(
            SESSION_COOKIE_NAME=f"{prefix}console",
            SESSION_COOKIE_SECURE=is_secure,
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Lax",  # Strict would not survive the way to the identity provider and back
        )
        super().__init__(
            app,
            key_prefix="staff:",
            keys=keys,
            visitor_cookie=f"{prefix}console-visit",
            visitor_keys=None,
            salt="console",  # nothing that the guests' site signs, whose key may be the same
            without=without,
        )
        self._store, self._key, self._now = store, keys[0].encode(), now
        self._idle_seconds = idle_seconds

    def create(self, *, name: str, role: str) -> StoreOrCookieSession:
        """Sign somebody in. No browser has the session yet.

        :raises StoreUnavailable: it cannot be kept.
        """
        content = {NAME: name, ROLE: role, _ENDS_AT: self._now() + MAX_SECONDS, **new_content()}
        new = self._new_session(content)
        self._upsert_session(None, new, self._get_store_id(new.sid))
        return new

    def end(self, ended: StoreOrCookieSession) -> None:
        """Sign somebody out, wherever their cookie is.

        :raises StoreUnavailable: it could not be ended.
        """
        self._delete_session(self._get_store_id(ended.sid))

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        """What belongs to a session id; its idle end moves on."""
        keys, name = self._sealing(store_id)
        sealed = self._store.get(name)[0]
        opened = keys.open(name, sealed) if sealed else None
        content = _DECODER.decode(opened) if opened else None
        if content is None or content[_ENDS_AT] <= self._now():
            return None
        self._store.extend(name, ttl_seconds=self._seconds_left(content))
        return content

    def _upsert_session(self, session_lifetime: object, session: StoreOrCookieSession, store_id: str) -> None:
        """Write a session; one that the browser came with only if it has not ended meanwhile."""
        keys, name = self._sealing(store_id)
        content, seconds_left = keys.seal(name, msgspec.msgpack.encode(dict(session))), self._seconds_left(session)
        if session.sid != session.presented_id:
            self._store.put(name, content, seconds_left)
        elif former := self._store.get(name)[0]:
            self._store.replace(name, former, content, seconds_left)

    def _delete_session(self, store_id: str) -> None:
        self._store.delete(self._sealing(store_id)[1])

    def _seconds_left(self, content: Mapping[str, Any]) -> float:
        return float(min(self._idle_seconds, content[_ENDS_AT] - self._now()))

    def _sealing(self, store_id: str) -> tuple[SessionKeys, str]:
        """What seals a session, and its name in the store: nobody makes them of the session id alone."""
        mixed = hmac.digest(self._key, b"staff session" + self._session_id(store_id).encode(), "sha256")
        keys = SessionKeys(urlsafe_b64encode(mixed).decode().rstrip("="))
        return keys, f"{self.key_prefix}{keys.name}"
