"""The breaker: fails fast when Paytronix is down, never for one guest's trouble, and recovers by itself."""

import pytest

from app.paytronix import Reason, Refused, Unavailable
from app.paytronix.breaker import FAILURES, PAUSE_SECONDS, TOGETHER_SECONDS, Breaker
from tests.misbehaving import answer, reply
from tests.paytronix.conftest import make_client

SIGN_IN, PAGE = "oauth/requestGuestToken", "guest/accountInformation"
SEVERAL = ["a", "b", "c"] * FAILURES


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker(clock)


def call(breaker, guest="x", *, operation=SIGN_IN, grant=None, meets=None):
    """Make a call that meets an error, or none; whether it was made."""
    made = False
    try:
        with breaker.watch(operation, grant=grant, guest=guest):
            made = True
            if meets is not None:
                raise meets
    except (Unavailable, Refused):
        pass
    return made


def fail(breaker, guests, *, operation=SIGN_IN, grant=None, reason=Reason.TIMEOUT, status=None):
    trouble = Unavailable(operation, reason, status=status)
    return [call(breaker, guest, operation=operation, grant=grant, meets=trouble) for guest in guests]


def test_failures_of_several_guests_stop_the_next_call_with_the_reason_of_the_last(breaker):
    made = fail(breaker, SEVERAL, reason=Reason.ERROR)
    assert made == [True] * FAILURES + [False] * (len(SEVERAL) - FAILURES)
    with pytest.raises(Unavailable) as caught, breaker.watch(SIGN_IN, guest="z"):
        pytest.fail("the call was made")
    assert caught.value.reason is Reason.ERROR


def test_one_guest_or_two_shut_nobody_out_however_often_they_try(breaker):
    assert all(fail(breaker, ["a", "b"] * 500))
    assert call(breaker)


@pytest.mark.parametrize("answer", [None, Refused(SIGN_IN, "could_not_authenticate")])
def test_an_answer_in_between_begins_the_count_anew(breaker, answer):
    fail(breaker, SEVERAL[: FAILURES - 1])
    call(breaker, meets=answer)
    fail(breaker, SEVERAL[: FAILURES - 1])
    assert call(breaker)


def test_failures_far_apart_are_no_outage(breaker, clock):
    for guest in SEVERAL:
        assert fail(breaker, [guest]) == [True]
        clock.now += TOGETHER_SECONDS + 1


def test_after_a_pause_one_call_goes_through_and_its_answer_lets_all_through(breaker, clock):
    fail(breaker, SEVERAL)
    clock.now += PAUSE_SECONDS + 0.01
    under_way = breaker.watch(SIGN_IN, guest="z")
    with under_way:
        assert not call(breaker)
    assert call(breaker)


def test_a_try_that_fails_stops_the_others_for_another_pause(breaker, clock):
    fail(breaker, SEVERAL)
    for _ in range(3):
        clock.now += PAUSE_SECONDS + 0.01
        assert fail(breaker, ["a", "b"]) == [True, False]


def test_trouble_with_one_operation_is_no_trouble_for_another(breaker):
    fail(breaker, SEVERAL, operation=PAGE)
    assert not call(breaker, operation=PAGE)
    assert call(breaker, operation=SIGN_IN)


@pytest.mark.parametrize("reason", [Reason.THROTTLED, Reason.BUSY, Reason.CREDENTIALS])
def test_what_does_not_say_that_paytronix_is_down_does_not_count(breaker, reason):
    assert all(fail(breaker, SEVERAL, reason=reason))


def test_refreshes_that_fail_keep_nobody_from_signing_in(breaker):
    fail(breaker, SEVERAL, grant="refresh_token")
    assert not call(breaker, grant="refresh_token")
    assert call(breaker, grant="password")


@pytest.mark.parametrize("status", [302, 400, 403, 404, 406])
def test_what_a_firewall_in_front_of_paytronix_says_stops_no_calls(breaker, status):
    assert all(fail(breaker, SEVERAL, reason=Reason.PROTOCOL, status=status))


@pytest.mark.parametrize("status", [200, 201, 500, 503, 521])
def test_nonsense_and_errors_of_the_server_stop_calls(breaker, status):
    assert not all(fail(breaker, SEVERAL, reason=Reason.PROTOCOL, status=status))


def test_what_a_firewall_says_does_not_end_an_outage(breaker):
    fail(breaker, SEVERAL[: FAILURES - 1])
    fail(breaker, ["scanner"], reason=Reason.PROTOCOL, status=403)
    fail(breaker, ["c"])
    assert not call(breaker)


@pytest.mark.parametrize(
    "call_in_browser",
    [
        lambda client, number: client.account_information(f"token-{number}", "6000000000410017"),
        lambda client, number: client.user_information(f"token-{number}", "ana"),
        lambda client, number: client.token_by_refresh_token(f"token-{number}", guest="ana"),
    ],
    ids=["account", "user", "refresh"],
)
def test_one_guest_in_several_browsers_is_one_guest(server, make_transport, call_in_browser):
    server.follow(answer(reply(b"", status=500)))
    client = make_client(make_transport(server.origin))
    for number in range(FAILURES + 5):
        with pytest.raises(Unavailable) as caught:
            call_in_browser(client, number)
        assert caught.value.status == 500, "Paytronix was not called"
