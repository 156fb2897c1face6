"""The same form sent again: joins the first, and is another try when that was long ago or met an outage."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.auth import submits as module
from app.auth.pseudonyms import Pseudonyms
from app.auth.sign_ins import SignIns, Tokens
from app.auth.submits import Submits
from app.paytronix import Reason, Refused, Unavailable
from app.paytronix.client import TOKEN_CALL
from tests.auth.test_refresh import token


@pytest.fixture
def sign_ins(store):
    return SignIns(store, Pseudonyms(["key"]), idle_seconds=60, max_seconds=600, most_of_guest=20)


@pytest.fixture
def submits(store, sign_ins):
    return Submits(store, sign_ins, call_seconds=2)


class Attempts:
    """Counts attempts; each takes a moment and then signs in or meets the trouble."""

    def __init__(self, sign_ins, trouble=None, seconds=0.0):
        self.sign_ins, self.trouble, self.seconds, self.count = sign_ins, trouble, seconds, 0

    def __call__(self, settled):
        self.count += 1
        time.sleep(self.seconds)
        if self.trouble:
            raise self.trouble
        tokens = Tokens.of(token(self.count), margin_seconds=30)
        return self.sign_ins.begin({"username": "ana"}, tokens, along=lambda session_id: [settled(session_id)])


def test_submits_at_once_are_one_attempt_and_one_sign_in(submits, sign_ins):
    attempts = Attempts(sign_ins, seconds=0.4)
    with ThreadPoolExecutor(5) as threads:
        results = [threads.submit(submits.once, "form", "ana", "secret", attempts) for _ in range(5)]
    assert len({result.result().session_id for result in results}) == 1
    assert attempts.count == 1


def test_another_password_or_another_form_is_another_submit(submits, sign_ins):
    attempts = Attempts(sign_ins)
    for form, password in (("form", "secret"), ("form", "other"), ("form2", "secret")):
        submits.once(form, "ana", password, attempts)
    assert attempts.count == 3


def test_a_refusal_is_remembered_for_a_while_and_then_asked_again(submits, sign_ins, monkeypatch):
    monkeypatch.setattr(module, "REMEMBERED_SECONDS", 2)
    attempts = Attempts(sign_ins, Refused(TOKEN_CALL, "could_not_authenticate"))
    for _ in range(3):
        with pytest.raises(Refused):
            submits.once("form", "ana", "secret", attempts)
    assert attempts.count == 1
    time.sleep(2.2)
    with pytest.raises(Refused):
        submits.once("form", "ana", "secret", attempts)
    assert attempts.count == 2


def test_after_an_outage_the_same_form_is_soon_another_try(submits, sign_ins, monkeypatch):
    monkeypatch.setattr(module, "OUTAGE_REMEMBERED_SECONDS", 1.5)
    attempts = Attempts(sign_ins, Unavailable(TOKEN_CALL, Reason.ERROR))
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            submits.once("form", "ana", "secret", attempts)
        assert caught.value.reason is Reason.ERROR
    assert attempts.count == 1
    time.sleep(1.6)
    attempts.trouble = None
    assert submits.once("form", "ana", "secret", attempts).username == "ana"
    assert attempts.count == 2


def test_nothing_that_is_kept_tells_the_password(submits, sign_ins, store, monkeypatch):
    kept = []
    write = store.write
    monkeypatch.setattr(store, "write", lambda *changes: (kept.append(changes), write(*changes))[1])
    submits.once("form", "ana", "marker-password", Attempts(sign_ins))
    assert kept
    assert b"marker-password" not in repr(kept).encode()
