"""Server-side sessions for those who are signed in, signed cookies for everybody else; built on Flask-Session.

A signed-in browser holds a session id, and what belongs to it is in a store. Any other browser holds a signed cookie
with what its forms need, so that visitors cost the store nothing. Which store, and how a record is sealed, is up to a
subclass: it implements the three methods that Flask-Session asks of a backend.
"""

import time
from abc import ABC
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flask import Flask, Request, Response
from flask_session.base import ServerSideSession, ServerSideSessionInterface
from itsdangerous import BadSignature, URLSafeSerializer

from app.store.sealing import SESSION_ID_BYTES, is_session_id

SIGNED_IN_AT = "signed_in_at"  # seconds since 1970, in the cookie of a browser that has not yet come back signed in
LONGEST_VISITOR_COOKIE = 2000


class StoreOrCookieSession(ServerSideSession):  # type: ignore[misc]
    """``flask.session``: of a signed-in browser the record in the store, of any other its signed cookie.

    :ivar sid: the session id; one that no browser has yet when nobody is signed in
    :ivar is_stored: it belongs in the store. Whoever signs somebody in sets it, after ``regenerate``.
    :ivar failure: what kept the record from being read; whether the browser is signed in is not known
    :ivar presented_id: the session id that the browser sent, whatever it was worth
    :ivar forgets_id: the answer takes that id away from the browser
    :ivar brought_visit: the browser sent the cookie of a visitor
    """

    def __init__(self, initial: Mapping[str, Any] | None = None, sid: str | None = None) -> None:
        super().__init__(initial, sid)
        self.is_stored = False
        self.failure: Exception | None = None
        self.presented_id: str | None = None
        self.forgets_id = False
        self.brought_visit = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(sorted(map(str, self)))})"  # names only

    def clear(self) -> None:
        """Empty it; the base class would leave a ``_permanent`` mark behind."""
        dict.clear(self)
        self.modified = self.accessed = True


class StoreOrCookieSessionInterface(ServerSideSessionInterface, ABC):  # type: ignore[misc]
    """Opens and saves such sessions.

    Flask-Session's backends as released lose updates, revive what was signed out, fall back to pickle and cannot delete
    a ``__Host-`` cookie. Here a record is written only when it was changed, and the cookies are those of Flask's
    ``SESSION_COOKIE_*`` settings.

    :param key_prefix: before the session id, in what the three methods of the backend are given
    :param keys: what signs the cookie of a visitor; the current key first
    :param visitor_cookie: its name
    :param visitor_keys: what it may hold; nothing else of a visitor's session is kept. None keeps all
    :param salt: tells its signatures from others that are made with the same keys
    :param without: beginnings of paths that are answered without a session, so that no store can slow them
    """

    session_class: type[StoreOrCookieSession] = StoreOrCookieSession

    def __init__(
        self,
        app: Flask,
        *,
        key_prefix: str,
        keys: Sequence[str],
        visitor_cookie: str,
        visitor_keys: Collection[str] | None,
        salt: str,
        without: tuple[str, ...] = (),
    ) -> None:
        super().__init__(app, key_prefix=key_prefix, permanent=False, sid_length=SESSION_ID_BYTES)
        self.serializer = None  # the base's own would fall back to pickle; a backend seals and reads records itself
        self._signer = URLSafeSerializer(list(reversed(keys)), salt=salt)  # it signs with the last and accepts all
        self._visitor_cookie = visitor_cookie
        self._visitor_keys = visitor_keys
        self._without = without

    def open_session(self, app: Flask, request: Request) -> StoreOrCookieSession:
        if request.path.startswith(self._without):
            return self._new_session()
        sid, content, failure = request.cookies.get(self.get_cookie_name(app)), None, None
        if sid is not None and is_session_id(sid):
            try:
                content = self._retrieve_session_data(self._get_store_id(sid))
            except Exception as error:  # noqa: BLE001 - whoever asks for it meets it; other pages can do without
                failure = error
        if content is None:
            session = self._new_session(self._visitors(request))
        else:
            session = self.session_class(content, sid=sid)
            session.is_stored = True
        session.failure, session.presented_id = failure, sid
        session.forgets_id = sid is not None and not is_session_id(sid)
        session.brought_visit = self._visitor_cookie in request.cookies
        return session

    def save_session(self, app: Flask, session: StoreOrCookieSession, response: Response) -> None:
        if session.is_stored:
            self._save_stored(app, session, response)
            return
        if session.forgets_id:
            self._delete_cookie(app, response, self.get_cookie_name(app))
        if session.modified:
            self._save_visitors(app, session, response)

    def _save_stored(self, app: Flask, session: StoreOrCookieSession, response: Response) -> None:
        if session.modified:
            self._upsert_session(app.permanent_session_lifetime, session, self._get_store_id(session.sid))
        if session.sid != session.presented_id:
            self._set_cookie(app, response, self.get_cookie_name(app), session.sid)
            self._set_cookie(app, response, self._visitor_cookie, self._signed({SIGNED_IN_AT: int(time.time())}))
        elif session.brought_visit and response.status_code < 400:  # it is signed in, and has seen that
            self._delete_cookie(app, response, self._visitor_cookie)

    def _new_session(self, content: Mapping[str, Any] | None = None) -> StoreOrCookieSession:
        return self.session_class(content, sid=self._generate_sid(self.sid_length))

    def _session_id(self, store_id: str) -> str:
        """The session id in what the base class hands to a backend."""
        return store_id.removeprefix(self.key_prefix)

    def _visitors(self, request: Request) -> dict[str, Any]:
        text = request.cookies.get(self._visitor_cookie, "")
        if not text or len(text) > LONGEST_VISITOR_COOKIE:
            return {}
        try:
            content = self._signer.loads(text)
        except (BadSignature, ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}

    def _save_visitors(self, app: Flask, session: StoreOrCookieSession, response: Response) -> None:
        kept = session if self._visitor_keys is None else self._visitor_keys
        content = {key: session[key] for key in kept if key in session}
        if content:
            self._set_cookie(app, response, self._visitor_cookie, self._signed(content))
        else:
            self._delete_cookie(app, response, self._visitor_cookie)

    def _signed(self, content: Mapping[str, Any]) -> str:
        return str(self._signer.dumps(content))

    def _set_cookie(self, app: Flask, response: Response, name: str, value: str) -> None:
        response.set_cookie(name, value, **self._attributes(app))

    def _delete_cookie(self, app: Flask, response: Response, name: str) -> None:
        # A browser keeps a __Host- cookie unless its deletion is Secure too (RFC 6265bis, 4.1.3).
        response.delete_cookie(name, **self._attributes(app))

    def _attributes(self, app: Flask) -> dict[str, Any]:
        return {
            "path": self.get_cookie_path(app),
            "secure": self.get_cookie_secure(app),
            "httponly": self.get_cookie_httponly(app),
            "samesite": self.get_cookie_samesite(app),
        }
