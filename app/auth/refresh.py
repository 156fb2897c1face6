"""Keeps a guest's access token good: one expiry, one refresh, however many requests, workers and machines ask.

A refresh goes through these steps, in one method: *claim* a lease on the sign-in, *re-read* its tokens, which are
*fresh* if somebody else has renewed them, *renew* them at Paytronix, *save* them by compare-and-set, *release* the
lease. Who does not get the lease re-reads until they are fresh. Why so: docs/decisions/0003-one-expiry-one-refresh.md.
"""

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from app.auth.heartbeat import LEASE_SECONDS, Heartbeat
from app.auth.polling import poll
from app.auth.sign_ins import SignIn, SignInEnded, SignIns, Tokens, tokens_key
from app.auth.usernames import rate_limit_name
from app.deadline import Deadline
from app.observability import log
from app.paytronix import PaytronixClient, Reason, RefreshRefused, TokenRejected, Unavailable
from app.paytronix.failures import TOKEN_CALL
from app.store import Store, StoreUnavailable

FAILURE_REMEMBERED_SECONDS = 3  # so that those who waited do not fail one after the other
CALL_RESERVE_SECONDS = 5  # what a refresh may need beyond its call: reading before, writing after
SAVED_WITHIN_SECONDS = 120  # renewed tokens that the store does not take at once
TRY_AGAIN_SECONDS = 0.2  # what the store has not taken
LATE_SECONDS = 8  # after which somebody whose lease has run out, and who has not saved, counts as dead
LATE_RESERVE_SECONDS = 4  # what a holder whose call took longest needs to save, where calls may take long
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.02, 0.25  # between looks at the record
MOST_TOKENS = 3  # that one call tries: what it came with, somebody else's, its own

Result = TypeVar("Result")


def late_seconds(call_seconds: float) -> float:
    """How long after the end of its lease a holder that has not saved may still be about to.

    Never shorter than its own call may take: a single-use refresh token would be spent twice.

    :param call_seconds: the longest that a call to Paytronix can take
    """
    outlives_lease = call_seconds > LEASE_SECONDS
    return max(LATE_SECONDS, call_seconds - LEASE_SECONDS + LATE_RESERVE_SECONDS if outlives_lease else 0)


