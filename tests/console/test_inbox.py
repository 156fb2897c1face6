"""The inbox: codes that guests met and nobody has words for, and the way to word them."""

import re

import pytest

from app.console import inbox_count
from app.usage import OTHERS
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


def test_looking_at_a_code_changes_nothing_and_its_words_begin_with_what_guests_read(console_app, console_client):
    meet(console_app, "guest.locked")
    client = console_client(role="editor")
    assert address("paytronix", "guest.locked").replace("&", "&amp;") in client.get("/inbox").text
    page = Page(client.get(address("paytronix", "guest.locked")))
    assert (page.fields["text-en"], page.fields["link-en"]) == ("", "forgot_password")
    edit(client, "paytronix", "guest.locked", action="save")
    assert console_app.extensions["console"].drafts.read() == {}
    filled = Page(edit(client, "paytronix", "guest.locked", action="fill read en"))
    assert "couldn’t sign you in" in filled.fields["text-en"]
    assert (filled.fields["text-es"], filled.fields["link-en"]) == ("", "forgot_password")
    assert console_app.extensions["console"].drafts.read() == {}
    edit(client, "paytronix", "guest.locked", text_en="Please ring us.")
    assert "Go on with the draft" in client.get("/inbox").text


def test_a_code_with_published_words_leaves_the_inbox(console_app, console_client):
    meet(console_app, "guest.locked")
    client = console_client()
    edit(client, "paytronix", "guest.locked", text_en="Please ring us.")
    assert "guest.locked" in client.get("/inbox").text
    publish(console_app)
    assert "Every code that guests met has words." in client.get("/inbox").text
