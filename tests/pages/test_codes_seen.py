"""Which codes guests meet is counted by day, without anything about a guest, and without a guest noticing."""

import threading
import time
from datetime import UTC, date, datetime, timedelta

import pytest

from app.store import StoreUnavailable, open_store
from app.store.interface import Reason
from app.usage import KEPT_DAYS, LONGEST_TEXT, MOST_CODES_A_DAY, OTHERS, Tally, UsageCounter
from tests.sites import browser_of, log_of

LATER = 3600  # no write comes by itself within a test


@pytest.fixture
def store(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/seen.db")
    yield store
    store.close()


def seen_by(app):
    codes_seen = app.extensions["services"].codes_seen
    codes_seen.write()
    return {each.code: each for each in codes_seen.read()}


def test_what_guests_meet_is_counted_with_whether_there_were_words(browser, site):
    for username in ("code:guest.locked", "code:guest.locked", "ana", "503", "then:code:user_info.not_found"):
        browser.sign_in(username, "x")
    browser.get("/account")
    seen = seen_by(site)
    assert {code: (each.count, each.has_words) for code, each in seen.items()} == {
        "guest.locked": (2, False),
        "could_not_authenticate": (1, True),
        "http:5xx": (1, True),
        "user_info.not_found": (1, True),
    }
    assert seen["guest.locked"].first_day == seen["guest.locked"].last_day == datetime.now(UTC).date()


def test_trouble_on_the_account_page_is_counted_too(browser, site):
    browser.sign_in("then:code:made_up.system_error", "x")
    assert browser.get("/account").status == 503
    assert seen_by(site)["made_up.system_error"].has_words


def test_codes_without_words_come_first_and_the_frequent_ones_before_the_rare(store):
    codes = UsageCounter(store, write_after_seconds=LATER)
    for code, has_words, times in (("known", True, 9), ("rare", False, 1), ("frequent", False, 3)):
        for _ in range(times):
            codes.note(code, has_words=has_words)
    codes.write()
    assert [each.code for each in codes.read()] == ["frequent", "rare", "known"]


def test_days_are_added_up_and_the_last_one_says_what_paytronix_said(store):
    codes = UsageCounter(store, write_after_seconds=LATER)
    codes.note("a.b", has_words=False, vendor_text="Old words")
    codes.write()
    codes.note("A.B ", has_words=True, vendor_text="New words")
    codes.write()
    [seen] = codes.read(today=datetime.now(UTC).date() + timedelta(days=KEPT_DAYS))
    assert (seen.count, seen.has_words, seen.vendor_text) == (2, True, "New words")
    assert codes.read(today=datetime.now(UTC).date() + timedelta(days=KEPT_DAYS + 1)) == []


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("The user was not found", "The user was not found"),
        ("User ana.maria@example.com was not found", "User … was not found"),
        ("No guest Ana Maria here, ANA MARIA", "No guest … here, …"),
        ("Card 6000 0000 0041 0017 is locked", "Card … is locked"),
        ("Call +44 (20) 7946-0123 now", "Call … now"),
        ("'Bob' is not \"known\"", "… is not …"),
        ("No ana%40example.com here", "No … here"),
        ("Card AB12CD34EF is gone", "Card … is gone"),
        ("Token eyJhbGciOi.J9abcdef1 ended", "Token … ended"),
        ("a\u202eb\x1b[31m", "ab[31m"),
        ("x" * 5000, "x" * (LONGEST_TEXT - 1) + "…"),
    ],
)
def test_paytronixs_text_is_kept_without_what_may_be_somebodys(store, text, kept):
    codes = UsageCounter(store, write_after_seconds=LATER)
    codes.note("a.b", has_words=False, vendor_text=text, guest="ana maria")
    codes.write()
    assert codes.read()[0].vendor_text == kept


def test_a_username_of_one_letter_leaves_the_text_readable(store):
    codes = UsageCounter(store, write_after_seconds=LATER)
    codes.note("a.b", has_words=False, vendor_text="Guest a has an account", guest="a")
    codes.write()
    assert codes.read()[0].vendor_text == "Guest … has an account"


def test_what_a_guest_typed_is_in_no_record(make_site, tmp_path):
    app = make_site()
    browser_of(app).sign_in("code:x.y", "marker-password")
    browser_of(app).sign_in("status:marker", "marker-password")  # refused with a text that quotes the username
    assert any("…" in each.vendor_text for each in seen_by(app).values())
    content = b"".join(path.read_bytes() for path in tmp_path.glob("store.db*"))
    assert b"marker" not in content


