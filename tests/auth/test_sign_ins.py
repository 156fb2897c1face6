"""One guest has no more sign-ins than the operator allows: beyond them, what was longest unused ends."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from app.auth.pseudonyms import Pseudonyms
from app.auth.sign_ins import SignIns, Tokens
from app.paytronix import Token
from tests.sites import browser_of, log_of


def sign_ins_of(store, most):
    return SignIns(store, Pseudonyms(["key"]), idle_seconds=60, max_seconds=600, most_of_guest=most)


def begin(sign_ins, username="ana"):
    time.sleep(0.005)  # engines tell ends apart by the millisecond
    ends_at = datetime.now(UTC) + timedelta(seconds=1800)
    token = Token(access_token="access", refresh_token="refresh", ends_at=ends_at, lifetime_seconds=1800)
    return sign_ins.keep(sign_ins.new({"username": username}, Tokens.of(token, margin_seconds=30)))


def live(sign_ins, begun):
    return [number for number, each in enumerate(begun) if sign_ins.find(each.session_id)]


def test_beyond_the_number_the_sign_in_that_was_longest_unused_ends(store):
    sign_ins = sign_ins_of(store, 3)
    ben = begin(sign_ins, "ben")
    begun = [begin(sign_ins) for _ in range(3)]
    assert live(sign_ins, begun) == [0, 1, 2]
    sign_ins.keep_alive(begun[0])
    begun += [begin(sign_ins, "ANA")]
    assert live(sign_ins, begun) == [0, 2, 3]
    begun += [begin(sign_ins), begin(sign_ins)]
    assert live(sign_ins, begun) == [3, 4, 5]
    assert sign_ins.count() == 4
    assert live(sign_ins, [ben]) == [0]
    assert sign_ins.end_guest("ana") == 3


def test_what_was_signed_out_makes_room(store):
    sign_ins = sign_ins_of(store, 2)
    first = begin(sign_ins)
    for _ in range(10):
        sign_ins.end(begin(sign_ins))
    assert live(sign_ins, [first]) == [0]


@pytest.mark.parametrize("most", [1, 5])
def test_sign_ins_at_once_do_not_end_each_other_s(store, most):
    sign_ins = sign_ins_of(store, most)
    for _ in range(5):
        start = threading.Barrier(8)

        def sign_in(_, start=start):
            start.wait(10)
            return begin(sign_ins)

        with ThreadPoolExecutor(8) as pool:
            begun = list(pool.map(sign_in, range(8)))
        assert len(live(sign_ins, begun)) == most
        last = begin(sign_ins)
        assert live(sign_ins, [last]) == [0]


def test_one_account_cannot_fill_the_store(store):
    sign_ins = sign_ins_of(store, 4)
    for _ in range(60):
        begin(sign_ins)
    assert sign_ins.count() == 4


@pytest.fixture
def small_site(make_site):
    return make_site(SESSIONS_PER_GUEST="2")


def test_the_browser_whose_sign_in_ended_is_told_to_sign_in_again(small_site):
    browsers = [browser_of(small_site) for _ in range(3)]
    for browser in browsers:
        assert browser.sign_in().status == 303
        assert browser.get("/account").status == 200
    assert [browser.get("/account").status for browser in browsers] == [303, 200, 200]
    page = browsers[0].get("/login")
    assert "We end it after a while" in page.text
    assert [record["ended"] for record in log_of(small_site, "sign_ins_surplus_ended")] == [1]
