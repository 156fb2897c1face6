"""The page of all words: what guests read, in which state, how often they met it; found by words and filters."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from app.console.overview import DAYS, Met
from app.console.views.words import PER_PAGE
from app.messages import folder as folder_module
from tests.console.conftest import sign_in
from tests.console.pages import fill_in
from tests.console.words import Page, address, edit, meet, meet_many, publish


@pytest.fixture
def merchant(tmp_path):
    """A merchant's folder with one code worded in English only."""
    folder = tmp_path / "merchant"
    (folder / "messages").mkdir(parents=True)
    (folder / "merchant.toml").write_text('name = "Olive"\nlanguages = ["en", "es"]\n')
    (folder / "messages/en.toml").write_text('[paytronix]\n"card.lost" = "Please ring us about your card."\n')
    return folder


@pytest.fixture
def app(make_console, merchant):
    return make_console(MERCHANT_DIR=str(merchant))


@pytest.fixture
def client(app):
    return sign_in(app)


def names(answer):
    """The entries on a page, in their order."""
    found = Page(answer)
    links = [given["href"] for tag, given in found.elements if tag == "a" and "section=" in given.get("href", "")]
    return [link.partition("name=")[2] for link in links]


def keys(answer):
    """The same, each with its section."""
    found = Page(answer).elements
    return [given["href"] for tag, given in found if tag == "a" and "section=" in given.get("href", "")]


def part(answer, name):
    """What stands on the page about one entry."""
    return next(piece for piece in answer.text.split('<li class="card">') if f"name={name}" in piece)


def test_unknown_codes_come_first_then_what_is_met_often(app, client):
    meet(app, "could_not_authenticate", 90, has_words=True)
    meet(app, "rare.code", 1)
    meet(app, "often.code", 20)
    assert names(client.get("/"))[:3] == ["often.code", "rare.code", "could_not_authenticate"]


def test_a_code_is_counted_for_the_entry_that_speaks_for_it(app, client):
    meet(app, "http:503", 3)
    meet(app, "one_time_password.expired", 2, days_ago=8)
    assert "Met 3 times" in part(client.get("/"), "http:5xx")
    assert "Met 2 times in 30 days" in part(client.get("/"), "one_time_password.*")
    assert "one_time_password.expired" not in client.get("/?words=one_time_password").text


def test_days_before_the_last_thirty_are_not_counted(app, client):
    meet(app, "old.code", 7, days_ago=DAYS)
    meet(app, "new.code", 7, days_ago=DAYS - 1)
    assert "Met 7 times in 30 days" in part(client.get("/"), "new.code")
    assert "Not met in 30 days" in part(client.get("/?words=old.code"), "old.code")


def test_what_the_site_says_itself_is_counted_too(app, client):
    meet(app, "throttled", 7, of="texts", has_words=True)
    assert "7 times in 7 days" in part(client.get("/?words=throttled"), "throttled")
    assert "7 times in 7 days" in client.get(address("site", "throttled")).text


def test_labels_stand_on_every_page_and_are_not_counted(client):
    assert "is not counted" in client.get("/?words=no_rewards").text


@pytest.mark.parametrize(
    ("state", "name"),
    [("no+words", "often.code"), ("missing", "card.lost"), ("folder", "card.lost"), ("built-in", "signed_out")],
)
def test_a_filter_finds_a_state(app, client, state, name):
    meet(app, "often.code", 2)
    found = names(client.get(f"/?state={state}")) + names(client.get(f"/?state={state}&page=2"))
    assert name in found
    assert len(found) < len(names(client.get("/"))) + len(names(client.get("/?page=2")))


def test_a_draft_shows_beside_what_guests_read_until_it_is_published(app, client):
    edit(client, "paytronix", "card.lost", text_en="Ring us, please.")
    row = part(client.get("/?state=draft"), "card.lost")
    assert "Please ring us about your card." in row
    assert "Ring us, please." in row
    publish(app)
    row = part(client.get("/?state=published"), "card.lost")
    assert "Please ring us about your card." not in row
    assert names(client.get("/?state=draft")) == []


def test_what_is_scheduled_is_neither_read_nor_a_draft(app, client):
    edit(client, "site", "signed_out", text_en="Waiting words.")
    at = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    assert fill_in(client, "/publish", {"when": "later", "at": at}, field="follows").status_code == 303
    assert names(client.get("/?words=waiting")) == []
    assert names(client.get("/?state=draft")) == []


def test_search_looks_into_names_and_texts_of_the_wanted_language_in_any_order_and_case(client):
    assert names(client.get("/?words=CARD+ring")) == ["card.lost"]
    assert "sign_out" in names(client.get("/?words=SIGN+out"))
    assert names(client.get("/?words=no-such-thing")) == []
    assert "Nothing fits" in client.get("/?words=no-such-thing").text


def test_a_language_shows_alone(client):
    answer = client.get("/?language=es&state=missing")
    assert names(answer) == ["card.lost"]
    assert "<dt>English" not in answer.text
    assert names(client.get("/?language=en&state=missing")) == []


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=zzz", "page=999", "language=xx", "state=xx", "words=%00"])
def test_whatever_is_in_the_address_the_page_stands(client, query):
    assert client.get(f"/?{query}").status_code == 200


def test_pages_hold_fifty_and_lead_on(client):
    first, second = client.get("/?language=en"), client.get("/?language=en&page=2")
    assert len(names(first)) == PER_PAGE
    assert not set(keys(first)) & set(keys(second))
    assert 'rel="next"' in first.text
    assert 'rel="prev"' in second.text


def test_nothing_that_vendor_or_guests_send_runs(app, client):
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}${7*7}"
    meet(app, "evil.code", 2, text=evil)
    edit(client, "paytronix", evil[:90], text_en=f"Words {evil}")
    for path in ("/", "/inbox", f"/?words={'alert'}"):
        page = Page(client.get(path))
        assert [given for tag, given in page.elements if tag == "script" and "src" not in given] == []
        assert [given for _, given in page.elements if any(name.startswith("on") for name in given)] == []
        assert [given for tag, given in page.elements if tag == "img"] == []


def test_bars_stand_for_days_and_the_highest_fills_the_chart():
    met = Met((0,) * (DAYS - 2) + (1, 40))
    assert met.bars == [(DAYS - 2, 1), (DAYS - 1, 20)]
    assert (met.in_week, met.in_month) == (41, 41)


def test_a_change_of_the_folder_is_seen_soon_and_no_request_waits_for_it(client, merchant, monkeypatch):
    client.get("/")
    monkeypatch.setattr(folder_module, "_SETTLE_SECONDS", 3)
    (merchant / "messages/en.toml").write_text('[paytronix]\n"card.lost" = "Ring us tonight."\n')
    begun = time.monotonic()
    client.get("/")
    assert time.monotonic() - begun < 2
    end = begun + 30
    while "Ring us tonight." not in client.get("/").text:
        assert time.monotonic() < end, "the change was not seen"
        time.sleep(0.05)


def test_thousands_of_unknown_codes_leave_the_page_quick(app, client):
    for day in range(20):
        meet_many(app, {f"junk.code{number}.of{day}": 1 for number in range(200)}, days_ago=day)
    meet(app, "often.code", 9, days_ago=25)
    client.get("/")
    begun = time.process_time()
    assert names(client.get("/"))[0] == "often.code"
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("words", ["couldn't sign you in", "COULDN’T sign", "contrasena", "contraseña"])
def test_what_is_visible_is_found_whatever_its_apostrophes_and_accents(client, words):
    assert {"could_not_authenticate", "password_missing"} & {*names(client.get("/", query_string={"words": words}))}
