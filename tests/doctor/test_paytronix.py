"""What the doctor says of Paytronix and the way to it: each fault is named rightly, with what to do."""

import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import trustme

from tests.doctor.conftest import REFUSAL, the_fault
from tests.misbehaving import Misbehaving, answer, reply, silent, unreachable_port


def test_a_name_that_nobody_knows(examine):
    found = examine(PAYTRONIX_BASE_URL="https://m777777.paytronix.invalid/rest/25.33")
    assert the_fault(found) == "paytronix: the name m777777.paytronix.invalid is not known"


def test_a_firewall_that_lets_nothing_out(examine):
    with unreachable_port() as port:
        found = examine(PAYTRONIX_BASE_URL=f"http://127.0.0.1:{port}/rest/25.33", PAYTRONIX_CONNECT_SECONDS="0.5")
    assert "paytronix: no connection to 127.0.0.1" in the_fault(found)


def test_a_certificate_that_is_not_accepted(examine):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with Misbehaving(silent, tls=context) as server:
        found = examine(PAYTRONIX_BASE_URL=f"{server.origin}/rest/25.33")
    assert the_fault(found).startswith("paytronix: localhost answers, but nobody knows the authority that has signed")


def test_credentials_that_paytronix_refuses(examine):
    found = examine(PAYTRONIX_CLIENT_SECRET="marker-client-secret")
    assert "paytronix: refuses the integration credentials" in the_fault(found)
    assert any("PAYTRONIX_CLIENT_SECRET" in each["todo"] for each in found[1]["findings"])


def test_a_release_that_is_not_there(examine, sandbox):
    base_url = sandbox.base_url.replace("/rest/", "/rest/nothing-here/x")
    found = examine(PAYTRONIX_BASE_URL=base_url)
    assert "does not know the token call at this address (HTTP 404" in the_fault(found)


def test_a_merchant_id_that_is_another_s(examine):
    found = examine(PAYTRONIX_MERCHANT_ID="1")
    assert "for a reason that the site does not know (HTTP 200, code invalid_request)" in the_fault(found)


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    "body",
    [
        b'{"result":"failed","errorCode":"system.error","errorMessage":"internal"}',
        b'{"result":"failed","errorMessage":"internal"}',
        b'{"result":"failure","errorCode":"oauth.system_error","errorMessage":"internal"}',
    ],
)
def test_a_paytronix_that_fails_itself(examine, status, body):
    with Misbehaving(answer(reply(body, status))) as server:
        found = examine(PAYTRONIX_BASE_URL=f"{server.origin}/rest/25.33")
    assert f"is reached, and answers that it has failed itself (HTTP {status}, code " in the_fault(found)


@pytest.mark.parametrize("code", ["feature_disabled", "invalid_merchant"])
def test_an_integration_that_is_not_set_up(examine, code):
    body = f'{{"result":"failure","errorCode":"{code}"}}'.encode()
    with Misbehaving(answer(reply(body))) as server:
        found = examine(PAYTRONIX_BASE_URL=f"{server.origin}/rest/25.33")
    assert f"says that this integration is not set up for the token call (HTTP 200, code {code})" in the_fault(found)
    assert any("PAYTRONIX_MERCHANT_ID" in each["todo"] for each in found[1]["findings"])


def test_a_maintenance_page_in_place_of_paytronix(examine):
    with Misbehaving(answer(reply(b"<html>soon", Content_Type="text/html"))) as server:
        found = examine(PAYTRONIX_BASE_URL=f"{server.origin}/rest/25.33")
    assert "does not answer the token call as agreed: protocol (HTTP 200" in the_fault(found)


@pytest.mark.parametrize(("apart", "words"), [(timedelta(minutes=-10), "ahead of"), (timedelta(hours=1), "behind")])
def test_a_clock_that_is_wrong(examine, apart, words):
    date = format_datetime((datetime.now(UTC) + apart), usegmt=True)
    with Misbehaving(answer(reply(REFUSAL, Date=date))) as server:
        found = examine(PAYTRONIX_BASE_URL=f"{server.origin}/rest/25.33")
    assert f"seconds {words} Paytronix's" in the_fault(found)
