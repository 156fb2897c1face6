"""What a browser holds, and what the server keeps for it: the only module that touches ``flask.session``.

A signed-in browser holds a session id, and what belongs to it is in the store. Any other browser holds a signed
cookie with what a form needs, so that visitors cost the store nothing.
"""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

from flask import Flask, Request, Response
from flask.globals import request_ctx
from flask_session.base import ServerSideSession, ServerSideSessionInterface
from itsdangerous import BadSignature

from app.auth.sign_ins import SignIn, SignInEnded, SignIns
from app.auth.signing import Signed
from app.observability import log
from app.store import StoreUnavailable
from app.store.sealing import is_session_id

STATELESS = (
    "/static/",
    "/brand/",
    "/healthz",
    "/servez",
    "/readyz",
    "/.well-known/",
    "/robots.txt",
    "/favicon.ico",
)  # answered without asking the store, so that nothing can slow them
CSRF = "csrf_token"  # the key under which Flask-WTF keeps a form's secret
NOTICE = "notice"
SIGNED_IN_AT = "signed_in_at"  # seconds since 1970, in the cookie of a browser that has not yet come back signed in
LONGEST_VISIT_COOKIE = 2000
LANDS_WITHIN_SECONDS = 60  # after a sign-in, on the page that it leads to
KEPT_ALIVE_REMEMBERED = 20_000


class GuestSession(ServerSideSession):  # type: ignore[misc]
    """``flask.session``: of a signed-in browser the session record, of any other its signed cookie.

    :ivar sign_in: the sign-in that this browser's cookie opens
    :ivar store_failure: the store could not say whether the browser is signed in
    :ivar presented_id: the browser sent a session id, whatever it was worth
    :ivar forgets_id: the answer takes that id away from the browser
    :ivar brought_visit: the browser sent the cookie of a visitor
    """

    def __init__(self, content: Mapping[str, Any] | None = None) -> None:
        super().__init__(content)
        self.sign_in: SignIn | None = None
        self.store_failure: StoreUnavailable | None = None
        self.presented_id = False
        self.forgets_id = False
        self.brought_visit = False
        self.is_new = False

    def __repr__(self) -> str:
        return f"GuestSession({', '.join(sorted(map(str, self)))})"  # names only

    def clear(self) -> None:
        """Empty it; the base class would leave a ``_permanent`` mark behind."""
        dict.clear(self)
        self.modified = self.accessed = True


