"""Turns: guesses sent at once are not more than guesses sent one by one, whenever they are sent."""

import threading
import time

import pytest

from app.auth.pseudonyms import Pseudonyms
from app.auth.throttle import Throttle, Throttled, Tries
from app.paytronix import Unavailable

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
