"""HTTP to Paytronix: where it is, how long a call may take, how large a reply may be, how many may be under way."""

import http.client
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from app.paytronix.deadline import DeadlinePools, deadline
from app.paytronix.errors import Reason, Unavailable

LONGEST_REPLY_BYTES = 1_000_000
CERTIFICATE_AUTHORITIES: str = DEFAULT_CA_BUNDLE_PATH
ONE_GUESTS_SHARE, ONE_GUESTS_LEAST = 4, 4  # a quarter of the places, but four: a page can be open in several tabs

Encoded = TypeVar("Encoded", str, bytes)


@dataclass(frozen=True)
class Reply:
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
        self._connect_seconds = connect_seconds
        self._places = threading.BoundedSemaphore(max_calls)
        self._places_of_one = max(max_calls // ONE_GUESTS_SHARE, ONE_GUESTS_LEAST)
        self._taken_by: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._holds = threading.local()
        self._observe_place = observe_place
        self._headers = {
            "Authorization": "Basic " + b64encode(f"{client_id}:{client_secret}".encode()).decode(),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": user_agent,
        }
        self._adapter = _Adapter(ca_bundle or CERTIFICATE_AUTHORITIES, connections=max_calls)

    def get(self, operation: str, parameters: Mapping[str, Any]) -> Reply:
        """GET with the parameters in the query, the only way that Paytronix documents (4.1).

        :raises Unavailable: there is no whole reply.
        :raises ValueError: a parameter holds half a character; nothing was sent.
        """
        return self._call(operation, "GET", "?" + _encoded(urlencode, parameters), None)

    def post(self, operation: str, fields: Mapping[str, Any]) -> Reply:
        """POST the fields as JSON.

        :raises Unavailable: there is no whole reply. The request may have been carried out all the same.
        :raises ValueError: a field holds half a character; nothing was sent.
        """
        return self._call(operation, "POST", "", _encoded(msgspec.json.encode, fields))

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._adapter.close()

    def _call(self, operation: str, method: str, query: str, body: bytes | None) -> Reply:
        request = requests.PreparedRequest()
        request.method = method
        request.url = f"{self._base_url}/{operation}.json{query}"
        request.headers = dict(self._headers)  # type: ignore[assignment]  # names are looked up as they are written here
        request.body = body
        if body is not None:
            request.headers["Content-Type"] = "application/json; charset=UTF-8"
            request.headers["Content-Length"] = str(len(body))

        with self.place(operation):
            try:
                return self._exchange(request)
            except _TooLong:
                reason, detail = Reason.PROTOCOL, f"a reply of more than {LONGEST_REPLY_BYTES} bytes"
            except _NO_REPLY as error:
                reason, detail = _reason(error), None
        # Raised out here so that the library's error, whose text may hold the URL and its token, is no context of ours.
        raise Unavailable(operation, reason, detail=detail)

    def _exchange(self, request: requests.PreparedRequest) -> Reply:
        limits = deadline(connect_seconds=self._connect_seconds, total_seconds=self.total_seconds)
        # Leaving the block early closes the connection: no other call must meet the rest of this reply.
        with limits, self._adapter.send(request, stream=True, timeout=self.total_seconds) as response:
            body = response.raw.read(LONGEST_REPLY_BYTES + 1, decode_content=True)
            if len(body) > LONGEST_REPLY_BYTES:
                raise _TooLong
            return Reply(response.status_code, response.headers, body)

    @contextmanager
    def place(self, operation: str, guest: str | None = None) -> Iterator[None]:
        """Hold one of the places for calls, also while waiting before or between calls of this thread.

        A thread that holds one needs no second for its calls. So whatever waits for Paytronix is within the limit,
        and the other threads stay free for pages that do not.

        :param guest: for whom. One guest with many requests must leave places for others.
        :raises Unavailable: all are taken, or all that this guest may have.
        """
        if getattr(self._holds, "a_place", False):
            yield
            return
        with self._share_of(operation, guest):
            if not self._places.acquire(blocking=False):
                raise Unavailable(operation, Reason.BUSY)
            self._holds.a_place = True
            self._observe_place(1)
            try:
                yield
            finally:
                self._observe_place(-1)
                self._holds.a_place = False
                self._places.release()

    @contextmanager
    def _share_of(self, operation: str, guest: str | None) -> Iterator[None]:
        if guest is None:
            yield
            return
        with self._lock:
            if self._taken_by[guest] >= self._places_of_one:
                raise Unavailable(operation, Reason.BUSY, detail="one guest's share of the calls under way")
            self._taken_by[guest] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken_by[guest] -= 1
                if not self._taken_by[guest]:
                    del self._taken_by[guest]


def _encoded(encode: Callable[[Mapping[str, Any]], Encoded], fields: Mapping[str, Any]) -> Encoded:
    try:
        return encode(fields)
    except UnicodeEncodeError:
        pass
    # Raised out here because that error holds the text, which may be a password.
    raise ValueError("A field holds half a character (a lone surrogate), which cannot be sent.")


class _TooLong(Exception):
    """The reply is larger than any that was agreed."""


class _Adapter(HTTPAdapter):
    """requests' way to urllib3, over connections that keep to a deadline."""

    def __init__(self, ca_bundle: str, *, connections: int) -> None:
        self._ca_bundle = ca_bundle
        super().__init__(pool_maxsize=connections)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        self.poolmanager = DeadlinePools(ca_bundle=self._ca_bundle, connections=maxsize)

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """What the transport reads of a response; requests' own would also look for cookies and an encoding."""
        response = requests.Response()
        response.status_code, response.headers, response.raw = resp.status, resp.headers, resp
        return response

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing: the pools always verify, and would read the authorities anew for each connection if told here."""


def _reason(error: BaseException) -> Reason:
    """Why there is no reply, read from the kinds of the errors: their texts carry URLs and differ by version."""
    chain: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and len(chain) < 10:
        if not isinstance(found, requests.RequestException):  # every one of which is an OSError, whatever it says
            chain.append(found)
        inner = getattr(found, "reason", None) or next((a for a in found.args if isinstance(a, BaseException)), None)
        found = inner if isinstance(inner, BaseException) else found.__cause__ or found.__context__
    for kind, reason in _REASONS:
        if any(isinstance(each, kind) for each in chain):
            return reason
    return Reason.PROTOCOL


_NO_REPLY = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)

_REASONS: tuple[tuple[type[BaseException], Reason], ...] = (  # the first that fits: some are kinds of a later one
    (urllib3.exceptions.NameResolutionError, Reason.DNS),
    (urllib3.exceptions.SSLError, Reason.TLS),
    (urllib3.exceptions.NewConnectionError, Reason.CONNECTION_REFUSED),
    (urllib3.exceptions.ConnectTimeoutError, Reason.CONNECT_TIMEOUT),
    (urllib3.exceptions.TimeoutError, Reason.TIMEOUT),
    (TimeoutError, Reason.TIMEOUT),
    (http.client.IncompleteRead, Reason.CLOSED),
    (OSError, Reason.CLOSED),
)
