"""HTTP to Paytronix: where it is, how long a call may take, how large a reply may be, how many may be under way."""

import http.client
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode

import msgspec
import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from app.paytronix.deadline import DeadlinePools, deadline
from app.paytronix.errors import Reason, Unavailable

LONGEST_REPLY_BYTES = 1_000_000
_CHUNK_BYTES = 65_536


@dataclass(frozen=True)
class Reply:
    """A whole reply, whatever its status. The body may hold tokens: it has no place in a repr."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def __repr__(self) -> str:
        return f"Reply(status={self.status}, bytes={len(self.body)})"


class Transport:
    """Sends one request at a time per thread over kept-alive connections that all threads of the process share.

    Keeps no cookies (the jar would be shared between guests), follows no redirects (they would take credentials
    elsewhere), and takes neither proxies nor netrc from the environment.

    :param base_url: scheme, host, prefix and release, such as ``https://m777777.api.example.com/rest/25.33``
    :param connect_seconds: limit for look-up, TCP and TLS of a new connection
    :param total_seconds: limit for a whole call, from look-up to the last byte
    :param max_calls: how many may be under way at once; the next one is refused, not queued
    :param ca_bundle: file of certificate authorities to trust in place of the well-known ones
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
    ) -> None:
        self.total_seconds = total_seconds
        self._base_url = base_url
        self._connect_seconds = connect_seconds
        self._places = threading.BoundedSemaphore(max_calls)
        self._holds = threading.local()
        self._headers = {
            "Authorization": "Basic " + b64encode(f"{client_id}:{client_secret}".encode()).decode(),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": user_agent,
        }
        self._verify = ca_bundle or True
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _DeadlineAdapter(pool_connections=1, pool_maxsize=max_calls)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def get(self, operation: str, parameters: Mapping[str, Any]) -> Reply:
        """GET with the parameters in the query, the only way that Paytronix documents (4.1).

        :raises Unavailable: there is no whole reply.
        """
        return self._call(operation, "GET", "?" + urlencode(parameters), None)

    def post(self, operation: str, fields: Mapping[str, Any]) -> Reply:
        """POST the fields as JSON.

        :raises Unavailable: there is no whole reply. The request may have been carried out all the same.
        """
        return self._call(operation, "POST", "", msgspec.json.encode(fields))

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._session.close()

    def _call(self, operation: str, method: str, query: str, body: bytes | None) -> Reply:
        request = requests.PreparedRequest()
        request.method = method
        request.url = f"{self._base_url}/{operation}.json{query}"
        request.headers = requests.structures.CaseInsensitiveDict(self._headers)
        request.body = body
        request.hooks = {}
        if body is not None:
            request.headers["Content-Type"] = "application/json; charset=UTF-8"
            request.headers["Content-Length"] = str(len(body))

        with self.place(operation):
            started = time.monotonic()
            reason, detail = None, None
            try:
                return self._exchange(request, started)
            except _TooLong:
                reason, detail = Reason.PROTOCOL, f"a reply of more than {LONGEST_REPLY_BYTES} bytes"
            except (
                requests.RequestException,
                urllib3.exceptions.HTTPError,
                http.client.HTTPException,
                OSError,
                ValueError,
            ) as error:
                reason = _reason(error)
        # Raised out here so that the library's error, whose text may hold the URL and its token, is no context of ours.
        raise Unavailable(operation, reason, detail=detail)

    def _exchange(self, request: requests.PreparedRequest, started: float) -> Reply:
        with deadline(connect_seconds=self._connect_seconds, total_seconds=self.total_seconds):
            response = self._session.send(
                request,
                stream=True,
                allow_redirects=False,
                verify=self._verify,
                timeout=(self._connect_seconds, self.total_seconds),
            )
            try:
                body = bytearray()
                for chunk in response.iter_content(_CHUNK_BYTES):
                    body += chunk
                    if len(body) > LONGEST_REPLY_BYTES:
                        raise _TooLong
            except BaseException:
                response.close()  # a reply that was not read to its end must not be met by the next call
                raise
        return Reply(response.status_code, response.headers, bytes(body), time.monotonic() - started)

    @contextmanager
    def place(self, operation: str) -> Iterator[None]:
        """Hold one of the places for calls, also while waiting before or between calls of this thread.

        A thread that holds one needs no second for its calls. So whatever waits for Paytronix is within the limit,
        and the other threads stay free for pages that do not.

        :raises Unavailable: all are taken.
        """
        if getattr(self._holds, "a_place", False):
            yield
            return
        if not self._places.acquire(blocking=False):
            raise Unavailable(operation, Reason.BUSY)
        self._holds.a_place = True
        try:
            yield
        finally:
            self._holds.a_place = False
            self._places.release()


class _TooLong(Exception):
    """The reply is larger than any that was agreed."""


class _DeadlineAdapter(HTTPAdapter):
    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        self.poolmanager = DeadlinePools(num_pools=connections, maxsize=maxsize, block=block, **kwargs)


def _reason(error: BaseException) -> Reason:
    """Why there is no reply, read from the kinds of the errors: their texts carry URLs and differ by version."""
    kinds: list[type] = []
    found: BaseException | None = error
    while found is not None and len(kinds) < 10:
        kinds.append(type(found))
        inner = getattr(found, "reason", None) or next((a for a in found.args if isinstance(a, BaseException)), None)
        found = inner if isinstance(inner, BaseException) else found.__cause__ or found.__context__
    for kind, reason in _REASONS:
        if any(issubclass(each, kind) for each in kinds):
            return reason
    return Reason.PROTOCOL


_REASONS: tuple[tuple[type, Reason], ...] = (
    (urllib3.exceptions.NameResolutionError, Reason.DNS),
    (ssl.SSLError, Reason.TLS),
    (urllib3.exceptions.SSLError, Reason.TLS),
    (urllib3.exceptions.ConnectTimeoutError, Reason.CONNECT_TIMEOUT),
    (urllib3.exceptions.NewConnectionError, Reason.CONNECTION_REFUSED),
    (TimeoutError, Reason.TIMEOUT),
    (urllib3.exceptions.TimeoutError, Reason.TIMEOUT),
    (ConnectionError, Reason.CLOSED),
    (http.client.IncompleteRead, Reason.CLOSED),
    (http.client.RemoteDisconnected, Reason.CLOSED),
    (urllib3.exceptions.IncompleteRead, Reason.CLOSED),
)
