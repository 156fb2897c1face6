"""How the doctor learns what a request looks like when it comes through the proxy: it sends one, and the site tells.

Only a request that is signed with the site's key gets such an answer, and all it learns is how itself arrived.
"""

import json
from collections.abc import Sequence

import msgspec
from flask import Flask, Response, request
from itsdangerous import BadData, URLSafeTimedSerializer

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
    """

    host: str
    scheme: str
    address: str
    forwarded_for: int
    forwarded_proto: bool
    trusted_hops: int


def signed_question(key: str) -> str:
    """The value of the header that asks."""
    return str(_serializer([key]).dumps("what do you see?"))


def init_app(app: Flask, *, keys: Sequence[str], trusted_hops: int) -> None:
    """Answer the doctor, before any other check could refuse the request.

    :param keys: the current key first.
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
        hops = [hop for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        seen = Seen(
            host=request.environ.get("HTTP_X_FORWARDED_HOST" if trusted_hops else "HTTP_HOST")
            or request.environ.get("HTTP_HOST", ""),
            scheme=request.scheme,
            address=request.remote_addr or "",
            forwarded_for=len(hops),
            forwarded_proto="X-Forwarded-Proto" in request.headers,
            trusted_hops=trusted_hops,
        )
        return Response(json.dumps(msgspec.structs.asdict(seen)), mimetype="application/json")


def _serializer(keys: list[str]) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(keys, salt="doctor")
