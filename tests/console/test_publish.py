"""Publish, history, audit: what is published is what was shown, and everything can be taken back."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.console.conftest import sign_in
from tests.console.pages import fill_in, form_of, forms_of, text_of
from tests.console.publishing import NOT_FOUND, SIGNED_OUT, entry, publish


def test_a_change_is_shown_published_and_rolled_back(console_client, parts, draft):
    ana = console_client()
    draft({SIGNED_OUT: entry("Goodbye, and thank you.")})
    page = text_of(ana.get("/publish").text)
    assert "One change" in page
    assert "Ben," in page
    assert "They will read Goodbye, and thank you." in page
    answer = publish(ana)
    assert answer.location == "/history/1?done=published"
    done = ana.get(answer.location).text
    assert "Guests read it within five seconds" in text_of(done)
    assert parts.revisions.published().comment == "Why not"
    assert "There is nothing to publish" in text_of(ana.get("/publish").text)
    answer = ana.post("/history/0/roll-back", data=form_of(done, action="/history/0/roll-back"))
    assert answer.location == "/history/2?done=rolled_back"
    assert parts.revisions.published().contents == {}


def test_where_a_code_had_no_words_it_says_what_guests_read(console_client, draft):
    draft({("messages/en.toml", "paytronix", "guest.locked"): entry("Ask us.")})
    assert "from the words for “could_not_authenticate” We couldn’t sign you in" in text_of(
        console_client().get("/publish").text
    )


def test_after_a_roll_back_there_is_nothing_to_publish_and_no_more_is_claimed(console_client, draft):
    ana = console_client()
    draft({SIGNED_OUT: entry("Goodbye.")})
    done = ana.get(publish(ana).location).text
    ana.post("/history/0/roll-back", data=form_of(done, action="/history/0/roll-back"))
    assert "There is nothing to publish. Guests read revision 2" in text_of(ana.get("/publish").text)


def test_what_was_not_shown_is_not_published_and_the_comment_stays(console_client, parts, draft):
    ana = console_client()
    draft({SIGNED_OUT: entry("Goodbye.")})
    page = ana.get("/publish").text
    draft({NOT_FOUND: entry("No account of that name.")}, by="Cy")
    answer = fill_in(ana, "/publish", {"comment": "My reasons"}, field="follows", page=page)
    assert answer.status_code == 409
    assert "Somebody has changed it since" in answer.text
    assert "No account of that name." in text_of(answer.text)
    assert form_of(answer.text, field="follows")["comment"] == "My reasons"
    assert parts.revisions.published() is None
    assert fill_in(ana, "/publish", {}, field="follows", page=answer.text).status_code == 303


def test_a_draft_that_was_compared_with_another_revision_is_not_published(console_client, parts, draft):
    ana = console_client()
    draft({NOT_FOUND: entry("First.")})
    publish(ana)
    draft({SIGNED_OUT: entry("Goodbye.")})
    page = ana.get("/publish").text
    parts.revisions.roll_back(0, by="Cy", comment="")
    assert fill_in(ana, "/publish", {}, field="follows", page=page).status_code == 409
    assert parts.revisions.published_number() == 2


def test_the_same_form_sent_twice_publishes_once(console_client, parts, draft):
    ana = console_client()
    draft({SIGNED_OUT: entry("Goodbye.")})
    page = ana.get("/publish").text
    assert [fill_in(ana, "/publish", {}, field="follows", page=page).status_code for _ in "12"] == [303, 409]
    assert parts.revisions.published_number() == 1


def test_a_draft_with_a_fault_is_not_published(console_client, parts, draft):
    ana = console_client()
    draft({("merchant.toml", "name"): "X", ("merchant.toml", "look", "brand"): "red"})
    assert "no colour" in text_of(ana.get("/publish").text)
    answer = publish(ana)
    assert answer.status_code == 422
    assert form_of(answer.text, field="follows")["comment"] == "Why not"
    assert parts.revisions.published() is None


def test_a_fault_that_guests_have_already_keeps_nothing_from_being_published(make_console, tmp_path):
    folder = tmp_path / "merchant"
    (folder / "messages").mkdir(parents=True)
    (folder / "merchant.toml").write_text('name = "A"\nphone = "none"\n')
    app = make_console(MERCHANT_DIR=str(folder))
    parts, ana = app.extensions["console"], sign_in(app)
    parts.drafts.save_all({SIGNED_OUT: entry("Goodbye.")}, by="Ben", is_publisher=True)
    assert publish(ana).status_code == 303


def test_what_a_change_of_look_does_to_sentences_that_nobody_has_touched_is_told(make_console, tmp_path):
    folder = tmp_path / "merchant"
    (folder / "messages").mkdir(parents=True)
    (folder / "merchant.toml").write_text('name = "A"\nphone = "123 456"\n[links]\nhelp = "tel:123456"\n')
    (folder / "messages/en.toml").write_text(
        '[site]\nsigned_out = "Call {phone}"\nbusy = "Ring {phone}"\nsession_ended = {text = "Bye.", link = "help"}\n'
    )
    ana = sign_in(app := make_console(MERCHANT_DIR=str(folder)))
    fill_in(ana, "/look", {"phone": "", "links.help.url": ""}, field="name")
    page = text_of(ana.get("/publish").text)
    assert '"signed_out" of [site] says {phone}' in page
    assert '"session_ended" of [site] leads to "help", which has no address' in page
    changed = {("messages/en.toml", "site", "signed_out"): entry("Call us on {phone}")}
    app.extensions["console"].drafts.save_all(changed, by="Ben", is_publisher=True)
    page = text_of(ana.get("/publish").text)
    assert page.count('"signed_out" of [site] says {phone}') == 1  # at its own change
    assert '"busy" of [site] says {phone}' in page


def test_it_is_published_at_a_time_in_the_time_zone_of_the_restaurant_and_withdrawn(console_client, parts, draft):
    ana = console_client()
    draft({("notices.toml", "time_zone"): "Asia/Tokyo"})
    publish(ana)
    draft({SIGNED_OUT: entry("Goodbye.")})
    day = (datetime.now(UTC) + timedelta(days=30)).date()
    answer = publish(ana, when="later", at=f"{day}T09:30")
    assert answer.location == "/history/2?done=scheduled"
    [waiting] = parts.revisions.waiting()
    assert waiting.effective_at == datetime(day.year, day.month, day.day, 0, 30, tzinfo=UTC)
    assert "is scheduled" in text_of(ana.get(answer.location).text)
    page = ana.get("/publish").text
    assert "Scheduled for" in text_of(page)
    assert "09:30" in page
    assert fill_in(ana, "/publish", {}, action="/publish/withdraw").status_code == 303
    assert parts.revisions.waiting() == []
    assert set(parts.drafts.read()) == {SIGNED_OUT}
    assert ana.post("/publish/withdraw", data=form_of(page, action="/publish/withdraw")).status_code == 409


def test_what_is_scheduled_keeps_nothing_from_being_published_and_is_no_draft(console_client, parts, draft):
    ana = console_client()
    draft({SIGNED_OUT: entry("Happy Christmas."), NOT_FOUND: entry("Closed.")})
    at = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    assert publish(ana, when="later", at=at).status_code == 303
    draft({SIGNED_OUT: entry("Third words.")})
    page = text_of(ana.get("/publish").text)
    assert "Guests read, from the built-in words You’ve signed out. See you soon! They will read Third words." in page
    assert "Revision 1 changes this, too, from" in page
    assert publish(ana).location == "/history/2?done=published"
    assert parts.revisions.published().contents["messages/en.toml"]["site"]["signed_out"]["text"] == "Third words."
    [waiting] = parts.revisions.waiting()
    draft({SIGNED_OUT: entry("Newer words.")})
    answer = fill_in(ana, "/publish", {}, action="/publish/withdraw")
    page = ana.get(answer.location)
    assert "One place has a newer draft, which stays" in text_of(page.text)
    assert "Happy Christmas." in text_of(ana.get(f"/history/{waiting.number}").text)
    assert parts.drafts.read()[NOT_FOUND].value == entry("Closed.")


@pytest.mark.parametrize("at", ["", "soon", "2020-01-01T10:00", "0001-01-01T00:00", "9999-12-31T23:59", "2" * 500])
def test_a_time_that_is_none_or_no_good_publishes_nothing(console_client, parts, draft, at):
    draft({SIGNED_OUT: entry("Goodbye.")})
    answer = publish(console_client(), when="later", at=at)
    assert answer.status_code == 422
    assert form_of(answer.text, field="follows")["comment"] == "Why not"
    assert parts.revisions.waiting() == []


def test_one_change_is_given_up_and_then_all(console_client, parts, draft):
    ana = console_client()
    draft({SIGNED_OUT: entry("Goodbye."), NOT_FOUND: entry("No account."), ("merchant.toml", "name"): "X"})
    page = ana.get("/publish").text
    one = next(form["fields"] for form in forms_of(page) if "signed_out" in form["fields"].get("place", ""))
    assert ana.post("/publish/discard", data=one).status_code == 303
    assert ana.post("/publish/discard", data=one).status_code == 303
    assert set(parts.drafts.read()) == {NOT_FOUND, ("merchant.toml", "name")}
    everything = form_of(page, action="/publish/discard-all")
    assert ana.post("/publish/discard-all", data=everything).status_code == 409  # it is another draft by now
    assert fill_in(ana, "/publish", {}, action="/publish/discard-all").status_code == 303
    assert parts.drafts.read() == {}


def test_a_change_that_somebody_has_made_meanwhile_is_not_given_up(console_client, parts, draft):
    ana = console_client()
    draft({SIGNED_OUT: entry("Goodbye.")})
    page = ana.get("/publish").text
    draft({SIGNED_OUT: entry("Farewell.")}, by="Cy")
    answer = ana.post("/publish/discard", data=form_of(page, action="/publish/discard"))
    assert answer.status_code == 409
    assert parts.drafts.read()[SIGNED_OUT].value == entry("Farewell.")


def test_editors_see_it_all_and_publish_nothing(console_client, parts, draft):
    draft({SIGNED_OUT: entry("Goodbye.")})
    publish(console_client())
    draft({SIGNED_OUT: entry("Farewell.")})
    ben = console_client(role="editor", name="Ben")
    pages = [ben.get(path).text for path in ("/publish", "/history", "/history/0", "/history/1?done=published")]
    assert all("Farewell." in pages[0] and "/roll-back" not in page and "follows" not in page for page in pages)
    token = {"csrf_token": ben.token("/publish")}
    for path in ("/publish", "/publish/discard-all", "/publish/withdraw", "/history/0/roll-back"):
        assert ben.post(path, data=token).status_code == 403
    assert parts.revisions.published_number() == 1
    assert len(parts.drafts.read()) == 1


def test_an_editor_does_not_give_up_what_only_publishers_change(console_client, parts, draft):
    draft({SIGNED_OUT: entry("Goodbye.")})
    parts.drafts.restrict(SIGNED_OUT, is_restricted=True, by="Ana")
    ben = console_client(role="editor", name="Ben")
    assert fill_in(ben, "/publish", {}, action="/publish/discard").status_code == 403
    assert len(parts.drafts.read()) == 1


def test_where_the_folder_alone_counts_everything_is_shown_and_nothing_changed(make_console, monkeypatch, tmp_path):
    monkeypatch.setattr("config.ROOT", tmp_path)
    app = make_console(MESSAGES_URL=None)
    ana = sign_in(app)
    for path in ("/publish", "/history", "/history/0", "/audit", "/notices", "/notices/edit", "/look"):
        answer = ana.get(path)
        assert answer.status_code == 200
        if path != "/audit":
            assert "MESSAGES_URL" in answer.text
    token = {"csrf_token": ana.token("/look"), "name": "Other"}
    for path in ("/publish", "/publish/discard", "/history/0/roll-back", "/notices/edit", "/notices/delete", "/look"):
        answer = ana.post(path, data=token)
        assert answer.status_code == 409
        assert "MESSAGES_URL" in answer.text
    assert app.extensions["console"].drafts.read() == {}


def test_a_day_that_is_filled_in_is_not_published_at_once(console_client, parts, draft):
    draft({SIGNED_OUT: entry("Bye.")})
    answer = publish(console_client(), when="now", at="2027-01-24T09:00")
    assert answer.status_code == 422
    assert "You have filled in a day. Press Schedule, or empty it to publish now." in text_of(answer.text)
    assert 'value="2027-01-24T09:00"' in answer.text
    assert parts.revisions.published_number() == 0


def test_what_a_code_reads_in_the_words_of_another_one_is_shown_as_guests_read_it(console_client, parts, draft):
    ana = console_client()
    wrong_password = ("messages/en.toml", "paytronix", "could_not_authenticate")
    draft({wrong_password: entry("Not quite right.")})
    publish(ana)
    draft({("messages/en.toml", "paytronix", "no_matching_guests"): entry("We do not know you.")})
    page = text_of(ana.get("/publish").text)
    assert (
        "Guests read, from the words for “could_not_authenticate” Not quite right. They will read We do not know you."
        in page
    )
    draft({("messages/en.toml", "paytronix", "guest.locked"): entry("Ring us.")})
    assert "Not quite right. They will read Ring us." in text_of(ana.get("/publish").text)
    publish(ana)
    assert "from the words for “could_not_authenticate” Not quite right." in text_of(ana.get("/history/2").text)


def test_a_chosen_part_of_the_draft_is_published_and_the_rest_stays(console_client, parts, draft):
    ana = console_client()
    draft({SIGNED_OUT: entry("Goodbye."), NOT_FOUND: entry("Closed."), ("merchant.toml", "look", "brand"): "nonsense"})
    page = ana.get("/publish").text
    assert publish(ana).status_code == 422
    keys = [json.dumps(place) for place in (NOT_FOUND, ("merchant.toml", "look", "brand"))]
    assert page.count('name="leave_out ') == 3
    answer = publish(ana, **{f"leave_out {key}": "yes" for key in keys})
    assert answer.location == "/history/1?done=published"
    assert parts.revisions.published().contents == {"messages/en.toml": {"site": {"signed_out": entry("Goodbye.")}}}
    assert set(parts.drafts.read()) == {NOT_FOUND, ("merchant.toml", "look", "brand")}


@pytest.mark.parametrize("key", ["nonsense", "[]", "[1]", "{}"])
def test_what_is_no_place_cannot_be_left_out(console_client, parts, draft, key):
    draft({SIGNED_OUT: entry("Goodbye.")})
    assert publish(console_client(), **{f"leave_out {key}": "yes"}).status_code == 400
    assert parts.revisions.published_number() == 0


def test_leaving_all_of_it_out_publishes_nothing(console_client, parts, draft):
    draft({SIGNED_OUT: entry("Goodbye.")})
    answer = publish(console_client(), **{f"leave_out {json.dumps(SIGNED_OUT)}": "yes"})
    assert (answer.status_code, parts.revisions.published_number()) == (409, 0)


def test_a_language_that_is_not_translated_yet_is_told_before_it_is_published(console_client, draft):
    french = {
        ("messages/fr.toml", "site", "signed_out"): entry("Au revoir."),
        ("merchant.toml", "languages"): ["en", "fr"],
    }
    draft(french | {("merchant.toml", "name"): "Olive"})
    page = text_of(console_client().get("/publish").text)
    assert re.search(r"French is new, and \d+ of \d+ texts have no words in it: guests get English", page)