@pytest.mark.parametrize("code", ["guest of ours", "x" * 101, "", "ana@example.com", "\u202e"])
def test_what_is_no_code_is_counted_among_the_others(store, code):
    codes = UsageCounter(store, write_after_seconds=LATER)
    codes.note(code, has_words=False, vendor_text="x")
    codes.write()
    assert [(each.code, each.vendor_text) for each in codes.read()] == [(OTHERS, "")]


def test_the_number_of_codes_a_day_is_bounded(store):
    codes = UsageCounter(store, write_after_seconds=LATER)
    for number in range(3 * MOST_CODES_A_DAY):
        codes.note(f"made.up{number}", has_words=False, vendor_text="x" * 1000)
        if number % 100 == 0:
            codes.write()
    codes.write()
    seen = {each.code: each.count for each in codes.read()}
    assert len(seen) == MOST_CODES_A_DAY + 1
    assert seen[OTHERS] == 2 * MOST_CODES_A_DAY


def test_several_workers_lose_no_count(store, tmp_path):
    def work():
        own = open_store(f"sqlite:///{tmp_path}/seen.db")
        codes = UsageCounter(own, write_after_seconds=1)
        for _ in range(10):
            codes.note("a.b", has_words=False)
            codes.write()
        own.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert UsageCounter(store).read()[0].count == 30


def test_a_storm_is_one_write(site, browser, monkeypatch):
    puts = []
    real_put = site.extensions["services"].store.put
    monkeypatch.setattr(
        site.extensions["services"].store, "put", lambda key, *rest: (puts.append(key), real_put(key, *rest))[1]
    )
    codes = site.extensions["services"].codes_seen
    for _ in range(1000):
        codes.note("a.b", has_words=False)
    codes.write()
    assert len([key for key in puts if key.startswith("seen:")]) == 1
    assert codes.read()[0].count == 1000


def test_the_counts_reach_the_store_by_themselves(store):
    codes = UsageCounter(store, write_after_seconds=0.05)
    codes.note("a.b", has_words=False)
    end = time.monotonic() + 5
    while not codes.read():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("failure", [StoreUnavailable("SQLite", Reason.FULL, "no room"), RuntimeError("anything")])
def test_a_store_that_fails_costs_the_counts_and_nothing_else(site, browser, monkeypatch, failure):
    def fail(*args, **kwargs):
        raise failure

    browser.sign_in("code:x.y", "x")
    monkeypatch.setattr(site.extensions["services"].store, "acquire", fail)
    site.extensions["services"].codes_seen.write()
    monkeypatch.undo()
    assert seen_by(site) == {}
    assert len(log_of(site, "codes_seen_not_kept")) == 1


def test_a_record_of_another_release_is_none(store):
    codes = UsageCounter(store, write_after_seconds=LATER)
    today = datetime.now(UTC).date()
    store.put(f"seen:{{codes}}:{today.isoformat()}", b"\xc1junk", 60)
    assert codes.read() == []
    codes.note("a.b", has_words=False)
    codes.write()
    assert [each.code for each in codes.read()] == ["a.b"]
    assert isinstance(codes.read()[0].first_day, date)


def test_each_day_has_its_own_count(store):
    codes = UsageCounter(store, write_after_seconds=LATER)
    today = datetime.now(UTC).date()
    for ago, times in ((0, 2), (3, 5)):
        codes._waiting[today - timedelta(days=ago)] = {"guest.locked": Tally(times, False, "")}
    codes.write()
    (seen,) = codes.read()
    assert seen.counts == {today: 2, today - timedelta(days=3): 5}
    assert seen.count == 7


def test_the_sites_own_texts_are_counted_beside_the_codes(site, browser):
    browser.sign_in("", "")
    browser.sign_in("", "secret")
    browser.get("/nothing-there")
    browser.sign_in("code:guest.locked", "x")
    texts = site.extensions["services"].texts_seen
    texts.write()
    assert {each.code: each.count for each in texts.read()} == {
        "username_missing": 2,
        "password_missing": 1,
        "not_found": 1,
    }
    assert set(seen_by(site)) == {"guest.locked"}
