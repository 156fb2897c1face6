"""Which store a URL stands for, and what is said about a URL that stands for none."""

import pytest
import trustme

from app.store import StoreUnavailable, open_store
from tests.stores import RedisServer, free_ports, redis_server

PASSWORD = "marker-store-password"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "redis:/127.0.0.1",
        f"mysql://root:{PASSWORD}@127.0.0.1/sessions",
        "sqlite://",
        "sqlite:///",
        "sqlite://file.db",
        "sqlite:///folder/",
        "redis://",
        f"redis://:{PASSWORD}@",
        f"redis://:{PASSWORD}@127.0.0.1:port",
        f"redis://:{PASSWORD}@127.0.0.1:99999",
        f"redis://:{PASSWORD}@127.0.0.1:6379/zero",
        f"redis://:{PASSWORD}@127.0.0.1:6379,127.0.0.2:6379/0",
        f"redis://:{PASSWORD}@127.0.0.1:6379/0?socket_timeout=60",
        f"redis://:{PASSWORD}@127.0.0.1:6379/0?ssl_cert_reqs=none",
        f"rediss://:{PASSWORD}@127.0.0.1:6379/0?ssl_cert_reqs=none",
        f"rediss://:{PASSWORD}@127.0.0.1:6379/0?{PASSWORD}",
        f"rediss://:{PASSWORD}@127.0.0.1:6379/0?ssl_ca_certs=/ca.pem&{PASSWORD}",
        f"unix://:{PASSWORD}@relative/path",
        "unix://",
        f"redis+sentinel://:{PASSWORD}@127.0.0.1:26379",
        f"redis+sentinel://:{PASSWORD}@127.0.0.1:26379/name/0",
        f"redis+sentinel://:{PASSWORD}@127.0.0.1:26379,/name",
        f"redis+cluster://:{PASSWORD}@127.0.0.1:6379/0",
        f"redis+cluster://:{PASSWORD}@127.0.0.1:6379?db=0",
        f"redis+cluster://:{PASSWORD}@127.0.0.1:6379?ssl_ca_certs=/ca.pem",
        f"redis+sentinel://:{PASSWORD}@127.0.0.1:26379/name?ssl_ca_certs=/ca.pem",
        f"rediss+sentinel://:{PASSWORD}@127.0.0.1:26379/name?password={PASSWORD}",
        f"redis+cluster://127.0.0.1:6379?sentinel_password={PASSWORD}",
        f"redisss://:{PASSWORD}@127.0.0.1:6379/0",
    ],
)
def test_a_url_of_a_wrong_form_is_refused_in_a_sentence_that_repeats_nothing_of_it(url):
    with pytest.raises(ValueError, match=r"^This is no URL of a store: .*sqlite:///FILE") as caught:
        open_store(url)
    assert PASSWORD not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (f"redis://:{PASSWORD}@127.0.0.1:1/0", "Redis at 127.0.0.1:1"),
        (f"redis://guest:{PASSWORD}@127.0.0.1:1/", "Redis at 127.0.0.1:1"),
        (f"redis://:{PASSWORD}@[::1]:1/3", "Redis at [::1]:1"),
        (f"rediss://:{PASSWORD}@127.0.0.1:1/0?ssl_ca_certs=/ca.pem", "Redis at 127.0.0.1:1"),
        (f"unix://:{PASSWORD}@/nowhere/redis.sock?db=1", "Redis at /nowhere/redis.sock"),
        (
            f"redis+sentinel://:{PASSWORD}@127.0.0.1:1,127.0.0.1:2/guests",
            "Redis guests behind 127.0.0.1:1, 127.0.0.1:2",
        ),
        (f"rediss+sentinel://127.0.0.1:1/guests?sentinel_password={PASSWORD}", "Redis guests behind 127.0.0.1:1"),
        (f"rediss+cluster://:{PASSWORD}@127.0.0.1:1", "Redis Cluster at 127.0.0.1:1"),
        (f"redis+cluster://:{PASSWORD}@127.0.0.1:1,127.0.0.1:2", "Redis Cluster at 127.0.0.1:1, 127.0.0.1:2"),
    ],
)
def test_a_store_that_nobody_serves_opens_and_fails_by_name_and_without_its_password(url, name):
    store = open_store(url)
    with pytest.raises(StoreUnavailable) as caught:
        store.ping()
    assert caught.value.reason == "unreachable"
    assert str(caught.value).startswith(f"{name} is unavailable (unreachable): ")
    assert PASSWORD not in str(caught.value)
    assert PASSWORD not in repr(caught.value)
    assert PASSWORD not in str(caught.value.__cause__)
    store.close()


def test_a_password_may_hold_any_characters_when_encoded(own_redis):
    with own_redis.client() as client:
        client.config_set("requirepass", "p@ss/w:rd%?#")
    store = open_store(f"redis://:p%40ss%2Fw%3Ard%25%3F%23@{own_redis.address}/0")
    store.ping()
    store.close()


def test_the_database_of_the_url_is_used(own_redis):
    store = open_store(f"redis://{own_redis.address}/3")
    store.put("s:{a}", b"value", 60)
    store.close()
    other = open_store(f"redis://{own_redis.address}")
    assert other.get("s:{a}") == [None]
    other.close()


def test_a_unix_socket_is_reached_by_its_path(tmp_path):
    with redis_server(tmp_path, "--unixsocket", str(tmp_path / "redis.sock")):
        store = open_store(f"unix://{tmp_path}/redis.sock?db=2")
        store.put("s:{a}", b"value", 60, "guest")
        assert store.get("s:{a}") == [b"value"]
        store.close()


@pytest.mark.parametrize("knows_authority", [True, False])
def test_a_server_s_certificate_is_checked_before_the_password_is_sent(tmp_path, knows_authority):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    (port,) = free_ports(1)
    options = ["--tls-port", str(port), "--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem"]
    options += ["--tls-ca-cert-file", "ca.pem", "--tls-auth-clients", "no", "--requirepass", PASSWORD]
    server = RedisServer(tmp_path, free_ports(1)[0], "--dir", str(tmp_path), *options)
    query = f"?ssl_ca_certs={tmp_path}/ca.pem" if knows_authority else ""
    store = open_store(f"rediss://:{PASSWORD}@127.0.0.1:{port}/0{query}")
    try:
        server.wait_until_listening()
        if knows_authority:
            store.ping()
        else:
            with pytest.raises(StoreUnavailable, match=r"(?i)certificate verify failed") as caught:
                store.ping()
            assert caught.value.reason == "unreachable"
    finally:
        store.close()
        server.stop()


def test_a_relative_path_is_one_below_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///instance/store.db")
    monkeypatch.chdir("/")
    store.ping()
    store.close()
    assert (tmp_path / "instance" / "store.db").is_file()


def test_opening_a_store_touches_neither_file_nor_folder(tmp_path):
    open_store(f"sqlite:///{tmp_path}/instance/store.db")
    assert list(tmp_path.iterdir()) == []
