"""Whatever stands in the store under our keys is at worst "no session", never an unexpected error."""

import sqlite3
import time

import msgspec
import pytest

from app.store.sealing import SessionKeys
from tests.sites import log_of

JUNK = [b"", b"\x01", b"\x01" + b"a" * 60, b"\x80\x04K\x01.", "text", 12345, 1.5]
LATER = int(time.time() * 1000) + 10**9


@pytest.fixture
def execute(site, tmp_path):
    """A function that changes the site's database behind its back."""

    def execute(statement, *values):
        with sqlite3.connect(tmp_path / "store.db") as db:
            db.execute(statement, values)
        db.close()

    return execute


@pytest.fixture(autouse=True)
def no_unexpected_error(site):
    yield
    assert log_of(site, "unexpected_error") == []


@pytest.mark.parametrize("junk", JUNK)
def test_a_junk_record_is_no_session(browser, execute, junk):
    browser.sign_in()
    execute("UPDATE records SET value = ?", junk)
    assert browser.get("/account").status == 303
    assert browser.sign_in().status == 303
    assert browser.get("/account").status == 200


@pytest.mark.parametrize(
    "content", [{"username": "ana"}, {"username": "ana", "started_at": "x"}, {"started_at": 10**18}, [1]]
)
def test_a_session_that_another_release_wrote_is_no_session(browser, site, content):
    browser.sign_in()
    keys = SessionKeys(browser.cookies()["session"])
    key = f"s:{{{keys.name}}}"
    site.extensions["services"].store.put(key, keys.seal(key, msgspec.msgpack.encode(content)), 100)
    assert browser.get("/account").status == 303
    assert browser.sign_in().status == 303


@pytest.mark.parametrize("junk", [b"junk", "abc", 1.5, -5])
def test_a_junk_counter_counts_nothing(browser, execute, junk):
    browser.sign_in("ana", "wrong")
    execute("UPDATE counters SET number = ?", junk)
    assert browser.sign_in().status in {303, 503}


def test_a_reason_that_a_newer_release_left_is_trouble_like_any_other(browser, execute, sandbox):
    browser.sign_in()
    browser.get("/account")
    sandbox.expire()
    name = SessionKeys(browser.cookies()["session"]).name
    execute("INSERT INTO records VALUES (?, ?, NULL, ?)", f"f:{{{name}}}", b"a_newer_reason", LATER)
    assert browser.get("/account").status == 503
    execute("DELETE FROM records WHERE key LIKE 'f:%'")
    assert browser.get("/account").status == 200


def test_an_outcome_of_a_submit_that_another_release_wrote_is_none(browser, site):
    form = browser.get("/login")
    from app.auth.submissions import Submission, _keys

    keys = _keys(form.fields["csrf_token"], "ana", "taco-tuesday")
    key = Submission("whoever", keys).key
    junk = keys.seal(key, msgspec.msgpack.encode(["another", "shape"]))
    site.extensions["services"].store.put(key, junk, 100)
    assert browser.submit(form, "ana", "taco-tuesday").status == 303
