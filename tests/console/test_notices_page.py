"""Notices: written, changed and deleted in the draft, in the restaurant's own time."""

from datetime import UTC, datetime

import pytest

from tests.console.conftest import sign_in
from tests.console.pages import fill_in, form_of, text_of

TEXT = {"text.en": "Closed on Monday.", "until": "2037-12-24T18:00"}


@pytest.fixture
def folder(tmp_path):
    """A merchant's folder with two notices."""
    path = tmp_path / "merchant"
    (path / "messages").mkdir(parents=True)
    (path / "merchant.toml").write_text('name = "Olive"\nlanguages = ["en", "es"]\n[links]\nhelp = "tel:123456"\n')
    (path / "notices.toml").write_text(
        'time_zone = "America/New_York"\n'
        '[xmas]\nuntil = 2037-12-26\ntext.en = "Closed."\ntext.es = "Cerrado."\nlink = "help"\n'
        '[failing]\nwhile = "paytronix_failing"\ntext.en = "Trouble."\n'
    )
    return path


@pytest.fixture
def app(make_console, folder):
    return make_console(MERCHANT_DIR=str(folder))


@pytest.fixture
def parts(app):
    return app.extensions["console"]


@pytest.fixture
def ana(app):
    return sign_in(app)


def notices(parts):
    return {notice.name: notice for notice in parts.workspace.snapshot().draft.notices}


def test_a_notice_is_written_in_the_draft_and_shown_with_its_state(ana, parts):
    answer = fill_in(
        ana,
        "/notices/edit",
        {"name": "monday", "title.es": "Lunes", "text.es": "Cerrado.", "link": "help", **TEXT},
        field="name",
    )
    assert answer.location == "/notices"
    found = notices(parts)["monday"]
    assert found.ends_at == datetime(2037, 12, 24, 23, 0, tzinfo=UTC)
    assert (found.entries["es"].title, found.entries["en"].title, found.entries["en"].link) == ("Lunes", None, "help")
    page = text_of(ana.get("/notices").text)
    assert "monday In the draft Closed on Monday. Until 24 December 2037, 18:00" in page
    assert "xmas Guests read this now Closed. Until 27 December 2037, 00:00" in page  # a day counts whole
    assert "Trouble. While Paytronix is failing" in page
    assert parts.workspace.snapshot().live.notices == parts.workspace.snapshot().folder.notices


def test_a_notice_of_the_folder_is_changed_as_a_whole_and_goes_back_to_what_it_was(ana, parts):
    fields = form_of(ana.get("/notices/edit?name=xmas").text, field="until")
    assert (fields["until"], fields["link"], fields["text.es"]) == ("2037-12-27T00:00", "help", "Cerrado.")
    assert fill_in(ana, "/notices/edit?name=xmas", {}, field="until").status_code == 303
    assert parts.drafts.read() == {}  # nothing was changed
    fill_in(ana, "/notices/edit?name=xmas", {"text.es": "", "link": "", "title.en": "Xmas"}, field="until")
    found = notices(parts)["xmas"]
    assert (found.entries.keys(), found.entries["en"].link, found.entries["en"].title) == ({"en"}, None, "Xmas")
    assert found.ends_at == datetime(2037, 12, 27, 5, 0, tzinfo=UTC)
    fill_in(ana, "/notices/edit?name=xmas", {"text.es": "Cerrado.", "link": "help", "title.en": ""}, field="until")
    assert parts.drafts.read() == {}


