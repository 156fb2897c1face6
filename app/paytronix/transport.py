"""HTTP to Paytronix: where it is, how long a call may take, how large a reply may be, how many may be under way."""

import http.client
import io
import re
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import quote_plus

import msgspec
import requests
import urllib3
import urllib3.exceptions
from requests.adapters import BaseAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from app.paytronix.deadline import Connections
from app.paytronix.errors import Reason, Unavailable
from app.paytronix.http_reply import TooLong
from app.paytronix.places import Place, Places
from app.paytronix.tls import tls_trouble

LONGEST_REPLY_BYTES = 1_000_000
CERTIFICATE_AUTHORITIES: str = DEFAULT_CA_BUNDLE_PATH
_TARGET = re.compile(r"[\x21-\x7e]+")

Encoded = TypeVar("Encoded", str, bytes)


class Reply(msgspec.Struct, frozen=True):
    """A whole reply, whatever its status. The body may hold tokens: it has no place in a repr."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Reply(status={self.status}, bytes={len(self.body)})"


class Transport:
    """Sends one request at a time per thread over kept-alive connections that all threads of the process share.

    Uses requests without its Session, and so without what a Session does unasked: it keeps cookies (of all guests in
    one jar), follows redirects (and reads the body of one whole even if told not to), and takes proxies and netrc
    from the environment.

    :param base_url: scheme, host, prefix and release, such as ``https://m777777.api.example.com/rest/25.33``
    :param connect_seconds: limit for look-up, TCP and TLS of a new connection
    :param total_seconds: limit for a whole call, from look-up to the last byte
    :param max_calls: how many may be under way at once; the next one is refused, not queued
    :param ca_bundle: file of certificate authorities to trust in place of the well-known ones
    :param observe_place: told 1 when one of the places for calls is taken, -1 when it is given back
    """

    def __init__(
        self,
        base_url: str,
        *,
        client_id: str,
        client_secret: str,
        connect_seconds: float = 3.0,
        total_seconds: float = 10.0,
        max_calls: int = 252,
        user_agent: str = "guest-login",
        ca_bundle: str | None = None,
        observe_place: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.total_seconds = total_seconds
        self._base_url = base_url
        self._places = Places(max_calls, observe_place)
        self._headers = {
            "Authorization": "Basic " + b64encode(f"{client_id}:{client_secret}".encode()).decode(),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": user_agent,
        }
        self._adapter = _Adapter(
            base_url,
            ca_bundle=ca_bundle or CERTIFICATE_AUTHORITIES,
            connect_seconds=connect_seconds,
            total_seconds=total_seconds,
        )

    def get(self, operation: str, parameters: Mapping[str, Any]) -> Reply:
        """GET with the parameters in the query, the only way that Paytronix documents (docs/paytronix.md, 4.1).

        Sent once more if a kept-alive connection ends before a byte of the reply.

        :raises Unavailable: there is no whole reply.
        :raises ValueError: a parameter holds half a character; nothing was sent.
        """
        return self._call(operation, "GET", _encoded(_query, parameters), None)

    def post(self, operation: str, fields: Mapping[str, Any]) -> Reply:
        """POST the fields as JSON. Never sent twice.

        :raises Unavailable: there is no whole reply. The request may have been carried out all the same.
        :raises ValueError: a field holds half a character; nothing was sent.
        """
        return self._call(operation, "POST", "", _encoded(msgspec.json.encode, fields))

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._adapter.close()

    def place(self, operation: str, guest: str | None = None) -> Place:
        """Hold one of the places for calls, also while waiting before or between calls of this thread.

        A thread that holds one needs no second for its calls. So whatever waits for Paytronix is within the limit,
        and the other threads stay free for pages that do not.

        :param guest: for whom. One guest with many requests must leave places for others.
        :returns: a context manager. Its block is not entered, but Unavailable raised, when all places are taken, or all
            that this guest may have.
        """
        return Place(self._places, operation, guest)

    def _call(self, operation: str, method: str, query: str, body: bytes | None) -> Reply:
        request = requests.PreparedRequest()
        request.method = method
        request.url = f"{self._base_url}/{operation}.json{query}"
        request.headers = self._headers  # type: ignore[assignment]  # names are looked up as they are written here
        request.body = body
        if body is not None:
            request.headers = self._headers | {  # type: ignore[assignment]
                "Content-Type": "application/json; charset=UTF-8",
                "Content-Length": str(len(body)),
            }

        detail: str | None
        with self.place(operation):
            try:
                response = self._adapter.send(request)
                return Reply(response.status_code, response.headers, response.raw.read())
            except TooLong:
                reason, detail = Reason.PROTOCOL, f"a reply of more than {LONGEST_REPLY_BYTES} bytes"
            except _NO_REPLY as error:
                reason, detail = _reason(error), tls_trouble(error)
        # Raised out here so that the library's error, whose text may hold the URL and its token, is no context of ours.
        raise Unavailable(operation, reason, detail=detail)


def _encoded(encode: Callable[[Mapping[str, Any]], Encoded], fields: Mapping[str, Any]) -> Encoded:
    try:
        return encode(fields)
    except UnicodeEncodeError:
        pass
    # Raised out here because that error holds the text, which may be a password.
    raise ValueError("A field holds half a character (a lone surrogate), which cannot be sent.")


def _query(parameters: Mapping[str, Any]) -> str:
    """As urlencode would write it; but names are those of fields, which need no quotes."""
    return "?" + "&".join([f"{name}={quote_plus(str(value))}" for name, value in parameters.items()])


class _Adapter(BaseAdapter):
    """requests' way to one origin, over connections that keep to a deadline and are always verified."""

    def __init__(self, base_url: str, *, ca_bundle: str, connect_seconds: float, total_seconds: float) -> None:
        super().__init__()
        self._origin = "/".join(base_url.split("/", 3)[:3])
        self._limits: dict[str, float] = {"connect_seconds": connect_seconds, "total_seconds": total_seconds}
        self._connections = Connections(self._origin, ca_bundle=ca_bundle)

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Make the call, and read the whole reply.

        :raises TooLong: the body is longer than it may be.
        :raises ValueError: something in the request would be more than one line of its head; nothing was sent.
        """
        target = (request.url or "").removeprefix(self._origin)
        head = f"{request.method} {target} HTTP/1.1\r\nHost: {self._connections.host}\r\n"
        head += "".join([f"{name}: {value}\r\n" for name, value in request.headers.items()])
        if not _TARGET.fullmatch(target) or head.count("\n") != len(request.headers) + 2:
            raise ValueError("not a line each")
        reply = self._connections.exchange(
            f"{head}\r\n".encode() + cast(bytes, request.body or b""),
            longest_bytes=LONGEST_REPLY_BYTES,
            may_be_repeated=request.method == "GET",
            **self._limits,
        )
        body = reply.body
        if "content-encoding" in reply.fields:  # which nobody asked for
            packed = urllib3.HTTPResponse(io.BytesIO(body), reply.fields, preload_content=False)
            body = packed.read(LONGEST_REPLY_BYTES + 1, decode_content=True)
            if len(body) > LONGEST_REPLY_BYTES:
                raise TooLong
        response = requests.Response()
        response.status_code, response.raw = reply.status, io.BytesIO(body)
        response.headers.update(reply.fields)
        return response

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._connections.close()


def _reason(error: Exception) -> Reason:
    """Why there is no reply, read from the error's kind: its text may carry a URL, and differs by version."""
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), Reason.PROTOCOL)


_NO_REPLY = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)

_REASONS: tuple[tuple[type[BaseException], Reason], ...] = (  # the first that fits: some are kinds of a later one
    (urllib3.exceptions.NameResolutionError, Reason.DNS),
    (urllib3.exceptions.SSLError, Reason.TLS),
    (ssl.SSLError, Reason.TLS),
    (urllib3.exceptions.NewConnectionError, Reason.CONNECTION_REFUSED),
    (urllib3.exceptions.ConnectTimeoutError, Reason.CONNECT_TIMEOUT),
    (TimeoutError, Reason.TIMEOUT),
    (http.client.IncompleteRead, Reason.CLOSED),
    (OSError, Reason.CLOSED),
)
