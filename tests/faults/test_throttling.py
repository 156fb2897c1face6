"""Guessing passwords is slow, and nobody is locked out because somebody else guesses."""

import re
import time

import pytest

from tests.faults.storms import in_parallel

WRONG = "wrong-marker-password"


@pytest.fixture
def two_sites(rig):
    """Two instances behind one proxy, whose word about addresses they take."""
    return rig.start(1, 1, store_url=rig.redis().url, TRUSTED_PROXY_HOPS="1")


def fail(guest, times, username="ana"):
    return [guest.sign_in(username, WRONG).status for _ in range(times)]


def test_the_eleventh_wrong_password_is_not_passed_on_whichever_instance_is_asked(rig, two_sites):
    guest = rig.guest(address="192.0.2.1")
    assert fail(guest, 12) == [422] * 10 + [429] * 2
    assert len(rig.sandbox.calls(grant="password")) == 10
    answer = guest.sign_in("ana", "taco-tuesday")
    assert answer.status == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 900
    assert 'value="ana"' in answer.body
    assert WRONG not in answer.body


def test_the_guest_at_another_address_signs_in_while_somebody_guesses(rig, two_sites):
    assert fail(rig.guest(address="192.0.2.1"), 50)[-1] == 429
    assert rig.guest(address="192.0.2.2").sign_in("ana", "taco-tuesday").status == 303


def test_whoever_guesses_one_guest_from_many_addresses_has_to_take_turns_and_the_guest_at_home_has_not(rig, two_sites):
    home = rig.guest(address="192.0.2.2")
    assert home.sign_in("ana", "taco-tuesday").status == 303
    for number in range(1, 6):
        assert fail(rig.guest(address=f"198.51.100.{number}"), 10) == [422] * 10
    strangers = [rig.guest(address=f"203.0.113.{number}").sign_in("ana", WRONG) for number in range(20)]
    turned_away = [answer for answer in strangers if answer.status == 429]
    assert len(turned_away) >= 15  # one every nine seconds
    assert all(1 <= int(answer.headers["Retry-After"]) <= 9 for answer in turned_away)
    assert rig.guest(address="192.0.2.2").sign_in("ana", "taco-tuesday").status == 303
    assert rig.guest(address="203.0.113.99").sign_in("ben@example.com", "soup-of-the-day").status == 303


def test_a_guest_under_attack_gets_in_from_a_fresh_address_by_trying_again_when_the_page_says_so(rig, two_sites):
    for number in range(1, 6):
        fail(rig.guest(address=f"198.51.100.{number}"), 10)
    for number in range(1, 9):  # one turn may end, and the next begin, between the two
        rig.guest(address=f"203.0.113.{number}").sign_in("ana", WRONG)  # takes the turn
        guest = rig.guest(address=f"192.0.2.{number}")
        answer = guest.sign_in("ana", "taco-tuesday")
        if answer.status == 429:
            break
    assert answer.status == 429, "the stranger's try did not take the turn"
    time.sleep(int(answer.headers["Retry-After"]) + 0.5)
    assert guest.sign_in("ana", "taco-tuesday").status == 303


def test_one_address_that_tries_many_guests_has_to_wait_and_others_do_not(rig):
    rig.start(1, 1, store_url=rig.redis().url, TRUSTED_PROXY_HOPS="1", LOGIN_FAILURES_PER_ADDRESS="20/15 minutes")
    guest = rig.guest(address="192.0.2.1")
    assert [guest.sign_in(f"guest-{number}", WRONG).status for number in range(22)] == [422] * 20 + [429] * 2
    assert rig.guest(address="192.0.2.2").sign_in("ana", "taco-tuesday").status == 303


