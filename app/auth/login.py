"""Signing in: from a form with a username and a password to a sign-in that the store keeps."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from app.auth.pseudonyms import Pseudonyms
from app.auth.rate_limit import RateLimited, RateLimiter
from app.auth.sign_ins import SignIn, SignInEnded, SignIns, Tokens
from app.auth.submissions import Outcome, Submissions
from app.auth.usernames import rate_limit_name
from app.observability import log
from app.paytronix import PaytronixClient, Refused, Unavailable
from app.store import Change, Store, StoreUnavailable


@dataclass(frozen=True)
class Attempt:
    """What a guest sent.

    :ivar form: what tells this form from any other that was ever shown
    :ivar address: where it came from
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    form: str = field(repr=False)
    address: str


class Login:
    """Signs guests in.

    :param margin_seconds: how long before its end an access token is renewed
    """

    def __init__(
        self,
        store: Store,
        sign_ins: SignIns,
        paytronix: PaytronixClient,
        *,
        pseudonyms: Pseudonyms,
        rate_limiter: RateLimiter,
        submissions: Submissions,
        margin_seconds: float,
    ) -> None:
        self._store = store
        self._sign_ins = sign_ins
        self._paytronix = paytronix
        self._pseudonyms = pseudonyms
        self._rate_limiter = rate_limiter
        self._submissions = submissions
        self._margin_seconds = margin_seconds

    def sign_in(self, attempt: Attempt, *, session: dict[str, str], former: SignIn | None = None) -> SignIn:
        """Ask Paytronix once, and keep what it gives. The password is kept nowhere.

        The same form sent again is given what came of it the first time.

        :param session: what the new session holds besides who the guest is.
        :param former: the sign-in that this browser had until now; it ends when the new one is kept.
        :raises RateLimited: too many sign-ins were refused; Paytronix was not asked.
        :raises Refused: the merchant's words for its code are for the guest.
        :raises Unavailable: nothing is known about the password.
        :raises SignInEnded: the same form has signed in, and that was signed out again.
        :raises StoreUnavailable: nothing was asked of Paytronix, or the sign-in could not be kept.
        """
        with self._failures_logged(attempt), self._paytronix.slot(rate_limit_name(attempt.username)):
            submission = self._submissions.claim(attempt.form, attempt.username, attempt.password)
            if submission.outcome is not None:
                return self._sign_in_of(submission.outcome)
            try:
                reservation = self._rate_limiter.reserve(attempt.username, attempt.address)
            except BaseException:
                self._submissions.release(submission)
                raise
            try:
                token = self._paytronix.token_by_password(attempt.username, attempt.password)
                session = session | {
                    "username": token.username or attempt.username,
                    "typed_username": attempt.username,  # Paytronix may write the name in another way than the guest
                }
                sign_in = self._sign_ins.new(session, Tokens.of(token, margin_seconds=self._margin_seconds))
                outcome = submission.settled(Outcome(sign_in.session_id))
                self._sign_ins.keep(sign_in, *reservation.succeeded(), outcome)
            except Refused as refusal:
                self._log("login_failed", attempt, code=refusal.code)
                self._leave(submission.settled(Outcome.of(refusal)))
                raise
            except Unavailable as trouble:
                self._leave(*reservation.cancelled(), submission.settled(Outcome.of(trouble)))
                raise
            except BaseException:  # a call may have been made: the submission stays claimed
                with suppress(StoreUnavailable):  # it ends with its window
                    self._store.write(*reservation.cancelled())
                raise
        self._log("login_ok", attempt)
        if former is not None:
            self._end_former(former)
        return sign_in

    def _sign_in_of(self, outcome: Outcome) -> SignIn:
        log.info("submit_joined")
        if outcome.session_id is None:
            raise outcome.error()
        sign_in = self._sign_ins.find(outcome.session_id)
        if sign_in is None:  # signed out again already
            raise SignInEnded(None)
        return sign_in

    def _leave(self, *changes: Change) -> None:
        try:
            self._store.write(*changes)
        except StoreUnavailable:
            log.warning("submit_not_remembered")  # a second click will be told to try again later

    def _end_former(self, former: SignIn) -> None:
        try:
            self._sign_ins.end(former)
        except StoreUnavailable:
            # The new sign-in is kept, and the browser loses the id of the former one, which ends when it is idle.
            log.warning("former_sign_in_not_ended", session=former.name[:8])

    @contextmanager
    def _failures_logged(self, attempt: Attempt) -> Iterator[None]:
        try:
            yield
        except RateLimited as limited:
            self._log("login_throttled", attempt, limit=limited.limit)
            raise
        except Unavailable as trouble:
            self._log("login_unavailable", attempt, cause="paytronix", reason=trouble.reason)
            raise
        except StoreUnavailable as trouble:
            self._log("login_unavailable", attempt, cause="store", reason=trouble.reason)
            raise

    def _log(self, event: str, attempt: Attempt, **about: str) -> None:
        tell = log.info if event in {"login_ok", "login_failed"} else log.warning
        tell(event, guest=self._pseudonyms.for_log(attempt.username), address=attempt.address, **about)
