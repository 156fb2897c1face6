"""Replies of HTTP/1, read strictly (RFC 9112): what is taken for the end of a reply decides whose reply comes next.

http.client gives a head to the parser of mails, which puts up with nearly everything and takes its time over it. Here
each line is a field or the reply is none: no line that goes on in the next one, no name with a space in it, no second
length that differs, no end in the middle.
"""

import re
from collections.abc import Callable
from http.client import HTTPException, IncompleteRead
from typing import NamedTuple

LONGEST_FIRST_LINE_BYTES, LONGEST_HEAD_BYTES, MOST_FIELDS = 1024, 65_536, 100
MOST_CHUNKS = 20_000
_PIECE_BYTES = 65_536
_SWITCHING_PROTOCOLS, _NO_BODY = 101, frozenset({204, 304})

_TEXT = rb"[^\x00-\x08\x0a-\x1f\x7f]*"
_FIRST_LINE = re.compile(
    rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: " + _TEXT + rb")?\r?\n"
)  # a line may end in a bare LF (2.2)
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):(" + _TEXT + rb")\r?\n")
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_BLANK = frozenset({b"\r\n", b"\n"})
_LENGTH = re.compile(r"([0-9]{1,15})(?:[ \t]*,[ \t]*\1)*")  # again and again the same one
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;" + _TEXT + rb")?\r?\n")


class TooLong(Exception):
    """The body is longer than any that was agreed."""


class HttpReply(NamedTuple):
    """A whole reply.

    :ivar fields: of the head, by name in lower case; what comes several times is joined by commas
    :ivar is_last: its connection is not good for another call
    """

    status: int
    fields: dict[str, str]
    body: bytes
    is_last: bool


def read_reply(receive: Callable[[int], bytes], *, longest_bytes: int) -> HttpReply:
    """Read the reply to anything but HEAD.

    :param receive: gives the next bytes of the connection, at most so many; none when it has ended.
    :param longest_bytes: of the body.
    :raises TooLong: the body is longer.
    :raises IncompleteRead: the connection ended before the reply did.
    :raises HTTPException: it is no reply of HTTP/1, or leaves open where it ends.
    """
    stream = _Stream(receive)
    version, status, fields = stream.head()
    while status < 200:  # what comes ahead of the reply (RFC 9110, 15.2), which is still to come
        if status == _SWITCHING_PROTOCOLS:
            raise HTTPException("a protocol that nobody asked for")
        version, status, fields = stream.head()
    coding, length = fields.get("transfer-encoding"), fields.get("content-length")
    digits = None if length is None else _LENGTH.fullmatch(length)
    if (length is not None and digits is None) or (coding is not None and coding.lower() != "chunked"):
        raise HTTPException("no length")
    connection = fields.get("connection", "").lower()
    is_last = "close" in connection or (version == b"0" and "keep-alive" not in connection)
    if status in _NO_BODY:
        body, is_last = b"", True  # a server that sends one all the same must not be heard by the next call
    elif coding is not None:
        body = stream.chunks(longest_bytes)
        is_last = is_last or length is not None  # which contradicts it (6.3)
    elif digits is not None:
        body = stream.piece(int(digits[1]), longest_bytes)
    else:
        body = stream.all(longest_bytes)
        is_last = True
    return HttpReply(status, fields, body, is_last or bool(stream.rest))


class _Stream:
    """The bytes of a connection.

    :ivar rest: what has come and was not read yet
    """

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self.rest = bytearray()

    def head(self) -> tuple[bytes, int, dict[str, str]]:
        """The next head: the version's last digit, the status and the fields."""
        at = 0
        while (end := _END_OF_HEAD.search(self.rest, at)) is None:
            at, has_begun = max(len(self.rest) - 2, 0), b"\n" in self.rest
            longest_bytes = LONGEST_HEAD_BYTES if has_begun else LONGEST_FIRST_LINE_BYTES
            if (has_begun and not _FIRST_LINE.match(self.rest)) or len(self.rest) > longest_bytes:
                raise HTTPException("no head")
            if not self._more():
                raise IncompleteRead(b"") if has_begun or not self.rest else HTTPException("no head")
        first = _FIRST_LINE.match(self.rest)
        if first is None or end.end() > LONGEST_HEAD_BYTES:
            raise HTTPException("no head")
        fields: dict[str, str] = {}
        at, count = first.end(), 0
        while field := _FIELD.match(self.rest, at):
            name, value = field[1].decode().lower(), field[2].decode("latin-1").strip(" \t")
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
            at, count = field.end(), count + 1
        if bytes(self.rest[at : end.end()]) not in _BLANK or count > MOST_FIELDS:
            raise HTTPException("no field")
        version, status = bytes(first[1]), int(first[2])
        del self.rest[: end.end()]
        return version, status, fields

    def piece(self, length: int, longest_bytes: int) -> bytes:
        """The next so many bytes."""
        if length > longest_bytes:
            raise TooLong
        while len(self.rest) < length:
            if not self._more():
                raise IncompleteRead(b"")
        found = bytes(self.rest[:length])
        del self.rest[:length]
        return found

    def chunks(self, longest_bytes: int) -> bytes:
        """A body in chunks (7.1), without what follows the last one."""
        body = bytearray()
        for _ in range(MOST_CHUNKS):
            size = _CHUNK.fullmatch(self._line())
            if size is None:
                raise HTTPException("no chunk")
            length = int(size[1], 16)
            if not length:
                break
            body += self.piece(length, longest_bytes - len(body))
            if self._line() not in _BLANK:
                raise HTTPException("no end of a chunk")
        else:
            raise HTTPException("too many chunks")
        for _ in range(MOST_FIELDS + 1):
            if self._line() in _BLANK:
                return bytes(body)
        raise HTTPException("too many fields")

    def all(self, longest_bytes: int) -> bytes:
        """All until the connection ends."""
        while self._more():
            if len(self.rest) > longest_bytes:
                raise TooLong
        return self.piece(len(self.rest), longest_bytes)

    def _line(self) -> bytes:
        while (end := self.rest.find(b"\n") + 1) == 0:
            if len(self.rest) > LONGEST_HEAD_BYTES:
                raise HTTPException("a line that is too long")
            if not self._more():
                raise IncompleteRead(b"")
        return self.piece(end, LONGEST_HEAD_BYTES)

    def _more(self) -> bool:
        """Receive what comes next; False when the connection has ended."""
        data = self._receive(_PIECE_BYTES)
        self.rest += data
        return bool(data)
