"""Turns: guesses sent at once are not more than guesses sent one by one, whenever they are sent."""

import threading
import time

import pytest

from app.auth.pseudonyms import Pseudonyms
from app.auth.throttle import Throttle, Throttled, Tries
from app.paytronix import Unavailable
from app.store import Reason, StoreUnavailable

ADDRESS = "192.0.2.1"


def throttle(store, *, tries=10, call_seconds=1):
    return Throttle(
        store,
        Pseudonyms(["key"]),
        per_guest=Tries(tries, 900),
        per_address=Tries(100, 900),
        call_seconds=call_seconds,
    )


class Guesses:
    """Wrong guesses at one guest from one address, each refused by Paytronix after a while."""

    def __init__(self, throttle):
        self._throttle, self.made, self._threads = throttle, [], []

    def send(self, count, *, seconds):
        for _ in range(count):
            self._threads.append(threading.Thread(target=self._guess, args=(seconds,)))
            self._threads[-1].start()

    def join(self):
        for thread in self._threads:
            thread.join(20)

    def _guess(self, seconds):
        try:
            with self._throttle.turn("ana", ADDRESS) as own_try:
                self.made.append(time.monotonic())
                time.sleep(seconds)
                own_try.refused()
        except (Throttled, Unavailable):
            pass


def test_bursts_that_overlap_are_not_more_than_guesses_sent_one_by_one(store):
    guesses = Guesses(throttle(store))
    for count in (1, 1, 20, 20):
        guesses.send(count, seconds=0.9)
        time.sleep(0.6)
    guesses.join()
    assert len(guesses.made) == 10


def test_a_turn_is_given_back_whatever_comes_of_it(store):
    one_at_a_time = throttle(store, tries=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), one_at_a_time.turn("ana", ADDRESS):
            raise ZeroDivisionError
    with one_at_a_time.turn("ana", ADDRESS):
        pass


def test_many_who_wait_for_one_turn_all_get_it(store):
    one_at_a_time, done = throttle(store, tries=1, call_seconds=5), []

    def sign_in():
        with one_at_a_time.turn("ana", ADDRESS):
            time.sleep(0.01)
        done.append(True)

    threads = [threading.Thread(target=sign_in) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(done) == 20


class Failing:
    """A store one of whose operations is done, and told to have failed."""

    def __init__(self, store, operation):
        self._store, self._operation = store, operation

    def __getattr__(self, name):
        def done(*arguments, **named):
            result = getattr(self._store, name)(*arguments, **named)
            if name == self._operation:
                self._operation = None
                raise StoreUnavailable("the store", Reason.TIMEOUT, "late")
            return result

        return done


def test_a_turn_that_a_slow_store_gave_too_late_is_given_back_soon(store):
    one_at_a_time = throttle(Failing(store, "claim"), tries=1, call_seconds=5)
    with pytest.raises(StoreUnavailable), one_at_a_time.turn("ana", ADDRESS):
        pytest.fail("nobody knew that it had the turn")
    began_at = time.monotonic()
    with one_at_a_time.turn("ana", ADDRESS):
        pass
    assert time.monotonic() - began_at < 2


def test_a_turn_that_could_not_be_given_back_at_once_is_given_back_soon(store):
    one_at_a_time = throttle(Failing(store, "nothing"), tries=1, call_seconds=5)
    one_at_a_time._store._operation = "release"
    with one_at_a_time.turn("ana", ADDRESS):
        pass
    with one_at_a_time.turn("ana", ADDRESS):
        pass


def test_a_refused_try_that_could_not_be_counted_is_not_given_back(store):
    one_at_a_time = throttle(Failing(store, "increment_all"), tries=2, call_seconds=1)
    with pytest.raises(StoreUnavailable), one_at_a_time.turn("ana", ADDRESS) as own_try:
        own_try.refused()
    with one_at_a_time.turn("ana", ADDRESS), pytest.raises(Unavailable), one_at_a_time.turn("ana", ADDRESS):
        pytest.fail("the first one must be held")
