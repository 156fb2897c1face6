"""What is signed out stays signed out, whatever was in flight."""

import pytest

from tests.faults.guests import Later
from tests.faults.storms import sign_outs
from tests.stores import until


@pytest.mark.parametrize("engine", ["sqlite", "redis"])
def test_a_sign_out_among_slow_pages_and_refreshes_is_final(rig, engine):
    store_url = rig.redis().url if engine == "redis" else rig.sqlite_url()
    rig.start(1, 1, store_url=store_url)
    assert sign_outs(rig, rounds=15, seed=engine) == 0


def test_a_refresh_that_ends_after_the_sign_out_leaves_nothing_in_the_store(rig):
    server = rig.redis()
    rig.start(1, 1, store_url=server.url)
    guest = rig.signed_in()
    token = guest.get("/account").form_token
    former = guest.twin()
    rig.sandbox.expire()
    rig.sandbox.switch(delay_seconds=2)
    page = Later(former.get, "/account")
    until(rig.refreshes)
    assert guest.sign_out(token).status == 303
    assert page.result().status == 303
    with server.client() as client:
        assert not list(client.scan_iter("guest-login:r:s:*"))
        assert not list(client.scan_iter("guest-login:r:t:*"))


def test_an_operator_s_end_of_a_guest_s_sign_ins_is_final_too(rig):
    server = rig.redis()
    rig.start(2, store_url=server.url)
    guest = rig.signed_in()
    rig.sandbox.expire()
    rig.sandbox.switch(delay_seconds=2)
    page = Later(guest.twin().get, "/account")
    until(rig.refreshes)
    assert rig.sign_ins(server.url).end_guest("ana") == 1
    assert page.result().status == 303
    assert guest.get("/account").status == 303


def test_a_slow_page_of_the_guest_before_does_not_sign_out_the_next_guest_of_the_same_browser(rig):
    rig.start(2)
    browser = rig.signed_in()
    token = browser.get("/account").form_token
    rig.sandbox.expire()
    rig.sandbox.switch(delay_seconds=2)
    page = Later(browser.get, "/account")  # shares the browser's cookies, as a second tab does
    until(rig.refreshes)
    assert browser.sign_out(token).status == 303
    rig.sandbox.switch(delay_seconds=0)
    assert browser.sign_in("ben@example.com", "soup-of-the-day").status == 303
    assert page.result().status == 303
    answer = browser.get("/account")
    assert answer.status == 200, "the late answer took the next guest's cookie away"
    assert "Ben" in answer.body


def test_a_sign_in_in_a_second_tab_wins_and_the_first_tab_goes_on(rig):
    rig.start(2)
    browser = rig.guest()
    first, second = browser.form(), browser.form()
    assert browser.sign_in(form=first).status == 303
    token_of_first = browser.get("/account").form_token
    answer = browser.sign_in("ben@example.com", "soup-of-the-day", form=second)
    assert answer.status in {303, 422}
    assert browser.sign_out(token_of_first).status in {303, 400}
    assert browser.get("/account").status in {200, 303}