class StoreSessionInterface(ServerSideSessionInterface):  # type: ignore[misc]
    """Flask-Session's base interface over :class:`SignIns`.

    Its backends as released lose updates, revive what was signed out, fall back to pickle and cannot delete a
    ``__Host-`` cookie; here records are written only when changed and never created again.

    :param keys: what signs the cookie of a visitor; the current key first
    :param is_secure: guests come over https: cookies carry ``Secure`` and the ``__Host-`` prefix (ASVS 5.0 V3.3)
    """

    session_class = GuestSession

    def __init__(
        self, app: Flask, sign_ins: SignIns, *, keys: Sequence[str], is_secure: bool, idle_seconds: int
    ) -> None:
        super().__init__(app)
        self.serializer = None  # the base's own would fall back to pickle; SignIns seals and reads records itself
        self._sign_ins = sign_ins
        self._visits = Signed(list(reversed(keys)), salt="visit")
        self._is_secure = is_secure
        prefix = "__Host-" if is_secure else ""
        self._session_cookie, self._visit_cookie = f"{prefix}session", f"{prefix}visit"
        self._kept_alive = _Recently(idle_seconds / 20)

    def open_session(self, app: Flask, request: Request) -> GuestSession:
        if request.path.startswith(STATELESS):
            return GuestSession()
        session_id = request.cookies.get(self._session_cookie)
        if session_id is None:
            session = GuestSession(self._visit(request))
            session.brought_visit = self._visit_cookie in request.cookies
            return session
        sign_in, failure = None, None
        if is_session_id(session_id):
            try:
                sign_in = self._sign_ins.find(session_id)
            except StoreUnavailable as error:
                failure = error
        if sign_in and self._kept_alive.is_due(sign_in.name):
            self._keep_alive(sign_in)
        session = GuestSession(sign_in.session if sign_in else self._visit(request))
        session.sign_in, session.store_failure, session.presented_id = sign_in, failure, True
        session.forgets_id = not is_session_id(session_id)
        session.brought_visit = self._visit_cookie in request.cookies
        return session

    def _keep_alive(self, sign_in: SignIn) -> None:
        try:
            self._sign_ins.keep_alive(sign_in)
        except StoreUnavailable as error:  # it can be read: the page is there, only its idle end has not moved
            log.warning("idle_end_not_moved", session=sign_in.name[:8], reason=error.reason)

    def save_session(self, app: Flask, session: GuestSession, response: Response) -> None:
        if session.sign_in is None:
            if session.forgets_id:
                self._delete_cookie(response, self._session_cookie)
            if session.modified:
                self._save_visit(session, response)
        elif session.is_new:
            self._kept_alive.note(session.sign_in.name)
            self._set_cookie(response, self._session_cookie, session.sign_in.session_id)
            signed_in = self._visits.dumps({SIGNED_IN_AT: int(time.time())})
            self._set_cookie(response, self._visit_cookie, str(signed_in))
        else:
            if session.brought_visit and response.status_code < 400:  # it is signed in, and has seen that
                self._delete_cookie(response, self._visit_cookie)
            if session.modified:
                self._upsert_session(app.permanent_session_lifetime, session, session.sign_in.name)

    def _visit(self, request: Request) -> dict[str, Any]:
        text = request.cookies.get(self._visit_cookie, "")
        if not text or len(text) > LONGEST_VISIT_COOKIE:
            return {}
        try:
            content = self._visits.loads(text)
        except (BadSignature, ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}

    def _save_visit(self, session: GuestSession, response: Response) -> None:
        content = {key: session[key] for key in (CSRF, NOTICE) if key in session}
        if content:
            self._set_cookie(response, self._visit_cookie, str(self._visits.dumps(content)))
        else:
            self._delete_cookie(response, self._visit_cookie)

    def _set_cookie(self, response: Response, name: str, value: str) -> None:
        response.set_cookie(name, value, path="/", secure=self._is_secure, httponly=True, samesite="Lax")

    def _delete_cookie(self, response: Response, name: str) -> None:
        # A browser keeps a __Host- cookie unless its deletion is Secure too (RFC 6265bis, 4.1.3).
        response.delete_cookie(name, path="/", secure=self._is_secure, httponly=True, samesite="Lax")

    # What the base class asks of a backend.

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        sign_in = self._sign_ins.find(store_id)
        return sign_in.session if sign_in else None

    def _delete_session(self, store_id: str) -> None:
        if sign_in := self._sign_ins.find(store_id):
            self._sign_ins.end(sign_in)

    def _upsert_session(self, session_lifetime: object, session: GuestSession, store_id: str) -> None:
        assert session.sign_in is not None  # noqa: S101 - save_session has looked
        try:
            self._sign_ins.save_session(session.sign_in, dict(session))
        except StoreUnavailable as error:
            # The page is ready, and what could not be kept can be asked of Paytronix again.
            log.warning("session_not_saved", session=session.sign_in.name[:8], reason=error.reason)


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
    return cast(GuestSession, request_ctx.session)  # what flask.session stands for, without looking it up at each use


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
    if (failure := _session().store_failure) is not None:
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
        return "session_forgotten" if session.presented_id else "session_lost"
    return "session_expired" if session.presented_id else None


def keeps_cookies() -> bool:
    """Whether the browser that asks has sent a cookie that a form or a sign-in came with."""
    return _session().brought_visit or _session().presented_id


def new_content() -> dict[str, str]:
    """What a new session holds from its first moment: a form secret that nobody knew before (ASVS 5.0 V7.2.4)."""
    return {CSRF: secrets.token_hex(20)}


def begin(sign_in: SignIn) -> None:
    """Make this browser's session that of a new sign-in. Nothing that it held before is carried over."""
    session = _session()
    session.clear()
    session.update(sign_in.session)
    session.sign_in, session.is_new, session.store_failure = sign_in, True, None


def leave(notice: str | None, *, for_good: bool) -> None:
    """Make this browser a visitor's again, who will be told why once.

    :param notice: the name of the merchant's words, or None to say nothing.
    :param for_good: take its session id away. Not when somebody else has ended the sign-in: by the time of a late
        answer the browser may hold the id of the next guest.
    """
    session = _session()
    if session.sign_in is not None:
        session.clear()
        session.sign_in = None
    session.forgets_id = session.forgets_id or for_good
    if notice:
        session[NOTICE] = notice


def take_notice() -> str | None:
    """The notice to show on this page; it is shown once. HEAD asks for what nobody will read."""
    session = _session()
    if request_ctx.request.method == "HEAD":
        return cast(str | None, session.get(NOTICE))
    return cast(str | None, session.pop(NOTICE)) if NOTICE in session else None


def is_signed_in() -> bool:
    """Whether the browser that asks is known to be signed in. Asks nobody; False while the store cannot say."""
    try:
        return _session().sign_in is not None
    except AssertionError:  # Flask's, of a request that has failed before it had a session
        return False


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
