"""A guest's session: who asks, from the first form to the sign-out. The only module that touches ``flask.session``."""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

from flask import Flask, Request, request
from flask import session as flask_session

from app.auth.session_interface import SIGNED_IN_AT, StoreOrCookieSession, StoreOrCookieSessionInterface
from app.auth.sign_ins import SignIn, SignInEnded, SignIns
from app.observability import log
from app.store import StoreUnavailable

CSRF = "csrf_token"  # the key under which Flask-WTF keeps a form's secret
NOTICE = "notice"
LANDS_WITHIN_SECONDS = 60  # after a sign-in, on the page that it leads to
KEPT_ALIVE_REMEMBERED = 20_000


class _Record(dict[str, Any]):
    """The session record of a sign-in, with the sign-in that it was read with."""

    def __init__(self, sign_in: SignIn) -> None:
        super().__init__(sign_in.session)
        self.sign_in = sign_in


class GuestSession(StoreOrCookieSession):
    """``flask.session`` of the guests' site.

    :ivar sign_in: the sign-in that this browser's cookie opens
    """

    def __init__(self, initial: Mapping[str, Any] | None = None, sid: str | None = None) -> None:
        super().__init__(initial, sid)
        self.sign_in = initial.sign_in if isinstance(initial, _Record) else None


class StoreSessionInterface(StoreOrCookieSessionInterface):
    """Guests' sessions. The records are those of :class:`SignIns`, which never creates again what has ended.

    :param keys: what signs the cookie of a visitor; the current key first
    :param is_secure: guests come over https: cookies carry ``Secure`` and the ``__Host-`` prefix (ASVS 5.0 V3.3)
    :param without: beginnings of paths that are answered without a session, so that no store can slow them
    """

    session_class = GuestSession

    def __init__(
        self,
        app: Flask,
        sign_ins: SignIns,
        *,
        keys: Sequence[str],
        is_secure: bool,
        idle_seconds: int,
        without: tuple[str, ...],
    ) -> None:
        prefix = "__Host-" if is_secure else ""
        app.config.update(
            SESSION_COOKIE_NAME=f"{prefix}session",
            SESSION_COOKIE_SECURE=is_secure,
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Lax",
        )
        super().__init__(
            app,
            key_prefix="s:",
            keys=keys,
            visitor_cookie=f"{prefix}visit",
            visitor_keys=(CSRF, NOTICE),
            salt="visit",
            without=without,
        )
        self._sign_ins = sign_ins
        self._kept_alive = _Recently(idle_seconds / 20)

    def open_session(self, app: Flask, request: Request) -> StoreOrCookieSession:
        session = super().open_session(app, request)
        sign_in = cast(GuestSession, session).sign_in
        if sign_in and self._kept_alive.is_due(sign_in.name):
            try:
                self._sign_ins.keep_alive(sign_in)
            except StoreUnavailable as error:  # it can be read: the page is there, only its idle end has not moved
                log.warning("idle_end_not_moved", session=sign_in.name[:8], reason=error.reason)
        return session

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        sign_in = self._sign_ins.find(self._session_id(store_id))
        return _Record(sign_in) if sign_in else None

    def _delete_session(self, store_id: str) -> None:
        if sign_in := self._sign_ins.find(self._session_id(store_id)):
            self._sign_ins.end(sign_in)

    def _upsert_session(self, session_lifetime: object, session: GuestSession, store_id: str) -> None:
        """Write what has changed in a sign-in, or under a new session id all of it.

        :raises StoreUnavailable: a new session id is not kept.
        """
        sign_in, content = session.sign_in, dict(session)
        if sign_in is None:
            return
        if sign_in.session_id != self._session_id(store_id):  # after regenerate()
            sign_in = self._sign_ins.keep(self._sign_ins.new(content, sign_in.tokens, session_id=session.sid))
            session.sign_in = sign_in
        self._kept_alive.note(sign_in.name)
        if sign_in.session == content:  # it was written with its tokens when the guest signed in
            return
        try:
            self._sign_ins.save_session(sign_in, content)
        except StoreUnavailable as error:
            # The page is ready, and what could not be kept can be asked of Paytronix again.
            log.warning("session_not_saved", session=sign_in.name[:8], reason=error.reason)


