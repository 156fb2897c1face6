"""TLS: always verified, 1.2 or later, and not one byte of a request before that (security.md, OA-4 and U-13)."""

import ssl
import subprocess
import sys
import time
import warnings
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.paytronix import Reason, Unavailable
from tests.misbehaving import (
    Misbehaving,
    answer,
    answer_and_close,
    answer_and_reset,
    close_at_once,
    drip,
    reply,
    silent,
)
from tests.sites import ROOT, browser_of, log_of

OPERATION = "guest/userInformation"
GOOD = answer(reply(b"{}"))
YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def ca_bundle(authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return str(tmp_path / "ca.pem")


def context_of(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture(scope="module")
def trusted(authority):
    return context_of(authority.issue_cert("localhost"))


def failure(transport):
    with pytest.raises(Unavailable) as caught:
        transport.post("oauth/requestGuestToken", {"password": "secret"})
    return caught.value


def test_a_trusted_server_is_called_over_one_connection(trusted, ca_bundle, make_transport):
    with Misbehaving(GOOD, tls=trusted) as server:
        transport = make_transport(server.origin, ca_bundle=ca_bundle)
        for _ in range(3):
            assert transport.get(OPERATION, {}).body == b"{}"
            time.sleep(0.02)  # for session tickets, which must not look like a connection that has ended
        assert (len(server.peers), len(server.requests)) == (1, 3)


def test_the_keys_of_a_call_are_written_nowhere(trusted, ca_bundle, tmp_path):
    """In an interpreter of its own: libcurl looks at the variable once."""
    keys = tmp_path / "keys.log"
    script = f"""
from app.paytronix import Transport
transport = Transport({{origin!r}}, client_id="id", client_secret="secret", ca_bundle={ca_bundle!r})
assert transport.get("guest/userInformation", {{{{}}}}).body == b"{{{{}}}}"
"""
    with Misbehaving(GOOD, tls=trusted) as server:
        command = [sys.executable, "-c", script.format(origin=server.origin)]
        subprocess.run(command, cwd=ROOT, env={"SSLKEYLOGFILE": str(keys)}, check=True, timeout=30)
        assert len(server.requests) == 1
    assert not keys.exists()


def test_missing_authorities_are_told_of_at_the_start(make_transport, tmp_path):
    with pytest.raises(FileNotFoundError):
        make_transport("https://localhost", ca_bundle=str(tmp_path / "none.pem"))


CERTIFICATES = {
    "nobody knows the authority": lambda authority: trustme.CA().issue_cert("localhost"),
    "for another name": lambda authority: authority.issue_cert("elsewhere.example.com"),
    "for another": lambda authority: authority.issue_cert("127.0.0.1"),
    "has expired": lambda authority: authority.issue_cert("localhost", not_after=YESTERDAY),
    "not valid yet": lambda authority: authority.issue_cert("localhost", not_before=YESTERDAY + timedelta(days=2)),
}


@pytest.mark.parametrize(("detail", "certificate"), CERTIFICATES.items(), ids=CERTIFICATES)
def test_a_server_that_cannot_prove_who_it_is_gets_not_one_byte(
    detail, certificate, authority, ca_bundle, make_transport
):
    with Misbehaving(GOOD, tls=context_of(certificate(authority))) as server:
        error = failure(make_transport(server.origin, ca_bundle=ca_bundle))
        assert (error.reason, error.code) == (Reason.TLS, "connection")
        assert detail in error.detail
        assert len(server.peers) == 1
    assert server.peers[0].received == b""


def test_the_log_says_why_and_what_to_do(make_site, authority):
    tls = context_of(authority.issue_cert("localhost", not_after=YESTERDAY))
    with Misbehaving(GOOD, tls=tls) as server:
        site = make_site(PAYTRONIX_BASE_URL=f"{server.origin}/rest/25.33")
        assert browser_of(site).sign_in().status == 503
    (told,) = log_of(site, "vendor_tls")
    assert "authority" in told["detail"]
    assert "Paytronix" in told["todo"]
    assert server.origin not in str(told)


def test_a_certificate_signed_by_itself_gets_not_one_byte(make_transport, ca_bundle, tmp_path):
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "own")])
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1)
        .not_valid_before(YESTERDAY)
        .not_valid_after(YESTERDAY + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    coding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private = key.private_bytes(coding, form, serialization.NoEncryption())
    (tmp_path / "own.pem").write_bytes(private + certificate.public_bytes(coding))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem")
    with Misbehaving(GOOD, tls=context) as server:
        error = failure(make_transport(server.origin, ca_bundle=ca_bundle))
    assert (error.reason, error.detail) == (Reason.TLS, "its certificate is signed by itself")
    assert server.peers[0].received == b""


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_environment_adds_no_authority(name, trusted, ca_bundle, make_transport, monkeypatch):
    monkeypatch.setenv(name, ca_bundle)
    with Misbehaving(GOOD, tls=trusted) as server:
        assert failure(make_transport(server.origin)).reason == Reason.TLS
    assert server.peers[0].received == b""


def test_a_server_that_speaks_only_old_tls_gets_not_one_byte(authority, ca_bundle, make_transport):
    context = context_of(authority.issue_cert("localhost"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of what this test is about
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with Misbehaving(GOOD, tls=context) as server:
        error = failure(make_transport(server.origin, ca_bundle=ca_bundle))
    assert (error.reason, error.detail) == (Reason.TLS, "it speaks no TLS of 1.2 or later")
    assert server.peers[0].received == b""


def test_tls_1_2_is_spoken(authority, ca_bundle, make_transport):
    context = context_of(authority.issue_cert("localhost"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with Misbehaving(GOOD, tls=context) as server:
        assert make_transport(server.origin, ca_bundle=ca_bundle).get(OPERATION, {}).body == b"{}"


def test_a_server_that_speaks_no_tls_is_told_apart(server, make_transport):
    server.follow(lambda peer: peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    error = failure(make_transport(server.origin.replace("http:", "https:")))
    assert (error.reason, error.detail) == (Reason.TLS, "it speaks no TLS at this port")
    assert b"requestGuestToken" not in server.peers[0].received


def test_a_handshake_that_breaks_off_is_a_passing_failure(server, make_transport):
    server.follow(close_at_once)
    assert failure(make_transport(server.origin.replace("http:", "https:"))).reason in {Reason.TLS, Reason.CLOSED}


@pytest.mark.parametrize("script", [silent, drip(b"x" * 400, 0.05, at_once=reply(Content_Length=400))])
def test_the_total_limit_holds_within_tls(trusted, ca_bundle, make_transport, script):
    with Misbehaving(script, tls=trusted) as server:
        transport = make_transport(server.origin, ca_bundle=ca_bundle, total_seconds=0.5)
        started = time.monotonic()
        assert failure(transport).reason == Reason.TIMEOUT
        assert 0.45 <= time.monotonic() - started <= 1.5


@pytest.mark.parametrize("end", [answer_and_close, answer_and_reset])
def test_a_reply_that_breaks_off_within_tls_is_told_apart(trusted, ca_bundle, make_transport, end):
    with Misbehaving(end(reply(b"{}", Content_Length=100)), tls=trusted) as server:
        assert failure(make_transport(server.origin, ca_bundle=ca_bundle)).reason == Reason.CLOSED
