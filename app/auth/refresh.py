"""Keeps a guest's access token good: one expiry, one refresh, however many requests, workers and machines ask.

Whoever finds the token at its end takes a lease on the sign-in. Its holder renews; everybody else waits, reads the
record again and goes on with what is there. Why so: docs/decisions/0003-one-expiry-one-refresh.md.
"""

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from app.auth.heartbeat import LEASE_SECONDS, Heartbeat
from app.auth.late_releases import LateReleases
from app.auth.sign_ins import SignIn, SignInEnded, SignIns, Tokens
from app.auth.usernames import rate_limit_name
from app.auth.waits import waits
from app.observability import log
from app.paytronix import PaytronixClient, Reason, RefreshRefused, TokenRejected, Unavailable
from app.paytronix.failures import TOKEN_CALL
from app.store import Store, StoreUnavailable

FAILURE_REMEMBERED_SECONDS = 3  # so that those who waited do not fail one after the other
CALL_RESERVE_SECONDS = 5  # what a refresh may need beyond its call: reading before, writing after
SAVED_WITHIN_SECONDS = 120  # renewed tokens that the store does not take at once
SAVE_AGAIN_SECONDS = 0.2
LATE_SECONDS = 8  # after which somebody whose lease has run out, and who has not saved, counts as dead
LATE_RESERVE_SECONDS = 4  # what a holder whose call took longest needs to save, where calls may take long
POLL_SECONDS = (0.02, 0.25)  # the first and the longest pause between looks at the record
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
        self._refresh_seconds = call_seconds + CALL_RESERVE_SECONDS
        self._begun_within_seconds = 2 * self._refresh_seconds
        self._call_seconds = call_seconds
        self._margin_seconds = margin_seconds
        self._now = now
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Tokens]] = {}
        self._savers: dict[str, threading.Thread] = {}
        self._spending_seconds = self._refresh_seconds + SAVED_WITHIN_SECONDS
        self._heartbeat = Heartbeat(store)
        self._late_releases = LateReleases(store, seconds=self._spending_seconds)
        self._gives_up = threading.Event()

    def call(self, sign_in: SignIn, operation: Callable[[str], Result]) -> Result:
        """Make a call with the guest's token; when Paytronix rejects the token, renew it and make the call once more.

        A request that has been at it for long begins no further call: its answer must come before a proxy gives up.

        :param operation: takes the access token and makes the call, reading or writing.
        :raises SignInEnded: the refresh was refused, or the token that this very call renewed was rejected as well.
        :raises Unavailable: the guest stays signed in.
        :raises Refused: Paytronix answered with a failure.
        """
        # The place is held also for the time spent waiting for somebody else's refresh.
        with self._paytronix.slot(rate_limit_name(sign_in.username)):
            return self._call(sign_in, operation)

    def _call(self, sign_in: SignIn, operation: Callable[[str], Result]) -> Result:
        token, is_own = self.usable_token(sign_in), False
        for _ in range(MOST_TOKENS):
            self._seconds_left(sign_in)
            try:
                return operation(token)
            except TokenRejected:
                if is_own:
                    self._end_unless_renewed(sign_in, token)
            is_own = self._renewed(sign_in, former=token)
            token = sign_in.tokens.access_token
        raise Unavailable(TOKEN_CALL, Reason.BUSY)  # others renew it as fast as Paytronix rejects it

    def usable_token(self, sign_in: SignIn) -> str:
        """An access token that is good now, renewed if it is near its end.

        As long as it is good, one request anywhere renews it and all others go on with it.

        :raises SignInEnded: the refresh was refused.
        :raises Unavailable: it has ended and cannot be renewed at present.
        """
        tokens, now = sign_in.tokens, self._now()
        if now >= tokens.ends_at:
            self._renewed(sign_in, former=tokens.access_token)
        elif now >= tokens.refresh_at:
            with suppress(Unavailable, StoreUnavailable):  # renewing early is a kindness
                self._renewed(sign_in, former=tokens.access_token, wants_to_wait=False)
        return sign_in.tokens.access_token

    def finish(self, within_seconds: float) -> bool:
        """Wait for renewed tokens that the store has not taken yet; whether none are left."""
        give_up_at = time.monotonic() + within_seconds
        for saver in list(self._savers.values()):
            saver.join(max(give_up_at - time.monotonic(), 0))
        return not self._savers

    def give_up(self) -> None:
        """Try no longer to save what is left, and say in the log whose tokens are lost: the process ends."""
        self._gives_up.set()
        self.finish(1)

    def _end_unless_renewed(self, sign_in: SignIn, token: str) -> None:
        """Paytronix rejects even what this call has just got from it, unless somebody has renewed that meanwhile."""
        self._sign_ins.read_tokens_again(sign_in)
        if sign_in.tokens.access_token == token:
            raise self._ended(sign_in, "renewed_token_rejected") from None

    def _renewed(self, sign_in: SignIn, *, former: str, wants_to_wait: bool = True) -> bool:
        """Have an access token other than the former one; whether it was this thread that renewed it.

        Threads of this process that ask for the same wait for one of them.

        :param wants_to_wait: for somebody else's refresh; if not, the former one may stay.
        """
        while True:
            with self._lock:
                others = self._under_way.get(sign_in.name)
                if others is None:
                    own: Future[Tokens] = Future()
                    self._under_way[sign_in.name] = own
            if others is None:
                return self._lead(sign_in, former, own, wants_to_wait=wants_to_wait)
            if not wants_to_wait or self._follow(sign_in, former, others):
                return False

    def _lead(self, sign_in: SignIn, former: str, under_way: Future[Tokens], *, wants_to_wait: bool) -> bool:
        try:
            is_own = self._renew_or_wait(sign_in, former, wants_to_wait=wants_to_wait)
        except BaseException as error:
            self._no_longer_under_way(sign_in)
            under_way.set_exception(error)
            raise
        self._no_longer_under_way(sign_in)
        under_way.set_result(sign_in.tokens)
        return is_own

    def _no_longer_under_way(self, sign_in: SignIn) -> None:
        with self._lock:
            del self._under_way[sign_in.name]

    def _follow(self, sign_in: SignIn, former: str, under_way: Future[Tokens]) -> bool:
        """Take what the leading thread got, or the trouble that it met.

        :returns: False if it led for an older token than the one that was rejected here.
        """
        try:
            tokens = under_way.result(self._seconds_left(sign_in))
        except TimeoutError:
            raise Unavailable(TOKEN_CALL, Reason.TIMEOUT) from None
        if tokens.access_token == former:
            return False
        sign_in.tokens = tokens
        return True

    def _renew_or_wait(self, sign_in: SignIn, former: str, *, wants_to_wait: bool) -> bool:
        """Come back once there is another token; whether it was renewed here, or by another process under its lease."""
        holder = secrets.token_hex(8)
        pause_seconds, longest_seconds = POLL_SECONDS
        with waits("refresh") as wait:
            while True:
                self._seconds_left(sign_in)
                held = True  # if the store does not say, because it may have been taken all the same
                try:
                    held = self._store.acquire(_lease(sign_in), holder, LEASE_SECONDS)
                    self._sign_ins.read_tokens_again(sign_in)
                    if sign_in.tokens.access_token != former:
                        return False
                    self._raise_remembered_failure(sign_in)
                    if held:
                        with self._heartbeat.kept(_lease(sign_in), holder):
                            return self._renew(sign_in, holder, wants_to_wait=wants_to_wait)
                finally:
                    if held and sign_in.name not in self._savers:
                        self._release(sign_in, holder)
                if not wants_to_wait:
                    return False
                wait(pause_seconds)
                pause_seconds = min(pause_seconds * 1.5, longest_seconds)

    def _renew(self, sign_in: SignIn, holder: str, *, wants_to_wait: bool) -> bool:
        """Renew the tokens; False if somebody else has done so meanwhile, and theirs were taken."""
        former = sign_in.tokens
        if former.refresh_token is None:
            raise self._ended(sign_in, "no_refresh_token")
        # Held until the renewed tokens are saved, for as long as that may take. Who does not get it knows that somebody
        # whose lease has run out may have spent the same refresh token: killed, or about to save.
        is_sole = self._store.acquire(_spending(sign_in), holder, self._spending_seconds)
        wait_seconds = late_seconds(self._call_seconds) if wants_to_wait else 0
        if not is_sole and (self._are_renewed(sign_in, former, within_seconds=wait_seconds) or not wants_to_wait):
            return False
        try:
            token = self._paytronix.token_by_refresh_token(former.refresh_token, guest=sign_in.username)
        except RefreshRefused:
            if self._are_renewed(sign_in, former):  # what was refused is outdated
                return False
            raise self._ended(sign_in, "refresh_refused") from None
        except Unavailable as failure:
            raise self._failed(sign_in, failure) from None
        log.info("token_refreshed", session=sign_in.name[:8])
        self._save(sign_in, Tokens.of(token, margin_seconds=self._margin_seconds, former=former), holder)
        return True

    def _are_renewed(self, sign_in: SignIn, former: Tokens, *, within_seconds: float = 0.0) -> bool:
        """Whether the record holds other tokens by now, or will within so much time. The refresh token may stay."""
        give_up_at = time.monotonic() + within_seconds
        while True:
            self._sign_ins.read_tokens_again(sign_in)
            if sign_in.tokens != former:
                return True
            if time.monotonic() >= give_up_at:
                return False
            time.sleep(POLL_SECONDS[1])

    def _save(self, sign_in: SignIn, tokens: Tokens, holder: str) -> None:
        try:
            if not self._sign_ins.save_tokens(sign_in, tokens):
                # Signed out meanwhile: raises. Or renewed by somebody whose lease came after ours: theirs is newer.
                self._sign_ins.read_tokens_again(sign_in)
        except StoreUnavailable:
            # The former refresh token may be spent, so these are all that the guest has. They are good for this page,
            # and are kept as soon as the store can be written.
            log.error("tokens_not_saved_yet", session=sign_in.name[:8])
            waiting = replace(sign_in)
            sign_in.tokens = tokens
            saver = threading.Thread(target=self._save_later, args=(waiting, tokens, holder), daemon=True)
            self._savers[sign_in.name] = saver  # a process that ends in order waits for it: finish()
            try:
                saver.start()
            except RuntimeError:  # the machine has no thread left
                del self._savers[sign_in.name]
                log.error("tokens_lost", session=sign_in.name[:8])

    def _save_later(self, sign_in: SignIn, tokens: Tokens, holder: str) -> None:
        give_up_at = time.monotonic() + SAVED_WITHIN_SECONDS
        try:
            with self._heartbeat.kept(_lease(sign_in), holder):
                while time.monotonic() < give_up_at and not self._gives_up.wait(SAVE_AGAIN_SECONDS):
                    with suppress(StoreUnavailable):
                        saved = self._sign_ins.save_tokens(sign_in, tokens)
                        log.info("tokens_saved_late", session=sign_in.name[:8], saved=saved)
                        return
            log.error("tokens_lost", session=sign_in.name[:8])
        finally:
            self._release(sign_in, holder)
            del self._savers[sign_in.name]

    def _release(self, sign_in: SignIn, holder: str) -> None:
        for lease in (_spending(sign_in), _lease(sign_in)):
            try:
                self._store.release(lease, holder)
            except StoreUnavailable:
                self._late_releases.add(lease, holder)

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

    def _raise_remembered_failure(self, sign_in: SignIn) -> None:
        (reason,) = self._store.get(_failure_key(sign_in))
        if reason is not None:
            known = {each.value.encode(): each for each in Reason}  # a newer release may know others
            raise Unavailable(TOKEN_CALL, known.get(reason, Reason.ERROR))

    def _seconds_left(self, sign_in: SignIn) -> float:
        """How long this request may still wait before it begins a call.

        :raises Unavailable: no longer.
        """
        left = sign_in.began_at + self._begun_within_seconds - time.monotonic()
        if left <= 0:
            raise Unavailable(TOKEN_CALL, Reason.TIMEOUT)
        return left


def _lease(sign_in: SignIn) -> str:
    return f"l:{{{sign_in.name}}}"


def _spending(sign_in: SignIn) -> str:
    return f"x:{{{sign_in.name}}}"


def _failure_key(sign_in: SignIn) -> str:
    return f"f:{{{sign_in.name}}}"