def test_a_notice_is_deleted_whoever_it_is_from(ana, parts):
    fill_in(ana, "/notices/edit", {"name": "monday", **TEXT}, field="name")
    for name in ("monday", "xmas"):
        assert fill_in(ana, f"/notices/edit?name={name}", {}, action="/notices/delete").status_code == 303
    assert notices(parts).keys() == {"failing"}
    assert parts.drafts.read().keys() == {("notices.toml", "xmas")}
    assert "xmas Guests read this now Will be deleted Closed." in text_of(ana.get("/notices").text)
    assert fill_in(ana, "/notices/edit", {"name": "xmas", **TEXT}, field="name").status_code == 303
    assert notices(parts)["xmas"].entries["en"].text == "Closed on Monday."
    assert "es" not in notices(parts)["xmas"].entries


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "Give it a name"),
        ({"name": "time_zone"}, "another one of that name"),
        ({"name": "xmas"}, "another one of that name"),
        ({"name": "n" * 61}, "61 characters"),
        ({"text.en": ""}, "has no text"),
        ({"text.en": "x" * 1001}, "1001 characters"),
        ({"text.en": "Hi {nobody}"}, "Guests would read it as it is typed"),
        ({"until": "soon"}, "no day and no time"),
        ({"from": "2037-12-25T00:00"}, "ends before it begins"),
        ({"link": "nowhere"}, "is no link"),
        ({"title.en": "\u202eevil"}, "invisible character"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(ana, parts, changes, said):
    typed = {"name": "monday", "title.es": "Lunes", **TEXT, **changes}
    answer = fill_in(ana, "/notices/edit", typed, field="name")
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    fields = form_of(answer.text, field="name")
    assert {name: fields[name] for name in typed} == typed
    assert parts.drafts.read() == {}


def test_two_who_change_the_same_notice_are_shown_the_difference(app, ana, parts):
    page = ana.get("/notices/edit?name=xmas").text
    fill_in(sign_in(app, "Ben", "editor"), "/notices/edit?name=xmas", {"text.en": "Closed, says Ben."}, field="until")
    answer = fill_in(ana, "/notices/edit?name=xmas", {"text.en": "Closed, says Ana."}, field="until", page=page)
    assert answer.status_code == 409
    said = text_of(answer.text)
    assert "Ben has changed the same meanwhile" in said
    assert "Theirs Closed, says Ben . Yours Closed, says Ana ." in said
    fields = form_of(answer.text, field="seen")
    assert ana.post("/notices/edit?name=xmas", data=fields).status_code == 303
    assert notices(parts)["xmas"].entries["en"].text == "Closed, says Ana."


def test_words_in_a_language_that_is_in_no_list_outlast_two_who_edit(folder, app, ana, parts):
    with (folder / "notices.toml").open("a") as file:
        file.write('[soon]\nuntil = 2037-12-26\ntext.en = "Soon."\ntext.fr = "Bientôt."\ntitle.fr = "Avis"\n')
    page = ana.get("/notices/edit?name=soon").text
    deleting = fill_in(sign_in(app, "Ben", "editor"), "/notices/edit?name=soon", {}, action="/notices/delete")
    assert deleting.status_code == 303
    answer = fill_in(ana, "/notices/edit?name=soon", {"text.en": "Ana"}, field="until", page=page)
    assert answer.status_code == 409
    assert ana.post("/notices/edit?name=soon", data=form_of(answer.text, field="seen")).status_code == 303
    found = notices(parts)["soon"].entries
    assert (found["en"].text, found["fr"].text, found["fr"].title) == ("Ana", "Bientôt.", "Avis")


def test_a_language_may_be_written_in_any_case(folder, ana, parts):
    (folder / "merchant.toml").write_text('name = "Olive"\nlanguages = ["en", "pt-br"]\n')
    (folder / "messages/pt-br.toml").write_text("")
    (folder / "notices.toml").write_text(
        '[soon]\nuntil = 2037-12-26T00:00:00Z\ntext.en = "Soon."\ntext.pt-br = "Oi."\n'
    )
    fields = form_of(ana.get("/notices/edit?name=soon").text, field="until")
    assert {name: text for name, text in fields.items() if name.startswith("text.")} == {
        "text.en": "Soon.",
        "text.pt-BR": "Oi.",
    }
    assert fill_in(ana, "/notices/edit?name=soon", {}, field="until").status_code == 303
    assert parts.drafts.read() == {}
    assert fill_in(ana, "/notices/edit?name=soon", {"text.pt-BR": "Olá."}, field="until").status_code == 303
    assert notices(parts)["soon"].entries["pt-BR"].text == "Olá."
    assert "Guests read, from the folder Oi. They will read Olá." in text_of(ana.get("/publish").text)
    assert fill_in(ana, "/notices/edit?name=soon", {"text.pt-BR": "Oi."}, field="until").status_code == 303
    assert parts.drafts.read() == {}


def test_the_time_zone_is_changed_like_all_else(ana, parts):
    answer = fill_in(ana, "/notices", {"time_zone": "Mars/Olympus"}, action="/notices/time-zone")
    assert answer.status_code == 422
    assert "Mars/Olympus" in answer.text
    assert fill_in(ana, "/notices", {"time_zone": "Europe/London"}, action="/notices/time-zone").status_code == 303
    assert "Until 27 December 2037, 00:00" in text_of(ana.get("/notices").text)
    assert notices(parts)["xmas"].ends_at == datetime(2037, 12, 27, tzinfo=UTC)
    fill_in(ana, "/notices", {"time_zone": "America/New_York"}, action="/notices/time-zone")
    assert parts.drafts.read() == {}


def test_without_a_time_zone_times_are_in_utc(console_client, console_app):
    ana = console_client()
    assert "UTC" in text_of(ana.get("/notices/edit").text)
    assert fill_in(ana, "/notices/edit", {"name": "monday", **TEXT}, field="name").status_code == 303
    found = notices(console_app.extensions["console"])["monday"]
    assert found.ends_at == datetime(2037, 12, 24, 18, tzinfo=UTC)


@pytest.mark.parametrize("name", ["nothing", "time_zone", "", "../x", "a%00b"])
def test_a_notice_that_is_not_there_is_said_to_be_none(ana, name):
    assert ana.get(f"/notices/edit?name={name}").status_code == 404


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "Give it a name"),
        ("a%00b", "Give it a name"),
        ("n" * 20_000, "20000 characters"),
        ("time_zone", "another one of that name"),
    ],
)
def test_a_name_in_the_address_keeps_to_the_same_rules(ana, parts, name, said):
    fields = form_of(ana.get("/notices/edit").text, field="name") | TEXT
    answer = ana.post(f"/notices/edit?name={name}", data=fields)
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert "Closed on Monday." in answer.text
    assert parts.drafts.read() == {}


