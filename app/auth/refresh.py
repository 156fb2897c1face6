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

from app.auth.sign_ins import SignIn, SignInEnded, SignIns, Tokens
from app.auth.waits import waits
from app.logs import log
from app.paytronix import PaytronixClient, Reason, RefreshRefused, TokenRejected, Unavailable
from app.paytronix.client import TOKEN_CALL
from app.store import Store, StoreUnavailable

FAILURE_REMEMBERED_SECONDS = 3  # so that those who waited do not fail one after the other
LEASE_RESERVE_SECONDS = 5  # what a holder may need beyond its call: reading before, writing after
SAVED_WITHIN_SECONDS = 120  # renewed tokens that the store does not take at once
SAVE_AGAIN_SECONDS = 0.2
POLL_SECONDS = (0.02, 0.25)  # the first and the longest pause between looks at the record

Result = TypeVar("Result")


class TokenKeeper:
    """Gives out access tokens that are good now.

    :param call_seconds: the longest that a call to Paytronix can take; decides how long the lease lives
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
        self._lease_seconds = call_seconds + LEASE_RESERVE_SECONDS
        self._margin_seconds = margin_seconds
        self._now = now
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Tokens]] = {}

    def call(self, sign_in: SignIn, operation: Callable[[str], Result]) -> Result:
        """Make a call with the guest's token; when Paytronix rejects the token, renew it and make the call once more.

        :param operation: takes the access token and makes the call, reading or writing.
        :raises SignInEnded: the refresh was refused, or the renewed token was rejected as well.
        :raises Unavailable: the guest stays signed in.
        :raises Refused: Paytronix answered with a failure.
        """
        with self._paytronix.place():  # also for the time that is spent waiting for somebody else's refresh
            return self._call(sign_in, operation)

    def _call(self, sign_in: SignIn, operation: Callable[[str], Result]) -> Result:
        token = self.usable_token(sign_in)
        try:
            return operation(token)
        except TokenRejected:
            token = self._renewed(sign_in, former=token)
        try:
            return operation(token)
        except TokenRejected:
            raise self._ended(sign_in, "renewed_token_rejected") from None

    def usable_token(self, sign_in: SignIn) -> str:
        """An access token that is good now, renewed if it is near its end.

        :raises SignInEnded: the refresh was refused.
        :raises Unavailable: it has ended and cannot be renewed at present.
        """
        tokens, now = sign_in.tokens, self._now()
        if now < tokens.refresh_at:
            return tokens.access_token
        try:
            return self._renewed(sign_in, former=tokens.access_token)
        except Unavailable:
            if now < tokens.ends_at:  # renewing early was a kindness; the token is still good
                return tokens.access_token
            raise

    def _renewed(self, sign_in: SignIn, *, former: str) -> str:
        """An access token other than the former one. Threads of this process that ask for the same wait for one."""
        with self._lock:
            under_way = self._under_way.get(sign_in.name)
            leads = under_way is None
            if under_way is None:
                under_way = self._under_way[sign_in.name] = Future()
        if not leads:
            return self._led(sign_in, former, under_way)
        try:
            self._renew_or_wait(sign_in, former)
        except BaseException as error:
            self._finish(sign_in, under_way, error)
            raise
        self._finish(sign_in, under_way, None)
        return sign_in.tokens.access_token

    def _led(self, sign_in: SignIn, former: str, under_way: Future[Tokens]) -> str:
        """What the leading thread got: its token, or the trouble that it met."""
        try:
            sign_in.tokens = under_way.result(self._lease_seconds * 2)
        except TimeoutError:
            raise Unavailable(TOKEN_CALL, Reason.TIMEOUT) from None
        if sign_in.tokens.access_token == former:  # it led for an older token than the one that was rejected here
            raise Unavailable(TOKEN_CALL, Reason.BUSY)
        return sign_in.tokens.access_token

    def _finish(self, sign_in: SignIn, under_way: Future[Tokens], error: BaseException | None) -> None:
        with self._lock:
            del self._under_way[sign_in.name]
        if error is None:
            under_way.set_result(sign_in.tokens)
        else:
            under_way.set_exception(error)

    def _renew_or_wait(self, sign_in: SignIn, former: str) -> None:
        """Come back once there is another token: renewed here, or by another process under its lease."""
        lease, holder = f"l:{{{sign_in.name}}}", secrets.token_hex(8)
        give_up_at = time.monotonic() + self._lease_seconds
        pause_seconds, longest_seconds = POLL_SECONDS
        with waits("refresh") as wait:
            while True:
                held = self._store.acquire(lease, holder, self._lease_seconds)
                try:
                    self._sign_ins.read_tokens_again(sign_in)
                    if sign_in.tokens.access_token != former:
                        return
                    self._raise_remembered_failure(sign_in)
                    if held:
                        held = self._renew(sign_in, lease, holder)
                        return
                finally:
                    if held:
                        self._release(lease, holder)
                if time.monotonic() >= give_up_at:
                    raise Unavailable(TOKEN_CALL, Reason.TIMEOUT)
                wait(pause_seconds)
                pause_seconds = min(pause_seconds * 1.5, longest_seconds)

    def _renew(self, sign_in: SignIn, lease: str, holder: str) -> bool:
        """Renew the tokens; whether the lease can be given back now."""
        refresh_token = sign_in.tokens.refresh_token
        if refresh_token is None:
            raise self._ended(sign_in, "no_refresh_token")
        try:
            token = self._paytronix.token_by_refresh_token(refresh_token)
        except RefreshRefused:
            raise self._ended(sign_in, "refresh_refused") from None
        except Unavailable as failure:
            log.warning("refresh_failed", session=sign_in.name[:8], kind=failure.reason)
            with suppress(StoreUnavailable):
                self._store.put(_failure_key(sign_in), failure.reason.value.encode(), FAILURE_REMEMBERED_SECONDS)
            raise
        log.info("token_refreshed", session=sign_in.name[:8])
        tokens = Tokens.of(token, margin_seconds=self._margin_seconds, former=sign_in.tokens)
        try:
            if not self._sign_ins.save_tokens(sign_in, tokens):
                # Signed out meanwhile: raises. Or renewed by somebody whose lease came after ours: theirs is newer.
                self._sign_ins.read_tokens_again(sign_in)
        except StoreUnavailable:
            # The former refresh token may be spent, so these are all that the guest has. They are good for this page,
            # and are kept as soon as the store can be written; until then nobody else gets the lease.
            log.error("tokens_not_saved_yet", session=sign_in.name[:8])
            waiting = replace(sign_in)
            sign_in.tokens = tokens
            threading.Thread(target=self._save_later, args=(waiting, tokens, lease, holder), daemon=True).start()
            return False
        return True

    def _save_later(self, sign_in: SignIn, tokens: Tokens, lease: str, holder: str) -> None:
        give_up_at = time.monotonic() + SAVED_WITHIN_SECONDS
        while time.monotonic() < give_up_at:
            time.sleep(SAVE_AGAIN_SECONDS)
            with suppress(StoreUnavailable):
                self._store.acquire(lease, holder, self._lease_seconds)  # takes it anew
                saved = self._sign_ins.save_tokens(sign_in, tokens)
                log.info("tokens_saved_late", session=sign_in.name[:8], saved=saved)
                self._release(lease, holder)
                return
        log.error("tokens_lost", session=sign_in.name[:8])

    def _release(self, lease: str, holder: str) -> None:
        with suppress(StoreUnavailable):  # it ends by itself
            self._store.release(lease, holder)

    def _ended(self, sign_in: SignIn, reason: str) -> SignInEnded:
        """End a sign-in for good; the error to raise."""
        was_live = self._sign_ins.end(sign_in)
        log.info("session_ended", session=sign_in.name[:8], reason=reason)
        return SignInEnded("session_ended", ended_here=was_live)

    def _raise_remembered_failure(self, sign_in: SignIn) -> None:
        (reason,) = self._store.get(_failure_key(sign_in))
        if reason is not None:
            known = {each.value.encode(): each for each in Reason}  # a newer release may know others
            raise Unavailable(TOKEN_CALL, known.get(reason, Reason.ERROR))


def _failure_key(sign_in: SignIn) -> str:
    return f"f:{{{sign_in.name}}}"
