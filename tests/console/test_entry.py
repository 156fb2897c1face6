"""One entry: typed in every language, checked, previewed, saved in the draft; nothing that was typed is ever lost."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.history import ABSENT, HistoryUnavailable, value_at
from app.messages.entries import Entry
from app.previews import state_of
from config import ConsoleSettings
from tests.console.conftest import sign_in
from tests.console.pages import fill_in, text_of
from tests.console.words import Page, address, edit, publish
from tests.words_databases import prepare

EN, ES = "messages/en.toml", "messages/es.toml"
EVIL = "</textarea><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"


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


def test_what_is_typed_is_in_the_draft_and_nothing_else_is(app, client):
    answer = edit(client, "site", "busy", text_en="Full house! ", title_en="Busy", link_en="help")
    assert answer.status_code == 303
    assert drafts(app) == {(EN, "site", "busy"): {"text": "Full house!", "title": "Busy", "link": "help"}}
    assert "Saved in the draft" in client.get(answer.location).text


def test_a_label_is_a_plain_text(app, client):
    edit(client, "account", "no_rewards", text_es="Nada.")
    assert drafts(app) == {(ES, "account", "no_rewards"): "Nada."}


def test_default_is_an_entry_too(app, client):
    edit(client, "", "default", text_en="Oh no.")
    assert list(drafts(app)) == [(EN, "default")]


def test_emptied_fields_bring_the_built_in_words_also_where_the_folder_has_some(app, client):
    edit(client, "site", "signed_out", text_en="")
    assert drafts(app) == {(EN, "site", "signed_out"): None}
    assert "See you soon" in Page(client.get(address("site", "signed_out"))).frames()


def test_a_language_without_any_words_is_begun_here_and_not_published_before(app, client):
    assert fill_in(client, "/look", {"languages": "en, es, fr"}, field="name").status_code == 303
    assert 'no words in the language "fr"' in text_of(client.get("/publish").text)
    assert fill_in(client, "/publish", {}, field="comment").status_code == 422
    answer = edit(client, "site", "signed_out", text_fr="Au revoir.")
    assert answer.status_code == 303
    assert Page(client.get(answer.location)).fields["text-fr"] == "Au revoir."
    assert fill_in(client, "/publish", {}, field="comment").status_code == 303
    live = app.extensions["console"].workspace.snapshot().live
    assert (live.merchant.languages, live.localizer("fr").site("signed_out").text) == (("en", "es", "fr"), "Au revoir.")


def test_the_folders_words_are_found_however_its_file_writes_the_language(app, client, merchant):
    (merchant / "merchant.toml").write_text('name = "Olive"\nlanguages = ["en", "pt-BR"]\n')
    (merchant / "messages/pt-br.toml").write_text('[site]\nsigned_out = "Tchau."\n')
    edit(client, "site", "signed_out", text_pt_BR="Adeus.")
    assert drafts(app).keys() == {("messages/pt-BR.toml", "site", "signed_out")}
    assert "Guests read, from the folder Tchau." in text_of(client.get("/publish").text)


def test_the_folders_words_typed_again_are_the_folders(app, client):
    edit(client, "site", "signed_out", text_en="Other.")
    edit(client, "site", "signed_out", text_en="Goodbye from the folder.")
    assert drafts(app) == {}


@pytest.mark.parametrize(
    ("button", "filled"),
    [("fill folder en", "Goodbye from the folder."), ("fill built-in en", ""), ("fill published en", "Published.")],
)
def test_buttons_fill_the_fields_and_save_nothing(app, client, button, filled):
    edit(client, "site", "signed_out", text_en="Published.")
    publish(app)
    edit(client, "site", "signed_out", text_en="Drafted.")
    before = drafts(app)
    answer = edit(client, "site", "signed_out", button, text_en="Typed.", text_es="Tecleado.")
    page = Page(answer)
    assert (page.fields["text-en"], page.fields["text-es"]) == (filled, "Tecleado.")
    assert drafts(app) == before


@pytest.mark.parametrize("button", ["fill", "fill ", "fill x", "fill folder xx", "fill nothing en", "zzz"])
def test_a_button_that_does_not_exist_changes_nothing(app, client, button):
    answer = edit(client, "site", "busy", button, text_en="Typed.")
    assert answer.status_code == 200
    assert Page(answer).fields["text-en"] == "Typed."
    assert drafts(app) == {}


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"text_en": "Ring {fone}."}, "Did you mean {phone}?"),
        ({"text_en": "\u202eturned"}, "turns the direction of reading"),
        ({"text_en": "x" * 1001}, "The text has 1001 characters."),
        ({"text_en": "", "title_en": "Only a title"}, "The text is empty."),
        ({"text_en": "Words.", "link_en": "nowhere"}, "names the link"),
    ],
)
def test_what_guests_would_not_read_as_typed_is_not_saved_and_not_lost(app, client, typed, told):
    answer = edit(client, "paytronix", "card.lost", text_es="Otra cosa.", **typed)
    page = Page(answer)
    assert answer.status_code == 422
    assert told in page.text
    assert page.fields["text-es"] == "Otra cosa."
    assert all(page.fields[name.replace("_", "-")] == text for name, text in typed.items())
    assert drafts(app) == {}


def test_a_wording_that_tells_who_has_an_account_is_warned_of_and_saved(app, client):
    there = {"text_en": "Nobody of this name is with us.", "text_es": "Nadie."}
    checked = edit(client, "paytronix", "no_such_guest", "check", **there)
    assert checked.status_code == 200
    assert "reads differently from a wrong password" in Page(checked).text
    assert drafts(app) == {}
    assert edit(client, "paytronix", "no_such_guest", **there).status_code == 303


def test_a_check_speaks_of_this_entry_alone_and_not_of_the_folders_syntax(client):
    edit(client, "paytronix", "other.code", text_en="AN ENTRY THAT SHOUTS")
    page = Page(edit(client, "paytronix", "user_info.not_found", "check", text_en="Sorry, no luck.", link_en=""))
    assert "dead end" in page.text
    assert "Choose a next step." in page.text
    assert "shouting" not in page.text
    assert ".toml" not in page.text


def test_guests_see_the_words_on_their_own_page_in_each_language_light_and_dark(client):
    page = Page(edit(client, "site", "throttled", "check", text_en="Wait {minutes} minutes.", text_es="Espera."))
    looks = {page_look(page.frames(scheme=scheme)) for scheme in ("light", "dark")}
    assert "Wait 5 minutes." in page.frames()
    assert "Espera." in page.frames("es", "dark", "desk")
    assert len(looks) == 2
    light, dark = sorted((client.get(look).text for look in looks), key=lambda css: "color-scheme:dark" in css)
    assert "prefers-color-scheme" not in light + dark
    assert "color-scheme:light" in light
    assert "color-scheme:dark" in dark


def page_look(frame):
    return re.search(r'href="(/brand/[0-9a-f]+/look.css)"', frame)[1]


def test_frames_hold_no_script_and_can_press_nothing(client):
    page = Page(client.get(address("site", "busy")))
    frames = [given for tag, given in page.elements if tag == "iframe"]
    assert len(frames) == 8
    assert {given["sandbox"] for given in frames} == {"allow-same-origin"}
    assert all("<script" not in given["srcdoc"] and "<body inert" in given["srcdoc"] for given in frames)


def test_nothing_that_somebody_types_runs_on_the_console_or_in_a_frame(client):
    name = EVIL[:100]
    answer = edit(client, "paytronix", name, "check", text_en=EVIL, title_en=EVIL)
    page = Page(answer)
    assert page.fields["text-en"] == EVIL
    for elements in (page.elements, framed(page)):
        assert [given for tag, given in elements if tag == "script" and "src" not in given] == []
        assert [given for _, given in elements if any(each.startswith("on") for each in given)] == []
        assert [given for tag, given in elements if tag == "img" and given.get("src") == "x"] == []
    assert "49" not in re.sub(r"[0-9a-f]{12,}|sha256-\S+|value=\"[^\"]*\"", "", page.frames())


def framed(page):
    class Answer:
        text = page.frames()

    return Page(Answer).elements


@pytest.mark.parametrize(
    "code", ["a.b.c.d.e.f.g.h.i.j", "with space", "slash/in:it", "q?x=1&y#z", "Ünï-cödé", "UPPER.case", "..", "*"]
)
def test_any_code_can_be_opened_and_worded(app, client, code):
    assert edit(client, "paytronix", code, text_en="Words for it.").status_code == 303
    assert list(drafts(app)) == [(EN, "paytronix", code.lower())]
    assert "Words for it." in Page(client.get(address("paytronix", code))).frames()


@pytest.mark.parametrize(
    ("section", "name"),
    [("paytronix", ""), ("paytronix", "x" * 101), ("paytronix", "default"), ("site", "no_such"), ("nowhere", "x")],
)
def test_there_is_no_page_for_what_can_be_no_entry(client, section, name):
    assert client.get(address(section, name)).status_code == 404


def test_the_later_of_two_is_shown_the_difference_and_loses_nothing(app, client):
    ben, there = sign_in(app, "Ben", "editor"), address("site", "busy")
    opened = Page(ben.get(there)).fields
    edit(client, "site", "busy", text_en="It is full tonight.")
    typed = opened | {"text-en": "It is packed tonight.", "text-es": "Lleno.", "action": "save"}
    answer = ben.post(there, data=typed)
    page = Page(answer)
    assert answer.status_code == 409
    assert "<del>full</del>" in answer.text
    assert "<ins>packed</ins>" in answer.text
    assert "Ana has saved this" in page.text
    assert (page.fields["text-en"], page.fields["text-es"]) == ("It is packed tonight.", "Lleno.")
    assert drafts(app)[EN, "site", "busy"]["text"] == "It is full tonight."
    assert ben.post(there, data=page.fields | {"action": "save"}).status_code == 303
    assert drafts(app)[EN, "site", "busy"]["text"] == "It is packed tonight."
    assert drafts(app)[ES, "site", "busy"]["text"] == "Lleno."


def test_theirs_can_be_taken_with_one_press(app, client):
    there = address("site", "busy")
    opened = Page(client.get(there)).fields
    edit(sign_in(app, "Ben", "editor"), "site", "busy", text_en="Theirs.")
    page = Page(client.post(there, data=opened | {"text-en": "Mine.", "action": "save"}))
    page = Page(client.post(there, data=page.fields | {"action": "fill draft en"}))
    assert page.fields["text-en"] == "Theirs."


def test_two_who_edit_two_languages_do_not_get_into_each_others_way(app, client):
    there = address("site", "busy")
    opened = Page(client.get(there)).fields
    edit(sign_in(app, "Ben", "editor"), "site", "busy", text_en="Ben’s.")
    assert client.post(there, data=opened | {"text-es": "De Ana.", "action": "save"}).status_code == 303
    assert {value["text"] for value in drafts(app).values()} == {"Ben’s.", "De Ana."}


def test_a_form_that_lacks_a_language_leaves_it_as_it_is(app, client):
    edit(client, "site", "busy", text_es="Lleno.")
    fields = Page(client.get(address("site", "busy"))).fields
    sent = {name: text for name, text in fields.items() if not name.endswith("-es")} | {"text-en": "Full."}
    assert client.post(address("site", "busy"), data=sent | {"action": "save"}).status_code == 303
    assert {place[0]: value["text"] for place, value in drafts(app).items()} == {EN: "Full.", ES: "Lleno."}


def test_only_publishers_restrict_and_change_what_is_restricted(app, client):
    ben = sign_in(app, "Ben", "editor")
    restrict = "/words/restrict?section=site&name=busy"
    assert ben.send(restrict, {"restricted": "yes"}, form_at="/").status_code == 403
    opened = Page(ben.get(address("site", "busy"))).fields
    assert client.send(restrict, {"restricted": "yes"}, form_at="/").status_code == 303
    answer = ben.post(address("site", "busy"), data=opened | {"text-en": "Ben’s.", "action": "save"})
    assert answer.status_code == 403
    assert "Only publishers may change this." in answer.text
    assert Page(answer).fields["text-en"] == "Ben’s."
    assert drafts(app) == {}
    assert edit(client, "site", "busy", text_en="Ana’s.").status_code == 303
    client.send(restrict, {}, form_at="/")
    assert edit(ben, "site", "busy", text_en="Ben’s.").status_code == 303


def test_what_is_restricted_stays_so_whatever_languages_there_are(make_console, merchant):
    (merchant / "merchant.toml").write_text('name = "Olive"\nlanguages = ["en"]\n')
    (merchant / "messages/en.toml").unlink()  # with words of its own, English would stay
    app = make_console(MERCHANT_DIR=str(merchant))
    client = sign_in(app)
    client.send("/words/restrict?section=site&name=busy", {"restricted": "yes"}, form_at="/")
    ben = sign_in(app, "Ben", "editor")
    assert fill_in(ben, "/look", {"languages": "es"}, field="name").status_code == 303
    assert "Only publishers may change this." in ben.get(address("site", "busy")).text
    assert edit(ben, "site", "busy", text_es="Ben’s.").status_code == 403
    client.send("/words/restrict?section=site&name=busy", {}, form_at="/")
    assert edit(ben, "site", "busy", text_es="Ben’s.").status_code == 303


@pytest.mark.parametrize("name", ["username", "email"])
@pytest.mark.parametrize(
    "typed",
    [{"username.label": "Your number"}, {"username.kind": "phone"}, {"username.kind": "email", "name": "Ben's"}],
)
def test_a_restricted_label_of_the_first_field_is_restricted_on_the_page_look_too(app, client, name, typed):
    restrict = f"/words/restrict?section=username&name={name}"
    client.send(restrict, {"restricted": "yes"}, form_at="/")
    ben = sign_in(app, "Ben", "editor")
    assert fill_in(ben, "/look", typed, field="name").status_code == 403
    for kind in ("username", "email", "phone", "card"):
        assert edit(ben, "username", kind, text_en="Your number").status_code == 403
    assert drafts(app) == {}
    client.send(restrict, {}, form_at="/")
    assert fill_in(ben, "/look", typed, field="name").status_code == 303
    assert drafts(app)


def test_a_link_whose_label_is_restricted_is_restricted_on_the_page_look_too(app, client):
    client.send("/words/restrict?section=links&name=help", {"restricted": "yes"}, form_at="/")
    answer = fill_in(sign_in(app, "Ben", "editor"), "/look", {"links.help.text": "Ben’s"}, field="name")
    assert answer.status_code == 403
    assert drafts(app) == {}


def test_a_console_of_the_folder_alone_shows_and_changes_nothing(make_console, merchant, tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/console.db"
    monkeypatch.setattr(ConsoleSettings, "database_url", property(lambda self: url))
    app = make_console(MERCHANT_DIR=str(merchant), MESSAGES_URL=None)
    prepare(url)
    client = sign_in(app)
    page = client.get(address("site", "signed_out"))
    assert "MESSAGES_URL" in page.text
    assert "Save in the draft" not in page.text
    assert "Goodbye from the folder." in Page(page).frames()
    assert edit(client, "site", "signed_out", text_en="Other.").status_code == 409
    assert client.send("/words/restrict?section=site&name=busy", {}, form_at="/").status_code == 409
    assert drafts(app) == {}


def test_what_was_typed_stands_on_the_page_that_says_that_the_database_is_away(app, client, monkeypatch):
    opened = Page(client.get(address("site", "busy"))).fields

    def away(*_, **__):
        raise HistoryUnavailable("away")

    monkeypatch.setattr(app.extensions["console"].drafts, "save_all", away)
    answer = client.post(address("site", "busy"), data=opened | {"text-en": "Typed at length.", "action": "save"})
    assert answer.status_code == 503
    assert "Typed at length." in answer.text


def test_pictures_of_the_look_come_to_staff_alone_and_unknown_ones_do_not_exist(app, client):
    look = page_look(Page(client.get(address("site", "busy"))).frames())
    assert client.get(look).mimetype == "text/css"
    assert "sandbox" in client.get(look).headers["Content-Security-Policy"]
    assert client.get(look.replace("look.css", "logo.svg")).status_code == 404
    assert client.get("/brand/000000000000/look.css").status_code == 404
    assert app.test_client().get(look).status_code == 303


def test_what_was_published_is_what_the_fields_show(app, client):
    edit(client, "site", "busy", text_en="Published.")
    publish(app)
    assert Page(client.get(address("site", "busy"))).fields["text-en"] == "Published."
    contents = app.extensions["console"].workspace.snapshot().contents
    assert value_at(contents, (ES, "site", "busy")) is ABSENT


def test_previews_leave_the_consoles_own_log_alone(app, client):
    client.get(address("site", "busy"))
    line = app.log.getvalue().splitlines()[-1]
    assert '"page": "entry.show"' in line
    assert '"request_id"' in line


def test_many_previews_at_once_show_each_its_own_words(app):
    parts = app.extensions["console"]
    catalogue, state = parts.workspace.snapshot().draft, state_of(("site", "busy"))

    def words_of(number):
        typed = catalogue.with_entries(("site", "busy"), {"en": Entry(f"Words number {number}.")})
        return [frame.page for frame in parts.previews.frames(typed, state)["en"]]

    with ThreadPoolExecutor(8) as pool:
        for number, pages in enumerate(pool.map(words_of, range(64))):
            assert len(pages) == 2
            assert all(f"Words number {number}." in page for page in pages)


def test_back_to_what_is_published_is_nothing_where_the_folders_words_were_taken_away(app, client):
    edit(client, "site", "signed_out", text_en="", title_en="", link_en="")
    publish(app)
    edit(client, "site", "signed_out", text_en="Draft.")
    assert Page(edit(client, "site", "signed_out", action="fill published en")).fields["text-en"] == ""
