"""What the doctor says of stores: each fault is named rightly, with what to do."""

from tests.doctor.conftest import faults, findings, the_fault


def test_a_store_that_is_down(examine):
    assert "is unavailable (unreachable)" in the_fault(examine(STORE_URL="redis://127.0.0.1:1/0"))


def test_a_store_that_refuses_the_password(examine, own_redis):
    with own_redis.client() as client:
        client.config_set("requirepass", "another")
    found = examine(STORE_URL=f"redis://:marker-redis-password@{own_redis.address}/0")
    assert "is unavailable (refused)" in the_fault(found)


def test_a_store_that_may_only_be_read(examine, own_redis):
    with own_redis.client() as client:
        client.config_set("min-replicas-to-write", "1")
    assert "is unavailable (readonly)" in the_fault(examine(STORE_URL=own_redis.url))


def test_a_store_that_drops_records_of_its_choice(examine, own_redis):
    with own_redis.client() as client:
        client.config_set("maxmemory", "100mb")
        client.config_set("maxmemory-policy", "allkeys-lru")
    found = examine(STORE_URL=own_redis.url)
    assert the_fault(found) == "store: drops records of its choice when its memory is full (allkeys-lru)"
    assert "keeps nothing over its restart, as far as one can see" in findings(found, "note", "store")


def test_a_store_whose_access_list_keeps_it_from_saying_how_it_is_set_up(examine, own_redis):
    with own_redis.client() as client:
        client.execute_command(
            "ACL", "SETUSER", "site", "on", ">marker-redis-password", "~guest-login:*", "+@all", "-info"
        )
    found = examine(STORE_URL=f"redis://site:marker-redis-password@{own_redis.address}/0")
    assert faults(found) == []
    assert any("does not say how it is set up" in each for each in findings(found, "note", "store"))


def test_a_node_of_a_cluster_at_a_plain_url(examine, cluster_url, shared_cluster):
    found = examine(STORE_URL=shared_cluster.nodes[1].url)
    assert "this server is a node of a Redis Cluster" in the_fault(found)
    (todo,) = [each["todo"] for each in found[1]["findings"] if each["level"] == "fault"]
    assert "redis+cluster://HOST:PORT,HOST:PORT" in todo
    assert faults(examine(STORE_URL=cluster_url)) == []


def test_a_right_that_a_sign_in_needs(examine, own_redis):
    rights = ["~guest-login:*", "+@read", "+@write", "+eval", "+info"]  # and not +time
    with own_redis.client() as client:
        client.execute_command("ACL", "SETUSER", "site", "on", ">marker-redis-password", *rights)
    found = examine(STORE_URL=f"redis://site:marker-redis-password@{own_redis.address}/0")
    assert "is unavailable (refused)" in the_fault(found)
    assert any("access list" in each["todo"] for each in found[1]["findings"])


def test_a_file_that_cannot_be_made(examine):
    found = examine(STORE_URL="sqlite:////proc/nowhere/store.db")
    assert the_fault(found).startswith("store: The store in /proc/nowhere/store.db")
