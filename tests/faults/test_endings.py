"""Processes that end: in order, or killed at the worst moment."""

import os
import signal
import time

import pytest

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
def test_a_worker_killed_while_it_renews_holds_nobody_up_for_longer_than_its_lease(rig, engine):
    store_url = rig.redis().url if engine == "redis" else rig.sqlite_url()
    (site,) = rig.start(2, store_url=store_url, PAYTRONIX_TOTAL_SECONDS="1")
    guest = rig.signed_in()
    rig.sandbox.expire()
    rig.sandbox.switch(delay_seconds=0.9)
    page = Later(guest.twin().get, "/account")
    until(rig.refreshes)
    for pid in site_workers(site):  # one of them holds the lease
        _kill(pid)
    with pytest.raises((ConnectionError, OSError)):
        page.result()
    rig.sandbox.switch(delay_seconds=0)
    until(site.is_ready)
    started = time.monotonic()
    while (answer := guest.get("/account")).status == 503:
        assert time.monotonic() - started < 15
    assert answer.status == 200
    assert time.monotonic() - started < 1 + 5 + 2.5  # the lease, and the pauses between looks
    assert len(rig.refreshes()) == 2


def test_a_second_click_after_the_first_one_s_worker_was_killed_is_told_to_try_again(rig):
    (site,) = rig.start(2, PAYTRONIX_TOTAL_SECONDS="1")
    guest = rig.guest()
    form = guest.form()
    rig.sandbox.switch(delay_seconds=0.9)
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
    assert answer.seconds < 3.5
    assert len(rig.sandbox.calls(grant="password")) == 1, "nobody knows how the first call went"
    assert guest.sign_in(form={"csrf_token": answer.form_token, "next": ""}).status == 303


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
    assert told["sign-ins"] > 20
    assert told["sign-outs"] > 5


def _booted(site):
    return [record for record in site.log() if record["event"].startswith("Booting worker")]