class TokenKeeper:
    """Gives out access tokens that are good now.

    :param call_seconds: the longest that a call to Paytronix can take; decides how long others wait
    :param margin_seconds: how long before its end a token is renewed
    """

    def __init__(
        self,
        store: Store,
        sign_ins: SignIns,
        paytronix: PaytronixClient,
        *,
        call_seconds: float,
        margin_seconds: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._sign_ins = sign_ins
        self._paytronix = paytronix
        self._call_seconds = call_seconds
        self._margin_seconds = margin_seconds
        self._now = now
        self._heartbeat = Heartbeat(store)
        self._savers: dict[str, threading.Thread] = {}  # by the holder of the lease
        self._gives_up = threading.Event()

    def call(self, sign_in: SignIn, operation: Callable[[str], Result]) -> Result:
        """Make a call with the guest's token; when Paytronix rejects the token, renew it and make the call once more.

        The sign-in goes on with the tokens that are good by then (:meth:`SignIn.use`).

        :param operation: takes the access token and makes the call, reading or writing.
        :raises SignInEnded: the refresh was refused, or the token that this very call renewed was rejected as well.
        :raises Unavailable: the guest stays signed in.
        :raises Refused: Paytronix answered with a failure.
        """
        deadline = self._deadline(sign_in)
        # The slot is held also for the time spent waiting for somebody else's refresh.
        with self._paytronix.slot(rate_limit_name(sign_in.username)):
            token, is_own = self.usable_token(sign_in), False
            for _ in range(MOST_TOKENS):
                if deadline.is_over:
                    raise Unavailable(TOKEN_CALL, Reason.TIMEOUT)
                try:
                    return operation(token)
                except TokenRejected:
                    if is_own:
                        self._end_unless_renewed(sign_in, token)
                is_own = self._refresh(sign_in, token, deadline)
                token = sign_in.tokens.access_token
        raise Unavailable(TOKEN_CALL, Reason.BUSY)  # others renew it as fast as Paytronix rejects it

    def usable_token(self, sign_in: SignIn) -> str:
        """An access token that is good now, renewed if it is near its end.

        As long as it is good, one request anywhere renews it and all others go on with it.

        :raises SignInEnded: the refresh was refused.
        :raises Unavailable: it has ended and cannot be renewed at present.
        """
        tokens, now, deadline = sign_in.tokens, self._now(), self._deadline(sign_in)
        if now >= tokens.ends_at:
            self._refresh(sign_in, tokens.access_token, deadline)
        elif now >= tokens.refresh_at:
            with suppress(Unavailable, StoreUnavailable):  # renewing early is a kindness
                self._refresh(sign_in, tokens.access_token, deadline, may_wait=False)
        return sign_in.tokens.access_token

    def finish(self, within_seconds: float) -> bool:
        """Wait for renewed tokens that the store has not taken yet; whether none are left."""
        deadline = Deadline.after(within_seconds)
        for saver in list(self._savers.values()):
            saver.join(deadline.left_seconds)
        return not self._savers

    def give_up(self) -> None:
        """Try no longer to save what is left, and say in the log whose tokens are lost: the process ends."""
        self._gives_up.set()
        self.finish(1)

    def _deadline(self, sign_in: SignIn) -> Deadline:
        """Until when a request may begin a call: its answer must come before a proxy gives up."""
        return Deadline(sign_in.began_at + 2 * (self._call_seconds + CALL_RESERVE_SECONDS))

    def _refresh(self, sign_in: SignIn, former: str, deadline: Deadline, *, may_wait: bool = True) -> bool:
        """Have an access token other than the former one; whether it was renewed here.

        :param may_wait: for somebody else's refresh; if not, the former one may stay.
        """
        holder = secrets.token_hex(8)
        for _ in poll("refresh", deadline, pause_seconds=PAUSE_SECONDS, longest_seconds=LONGEST_PAUSE_SECONDS):
            # If the store does not say, it may have been taken all the same; then it ends by itself, in a few seconds.
            is_held, (tokens, failure) = self._store.claim(
                _lease(sign_in), holder, LEASE_SECONDS, records=(tokens_key(sign_in.name), _failure_key(sign_in))
            )
            try:
                self._sign_ins.take_over(sign_in, tokens)
                if sign_in.tokens.access_token != former:
                    return False
                if failure is not None:
                    raise _remembered(failure)
                if is_held:
                    with self._heartbeat.kept(_lease(sign_in), holder):
                        return self._renew(sign_in, holder, may_wait=may_wait)
            finally:
                if is_held and holder not in self._savers:
                    self._release(sign_in, holder)
            if not may_wait:
                return False
        raise Unavailable(TOKEN_CALL, Reason.TIMEOUT)

    def _renew(self, sign_in: SignIn, holder: str, *, may_wait: bool) -> bool:
        """Renew and save the tokens; False if somebody else has done so meanwhile, and theirs were taken."""
        former = sign_in.tokens
        if former.refresh_token is None:
            raise self._ended(sign_in, "no_refresh_token")
        # Held until the renewed tokens are saved, for as long as that may take. Who does not get it knows that somebody
        # whose lease has run out may have spent the same refresh token: killed, or about to save.
        is_sole = self._store.acquire(_spending(sign_in), holder, self._spending_seconds)
        wait_seconds = late_seconds(self._call_seconds) if may_wait else 0
        if not is_sole and (self._is_renewed(sign_in, former, within_seconds=wait_seconds) or not may_wait):
            return False
        try:
            token = self._paytronix.token_by_refresh_token(former.refresh_token, guest=sign_in.username)
        except RefreshRefused:
            if self._is_renewed(sign_in, former):  # what was refused is outdated
                return False
            raise self._ended(sign_in, "refresh_refused") from None
        except Unavailable as failure:
            raise self._failed(sign_in, failure) from None
        log.info("token_refreshed", session=sign_in.name[:8])
        self._save(sign_in, Tokens.of(token, margin_seconds=self._margin_seconds, former=former), holder)
        return True

    def _is_renewed(self, sign_in: SignIn, former: Tokens, *, within_seconds: float = 0.0) -> bool:
        """Whether the record holds other tokens by now, or will within so much time. The refresh token may stay."""
        deadline = Deadline.after(within_seconds)
        while True:
            self._sign_ins.read_tokens_again(sign_in)
            if sign_in.tokens != former:
                return True
            if deadline.is_over:
                return False
            time.sleep(LONGEST_PAUSE_SECONDS)

    def _end_unless_renewed(self, sign_in: SignIn, token: str) -> None:
        """Paytronix rejects even what this call has just got from it, unless somebody has renewed that meanwhile."""
        self._sign_ins.read_tokens_again(sign_in)
        if sign_in.tokens.access_token == token:
            raise self._ended(sign_in, "renewed_token_rejected") from None

    def _save(self, sign_in: SignIn, tokens: Tokens, holder: str) -> None:
        try:
            if not self._sign_ins.save_tokens(sign_in, tokens):
                # Signed out meanwhile: raises. Or renewed by somebody whose lease came after ours: theirs is newer.
                self._sign_ins.read_tokens_again(sign_in)
        except StoreUnavailable:
            # The former refresh token may be spent, so these are all that the guest has. They are good for this page,
            # and are kept as soon as the store can be written.
            log.error("tokens_not_saved_yet", session=sign_in.name[:8])
            saver = threading.Thread(target=self._save_later, args=(replace(sign_in), tokens, holder), daemon=True)
            sign_in.use(tokens)
            self._savers[holder] = saver  # a process that ends in order waits for it: finish()
            try:
                saver.start()
            except RuntimeError:  # the machine has no thread left
                del self._savers[holder]
                log.error("tokens_lost", session=sign_in.name[:8])

    def _save_later(self, sign_in: SignIn, tokens: Tokens, holder: str) -> None:
        deadline = Deadline.after(SAVED_WITHIN_SECONDS)
        try:
            with self._heartbeat.kept(_lease(sign_in), holder):
                while not deadline.is_over and not self._gives_up.wait(TRY_AGAIN_SECONDS):
                    with suppress(StoreUnavailable):
                        saved = self._sign_ins.save_tokens(sign_in, tokens)
                        log.info("tokens_saved_late", session=sign_in.name[:8], saved=saved)
                        return
            log.error("tokens_lost", session=sign_in.name[:8])
        finally:
            self._release(sign_in, holder)
            del self._savers[holder]

    def _release(self, sign_in: SignIn, holder: str) -> None:
        try:
            self._release_now(sign_in, holder)
        except StoreUnavailable:  # guests would wait for the end of a lease whose holder is done
            with suppress(RuntimeError):  # the machine has no thread left
                threading.Thread(target=self._release_later, args=(sign_in, holder), daemon=True).start()

    def _release_now(self, sign_in: SignIn, holder: str) -> None:
        self._store.release(_spending(sign_in), _lease(sign_in), holder=holder)

    def _release_later(self, sign_in: SignIn, holder: str) -> None:
        deadline = Deadline.after(self._spending_seconds)
        while not deadline.is_over:
            time.sleep(TRY_AGAIN_SECONDS)
            with suppress(StoreUnavailable):
                self._release_now(sign_in, holder)
                return

    @property
    def _spending_seconds(self) -> float:
        return self._call_seconds + CALL_RESERVE_SECONDS + SAVED_WITHIN_SECONDS

    def _ended(self, sign_in: SignIn, reason: str) -> SignInEnded:
        """End a sign-in for good; the error to raise."""
        was_live = self._sign_ins.end(sign_in)
        log.info("session_ended", session=sign_in.name[:8], reason=reason)
        return SignInEnded("session_ended", ended_here=was_live)

    def _failed(self, sign_in: SignIn, failure: Unavailable) -> Unavailable:
        """Remember for a moment that a refresh failed; the error to raise."""
        log.warning("refresh_failed", session=sign_in.name[:8], kind=failure.reason)
        with suppress(StoreUnavailable):
            self._store.put(_failure_key(sign_in), failure.reason.value.encode(), FAILURE_REMEMBERED_SECONDS)
        return failure


def _remembered(reason: bytes) -> Unavailable:
    known = {each.value.encode(): each for each in Reason}  # a newer release may know others
    return Unavailable(TOKEN_CALL, known.get(reason, Reason.ERROR))


def _lease(sign_in: SignIn) -> str:
    return f"l:{{{sign_in.name}}}"


def _spending(sign_in: SignIn) -> str:
    return f"x:{{{sign_in.name}}}"


def _failure_key(sign_in: SignIn) -> str:
    return f"f:{{{sign_in.name}}}"
