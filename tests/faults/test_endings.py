"""Processes that end: in order, or killed at the worst moment."""

import os
import resource
import signal
import time
from pathlib import Path

import pytest

from app.auth.heartbeat import LEASE_SECONDS
from app.serving.worker import DESCRIPTORS, DRAIN_SECONDS
from tests.faults.guests import Later
from tests.faults.rig import site_workers
from tests.faults.storms import killings
from tests.stores import until


def test_a_sign_in_under_way_is_answered_before_the_instance_ends(rig):
    server = rig.redis()
    site, other = rig.start(1, 1, store_url=server.url)
    guest = rig.guest(site)
    form = guest.form()
    rig.sandbox.switch(delay_seconds=1)
    click = Later(guest.sign_in, "ana", "taco-tuesday", form)
    until(lambda: rig.sandbox.calls(grant="password"))
    assert site.stop(signal.SIGTERM) == 0
    assert click.result().status == 303
    rig.sandbox.switch(delay_seconds=0)
    guest.use(other.port)
    assert guest.get("/account").status == 200


@pytest.mark.parametrize("engine", ["sqlite", "redis"])
@pytest.mark.parametrize("refresh_tokens", ["rotate", "single-use"])
def test_a_guest_whose_worker_is_killed_while_it_renews_goes_on_or_signs_in_anew_within_20_seconds(
    rig, engine, refresh_tokens
):
    store_url = rig.redis().url if engine == "redis" else rig.sqlite_url()
    rig.sandbox.switch(refresh_tokens=refresh_tokens)
    (site,) = rig.start(2, store_url=store_url)
    guest = rig.signed_in()
    rig.sandbox.expire()
    rig.sandbox.switch(delay_seconds=8)
    page = Later(guest.twin().get, "/account")
    until(rig.refreshes)
    for pid in site_workers(site):  # one of them holds the leases, and will never know its renewed tokens
        _kill(pid)
    started = time.monotonic()
    with pytest.raises((ConnectionError, OSError)):
        page.result()
    rig.sandbox.switch(delay_seconds=0)
    until(site.is_ready)
    while (answer := guest.get("/account")).status == 503:
        assert time.monotonic() - started < 20
    assert time.monotonic() - started < 20
    assert len(rig.refreshes()) == 2
    if refresh_tokens == "rotate":
        assert answer.status == 200
    else:
        assert answer.status == 303
        assert guest.sign_in().status == 303
        assert guest.get("/account").status == 200


def test_a_worker_that_is_slow_to_renew_is_not_taken_for_dead(rig):
    """Paytronix takes longer than a lease lives without a beat."""
    rig.sandbox.switch(refresh_tokens="single-use")
    rig.start(1, 1, store_url=rig.redis().url)
    guest = rig.signed_in()
    rig.sandbox.expire()
    rig.sandbox.switch(delay_seconds=LEASE_SECONDS + 2)
    pages = [Later(guest.twin(site.port).get, "/account") for site in rig.sites]
    until(rig.refreshes)
    rig.sandbox.switch(delay_seconds=0)
    assert [page.result().status for page in pages] == [200, 200]
    assert len(rig.refreshes()) == 1


def test_a_second_click_after_the_first_one_s_worker_was_killed_is_told_to_try_again(rig):
    (site,) = rig.start(2, PAYTRONIX_TOTAL_SECONDS="2")
    guest = rig.guest()
    form = guest.form()
    rig.sandbox.switch(delay_seconds=1.9)
    click = Later(guest.twin().sign_in, "ana", "taco-tuesday", form)
    until(lambda: rig.sandbox.calls(grant="password"))
    for pid in site_workers(site):
        _kill(pid)
    with pytest.raises((ConnectionError, OSError)):
        click.result()
    rig.sandbox.switch(delay_seconds=0)
    until(site.is_ready)
    answer = guest.sign_in(form=form)
    assert answer.status == 503
    assert answer.seconds < 10  # the call and its reserve are 4; a lease that nobody ended would be half a minute
    assert len(rig.sandbox.calls(grant="password")) == 1, "nobody knows how the first call went"
    assert guest.sign_in(form=answer.hidden).status == 303


@pytest.mark.parametrize("first", ["the master", "the workers"])
def test_a_whole_process_group_that_is_told_to_end_serves_until_the_balancer_has_noticed(rig, first):
    """systemd, unless told otherwise, signals every process of a service; each of them may be the first to hear."""
    (site,) = rig.start(2, store_url=rig.redis().url, TRUSTED_PROXY_HOPS="1")
    until(lambda: len(site_workers(site)) == 2 and all(map(listens, site_workers(site))))
    group = [site.process.pid, *site_workers(site)]
    told_at = time.monotonic()
    for pid in group if first == "the master" else group[::-1]:
        os.kill(pid, signal.SIGTERM)
    until(lambda: not site.is_ready(), seconds=DRAIN_SECONDS - 2)
    while time.monotonic() < told_at + DRAIN_SECONDS - 2:
        assert [site.fetch("GET", path).status_code for path in ("/servez", "/readyz")] == [503, 503]
        assert rig.guest().get("/login").status == 200
        time.sleep(0.2)
    assert site.process.wait(20) == 0


def listens(worker):
    """Whether a process waits for connections: an instance is ready when one of its workers does."""
    return any("tfd:" in each.read_text() for each in Path(f"/proc/{worker}/fdinfo").iterdir())


def reload(site):
    os.kill(site.process.pid, signal.SIGHUP)


@pytest.mark.parametrize(
    ("options", "renew"),
    [((), reload), (("--max-requests", "20", "--max-requests-jitter", "10"), lambda site: None)],
    ids=["reloaded", "after so many requests"],
)
def test_workers_that_make_place_for_others_under_load_lose_no_request(rig, options, renew):
    (site,) = rig.start(2, store_url=rig.redis().url, options=options)
    guest, former = rig.signed_in(), site_workers(site)
    rig.sandbox.switch(delay_seconds=0.1)
    ends_at = time.monotonic() + 5

    def visit():
        while time.monotonic() < ends_at:
            assert guest.twin().get("/account").status == 200

    visits = [Later(visit) for _ in range(8)]
    time.sleep(1)
    renew(site)
    for each in visits:
        each.result()
    until(lambda: len(site_workers(site)) == 2 and set(site_workers(site)) != set(former))


def test_an_instance_may_open_as_many_descriptors_as_its_threads_need(rig):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))  # what services are given unless they ask
    try:
        (site,) = rig.start(1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    (worker,) = site_workers(site)
    assert resource.prlimit(worker, resource.RLIMIT_NOFILE)[0] == min(hard, DESCRIPTORS)


def _kill(pid):
    os.kill(pid, signal.SIGKILL)


def test_an_instance_told_to_end_while_a_worker_begins_ends_in_order(rig):
    (site,) = rig.start(2, TRUSTED_PROXY_HOPS="1")
    guest = rig.signed_in()
    begun = len(_booted(site))
    _kill(site_workers(site)[0])
    until(lambda: len(_booted(site)) > begun)  # it has yet to load the site
    site.process.send_signal(signal.SIGTERM)
    assert guest.get("/account").status == 200, "the other worker drains"
    assert site.process.wait(20) == 0
    assert "Traceback" not in "".join(site.output)


def test_a_database_whose_writers_are_killed_stays_sound_and_keeps_what_guests_were_told(rig):
    told = killings(rig, rounds=5, seed=1)
    assert told["sign-ins"] >= 12
    assert told["sign-outs"] >= 2


def _booted(site):
    return [record for record in site.log() if record["event"].startswith("Booting worker")]
