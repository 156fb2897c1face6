"""A client whose every secret is a marker, in front of a server that does as told or of replies that are given."""

import pytest
from requests.structures import CaseInsensitiveDict

from app.paytronix import PaytronixClient, Transport
from app.paytronix.transport import Reply
from tests.misbehaving import Misbehaving

CLIENT_ID = "marker-client-id"
CLIENT_SECRET = "marker-client-secret"
SCOPE = ("user_read", "user_write", "account_read", "account_write")
ACCOUNT = {
    "result": "success",
    "accountStatus": "ACTIVE",
    "tierCode": 2,
    "tierLabel": "Gold",
    "pointBalances": [{"balance": "1250", "name": "Points", "walletCode": 1, "giftable": False}],
    "rewardBalances": [
        {
            "balance": "2",
            "name": "Free taco",
            "expirations": [
                {"amount": "1", "expirationDate": "2026-12-01"},
                {"amount": "1", "expirationDate": "2026-12-31T23:59:59-0400"},
            ],
        }
    ],
    "storedValueBalances": [{"balance": "-25.50", "name": "Cash"}],
}


def make_client(transport, **options):
    options = {"merchant_id": 777777, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "scope": SCOPE} | options
    return PaytronixClient(transport, **options)


class GivenReply:
    """In place of a Transport: every call meets the same reply."""

    def __init__(self, body=b"", status=200, headers=()):
        self.reply = Reply(status, CaseInsensitiveDict(headers), body)

    def get(self, operation, parameters):
        return self.reply

    post = get


@pytest.fixture
def make_transport():
    """A function that makes a Transport to an origin; what it holds open is closed after the test."""
    made = []

    def make(origin, **options):
        options = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET} | options
        made.append(Transport(f"{origin}/rest/25.33", **options))
        return made[-1]

    yield make
    for transport in made:
        transport.close()


@pytest.fixture
def server():
    """A server that has yet to be told what to do: `server.follow(...)`."""
    with Misbehaving() as server:
        yield server