class _Recently:
    """Remembers in this process what was done in the last seconds, for a bounded number of names."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._done_at: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def is_due(self, name: str) -> bool:
        """Whether it was not done lately; from now on it was."""
        with self._lock:
            is_due = time.monotonic() - self._done_at.get(name, float("-inf")) >= self._seconds
            if is_due:
                self._note(name)
        return is_due

    def note(self, name: str) -> None:
        """It was done just now."""
        with self._lock:
            self._note(name)

    def _note(self, name: str) -> None:
        self._done_at[name] = time.monotonic()
        self._done_at.move_to_end(name)
        if len(self._done_at) > KEPT_ALIVE_REMEMBERED:
            self._done_at.popitem(last=False)


def _session() -> GuestSession:
    return cast(GuestSession, flask_session)


def current_sign_in() -> SignIn | None:
    """The sign-in of the browser that asks, or None.

    :raises StoreUnavailable: the store cannot say. That is not the same as 'not signed in'.
    """
    raise_store_failure()
    return _session().sign_in


def raise_store_failure() -> None:
    """Go on only if it is known whether the browser that asks is signed in.

    :raises StoreUnavailable: it is not.
    """
    if (failure := _session().failure) is not None:
        raise failure


def required_sign_in() -> SignIn:
    """The sign-in of the browser that asks.

    :raises SignInEnded: there is none; with a notice if the browser came with the id of one, or was to come with it.
    :raises StoreUnavailable: the store cannot say.
    """
    sign_in = current_sign_in()
    if sign_in is None:
        raise SignInEnded(_why_not_signed_in(_session()))
    return sign_in


def _why_not_signed_in(session: GuestSession) -> str | None:
    signed_in_at = session.get(SIGNED_IN_AT)
    if isinstance(signed_in_at, int) and 0 <= time.time() - signed_in_at <= LANDS_WITHIN_SECONDS:
        # Signing in again may lead here again, and nobody would know why. Who brings the id has kept the cookie.
        return "session_lost" if session.presented_id is None else "session_forgotten"
    return None if session.presented_id is None else "session_expired"


def keeps_cookies() -> bool:
    """Whether the browser that asks has sent a cookie that a form or a sign-in came with."""
    return _session().brought_visit or _session().presented_id is not None


def new_content() -> dict[str, str]:
    """What a new session holds from its first moment: a form secret that nobody knew before (ASVS 5.0 V7.2.4)."""
    return {CSRF: secrets.token_hex(20)}


def begin(sign_in: SignIn) -> None:
    """Make this browser's session that of a new sign-in. Nothing that it held before is carried over."""
    session = _session()
    session.clear()
    session.update(sign_in.session)
    session.sid, session.sign_in, session.is_stored, session.failure = sign_in.session_id, sign_in, True, None


def leave(notice: str | None, *, for_good: bool) -> None:
    """Make this browser a visitor's again, who will be told why once.

    :param notice: the name of the merchant's words, or None to say nothing.
    :param for_good: take its session id away. Not when somebody else has ended the sign-in: by the time of a late
        answer the browser may hold the id of the next guest.
    """
    session = _session()
    if session.sign_in is not None:
        session.clear()
        session.sign_in, session.is_stored = None, False
    session.forgets_id = session.forgets_id or for_good
    if notice:
        session[NOTICE] = notice


def take_notice() -> str | None:
    """The notice to show on this page; it is shown once. HEAD asks for what nobody will read."""
    session = _session()
    if request.method == "HEAD":
        return cast(str | None, session.get(NOTICE))
    return cast(str | None, session.pop(NOTICE)) if NOTICE in session else None


def is_signed_in() -> bool:
    """Whether the browser that asks is known to be signed in. Asks nobody; False while the store cannot say."""
    return _session().sign_in is not None


def remember(**facts: str | None) -> Mapping[str, Any]:
    """Keep what seldom changes in a sign-in, so that no page asks Paytronix for it twice; all that is kept.

    :param facts: what is known; None forgets. The record is written only if that changes something.
    """
    session = _session()
    for name, fact in facts.items():
        if fact is None and name in session:
            del session[name]
        elif fact != session.get(name):
            session[name] = fact
    return remembered()


def remembered() -> Mapping[str, Any]:
    """What :func:`remember` was told of in this sign-in, among what else belongs to it."""
    return MappingProxyType(_session())
