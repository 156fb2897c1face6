"""The inbox: codes that guests met and nobody has words for, and the one press that starts a draft."""

import re

import pytest

from app.console import inbox_count
from app.usage import OTHERS
from tests.console.conftest import sign_in
from tests.console.words import Page, address, edit, meet, publish


@pytest.fixture(autouse=True)
def _count_at_once(monkeypatch):
    monkeypatch.setattr(inbox_count, "COUNTED_FOR_SECONDS", 0)


def test_an_empty_inbox_says_that_all_is_well(console_client):
    page = console_client().get("/inbox").text
    assert "Every code that guests met has words." in page
    assert 'class="count"' not in page


def test_codes_without_words_stand_there_with_days_count_and_what_paytronix_says(console_app, console_client):
    meet(console_app, "guest.locked", 3, days_ago=2, text="Account locked")
    meet(console_app, "guest.locked", 4)
    meet(console_app, "could_not_authenticate", 50, has_words=True)
    page = Page(console_client().get("/inbox")).text
    assert "Met 7 times" in page
    assert "Account locked" in page
    assert "could_not_authenticate" not in page


def test_the_menu_tells_how_many_wait(console_app, console_client):
    meet(console_app, "guest.locked")
    meet(console_app, "card.expired")
    assert re.search(r'class="count">2<', console_client().get("/").text)


def test_what_is_no_code_is_told_but_not_offered(console_app, console_client):
    meet(console_app, OTHERS, 12)
    page = console_client().get("/inbox").text
    assert "12 times" in page
    assert f'value="{OTHERS}"' not in page


def test_one_press_starts_a_draft_with_what_guests_read_now_and_leads_to_it(console_app, console_client):
    meet(console_app, "guest.locked")
    client = console_client(role="editor")
    answer = client.send("/inbox", {"code": "guest.locked"})
    assert answer.status_code == 303
    page = Page(client.get(answer.location))
    assert "couldn’t sign you in" in page.fields["text-en"]
    assert page.fields["text-es"]
    assert page.fields["link-en"] == "forgot_password"
    assert ("messages/en.toml", "paytronix", "guest.locked") in console_app.extensions["console"].drafts.read()
    assert "Go on with the draft" in client.get("/inbox").text


def test_a_draft_that_somebody_has_begun_is_left_alone(console_app, console_client):
    meet(console_app, "guest.locked")
    client = console_client()
    edit(client, "paytronix", "guest.locked", text_en="Mine.")
    client.send("/inbox", {"code": "guest.locked"}, form_at="/")
    assert Page(client.get(address("paytronix", "guest.locked"))).fields["text-en"] == "Mine."


def test_a_code_with_published_words_leaves_the_inbox(console_app, console_client):
    meet(console_app, "guest.locked")
    client = console_client()
    edit(client, "paytronix", "guest.locked", text_en="Please ring us.")
    assert "guest.locked" in client.get("/inbox").text
    publish(console_app)
    assert "Every code that guests met has words." in client.get("/inbox").text


@pytest.mark.parametrize("code", ["", "x" * 101, "default", "a\nb"])
def test_what_can_be_no_code_starts_nothing(console_app, console_client, code):
    client = console_client()
    assert client.send("/inbox", {"code": code}, form_at="/").status_code == 404
    assert console_app.extensions["console"].drafts.read() == {}


def test_words_that_only_publishers_may_change_are_not_started_by_editors(console_app, console_client):
    meet(console_app, "guest.locked")
    there = "/words/restrict?section=paytronix&name=guest.locked"
    assert console_client().send(there, {"restricted": "yes"}, form_at="/").status_code == 303
    answer = sign_in(console_app, "Ben", "editor").send("/inbox", {"code": "guest.locked"}, form_at="/")
    assert answer.status_code == 403
