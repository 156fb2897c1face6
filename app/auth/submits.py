"""One submit, at most one password call: the same form sent twice (a double click, a reload) joins the first.

Whoever is first takes a lease named after the submit: the form, the username and the password together. How it went is
left in the store for a while, sealed with a key made of the same three, so that only the same submit can read it. It
works for clicks that meet different workers or machines.
"""

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress

import msgspec

from app.auth.sign_ins import SignIn, SignInEnded, SignIns
from app.auth.waits import waits
from app.observability import log
from app.paytronix import Reason, Refused, Unavailable
from app.paytronix.failures import TOKEN_CALL
from app.store import PutAndRelease, Store, StoreUnavailable
from app.store.sealing import SessionKeys

REMEMBERED_SECONDS = 30
OUTAGE_REMEMBERED_SECONDS = 2  # for the second click; who comes back later wants another try
WAIT_RESERVE_SECONDS = 2  # what an attempt may need beyond its call
POLL_SECONDS = (0.05, 0.4)  # the first and the longest pause between looks at what became of the first


class Outcome(msgspec.Struct, omit_defaults=True):
    """How a submit went: a session id, or the code of a refusal, or why Paytronix was unavailable."""

    session_id: str | None = None
    code: str = ""
    vendor_text: str | None = None
    status: int | None = None
    reason: str | None = None
    retry_after_seconds: int | None = None

    def __repr__(self) -> str:
        return f"Outcome(code={self.code!r}, reason={self.reason!r})"


_DECODER = msgspec.msgpack.Decoder(Outcome)

Settled = Callable[[str], PutAndRelease]
"""What is to be written when the submit has made the sign-in of a session id."""


class Submits:
    """Makes the same submit happen once.

    :param call_seconds: the longest that a password call can take
    """

    def __init__(self, store: Store, sign_ins: SignIns, *, call_seconds: float) -> None:
        self._store = store
        self._sign_ins = sign_ins
        self._call_seconds = call_seconds

    def once(
        self,
        form: str,
        username: str,
        password: str,
        attempt: Callable[[Settled], SignIn],
        *,
        before: Callable[[], None] = lambda: None,
    ) -> SignIn:
        """The sign-in that the attempt makes, or that the same submit has made or is about to make.

        :param form: what tells this form from any other that was ever shown.
        :param attempt: asks Paytronix, and writes a new sign-in along with what it is given makes of the session id.
        :param before: what the first of the same submits has to do before its attempt. It may raise: nothing was asked.
        :raises Refused, Unavailable: as the first of the same submits was answered.
        :raises StoreUnavailable: nothing was asked of Paytronix, or what came of it could not be kept.
        """
        keys, holder = _keys(form, username, password), secrets.token_hex(8)
        give_up_at = time.monotonic() + self._call_seconds + WAIT_RESERVE_SECONDS
        pause_seconds, longest_seconds = POLL_SECONDS
        with waits("submit") as wait:
            while time.monotonic() < give_up_at:
                # Taking the lease is also the proof that the store can be written, before a password call is spent.
                # It outlives all who wait: if its holder is killed, nobody knows how its call went, and nobody makes
                # another.
                seconds = self._call_seconds + REMEMBERED_SECONDS
                is_first, (sealed,) = self._store.claim(_key(keys), holder, seconds, records=[_key(keys)])
                if outcome := _outcome(keys, sealed):
                    if is_first:
                        self._release(keys, holder)
                    return self._joined(outcome)
                if is_first:
                    return self._first(keys, holder, attempt, before)
                wait(pause_seconds)
                pause_seconds = min(pause_seconds * 1.5, longest_seconds)
        raise Unavailable(TOKEN_CALL, Reason.TIMEOUT)

    def _first(
        self, keys: SessionKeys, holder: str, attempt: Callable[[Settled], SignIn], before: Callable[[], None]
    ) -> SignIn:
        try:
            before()
        except Exception:
            self._release(keys, holder)  # nothing was asked
            raise
        try:
            return attempt(lambda session_id: _settled(keys, holder, Outcome(session_id), REMEMBERED_SECONDS))
        except Refused as refusal:
            outcome = Outcome(None, refusal.code, refusal.vendor_text, refusal.status)
            self._leave(keys, holder, outcome, REMEMBERED_SECONDS)
            raise
        except Unavailable as trouble:
            outcome = Outcome(None, trouble.code, None, trouble.status, trouble.reason, trouble.retry_after_seconds)
            self._leave(keys, holder, outcome, OUTAGE_REMEMBERED_SECONDS)
            raise

    def _joined(self, outcome: Outcome) -> SignIn:
        log.info("submit_joined")
        if outcome.reason is not None:
            raise Unavailable(
                TOKEN_CALL,
                Reason(outcome.reason),
                code=outcome.code,
                status=outcome.status,
                retry_after_seconds=outcome.retry_after_seconds,
            )
        if outcome.session_id is None:
            raise Refused(TOKEN_CALL, outcome.code, vendor_text=outcome.vendor_text, status=outcome.status)
        sign_in = self._sign_ins.find(outcome.session_id)
        if sign_in is None:  # signed out again already
            raise SignInEnded(None)
        return sign_in

    def _leave(self, keys: SessionKeys, holder: str, outcome: Outcome, seconds: float) -> None:
        try:
            self._store.write(_settled(keys, holder, outcome, seconds))
        except StoreUnavailable:
            log.warning("submit_not_remembered")  # a second click will be told to try again later

    def _release(self, keys: SessionKeys, holder: str) -> None:
        with suppress(StoreUnavailable):  # it ends by itself
            self._store.release(_key(keys), holder)


def _keys(form: str, username: str, password: str) -> SessionKeys:
    """The form's own random mark is in it, so that nobody can find out a password from what is stored."""
    whole = msgspec.msgpack.encode((form, username, password))
    return SessionKeys(urlsafe_b64encode(hashlib.sha256(whole).digest()).decode().rstrip("="))


def _settled(keys: SessionKeys, holder: str, outcome: Outcome, seconds: float) -> PutAndRelease:
    return PutAndRelease(_key(keys), holder, keys.seal(_key(keys), msgspec.msgpack.encode(outcome)), seconds)


def _outcome(keys: SessionKeys, sealed: bytes | None) -> Outcome | None:
    plain = keys.open(_key(keys), sealed) if sealed is not None else None
    try:
        return _DECODER.decode(plain) if plain is not None else None
    except msgspec.MsgspecError:  # it was written by another release
        return None


def _key(keys: SessionKeys) -> str:
    return f"j:{{{keys.name}}}"
