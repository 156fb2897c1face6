"""One submit makes one password call, however often the button is pressed."""

import time

import pytest

from tests.faults.guests import Later


@pytest.fixture
def two_sites(rig):
    """Two instances, which a browser uses in turn."""
    return rig.start(1, 1, store_url=rig.redis().url)


def double_click(guest, username, password, *, pause_seconds):
    """Send one form twice; the twin stands for the same browser, whose cookies are those of the first click."""
    form = guest.form()
    twin = guest.twin()
    first = Later(guest.sign_in, username, password, form)
    time.sleep(pause_seconds)
    return twin, twin.sign_in(username, password, form), first.result()


@pytest.mark.parametrize("workers", [(2,), (1, 1)], ids=["one instance", "two instances"])
def test_a_double_click_makes_one_call_and_one_session(rig, workers):
    rig.start(*workers, store_url=rig.redis().url)
    rig.sandbox.switch(delay_seconds=0.4)
    guest = rig.guest()
    twin, second, first = double_click(guest, "ana", "taco-tuesday", pause_seconds=0.02)
    assert (first.status, second.status) == (303, 303)
    assert len(rig.sandbox.calls(grant="password")) == 1
    assert guest.session_id == twin.session_id
    assert len(rig.log("login_ok")) == 1
    rig.sandbox.switch(delay_seconds=0)
    assert twin.get("/account").status == 200


def test_a_double_click_with_a_wrong_password_is_refused_once_and_both_read_so(rig, two_sites):
    rig.sandbox.switch(delay_seconds=0.4)
    _, second, first = double_click(rig.guest(), "ana", "wrong-marker-password", pause_seconds=0.02)
    assert (first.status, second.status) == (422, 422)
    assert len(rig.sandbox.calls(grant="password")) == 1


def test_a_second_click_that_comes_when_the_first_is_answered_ends_in_the_same_session(rig, two_sites):
    guest = rig.guest()
    twin, second, first = double_click(guest, "ana", "taco-tuesday", pause_seconds=0.6)
    assert (first.status, second.status) == (303, 303)
    assert guest.session_id == twin.session_id
    assert len(rig.sandbox.calls(grant="password")) == 1


def test_a_second_click_with_the_cookies_of_the_first_answer_ends_in_the_same_session(rig, two_sites):
    guest = rig.guest()
    form = guest.form()
    assert guest.sign_in(form=form).status == 303
    session_id = guest.session_id
    assert guest.sign_in(form=form).status == 303
    assert guest.session_id == session_id
    assert len(rig.sandbox.calls(grant="password")) == 1


def test_twenty_clicks_are_one_call(rig, two_sites):
    rig.sandbox.switch(delay_seconds=0.5)
    guest = rig.guest()
    form = guest.form()
    twins = [guest.twin() for _ in range(20)]
    clicks = [Later(twin.sign_in, "ana", "taco-tuesday", form) for twin in twins]
    assert {click.result().status for click in clicks} == {303}
    assert len({twin.session_id for twin in twins}) == 1
    assert len(rig.sandbox.calls(grant="password")) == 1


def test_a_double_click_during_an_outage_is_one_call_and_both_are_told(rig, two_sites):
    rig.sandbox.switch(delay_seconds=0.4)
    _, second, first = double_click(rig.guest(), "503", "marker-password-é", pause_seconds=0.02)
    assert (first.status, second.status) == (503, 503)
    assert len(rig.sandbox.calls(grant="password")) == 1


def test_another_password_in_the_same_form_is_another_submit(rig, two_sites):
    rig.sandbox.switch(delay_seconds=0.3)
    guest = rig.guest()
    form = guest.form()
    twin = guest.twin()
    first = Later(guest.sign_in, "ana", "wrong-marker-password", form)
    time.sleep(0.02)
    assert twin.sign_in("ana", "taco-tuesday", form).status == 303
    assert first.result().status == 422
    assert len(rig.sandbox.calls(grant="password")) == 2


def test_the_sign_in_of_a_first_click_that_was_signed_out_again_is_not_revived_by_the_second(rig, two_sites):
    guest = rig.guest()
    form = guest.form()
    late = guest.twin()
    assert guest.sign_in(form=form).status == 303
    assert guest.sign_out(guest.get("/account").form_token).status == 303
    assert late.sign_in(form=form).status == 303
    assert late.get("/account").status == 303
    assert len(rig.sandbox.calls(grant="password")) == 1
