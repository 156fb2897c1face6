"""The merchant's staff: who they are, what they may do, and how long the console remembers them.

The browser holds a session id; what belongs to it is in the store, sealed with that id and the console's key, below a
prefix of its own. A guest's session is none of these, and theirs is no guest's. Without that key whoever can write to
the store, as the guests' site can, makes no session of staff.
"""

import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

import msgspec
from flask import Flask, current_app, session

from app.auth.session import new_content
from app.auth.session_interface import StoreOrCookieSession, StoreOrCookieSessionInterface
from app.console.provider import Identity, Way
from app.store import Store
from app.store.sealing import SessionKeys

MAX_SECONDS = 12 * 3600
_NAME, _ROLE, _ENDS_AT = "name", "role", "ends_at"
_WAYS = "ways"
_MOST_WAYS = 3  # tabs in which somebody is on the way to the provider; a cookie holds no more
_WAY_SECONDS = 600
_DECODER = msgspec.msgpack.Decoder(dict[str, Any])


class Role(StrEnum):
    """What somebody may do."""

    EDITOR = "editor"  # change the draft
    PUBLISHER = "publisher"  # and publish, roll back, restrict


@dataclass(frozen=True)
class Staff:
    """Somebody who is signed in.

    :ivar name: as the audit has it: an e-mail address, or what the operator wrote on a link
    """

    name: str
    role: Role

    @property
    def is_publisher(self) -> bool:
        """Whether they may publish."""
        return self.role == Role.PUBLISHER


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

    def create(self, who: Staff) -> StoreOrCookieSession:
        """Sign somebody in. No browser has the session yet.

        :raises StoreUnavailable: it cannot be kept.
        """
        content = {_NAME: who.name, _ROLE: who.role, _ENDS_AT: self._now() + MAX_SECONDS, **new_content()}
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


def sessions() -> StaffSessionInterface:
    """The sessions of the application that handles this request."""
    return cast(StaffSessionInterface, current_app.session_interface)


def _session() -> StoreOrCookieSession:
    return cast(StoreOrCookieSession, session)


def present() -> Staff | None:
    """Who is signed in on this browser. None, too, while the store cannot say."""
    held = _session()
    return Staff(held[_NAME], Role(held[_ROLE])) if held.is_stored else None


def raise_store_failure() -> None:
    """Go on only if it is known who asks.

    :raises StoreUnavailable: it is not.
    """
    if (failure := _session().failure) is not None:
        raise failure


def somebody() -> Staff:
    """Who is signed in; for pages that a guard has let them into."""
    who = present()
    if who is None:
        raise RuntimeError("this page wears no guard")
    return who


def begin(new: StoreOrCookieSession) -> None:
    """Give the browser a new session, and nothing of before (ASVS 5.0 V7.2.4). The one it had ends.

    :raises StoreUnavailable: that could not be ended.
    """
    held = _session()
    if held.is_stored:
        sessions().end(held)
    held.clear()
    held.update(new)
    held.sid, held.is_stored = new.sid, True
    held.modified = False  # it is in the store


def end() -> None:
    """Sign out who is signed in on this browser.

    :raises StoreUnavailable: they may still be signed in.
    """
    held = _session()
    sessions().end(held)
    held.clear()
    held.is_stored, held.forgets_id = False, True


def set_out(way: Way, *, to: str | None, now: float) -> None:
    """Have the browser hold what it needs when its user comes back from the identity provider.

    :param to: the page that was asked for.
    """
    ways = {state: kept for state, kept in session.get(_WAYS, {}).items() if kept[3] > now}
    while len(ways) >= _MOST_WAYS:
        del ways[min(ways, key=lambda state: ways[state][3])]
    session[_WAYS] = ways | {way.state: (way.nonce, way.verifier, to, now + _WAY_SECONDS)}


def come_back(state: str, *, now: float) -> tuple[Way, str | None] | None:
    """What the browser held for this way, once, and the page that was asked for; None for a way that is not its own."""
    ways = dict(session.get(_WAYS, {}))
    kept = ways.pop(state, None)
    if kept is None:
        return None
    session[_WAYS] = ways
    nonce, verifier, to, ends_at = kept
    return (Way(state, nonce, verifier), to) if ends_at > now else None


def role_of(who: Identity, *, editors: Collection[str], publishers: Collection[str]) -> Role | None:
    """What somebody may do whom the identity provider has named; None for nothing.

    :param editors: addresses, ``@domain`` and ``group:NAME``, as in ``CONSOLE_EDITORS``.
    """
    named = {f"group:{group}" for group in who.groups}
    local_part, _, domain = who.email.partition("@")
    if who.is_verified and local_part and domain and " " not in who.email and "@" not in domain:
        named.add(who.email)
        if who.email.isascii():  # other letters may look like a colleague's: such an address has to be listed whole
            named.add(f"@{domain}")
    if named & set(publishers):
        return Role.PUBLISHER
    return Role.EDITOR if named & set(editors) else None
