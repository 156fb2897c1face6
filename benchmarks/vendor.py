"""A stand-in for Paytronix that costs next to nothing: one process, fixed replies, told only to wait.

``python vendor.py PORT DELAY_SECONDS`` serves the token call, ``userInformation`` and ``accountInformation`` on
loopback, and ``GET …/calls``: how many of each there were. Needs the standard library; uses uvloop if it is there.
"""

import asyncio
import json
import re
import secrets
import sys
from collections import Counter

try:
    from uvloop import run
except ImportError:
    from asyncio import run

PREFIX = b"/rest/25.33/"
CARD_NUMBER = "6000000000410017"


def _reply(document: object) -> bytes:
    body = json.dumps(document).encode()
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: %d\r\n\r\n" % len(body)
    ) + body


# As long as the tokens seen in the wild; each reply gets random ones in their place.
ACCESS_TOKEN, REFRESH_TOKEN = b"A" * 42, b"R" * 42
POINTS = b"12345"
USERNAME = b"somebody@example.com"
TOKEN = _reply(
    {
        "result": "success",
        "access_token": ACCESS_TOKEN.decode(),
        "expires_in": 1800,
        "refresh_token": REFRESH_TOKEN.decode(),
        "scope": "account_write account_read user_write user_read",
        "token_type": "bearer",
        "username": USERNAME.decode(),
    }
)
GUEST = _reply(
    {
        "result": "success",
        "fields": {"username": "ana@example.com", "firstName": "Ana", "lastName": "Ortega", "city": "Springfield"},
        "primaryCardNumbers": [CARD_NUMBER],
        "accountIds": [410001],
    }
)
ACCOUNT = _reply(
    {
        "result": "success",
        "printedCardNumber": CARD_NUMBER,
        "cardStatus": {"code": 1, "label": "Active"},
        "tierCode": 2,
        "tierLabel": "Gold",
        "storedValueBalances": [{"walletCode": 1, "name": "Stored value", "balance": "25.50"}],
        "pointBalances": [{"walletCode": 2, "name": "Points", "balance": POINTS.decode()}],
        "rewardBalances": [
            {
                "walletCode": 3,
                "name": "Free taco",
                "balance": "2",
                "expirations": [
                    {"amount": "1", "expirationDate": "2030-01-03"},
                    {"amount": "1", "expirationDate": "2030-02-01"},
                ],
            },
            {
                "walletCode": 4,
                "name": "Birthday dessert",
                "balance": "1",
                "expirations": [{"amount": "1", "expirationDate": "2030-01-14"}],
            },
        ],
    }
)
_ASKED_FOR = re.compile(rb'"username": ?"([^"\\\\]{20})"')  # as long as ours, so that the reply keeps its length
calls: Counter[str] = Counter()


class Vendor(asyncio.Protocol):
    """One connection; it is kept alive, and its requests are answered one after the other."""

    def __init__(self, delay_seconds: float) -> None:
        self._delay_seconds = delay_seconds
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _content_length(head):
            return
        self._received = b""  # nobody sends a second request before the first is answered
        operation = head.split(b" ", 2)[1].partition(b"?")[0].removeprefix(PREFIX)
        if operation == b"calls":
            self._transport.write(_reply(calls))
            return
        calls[operation.decode()] += 1
        reply = _answer(operation, body)
        if self._delay_seconds:
            asyncio.get_running_loop().call_later(self._delay_seconds, self._send, reply)
        else:
            self._send(reply)

    def _send(self, reply: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(reply)


def _content_length(head: bytes) -> int:
    if head.startswith(b"GET"):
        return 0
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0] or 0)


def _answer(operation: bytes, body: bytes) -> bytes:
    match operation:
        case b"oauth/requestGuestToken.json":
            tokens = secrets.token_urlsafe(63).encode()
            asked_for = _ASKED_FOR.search(body)
            username = asked_for[1] if asked_for else USERNAME
            reply = TOKEN.replace(USERNAME, username)
            return reply.replace(ACCESS_TOKEN, tokens[:42]).replace(REFRESH_TOKEN, tokens[42:])
        case b"guest/userInformation.json":
            return GUEST
        case b"guest/accountInformation.json":
            # Guests differ in what they have: a site that remembers how 1250 is written must not gain by it.
            return ACCOUNT.replace(POINTS, b"%05d" % (calls.total() * 7919 % 90_000 + 10_000))
    return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


async def serve(port: int, delay_seconds: float) -> None:
    """Answer until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Vendor(delay_seconds), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    run(serve(int(sys.argv[1]), float(sys.argv[2])))
