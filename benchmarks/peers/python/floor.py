"""The floor: what a signed-in page cannot do without. One read of the store, one pooled call; nothing is rendered."""

import os

import redis
from urllib3 import HTTPConnectionPool
from urllib3.util import parse_url

store = redis.Redis.from_url(os.environ["STORE_URL"])
vendor = parse_url(os.environ["VENDOR_URL"])
pool = HTTPConnectionPool(vendor.host, vendor.port, maxsize=256)
ACCOUNT = "/rest/25.33/guest/accountInformation.json?authentication=oauth&merchantId=777777&access_token="


def app(environ, start_response):
    if environ["PATH_INFO"] == "/login":
        return _sign_in(environ, start_response)
    session = environ.get("HTTP_COOKIE", "").partition("session=")[2]
    token = store.get(f"floor:{session}") or b""
    reply = pool.request("GET", ACCOUNT + token.decode())
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(reply.data)))])
    return [reply.data]


def _sign_in(environ, start_response):
    """Only as much as it takes to have a session to read."""
    if environ["REQUEST_METHOD"] == "GET":
        body = b'<input name="password">'
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]
    session = os.urandom(16).hex()
    store.set(f"floor:{session}", os.urandom(21).hex(), ex=1800)
    start_response(
        "303 See Other", [("Location", "/account"), ("Set-Cookie", f"session={session}"), ("Content-Length", "0")]
    )
    return [b""]
