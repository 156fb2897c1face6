"""TLS and passwords on the way to Sentinels and Clusters, and what is said when one of them is missing."""

import contextlib

import pytest
import redis
import trustme

from app.store import StoreUnavailable, open_store
from tests.stores import RedisServer, free_ports, until

PASSWORD = "marker-store-password"
OF_SENTINEL = "marker+sentinel/password"  # percent-encoded in a URL, but for the plus
TLS = ("--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem", "--tls-ca-cert-file", "ca.pem")
LONG = 60


@pytest.fixture
def home(tmp_path):
    """A folder with a certificate for 127.0.0.1, and the authority that issued it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    return tmp_path


@contextlib.contextmanager
def served(home, *options):
    """A Redis process that speaks TLS at its second port; gives both ports."""
    port, tls_port = free_ports(2)
    certificates = [str(home / part) if part.endswith(".pem") else part for part in TLS]
    server = RedisServer(home, port, *options, "--tls-port", str(tls_port), "--tls-auth-clients", "no", *certificates)
    try:
        server.wait_until_listening()
        yield port, tls_port
    finally:
        server.stop()


@pytest.fixture
def group(home):
    """A master and a Sentinel, each with a password and TLS; the Sentinel's TLS port."""
    with served(home, "--requirepass", PASSWORD) as (_, master_port):
        configuration = home / "sentinel.conf"
        configuration.write_text(
            f"tls-replication yes\nsentinel monitor guests 127.0.0.1 {master_port} 1\n"
            f"sentinel auth-pass guests {PASSWORD}\n"
        )
        with served(home, str(configuration), "--sentinel", "--requirepass", OF_SENTINEL) as (_, port):
            yield port


def opened(url):
    return contextlib.closing(open_store(url))


def test_a_sentinel_with_a_password_and_tls_leads_to_a_master_with_its_own(group, home):
    query = f"?sentinel_password=marker+sentinel%2Fpassword&ssl_ca_certs={home}/ca.pem"
    with opened(f"rediss+sentinel://:{PASSWORD}@127.0.0.1:{group}/guests{query}") as store:
        until(lambda: is_ready(store))
        store.put("s:{a}", b"value", LONG, "guest")
        assert store.get("s:{a}") == [b"value"]
        assert store.facts().is_encrypted


def is_ready(store):
    with contextlib.suppress(StoreUnavailable):
        store.ping()
        return True


@pytest.mark.parametrize(
    ("query", "said", "todo"),
    [
        ("?ssl_ca_certs={home}/ca.pem", "a Sentinel says: Authentication required", "?sentinel_password="),
        ("?sentinel_password=wrong&ssl_ca_certs={home}/ca.pem", "a Sentinel says", "?sentinel_password="),
        ("?sentinel_password=wrong", "certificate verify failed", "?ssl_ca_certs="),
        ("?ssl_ca_certs={home}/missing.pem", "No such file", "ssl_ca_certs"),
    ],
)
def test_what_is_missing_on_the_way_to_a_sentinel_is_said(group, home, query, said, todo):
    url = f"rediss+sentinel://127.0.0.1:{group}/guests{query.format(home=home)}"
    with opened(url) as store, pytest.raises(StoreUnavailable) as caught:
        store.ping()
    assert said in str(caught.value)
    assert todo in caught.value.todo
    assert "password=w" not in str(caught.value) + repr(caught.value.__cause__)


def test_a_cluster_is_reached_over_tls(home):
    (bus_port,) = free_ports(1)
    options = ("--cluster-enabled", "yes", "--cluster-port", str(bus_port), "--tls-cluster", "yes")
    with served(home, *options) as (port, tls_port):
        node = redis.Redis(port=port)
        node.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        until(lambda: node.cluster("INFO")["cluster_state"] == "ok")
        node.close()
        with opened(f"rediss+cluster://127.0.0.1:{tls_port}?ssl_ca_certs={home}/ca.pem") as store:
            until(lambda: is_ready(store))
            store.put("s:{a}", b"value", LONG, "guest")
            assert store.get("s:{a}") == [b"value"]
            assert store.facts().is_encrypted
        with opened(f"rediss+cluster://127.0.0.1:{tls_port}") as store, pytest.raises(StoreUnavailable) as caught:
            store.ping()
        assert "?ssl_ca_certs=" in caught.value.todo


@pytest.mark.parametrize(
    ("scheme", "is_tls_port", "todo"),
    [("rediss", False, "rediss:// where no TLS is spoken"), ("redis", True, "write rediss://")],
)
def test_tls_at_a_port_without_and_the_other_way_round_are_named(home, scheme, is_tls_port, todo):
    with served(home) as ports:
        url = f"{scheme}://127.0.0.1:{ports[is_tls_port]}/0"
        with opened(url) as store, pytest.raises(StoreUnavailable) as caught:
            store.ping()
    assert todo in caught.value.todo
