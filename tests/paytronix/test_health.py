"""Health: calls fail fast when Paytronix is down, never for one guest's trouble, and recover by themselves."""

import pytest

from app.paytronix import Reason, Refused, Unavailable
from app.paytronix.limits import (
    FAILING_AFTER,
    FAILURES,
    FORGOTTEN_AFTER_SECONDS,
    PAUSE_SECONDS,
    TOGETHER_SECONDS,
    Health,
)
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
def health(clock):
    return Health(clock)


def call(health, guest="x", *, operation=SIGN_IN, grant=None, meets=None):
    """Make a call that meets an error, or none; whether it was made."""
    made = False
    try:
        with health.watch(operation, grant=grant, guest=guest):
            made = True
            if meets is not None:
                raise meets
    except (Unavailable, Refused):
        pass
    return made


def fail(health, guests, *, operation=SIGN_IN, grant=None, reason=Reason.TIMEOUT, status=None):
    trouble = Unavailable(operation, reason, status=status)
    return [call(health, guest, operation=operation, grant=grant, meets=trouble) for guest in guests]


def test_failures_of_several_guests_stop_the_next_call_with_the_reason_of_the_last(health):
    made = fail(health, SEVERAL, reason=Reason.ERROR)
    assert made == [True] * FAILURES + [False] * (len(SEVERAL) - FAILURES)
    with pytest.raises(Unavailable) as caught, health.watch(SIGN_IN, guest="z"):
        pytest.fail("the call was made")
    assert caught.value.reason is Reason.ERROR


def test_one_guest_or_two_shut_nobody_out_however_often_they_try(health):
    assert all(fail(health, ["a", "b"] * 500))
    assert call(health)


@pytest.mark.parametrize("answer", [None, Refused(SIGN_IN, "could_not_authenticate")])
def test_an_answer_in_between_begins_the_count_anew(health, answer):
    fail(health, SEVERAL[: FAILURES - 1])
    call(health, meets=answer)
    fail(health, SEVERAL[: FAILURES - 1])
    assert call(health)


def test_failures_far_apart_are_no_outage(health, clock):
    for guest in SEVERAL:
        assert fail(health, [guest]) == [True]
        clock.now += TOGETHER_SECONDS + 1


def test_after_a_pause_one_call_goes_through_and_its_answer_lets_all_through(health, clock):
    fail(health, SEVERAL)
    clock.now += PAUSE_SECONDS + 0.01
    under_way = health.watch(SIGN_IN, guest="z")
    with under_way:
        assert not call(health)
    assert call(health)


def test_a_try_that_fails_stops_the_others_for_another_pause(health, clock):
    fail(health, SEVERAL)
    for _ in range(3):
        clock.now += PAUSE_SECONDS + 0.01
        assert fail(health, ["a", "b"]) == [True, False]


def test_trouble_with_one_operation_is_no_trouble_for_another(health):
    fail(health, SEVERAL, operation=PAGE)
    assert not call(health, operation=PAGE)
    assert call(health, operation=SIGN_IN)


@pytest.mark.parametrize("reason", [Reason.THROTTLED, Reason.BUSY, Reason.CREDENTIALS])
def test_what_does_not_say_that_paytronix_is_down_does_not_count(health, reason):
    assert all(fail(health, SEVERAL, reason=reason))


def test_refreshes_that_fail_keep_nobody_from_signing_in(health):
    fail(health, SEVERAL, grant="refresh_token")
    assert not call(health, grant="refresh_token")
    assert call(health, grant="password")


@pytest.mark.parametrize("status", [302, 400, 403, 404, 406])
def test_what_a_firewall_in_front_of_paytronix_says_stops_no_calls(health, status):
    assert all(fail(health, SEVERAL, reason=Reason.PROTOCOL, status=status))


@pytest.mark.parametrize("status", [200, 201, 500, 503, 521])
def test_nonsense_and_errors_of_the_server_stop_calls(health, status):
    assert not all(fail(health, SEVERAL, reason=Reason.PROTOCOL, status=status))


def test_what_a_firewall_says_does_not_end_an_outage(health):
    fail(health, SEVERAL[: FAILURES - 1])
    fail(health, ["scanner"], reason=Reason.PROTOCOL, status=403)
    fail(health, ["c"])
    assert not call(health)


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


# --- Whether Paytronix is failing as a whole ---

ANSWER = Refused(SIGN_IN, "could_not_authenticate")


def failing(health, *troubles):
    """Whether Paytronix is failing after calls, of any guests and kinds, that met these."""
    for number, trouble in enumerate(troubles):
        meets = Unavailable(PAGE, trouble) if isinstance(trouble, Reason) else trouble
        call(health, f"guest{number}", operation=(SIGN_IN, PAGE)[number % 2], meets=meets)
    return health.is_failing()


@pytest.mark.parametrize(
    ("troubles", "is_failing"),
    [
        ([], False),
        ([Reason.TIMEOUT] * (FAILING_AFTER - 1), False),
        ([Reason.TIMEOUT] * FAILING_AFTER, True),
        ([Reason.TIMEOUT, Reason.DNS, Reason.ERROR], True),
        ([Reason.THROTTLED, Reason.CREDENTIALS, Reason.INTEGRATION], True),
        ([Reason.TIMEOUT, ANSWER, Reason.TIMEOUT, Reason.TIMEOUT], False),
        ([Reason.TIMEOUT] * FAILING_AFTER + [None], False),
        ([Reason.TIMEOUT] * FAILING_AFTER + [ANSWER], False),
        ([Reason.BUSY] * FAILING_AFTER, False),
        ([Reason.TIMEOUT, Reason.BUSY, Reason.TIMEOUT, Reason.TIMEOUT], True),
    ],
)
def test_paytronix_is_failing_when_the_last_calls_all_failed(health, troubles, is_failing):
    assert failing(health, *troubles) == is_failing


def test_a_firewall_that_refuses_some_requests_says_nothing_of_paytronix(health):
    refused = Unavailable(PAGE, Reason.PROTOCOL, status=403)
    assert not failing(health, *[refused] * FAILING_AFTER)
    assert failing(health, Reason.ERROR, refused, Unavailable(PAGE, Reason.PROTOCOL, status=200), refused, Reason.ERROR)


def test_a_failure_that_nobody_has_met_again_is_forgotten(health, clock):
    assert failing(health, *[Reason.TIMEOUT] * FAILING_AFTER)
    clock.now += FORGOTTEN_AFTER_SECONDS - 1
    assert health.is_failing()
    clock.now += 1
    assert not health.is_failing()


def test_calls_that_are_not_made_keep_it_failing(health, clock):
    fail(health, SEVERAL)
    for _ in range(int(FORGOTTEN_AFTER_SECONDS)):
        clock.now += 1
        fail(health, ["a", "b"])
    assert health.is_failing()
