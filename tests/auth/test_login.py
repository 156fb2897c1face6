"""Signing in: three round trips to the store, one password call for a form, and what becomes of the same form again."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.auth import submissions
from app.auth.login import Attempt, Login
from app.auth.pseudonyms import Pseudonyms
from app.auth.rate_limit import RateLimit, RateLimited, RateLimiter
from app.auth.sign_ins import SignInEnded, SignIns
from app.auth.submissions import Submissions
from app.paytronix import Reason, Refused, Unavailable
from app.paytronix.failures import TOKEN_CALL
from app.store import Reason as StoreReason
from app.store import StoreUnavailable, observed
from tests.auth.conftest import token
from tests.stores import until

ADDRESS = "2001:db8::1"  # which counts for three networks


class Paytronix:
    """Answers a password call with a token or with trouble."""

    def __init__(self):
        self.trouble, self.calls, self.slots, self.during = None, 0, [], lambda: None

    def slot(self, guest):
        self.slots.append(guest)
        return contextlib.nullcontext()

    def token_by_password(self, username, password):
        self.calls += 1
        self.during()
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
    limits = {"per_guest": RateLimit(3, 900), "per_address": RateLimit(100, 900)}
    return Login(
        store,
        sign_ins,
        paytronix,
        pseudonyms=pseudonyms,
        rate_limiter=RateLimiter(store, pseudonyms, **limits),
        submissions=Submissions(store, call_seconds=5),
        margin_seconds=30,
    )


def sign_in(login, form="form", username="ana", password="secret"):
    return login.sign_in(Attempt(username, password, form, ADDRESS), session={})


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
    with pytest.raises(RateLimited):
        sign_in(login, form="another")
    assert paytronix.calls == 3


def test_who_was_told_to_wait_may_send_the_very_same_form_again(login, paytronix):
    paytronix.trouble = Refused(TOKEN_CALL, "could_not_authenticate")
    for number in range(3):
        with pytest.raises(Refused):
            sign_in(login, form=f"form {number}")
    for _ in range(2):  # told at once each time: it does not wait for what was never asked
        with pytest.raises(RateLimited):
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
    assert len(set(paytronix.slots)) == 1


def test_the_same_form_sent_at_once_is_one_password_call_and_one_sign_in(login, paytronix):
    others_wait = threading.Event()
    paytronix.during = lambda: others_wait.wait(30)
    with ThreadPoolExecutor(5) as threads:
        results = [threads.submit(sign_in, login) for _ in range(5)]
        until(lambda: paytronix.calls)
        others_wait.set()
    assert len({result.result().session_id for result in results}) == 1
    assert paytronix.calls == 1


def test_another_password_or_another_form_is_another_submission(login, paytronix):
    for form, password in (("form", "secret"), ("form", "other"), ("form2", "secret")):
        sign_in(login, form, password=password)
    assert paytronix.calls == 3


def test_a_sign_in_that_was_signed_out_again_is_not_given_to_the_same_form(login):
    login._sign_ins.end(sign_in(login))
    with pytest.raises(SignInEnded):
        sign_in(login)


@pytest.mark.parametrize(
    ("trouble", "remembered"),
    [
        (Refused(TOKEN_CALL, "could_not_authenticate", vendor_text="No.", status=400), "REMEMBERED_SECONDS"),
        (Unavailable(TOKEN_CALL, Reason.ERROR, status=503, retry_after_seconds=7), "OUTAGE_REMEMBERED_SECONDS"),
    ],
)
def test_what_came_of_a_form_is_told_to_the_same_form_for_a_while(login, paytronix, monkeypatch, trouble, remembered):
    paytronix.trouble = trouble
    for _ in range(3):
        with pytest.raises(type(trouble)) as caught:
            sign_in(login)
        assert vars(caught.value) == vars(trouble)
    assert paytronix.calls == 1
    monkeypatch.setattr(submissions, remembered, 0.2)
    for form in ("another", "another"):
        with pytest.raises(type(trouble)):
            sign_in(login, form)
    paytronix.trouble = None

    def asks_again():
        with contextlib.suppress(type(trouble)):
            return sign_in(login, "another").username == "ana"

    until(asks_again)


def test_a_submission_whose_holder_was_killed_is_not_sent_again(login, paytronix):
    login._submissions.claim("form", "ana", "secret")
    login._submissions._call_seconds = -submissions.WAIT_RESERVE_SECONDS + 0.3
    with pytest.raises(Unavailable):
        sign_in(login)
    assert paytronix.calls == 0


def test_no_outage_of_the_store_after_the_call_counts_as_a_refusal(login, store, monkeypatch):
    write, is_full = store.write, True

    def full(*changes):
        if is_full and len(changes) > 1:  # all but what takes an attempt back
            raise StoreUnavailable("the store", StoreReason.FULL, "x")
        return write(*changes)

    monkeypatch.setattr(store, "write", full)
    for number in range(5):
        with pytest.raises(StoreUnavailable):
            sign_in(login, form=f"form {number}")
    is_full = False
    assert sign_in(login, form="after").username == "ana"


def test_nothing_that_is_kept_tells_the_password(login, store, monkeypatch):
    kept, write = [], store.write
    monkeypatch.setattr(store, "write", lambda *changes: (kept.append(changes), write(*changes))[1])
    sign_in(login, password="marker-password")
    assert kept
    assert b"marker-password" not in repr(kept).encode()
