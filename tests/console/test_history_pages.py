"""The history and the audit: every revision, the way back to it, and who has done what."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from app.history import differences
from tests.console.pages import fill_in, form_of, forms_of, text_of
from tests.console.publishing import EVIL, NOT_FOUND, SIGNED_OUT, entry, publish
from tests.sites import log_of


def test_the_history_tells_of_each_revision_and_leads_to_older_ones(console_client, parts, draft):
    ana = console_client()
    for number in range(1, 61):
        draft({SIGNED_OUT: entry(f"Goodbye {number}.")})
        publish(ana, comment=f"Reason {number}")
    newest = ana.get("/history").text
    assert "Reason 60" in newest
    assert "Reason 11" in newest
    assert "Reason 10" not in newest
    older = ana.get(re.search(r'href="(/history\?before=\d+)"', newest)[1]).text
    assert "Reason 10" in older
    assert "The folder alone" in older
    page = text_of(ana.get("/history/30").text)
    assert "Before Goodbye 29 ." in page
    assert "Guests read Goodbye 60 ." in page
    answer = fill_in(ana, "/history", {}, action="/history/59/roll-back")
    assert answer.location == "/history/61?done=rolled_back"
    assert "the same as revision 59" in text_of(ana.get("/history").text)
    assert differences(parts.revisions.get(59).contents, parts.revisions.get(61).contents) == {}


def test_a_roll_back_sent_twice_is_done_once_and_looks_at_what_others_have_published(console_client, parts, draft):
    ana = console_client()
    for text in ("One.", "Two."):
        draft({SIGNED_OUT: entry(text)})
        publish(ana)
    page = ana.get("/history/1").text
    fields = form_of(page, action="/history/1/roll-back")
    assert [ana.post("/history/1/roll-back", data=fields).location for _ in "12"] == ["/history/3?done=rolled_back"] * 2
    draft({SIGNED_OUT: entry("Four.")})
    publish(console_client(name="Cy"))
    answer = ana.post("/history/1/roll-back", data=fields)
    assert answer.status_code == 409
    assert "Four." in text_of(answer.text)
    assert parts.revisions.published_number() == 4


def test_an_old_page_rolls_nothing_back_to_the_folder_alone(console_client, parts, draft):
    ana = console_client()
    draft({SIGNED_OUT: entry("One.")})
    publish(ana)
    fields = form_of(ana.get("/history/0").text, action="/history/0/roll-back")
    draft({SIGNED_OUT: entry("Two.")})
    publish(ana)
    assert ana.post("/history/0/roll-back", data=fields).status_code == 409
    fields = form_of(ana.get("/history/0").text, action="/history/0/roll-back")
    assert [ana.post("/history/0/roll-back", data=fields).location for _ in "12"] == ["/history/3?done=rolled_back"] * 2


def test_the_log_tells_who_published_and_rolled_back_and_holds_no_words(console_app, console_client, draft):
    ana = console_client()
    draft({SIGNED_OUT: entry("Secret surprise.")})
    publish(ana)
    fill_in(ana, "/history/0", {}, action="/history/0/roll-back")
    told = [
        (each["staff"], each["revision"]) for what in ("published", "rolled_back") for each in log_of(console_app, what)
    ]
    assert told == [("Ana", 1), ("Ana", 2)]
    assert log_of(console_app, "draft_saved")[0]["staff"] == "Ben"
    assert "surprise" not in console_app.log.getvalue()


def test_a_comment_is_as_long_as_the_browser_counts(console_client, parts, draft):
    draft({SIGNED_OUT: entry("One.")})
    assert publish(console_client(), comment="line\r\n" * 199 + "line").status_code == 303
    assert parts.revisions.get(1).comment == "line\n" * 199 + "line"


def test_what_is_scheduled_outlasts_a_roll_back_and_its_page_leads_to_its_new_number(console_client, parts, draft):
    ana = console_client()
    draft({SIGNED_OUT: entry("Goodbye.")})
    publish(ana)
    draft({NOT_FOUND: entry("At Christmas.")})
    at = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    assert publish(ana, when="later", at=at).status_code == 303
    assert "What is scheduled and the draft stay as they are." in text_of(ana.get("/history/0").text)
    answer = fill_in(ana, "/history/0", {}, action="/history/0/roll-back")
    assert answer.location == "/history/3?done=rolled_back"
    assert [each.number for each in parts.revisions.waiting()] == [4]
    assert "This is revision 4 now" in text_of(ana.get("/history/2").text)
    page = text_of(ana.get("/history/4").text)
    assert "At Christmas." in page
    assert "Goodbye." not in page
    assert "Revision 2" not in text_of(ana.get("/history").text)


def test_changes_are_shown_fifty_at_a_time_and_published_together(console_client, parts, draft):
    ana = console_client()
    draft({("messages/en.toml", "paytronix", f"code_{number:03}"): entry(f"Text {number}") for number in range(120)})
    first, third = ana.get("/publish").text, ana.get("/publish?page=3").text
    assert "120 changes" in first
    assert 'href="/publish?page=2"' in first
    assert "code_049" in first
    assert "code_050" not in first
    assert "code_119" in third
    assert fill_in(ana, "/publish", {}, field="follows", page=third).status_code == 303
    assert parts.revisions.published().changed == 120
    fill_in(ana, "/history/0", {}, action="/history/0/roll-back")
    page = ana.get("/history/1?since=2&until_now=3").text
    assert 'href="/history/1?since=3"' in page
    assert "code_050" in page
    assert "code_119" in page


@pytest.mark.parametrize("place", ["[" * 100_000, "[]", "7", '["x"', ""])
def test_what_is_no_place_is_not_given_up(console_client, place):
    assert console_client().send("/publish/discard", {"place": place}, form_at="/").status_code == 400


@pytest.mark.parametrize("path", ["/history/7", "/history/99999999999999999999", "/history/x", "/history/-1"])
def test_a_revision_that_is_not_there_is_said_to_be_none(console_client, path):
    assert console_client().get(path).status_code == 404


@pytest.mark.parametrize("query", ["before=0", "before=-5", "before=x", f"before={'9' * 23}", f"before=-{'9' * 23}"])
def test_any_place_in_the_lists_can_be_asked_for(console_client, query):
    ana = console_client()
    assert ana.get(f"/history?{query}").status_code == 200
    assert ana.get(f"/audit?{query}").status_code == 200


def test_the_audit_says_what_was_done_in_plain_words(console_client, parts, draft):
    ana = console_client()
    draft({SIGNED_OUT: entry("Goodbye.")})
    publish(ana, comment="Shorter")
    draft({SIGNED_OUT: entry("Bye.")})
    fill_in(ana, "/publish", {}, action="/publish/discard-all")
    parts.revisions.roll_back(0, by="Ana", comment="")
    parts.drafts.restrict(SIGNED_OUT, is_restricted=True, by="Ana")
    parts.audit.note("Ana", "something_new", number=3, of="a kind")
    parts.audit.note("Ana", "published")
    page = text_of(ana.get("/audit").text)
    for sentence in (
        "Ana signed in as publisher, by link",
        "Ben changed “signed_out”, English, in the draft",
        "Ana published revision 1: “Shorter”",
        "Ana gave up all changes of the draft (1)",
        "Ana rolled back to the folder alone, as revision 2",
        "Ana let only publishers change “signed_out”",
        "Ana something new (of a kind, number 3)",
        "Ana published revision ?",
    ):
        assert sentence in page or sentence.replace("of a kind, number 3", "number 3, of a kind") in page
    assert "publishers change “signed_out”," not in page  # in every language


def test_nothing_that_anybody_wrote_runs(console_client, parts, draft):
    ana = console_client(name=EVIL[:200])
    draft(
        {
            ("messages/en.toml", "paytronix", EVIL): entry(EVIL),
            ("notices.toml", EVIL): {"text": {EVIL: EVIL}, "title": {"en": EVIL}, "link": EVIL, "until": EVIL},
            ("merchant.toml", "name"): EVIL,
            ("merchant.toml", "logo"): EVIL,
            ("merchant.toml", "look", "brand"): EVIL,
            ("merchant.toml", "links", EVIL): {"url": EVIL, "text": EVIL},
            ("pictures", EVIL): EVIL,
            (EVIL, EVIL, EVIL): EVIL,
        },
        by=EVIL,
    )
    parts.audit.note(EVIL, EVIL, about=EVIL)
    paths = ["/publish", "/history", "/audit", "/notices", "/look"]
    pages = [ana.get(path) for path in paths]
    token = {"csrf_token": ana.token("/publish")}
    answer = ana.post(
        "/publish", data={**token, "comment": EVIL, "seen": EVIL, "follows": "0", "when": EVIL, "at": EVIL}
    )
    pages.append(answer)
    parts.revisions.publish(by=EVIL, comment=EVIL, seen=form_of(pages[0].text, field="follows")["seen"])
    pages += [ana.get(path) for path in (*paths, "/history/1")]
    for page in pages:
        assert page.status_code in {200, 422}
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert str(1234 * 5678) not in page.text


def test_one_change_of_a_revision_is_taken_back_and_the_others_stay(console_client, parts, draft):
    ana = console_client(role="editor")
    draft({SIGNED_OUT: entry("One."), NOT_FOUND: entry("One.")})
    publish(console_client())
    draft({SIGNED_OUT: entry("Two."), NOT_FOUND: entry("Two.")})
    publish(console_client())
    page = ana.get("/history/2").text
    [one] = [form["fields"] for form in forms_of(page) if "signed_out" in form["fields"].get("place", "")]
    assert ana.post("/history/2/take", data=one | {"side": "before"}).location == "/publish"
    assert {place: each.value for place, each in parts.drafts.read().items()} == {SIGNED_OUT: entry("One.")}
    assert ana.post("/history/2/take", data=one | {"side": "after"}).status_code == 303
    assert parts.drafts.read() == {}, "guests read it already"


@pytest.mark.parametrize(
    ("path", "status"), [("/history/7/take", 404), ("/history/0/take", 404), ("/history/1/take", 400)]
)
def test_what_no_revision_has_changed_is_not_taken(console_client, parts, draft, path, status):
    draft({SIGNED_OUT: entry("One.")})
    ana = console_client()
    publish(ana)
    assert ana.send(path, {"place": "nonsense"}, form_at="/").status_code == status
    assert parts.drafts.read() == {}


def test_the_audit_is_searched_by_person_day_and_entry(console_client, parts, draft):
    ana = console_client()
    draft({SIGNED_OUT: entry("Goodbye.")})
    draft({("messages/es.toml", *SIGNED_OUT[1:]): entry("Adiós.")}, by="Cleo")
    draft({NOT_FOUND: entry("No account.")})
    lines = lambda query: len(re.findall("What was changed", ana.get(f"/audit?{query}").text))  # noqa: E731
    assert lines("by=ben") == 2
    assert lines("by=nobody") == 0
    today = datetime.now(UTC).date()
    assert lines(f"on={today}") == 3
    assert lines(f"on={today - timedelta(days=1)}") == 0
    assert lines("on=nonsense") == 3
    assert lines("section=site&name=signed_out") == 2
    assert lines("section=site&name=signed_out&by=Cleo") == 1
    assert lines("section=paytronix&name=user_info.not_found") == 1
    assert lines("section=site&name=signed%25") == 0
    assert "section=site" in ana.get("/words?section=site&name=signed_out").text