@pytest.mark.parametrize(
    ("addresses", "are_one"),
    [
        (("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"), True),
        (("2001:db8:1:2::1", "2001:db8:1:3::1"), False),
        (("::ffff:192.0.2.7", "192.0.2.7"), True),
        (("64:ff9b::192.0.2.7", "64:ff9b::198.51.100.7"), False),
    ],
)
def test_an_ipv6_network_of_64_bits_counts_as_one_address(rig, two_sites, addresses, are_one):
    first, second = (rig.guest(address=address) for address in addresses)
    assert fail(first, 11)[-1] == 429
    assert fail(second, 1) == [429 if are_one else 422]


def test_ways_to_write_one_username_share_a_count_and_unknown_guests_get_the_same_page(rig, two_sites):
    guest = rig.guest(address="192.0.2.1")
    statuses = [guest.sign_in(name, WRONG).status for name in ("ana", "ANA", " ana ", "Ana", "ａｎａ", "ana") * 2]
    assert statuses == [422] * 10 + [429] * 2
    other = rig.guest(address="192.0.2.9")
    fail(other, 10, "nobody-of-that-name")
    pages = [guest.sign_in("ana", WRONG), other.sign_in("nobody-of-that-name", WRONG)]
    assert [page.status for page in pages] == [429, 429]
    known, unknown = (_without_what_differs(page.body) for page in pages)
    assert known == unknown


def test_outages_and_stale_forms_do_not_count(rig, two_sites):
    guest = rig.guest(address="192.0.2.1")
    rig.sandbox.switch(client_secret="changed-at-the-vendor")  # its trouble with us, not with the guest
    assert {guest.sign_in("ana", "taco-tuesday").status for _ in range(20)} == {503}
    rig.sandbox.switch(client_secret=rig.sandbox.client_secret)
    for _ in range(20):
        assert guest.sign_in("ana", WRONG, {"csrf_token": "stale", "next": ""}).status == 422
    assert guest.sign_in("ana", "taco-tuesday").status == 303


def test_guesses_sent_all_at_once_are_not_more_than_guesses_sent_one_by_one(rig, two_sites):
    rig.sandbox.switch(delay_seconds=0.5)
    guests = [rig.guest(address="192.0.2.1") for _ in range(40)]
    answers = in_parallel(lambda guest: guest.sign_in("ana", WRONG), guests, threads=40)
    assert {answer.status for answer in answers} <= {422, 429, 503}
    assert len(rig.sandbox.calls(grant="password")) <= 10


def test_tries_of_many_guests_at_once_are_not_more_than_one_address_may(rig, two_sites):
    rig.sandbox.switch(delay_seconds=2)
    answers = in_parallel(
        lambda number: rig.guest(address="192.0.2.1").sign_in(f"guest-{number}", WRONG), range(120), threads=120
    )
    statuses = [answer.status for answer in answers]
    assert len(rig.sandbox.calls(grant="password")) <= 100
    assert {*statuses} <= {422, 429, 503}
    assert 429 in statuses
    assert rig.guest(address="192.0.2.2").sign_in("ana", "taco-tuesday").status == 303


def test_spellings_of_one_name_have_the_places_of_one_guest(rig):
    rig.start(1, PAYTRONIX_MAX_CALLS="8")  # of which one guest has four
    rig.sandbox.switch(delay_seconds=1.5)
    names = ["ana", "ANA", "aNa", "Ana", "ána", "AnA", "anA", "aná"]
    answers = in_parallel(lambda name: rig.guest().sign_in(name, WRONG), names, threads=8)
    assert [answer.status for answer in answers].count(503) == 4
    assert len(rig.sandbox.calls(grant="password")) == 4


def test_a_forwarded_address_counts_only_from_a_configured_proxy(rig):
    rig.start(1, store_url=rig.redis().url)
    statuses = [rig.guest(address=f"192.0.2.{number}").sign_in("ana", WRONG).status for number in range(12)]
    assert statuses == [422] * 10 + [429] * 2


def _without_what_differs(body):
    body = re.sub(r'<input [^>]*type="hidden"[^>]*>', "", body)
    return body.replace("nobody-of-that-name", "ana")
