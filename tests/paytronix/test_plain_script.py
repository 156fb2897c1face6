"""The client works from a plain script: no web framework, no store, no setting of the environment."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.paytronix import RefreshRefused, Refused, TokenRejected, Transport
from tests.paytronix.conftest import SCOPE, make_client

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from app.paytronix import PaytronixClient, Transport

base_url, client_id, client_secret = sys.argv[1:]
client = PaytronixClient(
    Transport(base_url, client_id=client_id, client_secret=client_secret),
    merchant_id=777777,
    client_id=client_id,
    client_secret=client_secret,
    scope=["user_read", "account_read"],
)
token = client.token_by_password("ana", "taco-tuesday")
guest = client.user_information(token.access_token, token.username)
account = client.account_information(token.access_token, guest.card_number)
print(guest.first_name, account.points[0].amount)
print(*sorted({name.partition(".")[0] for name in sys.modules} & set("flask werkzeug gunicorn redis babel".split())))
print(*sorted(name for name in sys.modules if name.startswith("app.") and not name.startswith("app.paytronix")))
"""


def test_a_script_signs_in_and_reads_a_balance_with_nothing_in_its_environment(sandbox):
    command = [sys.executable, "-c", SCRIPT, sandbox.base_url, sandbox.client_id, sandbox.client_secret]
    done = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, timeout=20, check=False)
    assert (done.stdout, done.stderr) == ("Ana 1250\n\n\n", "")


@pytest.fixture
def client(sandbox):
    credentials = {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret}
    transport = Transport(sandbox.base_url, **credentials)
    yield make_client(transport, merchant_id=sandbox.merchant_id, scope=SCOPE, **credentials)
    transport.close()


def test_a_token_is_renewed_and_an_ended_one_is_rejected(sandbox, client):
    first = client.token_by_password("ana", "taco-tuesday")
    assert (first.username, first.lifetime_seconds, first.odd_fields) == ("ana", 1800, ())
    sandbox.expire()
    with pytest.raises(TokenRejected):
        client.user_information(first.access_token, "ana")
    second = client.token_by_refresh_token(first.refresh_token)
    assert client.user_information(second.access_token, "ana").first_name == "Ana"


def test_a_wrong_password_and_an_ended_refresh_token_are_refused(sandbox, client):
    with pytest.raises(Refused) as caught:
        client.token_by_password("ana", "wrong")
    assert caught.value.code == "could_not_authenticate"
    token = client.token_by_password("ana", "taco-tuesday")
    sandbox.revoke()
    with pytest.raises(RefreshRefused):
        client.token_by_refresh_token(token.refresh_token)