@pytest.mark.parametrize("is_of_folder", [True, False])
def test_what_was_typed_for_a_notice_that_was_deleted_meanwhile_is_not_lost(app, ana, parts, is_of_folder):
    name = "xmas" if is_of_folder else "monday"
    if not is_of_folder:
        fill_in(ana, "/notices/edit", {"name": name, **TEXT}, field="name")
    page = ana.get(f"/notices/edit?name={name}").text
    fill_in(sign_in(app, "Ben", "editor"), f"/notices/edit?name={name}", {}, action="/notices/delete")
    answer = fill_in(ana, f"/notices/edit?name={name}", {"text.en": "Closed, says Ana."}, field="until", page=page)
    assert answer.status_code == 409
    fields = form_of(answer.text, field="seen")
    assert ana.post(f"/notices/edit?name={name}", data=fields).status_code == 303
    assert notices(parts)[name].entries["en"].text == "Closed, says Ana."


@pytest.mark.parametrize("zone", ['time_zone = "Europe/London"', ""])
def test_there_are_twenty_notices_at_most_with_and_without_a_time_zone(app, folder, ana, parts, zone):
    (folder / "notices.toml").write_text(zone)
    value = {"text": {"en": "Closed."}, "until": "2037-12-24"}
    places = [("notices.toml", f"{number}") for number in range(19)]
    parts.drafts.save_all(dict.fromkeys(places, value), by="Ana", is_publisher=True)
    assert fill_in(ana, "/notices/edit", {"name": "20th", **TEXT}, field="name").status_code == 303
    fields = form_of(ana.get("/notices/edit").text, field="name") | {"name": "21st", **TEXT}
    for there in ("/notices/edit", "/notices/edit?name=21st"):
        answer = ana.post(there, data=fields)
        assert answer.status_code == 422
        assert "There are 20 notices already" in text_of(answer.text)
    assert len(parts.drafts.read()) == 20


def test_a_name_may_be_anything(ana, parts):
    for name in ("Bank holiday, 50% off / more?", "..", 'a"b', "日曜日"):
        assert fill_in(ana, "/notices/edit", {"name": name, **TEXT}, field="name").status_code == 303
        assert ana.get("/notices/edit", query_string={"name": name}).status_code == 200
        assert name in notices(parts)


def test_a_notice_may_be_without_an_end_and_is_told_of_before_it_is_published(ana, parts):
    assert fill_in(ana, "/notices/edit", {"name": "monday", **TEXT, "until": ""}, field="name").status_code == 303
    assert "Until somebody deletes it" in text_of(ana.get("/notices").text)
    assert 'The notice "monday" has no end: guests read it until you delete it.' in text_of(ana.get("/publish").text)
    assert notices(parts)["monday"].is_due(datetime(2190, 1, 1, tzinfo=UTC), paytronix_is_failing=False)


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("London", "Europe/London"),
        ("new york", "America/New_York"),
        ("europe/paris", "Europe/Paris"),
        ("singapore", "Singapore"),
        ("UTC", "UTC"),
    ],
)
def test_a_city_stands_for_its_time_zone(ana, parts, typed, zone):
    assert fill_in(ana, "/notices", {"time_zone": typed}, action="/notices/time-zone").status_code == 303
    assert parts.workspace.snapshot().values["notices.toml"]["time_zone"] == zone


def test_a_city_of_two_time_zones_is_asked_about(ana, parts):
    answer = fill_in(ana, "/notices", {"time_zone": "Louisville"}, action="/notices/time-zone")
    assert answer.status_code == 422
    assert "can be one of these: America/Kentucky/Louisville, America/Louisville. Which do you mean?" in text_of(
        answer.text
    )
