"""HTTP to Paytronix: where it is, how long a call may take, how large a reply may be."""

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
    :param ca_bundle: file of certificate authorities to trust in place of the well-known ones
    :param adapter: makes the calls in place of libcurl, such as one without a network
    """

    def __init__(
        self,
        base_url: str,
        *,
        client_id: str,
        client_secret: str,
        connect_seconds: float = 3.0,
        total_seconds: float = 10.0,
        user_agent: str = "guest-login",
        ca_bundle: str | None = None,
        adapter: BaseAdapter | None = None,
    ) -> None:
        self.total_seconds = total_seconds
        self._timeout = connect_seconds, total_seconds
        self._base_url = base_url
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

    def _send(self, operation: str, request: requests.PreparedRequest) -> Reply:
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
