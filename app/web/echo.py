"""How the doctor learns what a request looks like when it comes through the proxy: it sends one, and the site tells.

Only a request that is signed with the site's key gets such an answer, and all it learns is how itself arrived.
"""

import json
from collections.abc import Sequence

import msgspec
from flask import Flask, Response, request
from itsdangerous import BadData, URLSafeTimedSerializer

from app.web import forwarding, security_headers

HEADER = "X-Doctor"
GOOD_FOR_SECONDS = 60


class Seen(msgspec.Struct):
    """A request as the site saw it.

    :ivar host: its Host header
    :ivar scheme: by which guests came, as far as the site knows
    :ivar address: whom the site takes for the client
    :ivar forwarded_for: how many addresses proxies have written down
    :ivar forwarded_proto: whether a proxy said by which scheme it came
    :ivar trusted_hops: how many proxies the running site trusts
    :ivar unreadable_address: what a trusted proxy has written in place of an address
    :ivar headers: those of the answer, as they leave the site
    """

    host: str
    scheme: str
    address: str
    forwarded_for: int
    forwarded_proto: bool
    trusted_hops: int
    unreadable_address: str = ""
    headers: dict[str, str] = {}


def signed_question(key: str) -> str:
    """The value of the header that asks."""
    return str(_serializer([key]).dumps("what do you see?"))


def init_app(app: Flask, *, keys: Sequence[str], trusted_hops: int, is_secure: bool) -> None:
    """Answer the doctor, before any other check could refuse the request.

    :param keys: the current key first.
    :param is_secure: guests come over https.
    """
    serializer = _serializer(list(reversed(keys)))

    @app.before_request
    def tell() -> Response | None:
        question = request.headers.get(HEADER)
        if question is None:
            return None
        try:
            serializer.loads(question, max_age=GOOD_FOR_SECONDS)
        except BadData:
            return None
        written = request.environ.get(forwarding.WRITTEN, request.headers.get("X-Forwarded-For", ""))
        trusted = forwarding.trusted_value(written, trusted_hops) if trusted_hops else ""
        seen = Seen(
            host=request.environ.get("HTTP_HOST", ""),
            scheme=request.scheme,
            address=request.remote_addr or "",
            forwarded_for=len(forwarding.values_of(written)),
            forwarded_proto="X-Forwarded-Proto" in request.headers,
            trusted_hops=trusted_hops,
            unreadable_address="" if forwarding.bare_address(trusted) else trusted,
            headers=security_headers.of_pages(is_secure=is_secure) | {"Cache-Control": "no-store"},
        )
        return Response(json.dumps(msgspec.structs.asdict(seen)), mimetype="application/json")


def _serializer(keys: list[str]) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(keys, salt="doctor")
