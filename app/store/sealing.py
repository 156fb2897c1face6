"""How records are sealed: the session id, which only the browser holds, is the key.

The store knows a record by a name derived from the id and holds it encrypted under a key derived from the id. Whoever
copies the store can neither open a record nor make a cookie of a name, and there is no server key to keep or rotate.
"""

import os
import re
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"
_NONCE_BYTES = 12
_SHORTEST = len(_VERSION) + _NONCE_BYTES + 16  # an empty record: version, nonce, tag
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{43}")
SESSION_ID_BYTES = 32


def new_session_id() -> str:
    """256 random bits as 43 characters of base64url."""
    return secrets.token_urlsafe(SESSION_ID_BYTES)


def is_session_id(text: str) -> bool:
    """Whether the text has the form of a session id. Ask before using what a browser sent."""
    return _SESSION_ID.fullmatch(text) is not None


class SessionKeys:
    """What follows from a session id: the name of its records, and the key that seals them.

    Both come from the id by HKDF. The id goes in as text: the last of its 43 characters carries two bits more than it
    needs, so that several texts stand for the same 32 bytes, and only one of them was issued.

    :ivar name: 32 hexadecimal digits (128 bits: names are never chosen, so chance is all they must withstand).
    :raises ValueError: if the text is no session id.
    """

    __slots__ = ("_cipher", "name")

    def __init__(self, session_id: str) -> None:
        if not is_session_id(session_id):
            raise ValueError("This is not a session id.")
        self.name = _derived(session_id, b"name", 16).hex()
        self._cipher = AESGCM(_derived(session_id, b"seal", 32))

    def seal(self, record_name: str, plaintext: bytes) -> bytes:
        """Encrypt a record so that it opens only under its own name. Never gives the same bytes twice."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plaintext, _VERSION + record_name.encode())

    def open(self, record_name: str, sealed: bytes) -> bytes | None:
        """The record, or None for bytes that are damaged, sealed for another session, or moved from another record."""
        if len(sealed) < _SHORTEST or sealed[:1] != _VERSION:
            return None
        nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, rest, _VERSION + record_name.encode())
        except InvalidTag:
            return None

    def __repr__(self) -> str:
        return f"SessionKeys({self.name[:8]}…)"


def _derived(session_id: str, use: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=b"guest-login session", info=use).derive(session_id.encode())
