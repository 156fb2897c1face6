"""HTTP to Paytronix: where it is, how long a call may take, how large a reply may be, how many may be under way."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
import requests
from requests.adapters import BaseAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from app.paytronix.curl_adapter import CurlAdapter, NoReply
from app.paytronix.errors import Reason, Unavailable
from app.paytronix.places import Place, Places

LONGEST_REPLY_BYTES = 1_000_000
CERTIFICATE_AUTHORITIES: str = DEFAULT_CA_BUNDLE_PATH
_JSON = "application/json; charset=UTF-8"
Adapter = BaseAdapter  # of requests: what makes the calls

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

    :param base_url: scheme, host, prefix and release, such as ``https://m777777.api.example.com/rest/25.33``
    :param connect_seconds: limit for look-up, TCP and TLS of a new connection
    :param total_seconds: limit for a whole call, from look-up to the last byte
    :param max_calls: how many may be under way at once; the next one is refused, not queued
    :param ca_bundle: file of certificate authorities to trust in place of the well-known ones
    :param adapter: makes the calls in place of libcurl, such as one without a network
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
        adapter: BaseAdapter | None = None,
        observe_place: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.total_seconds = total_seconds
        self._timeout = connect_seconds, total_seconds
        self._base_url = base_url
        self._places = Places(max_calls, observe_place)
        self._session = requests.Session()
        self._session.trust_env = False  # its proxies and passwords are not for these calls
        adapter = adapter or CurlAdapter(
            ca_bundle=ca_bundle or CERTIFICATE_AUTHORITIES, longest_reply_bytes=LONGEST_REPLY_BYTES
        )
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        headers = {
            "Authorization": "Basic " + b64encode(f"{client_id}:{client_secret}".encode()).decode(),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": user_agent,
        }
        self._get = requests.Request("GET", base_url, headers).prepare()
        self._post = requests.Request("POST", base_url, headers | {"Content-Type": _JSON}).prepare()

    def get(self, operation: str, parameters: Mapping[str, Any]) -> Reply:
        """GET with the parameters in the query, the only way that Paytronix documents (docs/paytronix.md, 4.1).

        Sent once more if a kept-alive connection ends before a byte of the reply.

        :raises Unavailable: there is no whole reply.
        :raises ValueError: a parameter holds half a character; nothing was sent.
        """
        request = self._get.copy()
        request.url = f"{self._base_url}/{operation}.json?{_encoded(urlencode, parameters)}"
        return self._send(operation, request)

    def post(self, operation: str, fields: Mapping[str, Any]) -> Reply:
        """POST the fields as JSON. Never sent twice.

        :raises Unavailable: there is no whole reply. The request may have been carried out all the same.
        :raises ValueError: a field holds half a character; nothing was sent.
        """
        request = self._post.copy()
        request.url = f"{self._base_url}/{operation}.json"
        request.prepare_body(_encoded(msgspec.json.encode, fields), None)
        return self._send(operation, request)

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._session.close()

    def place(self, operation: str, guest: str | None = None) -> Place:
        """Hold one of the places for calls, also while waiting before or between calls of this thread.

        A thread that holds one needs no second for its calls. So whatever waits for Paytronix is within the limit,
        and the other threads stay free for pages that do not.

        :param guest: for whom. One guest with many requests must leave places for others.
        :returns: a context manager. Its block is not entered, but Unavailable raised, when all places are taken, or all
            that this guest may have.
        """
        return Place(self._places, operation, guest)

    def _send(self, operation: str, request: requests.PreparedRequest) -> Reply:
        with self.place(operation):
            try:
                # It is no stream: the adapter has read the body, and it is wanted as it is.
                response = self._session.send(request, timeout=self._timeout, allow_redirects=False, stream=True)
                return Reply(response.status_code, response.headers, response.raw.read())
            except NoReply as error:
                reason, detail = error.reason, error.detail
            except requests.Timeout:
                reason, detail = Reason.TIMEOUT, None
            except requests.RequestException:
                reason, detail = Reason.CLOSED, None
        # Raised out here so that the library's error, whose text may hold the URL and its token, is no context of ours.
        raise Unavailable(operation, reason, detail=detail)


def _encoded(encode: Callable[[Mapping[str, Any]], Encoded], fields: Mapping[str, Any]) -> Encoded:
    try:
        return encode(fields)
    except UnicodeEncodeError:
        pass
    # Raised out here because that error holds the text, which may be a password.
    raise ValueError("A field holds half a character (a lone surrogate), which cannot be sent.")
