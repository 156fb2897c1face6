"""Keyed hashes that stand in for guests and addresses wherever their names must not be: store, log, counters."""

import hashlib
import hmac
from collections.abc import Sequence

from app.auth.usernames import normalized


class Pseudonyms:
    """Names for guests that nobody can turn back without the keys.

    :param keys: the current key first, then former ones.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(hashlib.sha256(b"guest-login pseudonym" + key.encode()).digest() for key in keys)

    def of(self, text: str) -> str:
        """The name under the current key, 32 hex digits."""
        return _name(self._keys[0], text)

    def every(self, text: str) -> tuple[str, ...]:
        """The names under the current and all former keys."""
        return tuple(_name(key, text) for key in self._keys)

    def for_log(self, text: str) -> str:
        """The first 8 digits: enough to follow one guest through the log, too few to say for sure who it is."""
        return self.of(text)[:8]


def _name(key: bytes, text: str) -> str:
    return hmac.digest(key, normalized(text).encode("utf-8", "surrogatepass"), "sha256")[:16].hex()
