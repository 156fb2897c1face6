"""What a sign-in asks of the store: three round trips, whatever comes of it."""

import contextlib

import pytest

from app.auth.login import Attempt, Login
from app.auth.pseudonyms import Pseudonyms
from app.auth.sign_ins import SignIns
from app.auth.submits import Submits
from app.auth.throttle import Throttle, Throttled, Tries
from app.paytronix import Reason, Refused, Unavailable
from app.paytronix.failures import TOKEN_CALL
from app.store import observed
from tests.auth.test_refresh import token

ADDRESS = "2001:db8::1"  # which counts for three networks


class Paytronix:
    """Answers a password call with a token or with trouble."""

    def __init__(self):
        self.trouble, self.calls, self.places = None, 0, []

    def place(self, guest):
        self.places.append(guest)
        return contextlib.nullcontext()

    def token_by_password(self, username, password):
        self.calls += 1
        if self.trouble:
            raise self.trouble
        return token(self.calls)


@pytest.fixture
def asked():
    return []


@pytest.fixture
def paytronix():
    return Paytronix()


@pytest.fixture
def login(store, asked, paytronix):
    store = observed(store, lambda operation: asked.append(operation.name))
    pseudonyms = Pseudonyms(["key"])
    sign_ins = SignIns(store, pseudonyms, idle_seconds=60, max_seconds=600, most_of_guest=5)
    throttle = Throttle(store, pseudonyms, per_guest=Tries(3, 900), per_address=Tries(100, 900))
    submits = Submits(store, sign_ins, call_seconds=1)
    return Login(sign_ins, paytronix, pseudonyms, throttle, submits, margin_seconds=30)


def sign_in(login, form="form", username="ana"):
    return login.sign_in(Attempt(username, "secret", form, ADDRESS), session={})


def test_a_sign_in_is_three_round_trips(login, asked):
    sign_in(login)
    assert asked == ["claim", "count_up", "write"]


def test_a_refusal_is_three_round_trips_and_stays_counted(login, asked, paytronix):
    paytronix.trouble = Refused(TOKEN_CALL, "could_not_authenticate")
    for number in range(3):
        asked.clear()
        with pytest.raises(Refused):
            sign_in(login, form=f"form {number}")
        assert asked == ["claim", "count_up", "write"]
    with pytest.raises(Throttled):
        sign_in(login, form="another")
    assert paytronix.calls == 3


def test_who_was_told_to_wait_may_send_the_very_same_form_again(login, paytronix):
    paytronix.trouble = Refused(TOKEN_CALL, "could_not_authenticate")
    for number in range(3):
        with pytest.raises(Refused):
            sign_in(login, form=f"form {number}")
    for _ in range(2):  # told at once each time: it does not wait for what was never asked
        with pytest.raises(Throttled):
            sign_in(login, form="same")


def test_after_an_outage_the_right_password_works_however_often_it_was_tried(login, paytronix):
    paytronix.trouble = Unavailable(TOKEN_CALL, Reason.TIMEOUT)
    for number in range(10):
        with pytest.raises(Unavailable):
            sign_in(login, form=f"form {number}")
    paytronix.trouble = None
    assert sign_in(login, form="after").username == "ana"


def test_the_same_form_sent_again_is_no_further_try(login, paytronix):
    paytronix.trouble = Refused(TOKEN_CALL, "could_not_authenticate")
    for _ in range(10):
        with pytest.raises(Refused):
            sign_in(login)
    assert paytronix.calls == 1


@pytest.mark.parametrize("username", ["ANA", "aná", " a\u200bna "])
def test_spellings_of_one_name_share_the_places_of_one_guest(login, paytronix, username):
    sign_in(login, form="one")
    sign_in(login, form="two", username=username)
    assert len(set(paytronix.places)) == 1
