"""One expiry, one refresh: whatever the number of threads, workers, machines, and whatever the store is."""

import pytest

from tests.faults.guests import Later, at_once
from tests.faults.rig import guests_file
from tests.faults.storms import many_expiries, stampede
from tests.stores import until


def test_50_requests_at_an_expiry_cause_one_refresh_on_two_instances_with_two_workers(rig):
    rig.start(2, 2, store_url=rig.redis().url)
    stampede(rig, rounds=3, delay_seconds=1)


def test_50_requests_at_an_expiry_cause_one_refresh_on_three_workers_with_sqlite(rig):
    rig.start(3)
    stampede(rig, rounds=3, delay_seconds=1)


@pytest.mark.xdist_group("cluster")
def test_50_requests_at_an_expiry_cause_one_refresh_on_a_cluster(rig, shared_cluster, cluster_url):
    rig.servers += shared_cluster.nodes
    rig.start(2, 1, store_url=cluster_url)
    stampede(rig, rounds=2, delay_seconds=0.5)


def test_50_requests_at_an_expiry_cause_one_refresh_though_sentinels_replace_the_master_meanwhile(
    rig, own_sentinel_group
):
    group = own_sentinel_group
    rig.servers.append(group.replica)
    rig.start(2, 1, store_url=group.url)
    guest = rig.signed_in()
    stampede(rig, rounds=1, delay_seconds=0.3, guest=guest)
    rig.sandbox.expire()
    rig.sandbox.clear_calls()
    rig.sandbox.switch(delay_seconds=3)  # longer than the fail-over takes
    answers = _with_fail_over(rig, guest, group)
    assert {answer.status for answer in answers} <= {200, 503}, answers
    assert len(rig.refreshes()) == 1
    rig.sandbox.switch(delay_seconds=0)
    until(lambda: guest.get("/account").status != 503)  # an election that fails is held again
    assert guest.get("/account").status == 200, "the sign-in is lost"
    assert len(rig.refreshes()) == 1


def _with_fail_over(rig, guest, group):
    pages = Later(at_once, lambda _: guest.get("/account"), range(50))
    until(rig.refreshes)
    group.master.stop()
    return pages.result()


def test_of_100_sign_ins_that_end_at_once_each_is_renewed_once(rig):
    rig.use_sandbox("--guests", str(guests_file(rig.folder, 100)))
    rig.start(2, 2, store_url=rig.redis().url)
    many_expiries(rig, guests=100)
