"""The merchant's staff: who they are, what they may do, and how long the console remembers them.

The browser holds a signed cookie with a session id; what belongs to it is in the store, sealed with that id and the
console's key, below a prefix of its own. A guest's session is none of these, and theirs is no guest's. Without that key
whoever can write to the store, as the guests' site can, makes no session of staff.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

import msgspec
from flask import g, session

from app.console.provider import Identity, Way
from app.store import Store
from app.store.sealing import SessionKeys, is_session_id, new_session_id

MAX_SECONDS = 12 * 3600
_SESSION_ID, _WAYS = "session_id", "ways"
_MOST_WAYS = 3  # tabs in which somebody is on the way to the provider; a cookie holds no more
_WAY_SECONDS = 600


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


class _Record(msgspec.Struct):
    name: str
    role: Role
    ends_at: float


_DECODER = msgspec.msgpack.Decoder(_Record)


class StaffSessions:
    """The sessions of staff, in the store of the guests' sign-ins.

    :param key: of the console. With another one all sessions are gone.
    :param idle_seconds: without a request, until a session ends.
    """

    def __init__(self, store: Store, *, key: str, idle_seconds: int) -> None:
        self._store, self._key = store, key.encode()
        self._idle_seconds = idle_seconds

    def begin(self, who: Staff, *, now: float) -> str:
        """Sign somebody in.

        :returns: the session id for the browser.
        :raises StoreUnavailable: it cannot be kept.
        """
        session_id = new_session_id()
        keys = self._keys(session_id)
        record = msgspec.msgpack.encode(_Record(who.name, who.role, now + MAX_SECONDS))
        self._store.put(_key(keys), keys.seal(_key(keys), record), min(self._idle_seconds, MAX_SECONDS))
        return session_id

    def find(self, session_id: str, *, now: float) -> Staff | None:
        """Who has this session; its idle end moves on.

        :raises StoreUnavailable: the store does not say.
        """
        if not is_session_id(session_id):
            return None
        keys = self._keys(session_id)
        sealed = self._store.get(_key(keys))[0]
        content = keys.open(_key(keys), sealed) if sealed else None
        if content is None:
            return None
        record = _DECODER.decode(content)
        if record.ends_at <= now:
            return None
        self._store.extend(_key(keys), min(self._idle_seconds, record.ends_at - now))
        return Staff(record.name, record.role)

    def end(self, session_id: str) -> None:
        """Sign somebody out.

        :raises StoreUnavailable: it could not be ended.
        """
        if is_session_id(session_id):
            self._store.delete(_key(self._keys(session_id)))

    def _keys(self, session_id: str) -> SessionKeys:
        """What seals a session: nobody makes it of the session id alone."""
        mixed = hmac.digest(self._key, b"staff session" + session_id.encode(), "sha256")
        return SessionKeys(urlsafe_b64encode(mixed).decode().rstrip("="))


def _key(keys: SessionKeys) -> str:
    return f"staff:{keys.name}"


def present() -> Staff | None:
    """Who is signed in on this browser."""
    return cast(Staff | None, g.get("staff"))


def somebody() -> Staff:
    """Who is signed in; for pages that a guard has let them into."""
    who = present()
    if who is None:
        raise RuntimeError("this page wears no guard")
    return who


def remember(session_id: str) -> None:
    """Have the browser hold a session id, and nothing of before (ASVS 5.0 V7.2.4)."""
    session.clear()
    session[_SESSION_ID] = session_id


def forget() -> None:
    """Take everything away from the browser."""
    session.clear()


def held_id() -> str | None:
    """The session id that the browser holds."""
    return session.get(_SESSION_ID)


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
