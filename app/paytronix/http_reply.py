"""A reply of HTTP/1 as it comes over a connection: http.client's, with a head that is read strictly.

http.client gives the head to the parser of mails, which puts up with nearly everything and takes its time over it. Here
each line is a field or the reply is none: no line that goes on in the next one, no name with a space in it, no second
length that differs, no end in the middle. What a reader takes for the end of a reply decides whose reply comes next
on the same connection.
"""

import re
from http.client import HTTPException, HTTPResponse, IncompleteRead, LineTooLong, UnknownProtocol

LONGEST_LINE_BYTES, MOST_FIELDS = 65_536, 100  # as in http.client
_CONTINUE, _NO_BODY = 100, frozenset({*range(100, 200), 204, 304})
# RFC 9112, 5: a token, a colon, and anything visible. A line may end in a bare LF (2.2).
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00-\x08\x0a-\x1f\x7f]*)\r?\n")
_LENGTH = re.compile(r"([0-9]{1,15})(?:[ \t]*,[ \t]*\1)*")  # again and again the same one


class HttpReply(HTTPResponse):
    """A reply to anything but HEAD. Its body is read as http.client does.

    :ivar fields: of the head, by name in lower case; what comes several times is joined by commas
    """

    fields: dict[str, str]

    def begin(self) -> None:
        """Read the head.

        :raises HTTPException: it is no head of HTTP/1, or leaves open where the body ends.
        :raises OSError: the connection ended before it, or time is over.
        """
        version, status, reason = self._read_status()  # type: ignore[attr-defined]
        while status == _CONTINUE:
            self._read_fields()
            version, status, reason = self._read_status()  # type: ignore[attr-defined]
        if not version.startswith("HTTP/1."):
            raise UnknownProtocol(version)
        self.version = 10 if version == "HTTP/1.0" else 11
        self.code = self.status = status
        self.reason = reason.strip()
        self.headers = self.msg = self.fields = self._read_fields()  # type: ignore[assignment]
        self._find_end(self.fields.get("transfer-encoding"), self.fields.get("content-length"))

    def read_whole(self, longest_bytes: int) -> bytes:
        """The body, or one byte more than is allowed of it.

        :raises HTTPException: it is cut short, or in no order.
        """
        body = self.read(longest_bytes + 1)
        if self.length and len(body) <= longest_bytes:
            raise IncompleteRead(b"", self.length)
        return body

    def _read_fields(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        for _ in range(MOST_FIELDS + 1):
            line = self.fp.readline(LONGEST_LINE_BYTES + 1)
            if line in {b"\r\n", b"\n"}:
                return fields
            if len(line) > LONGEST_LINE_BYTES:
                raise LineTooLong("header line")
            field = _FIELD.fullmatch(line)
            if field is None:
                raise HTTPException("no field") if line.endswith(b"\n") else IncompleteRead(b"")
            name, value = field[1].decode().lower(), field[2].decode("latin-1").strip(" \t")
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
        raise HTTPException("too many fields")

    def _find_end(self, coding: str | None, length: str | None) -> None:
        """Where the body ends (RFC 9112, 6.3), and whether the connection is good for another call."""
        if coding is not None and coding.lower() != "chunked":
            raise HTTPException("unknown transfer coding")
        self.chunked, self.chunk_left, self.length = coding is not None, None, None
        if length is not None:
            digits = _LENGTH.fullmatch(length)
            if digits is None:
                raise HTTPException("no length")
            if not self.chunked:
                self.length = int(digits[1])
        if self.status in _NO_BODY:
            self.chunked, self.length = False, 0
        ends_with_connection = not self.chunked and self.length is None
        contradicts_itself = self.chunked and length is not None
        self.will_close = ends_with_connection or contradicts_itself or self._check_close()  # type: ignore[attr-defined]
