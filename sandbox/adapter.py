"""The simulated Paytronix without a network: answers calls of requests in the process that makes them."""

import io
import time
from typing import Any, cast

import requests
from requests.adapters import BaseAdapter

from sandbox.replies import Delivery
from sandbox.server import answer
from sandbox.state import State


class SandboxAdapter(BaseAdapter):
    """To be mounted on a ``requests.Session``, or given to the site's ``Transport``. Serves every host.

    What keeps a caller waiting beyond its time-out fails at once, as if the time had passed.

    :param longest_reply_bytes: a reply whose body is longer does not arrive, as with the site's own adapter.
    """

    def __init__(self, state: State, *, longest_reply_bytes: int = 1_000_000) -> None:
        super().__init__()
        self._state = state
        self._longest_reply_bytes = longest_reply_bytes

    def send(
        self, request: requests.PreparedRequest, stream: bool = False, timeout: Any = None, *_: Any, **__: Any
    ) -> requests.Response:
        """Answer a call.

        :raises requests.RequestException: the reply is one that does not arrive.
        """
        body = request.body or b""
        reply = answer(
            self._state,
            cast(str, request.method),
            request.path_url,
            request.headers.get("Authorization", ""),
            body.encode() if isinstance(body, str) else body,
        )
        longest_seconds = (timeout[1] if isinstance(timeout, tuple) else timeout) or float("inf")
        if reply.delivery in {Delivery.HANGING, Delivery.DRIP} or reply.wait_seconds > longest_seconds:
            raise requests.ReadTimeout
        time.sleep(reply.wait_seconds)
        if reply.delivery is not Delivery.WHOLE or len(reply.body) > self._longest_reply_bytes:
            raise requests.ConnectionError
        response = requests.Response()
        response.request, response.url, response.status_code = request, cast(str, request.url), reply.status
        response.headers.update({"Content-Type": reply.content_type} | reply.headers)
        response.raw = io.BytesIO(reply.body)
        return response

    def close(self) -> None:
        """Nothing is open."""
