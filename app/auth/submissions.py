"""Idempotency of the sign-in form: the same form sent twice (a double click, a reload) is one password call.

Who is first claims the submission: takes a lease named after the form, the username and the password together. Its
outcome is left in the store for a while, sealed with a key made of the same three, so that only the same submission can
read it. It works for clicks that meet different workers or machines.
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from app.auth.polling import poll
from app.deadline import Deadline
from app.paytronix import Reason, Refused, Unavailable
from app.paytronix.failures import TOKEN_CALL
from app.store import PutAndRelease, Store, StoreUnavailable
from app.store.sealing import SessionKeys

REMEMBERED_SECONDS = 30
OUTAGE_REMEMBERED_SECONDS = 2  # for the second click; who comes back later wants another attempt
WAIT_RESERVE_SECONDS = 2  # what an attempt may need beyond its call


class Outcome(msgspec.Struct, omit_defaults=True):
    """What came of a submission: a session id, or the code of a refusal, or why Paytronix was unavailable."""

    session_id: str | None = None
    code: str = ""
    vendor_text: str | None = None
    status: int | None = None
    reason: str | None = None
    retry_after_seconds: int | None = None

    def __repr__(self) -> str:
        return f"Outcome(code={self.code!r}, reason={self.reason!r})"

    @classmethod
    def of(cls, error: Refused | Unavailable) -> "Outcome":
        """The outcome of a call that failed."""
        if isinstance(error, Refused):
            return cls(code=error.code, vendor_text=error.vendor_text, status=error.status)
        return cls(
            code=error.code, status=error.status, reason=error.reason, retry_after_seconds=error.retry_after_seconds
        )

    def error(self) -> Refused | Unavailable:
        """The error again, of an outcome that is no sign-in."""
        if self.reason is None:
            return Refused(TOKEN_CALL, self.code, vendor_text=self.vendor_text, status=self.status)
        return Unavailable(
            TOKEN_CALL,
            Reason(self.reason),
            code=self.code,
            status=self.status,
            retry_after_seconds=self.retry_after_seconds,
        )


_DECODER = msgspec.msgpack.Decoder(Outcome)


@dataclass(frozen=True)
class Submission:
    """A form that was sent. Made by :meth:`Submissions.claim`.

    :ivar outcome: of the same form, sent before; without it this request has claimed the submission
    """

    holder: str
    keys: SessionKeys = field(repr=False)
    outcome: Outcome | None = None

    @property
    def key(self) -> str:
        """The name of its lease, and of the record of its outcome."""
        return f"j:{{{self.keys.name}}}"

    def settled(self, outcome: Outcome) -> PutAndRelease:
        """What to write once the outcome is known."""
        seconds = OUTAGE_REMEMBERED_SECONDS if outcome.reason else REMEMBERED_SECONDS
        sealed = self.keys.seal(self.key, msgspec.msgpack.encode(outcome))
        return PutAndRelease(self.key, self.holder, sealed, seconds)


class Submissions:
    """All forms that are sent.

    :param call_seconds: the longest that a password call can take
    """

    def __init__(self, store: Store, *, call_seconds: float) -> None:
        self._store = store
        self._call_seconds = call_seconds

    def claim(self, form: str, username: str, password: str) -> Submission:
        """Claim a submission, or wait for the outcome of the request that has claimed it.

        :param form: what tells this form from any other that was ever shown.
        :raises Unavailable: there was none in time.
        :raises StoreUnavailable: nothing is claimed, or it ends by itself.
        """
        submission = Submission(secrets.token_hex(8), _keys(form, username, password))
        deadline = Deadline.after(self._call_seconds + WAIT_RESERVE_SECONDS)
        # Taking the lease is also the proof that the store can be written, before a password call is spent. It outlives
        # all who wait: if its holder is killed, nobody knows how its call went, and nobody makes another.
        lease_seconds = self._call_seconds + REMEMBERED_SECONDS
        key, holder = submission.key, submission.holder
        for _ in poll("submit", deadline, pause_seconds=0.05, longest_seconds=0.4):
            is_held, (sealed,) = self._store.claim(key, holder, lease_seconds, records=[key])
            if outcome := _outcome(submission, sealed):
                if is_held:
                    self.release(submission)
                return Submission(holder, submission.keys, outcome)
            if is_held:
                return submission
        raise Unavailable(TOKEN_CALL, Reason.TIMEOUT)

    def release(self, submission: Submission) -> None:
        """Give up a claim under which nothing was asked of Paytronix: the same form may be sent again."""
        with suppress(StoreUnavailable):  # it ends by itself
            self._store.release(submission.key, holder=submission.holder)


def _keys(form: str, username: str, password: str) -> SessionKeys:
    """The form's own random mark is in it, so that nobody can find out a password from what is stored."""
    whole = msgspec.msgpack.encode((form, username, password))
    return SessionKeys(urlsafe_b64encode(hashlib.sha256(whole).digest()).decode().rstrip("="))


def _outcome(submission: Submission, sealed: bytes | None) -> Outcome | None:
    plain = submission.keys.open(submission.key, sealed) if sealed is not None else None
    try:
        return _DECODER.decode(plain) if plain is not None else None
    except msgspec.MsgspecError:  # it was written by another release
        return None
