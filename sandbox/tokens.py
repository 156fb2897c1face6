"""The tokens that are good at this moment, and whose sign-in each belongs to."""

import secrets
import threading
import time
from dataclasses import dataclass

from sandbox.rehearsal import Rehearsal

# Tokens can be told by their first letters, so that a search of logs and stores finds any that got there.
ACCESS_PREFIX, REFRESH_PREFIX = "sandbox-access-", "sandbox-refresh"
_RANDOM_BYTES = 20
_MOST_KEPT = 100_000  # of either kind; the oldest go first, so that a long load run does not fill the memory


@dataclass(frozen=True)
class SignIn:
    """One sign-in: whose it is, and what its later calls rehearse."""

    account_id: int
    rehearsal: Rehearsal | None = None


class Tokens:
    """Issues, looks up, renews and ends tokens. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._access: dict[str, tuple[SignIn, float]] = {}
        self._refresh: dict[str, SignIn] = {}

    def issue(self, sign_in: SignIn, token_seconds: float) -> tuple[str, str]:
        """A new access token, good for so long, and a new refresh token."""
        with self._lock:
            return self._new_access(sign_in, token_seconds), self._new_refresh(sign_in)

    def holder(self, access_token: str) -> SignIn | None:
        """The sign-in of an access token, None when the token is not good now."""
        with self._lock:
            sign_in, ends_at = self._access.get(access_token, (None, 0.0))
        return sign_in if time.monotonic() < ends_at else None

    def renewable(self, refresh_token: str) -> SignIn | None:
        """The sign-in that a refresh token would renew, None when the token is not good now."""
        with self._lock:
            return self._refresh.get(refresh_token)

    def renew(self, refresh_token: str, mode: str, token_seconds: float) -> tuple[str, str | None] | None:
        """Spend a refresh token as the switch `refresh_tokens` says.

        :returns: a new access token and the refresh token to send, if any; None when the token is not good.
        """
        with self._lock:
            sign_in = self._refresh.get(refresh_token)
            if sign_in is None:
                return None
            if mode == "single-use":
                del self._refresh[refresh_token]
            renewed = self._new_refresh(sign_in) if mode in {"rotate", "single-use"} else refresh_token
            return self._new_access(sign_in, token_seconds), None if mode == "left-out" else renewed

    def expire(self, account_id: int | None) -> int:
        """End the access tokens of one guest, or of all. Returns how many."""
        with self._lock:
            ended = [t for t, (s, _) in self._access.items() if account_id in {None, s.account_id}]
            for token in ended:
                del self._access[token]
            return len(ended)

    def revoke(self, account_id: int | None) -> int:
        """End the refresh tokens of one guest, or of all. Returns how many."""
        with self._lock:
            ended = [t for t, s in self._refresh.items() if account_id in {None, s.account_id}]
            for token in ended:
                del self._refresh[token]
            return len(ended)

    def _new_access(self, sign_in: SignIn, token_seconds: float) -> str:
        token = ACCESS_PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        self._access[token] = sign_in, time.monotonic() + token_seconds
        if len(self._access) > _MOST_KEPT:
            del self._access[next(iter(self._access))]
        return token

    def _new_refresh(self, sign_in: SignIn) -> str:
        token = REFRESH_PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        self._refresh[token] = sign_in
        if len(self._refresh) > _MOST_KEPT:
            del self._refresh[next(iter(self._refresh))]
        return token
