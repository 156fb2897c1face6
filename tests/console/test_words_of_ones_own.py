"""An entry gets words of its own, and loses them: what comes with them, and what guests read without."""

import pytest

from tests.console.conftest import sign_in
from tests.console.words import Page, address, edit


@pytest.fixture
def merchant(tmp_path):
    folder = tmp_path / "merchant"
    (folder / "messages").mkdir(parents=True)
    (folder / "merchant.toml").write_text(
        'name = "Olive"\nphone = "020 7946 0123"\nlanguages = ["en", "es"]\n[links]\nhelp = "https://olive.example/help"\n'
    )
    (folder / "messages/en.toml").write_text('[site]\nsigned_out = "Goodbye from the folder."\n')
    return folder


@pytest.fixture
def app(make_console, merchant):
    return make_console(MERCHANT_DIR=str(merchant))


@pytest.fixture
def client(app):
    return sign_in(app)


def drafts(app):
    return {place: draft.value for place, draft in app.extensions["console"].drafts.read().items()}


def test_words_of_ones_own_keep_the_next_step_of_those_that_guests_read(app, client):
    edit(client, "paytronix", "could_not_authenticate", text_es="No es correcto.")
    assert drafts(app) == {
        ("messages/es.toml", "paytronix", "could_not_authenticate"): {
            "text": "No es correcto.", "title": None, "link": "forgot_password",
        }
    }  # fmt: skip


def test_an_emptied_text_is_taken_away_with_its_next_step(app, client):
    edit(client, "paytronix", "could_not_authenticate", text_en="Not right.")
    answer = edit(client, "paytronix", "could_not_authenticate", text_en="")
    assert answer.status_code == 303
    assert drafts(app) == {}


def test_what_guests_read_otherwise_follows_what_is_typed_in_another_language(client):
    answer = edit(client, "site", "unavailable", action="check", text_en="We are mending it.")
    said = Page(answer).text
    assert said.count("Left empty, guests read: We are mending it.") == 1, "those who read Spanish"


def test_the_sentence_of_a_situation_is_shown_where_a_code_has_no_words(client, app):
    edit(client, "site", "unavailable", text_en="We are mending it.")
    assert "Left empty, guests read: We are mending it." in Page(client.get(address("paytronix", "http:5xx"))).text
