"""What the history promises on every engine."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from app.history import (
    ABSENT,
    ChangedMeanwhile,
    DraftChanged,
    NothingToPublish,
    Restricted,
    differences,
    draft_tag,
    etag,
    subject_of,
    with_changes,
)
from tests.history.conftest import entry, place


def test_an_empty_history_leaves_all_to_the_folder(history):
    assert history.revisions.published() is None
    assert history.revisions.published_number() == 0
    assert history.revisions.waiting() == []
    assert history.revisions.read() == []
    assert history.drafts.read() == {}
    with pytest.raises(NothingToPublish):
        history.publish()


def test_what_is_published_is_what_was_in_the_draft(history):
    number = history.publish(a="One", b="Two", by="Ana", comment="First")
    found = history.revisions.published()
    assert number == found.number == history.revisions.published_number() == 1
    assert history.texts() == {"a": "One", "b": "Two"}
    assert (found.made_by, found.comment, found.changed, found.based_on) == ("Ana", "First", 2, None)
    assert abs(found.effective_at - datetime.now(UTC)) < timedelta(seconds=10)
    assert history.drafts.read() == {}
    assert history.audit.read(count=1)[0].about == {"revision": 1, "changes": 2, "comment": "First"}


def test_each_kind_of_value_comes_back_as_it_was(history):
    values = {
        "none": None,
        "number": 3,
        "flag": False,
        "empty": "",
        "odd": "\0\ud800 \u2028 '\"\\ 🂡 %s %(x)s :name",
        "table": {"": None, "a.b": [1, {"c": "Ünïcödé"}]},
    }
    changes = {("merchant.toml", "odd\0 names \ud800'\"%", name): value for name, value in values.items()}
    history.drafts.save_all(changes, by="Ana", is_publisher=True)
    assert {where[2]: draft.value for where, draft in history.drafts.read().items()} == values
    history.publish()
    assert history.revisions.published().contents["merchant.toml"]["odd\0 names \ud800'\"%"] == values


def test_taking_away_and_going_back_to_the_folder_differ(history):
    history.publish(a="One", b="Two")
    history.draft(a=None, b=ABSENT)
    assert {where[2]: draft.value for where, draft in history.drafts.read().items()} == {"a": None, "b": ABSENT}
    history.publish()
    assert history.texts() == {"a": None}


def test_names_and_comments_that_no_column_takes(history):
    by = "N\0" * 300
    history.draft(a="One")
    history.revisions.publish(by=by, comment="C\0\ud800" * 1000, seen=history.tag())
    found = history.revisions.published()
    assert found.made_by == "N" * 200
    assert found.comment == "C?" * 1000
    assert history.audit.read(count=1)[0].done_by == "N" * 200
    history.links.make(by, "editor")
    history.drafts.restrict(place("\0"), is_restricted=True, by=by)
    assert history.drafts.restrictions() == {subject_of(place("\0"))}


@pytest.mark.parametrize("number", [-1, 0, 2, 2**31, 2**63, 10**30])
def test_numbers_that_no_revision_has(history, number):
    history.publish(a="One")
    assert history.revisions.get(number) is None
    if number:
        with pytest.raises(LookupError):
            history.revisions.roll_back(number, by="Ana", comment="")
    with pytest.raises(LookupError):
        history.revisions.withdraw(number, by="Ana")
    assert len(history.revisions.read(before=number)) == (number > 1)
    assert len(history.audit.read(before=number)) == (0 if number < 2 else 1 if number == 2 else 2)


def test_a_value_like_the_published_one_leaves_no_change_behind(history):
    history.publish(a="One")
    assert history.draft(a="Two") == 1
    assert history.draft(a="One") == 1
    assert history.drafts.read() == {}
    assert history.draft(a="One") == 0


# Found within four minutes: the first 64 bits of their SHA-256 are the same.
SHOWN, UNSEEN = (
    {"text": None, "url": f"https://{rest}"} for rest in ("olive.test/ntIHBKALH3F", "evill.test/PIJ2tCOv7aE")
)


def test_one_value_is_never_taken_for_another_whose_digest_begins_alike(history):
    help_link = ("merchant.toml", "links", "help")
    history.drafts.save_all({help_link: SHOWN}, by="Ben", is_publisher=False)
    seen = history.tag()
    history.drafts.save_all({help_link: UNSEEN}, by="Ben", is_publisher=False)
    assert history.drafts.read()[help_link].value == UNSEEN
    with pytest.raises(DraftChanged):
        history.revisions.publish(by="Ana", comment="", seen=seen)
    with pytest.raises(DraftChanged):
        history.drafts.discard_all(by="Ana", seen=seen)
    with pytest.raises(ChangedMeanwhile):
        history.drafts.save(help_link, "x", seen=etag(SHOWN), by="Cy", is_publisher=False)
    assert history.revisions.published_number() == 0


@pytest.mark.parametrize("value", [ABSENT, None, {}, "", 0, SHOWN, "\0\ud800"])
def test_a_mark_is_a_whole_digest(value):
    assert re.fullmatch("[0-9a-f]{64}", etag(value))
    assert re.fullmatch("[0-9a-f]{64}", draft_tag({("merchant.toml", "name"): value}))


def test_only_the_draft_that_was_seen_is_published(history):
    history.draft(a="One")
    seen = history.tag()
    history.draft(b="Two")
    with pytest.raises(DraftChanged):
        history.revisions.publish(by="Ana", comment="", seen=seen)
    assert len(history.drafts.read()) == 2


def test_headings_come_newest_first_and_in_parts(history):
    for number in range(5):
        history.publish(a=f"{number}")
    assert [each.number for each in history.revisions.read(count=2)] == [5, 4]
    assert [each.number for each in history.revisions.read(before=4, count=2)] == [3, 2]
    assert [each.about["revision"] for each in history.audit.read(count=9) if each.what == "published"][:2] == [5, 4]


def test_what_is_restricted_only_publishers_change(history):
    history.drafts.restrict(place("a"), is_restricted=True, by="Ana")
    for changes in ({place("a"): entry("x")}, {place("b"): entry("x"), place("a"): entry("x")}):
        with pytest.raises(Restricted):
            history.drafts.save_all(changes, by="Ben", is_publisher=False)
    assert history.drafts.read() == {}
    assert history.draft(a="One") == 1
    history.drafts.restrict(place("a"), is_restricted=False, by="Ana")
    assert history.drafts.save_all({place("a"): entry("x")}, by="Ben", is_publisher=False) == 1


def test_what_is_restricted_is_so_in_every_language(history):
    spanish = ("messages/es.toml", *place("a")[1:])
    history.drafts.restrict(place("a"), is_restricted=True, by="Ana")
    with pytest.raises(Restricted):
        history.drafts.save(spanish, entry("x"), seen=etag(ABSENT), by="Ben", is_publisher=False)
    history.drafts.restrict(spanish, is_restricted=False, by="Ana")
    assert history.drafts.restrictions() == frozenset()
    assert history.drafts.save_all({place("a"): entry("x")}, by="Ben", is_publisher=False) == 1


def test_what_a_link_says_is_restricted_with_where_it_leads(history):
    link, label = ("merchant.toml", "links", "help"), ("messages/en.toml", "links", "help")
    for restricted, other in ((link, label), (label, link)):
        history.drafts.restrict(restricted, is_restricted=True, by="Ana")
        with pytest.raises(Restricted):
            history.drafts.save(other, "x", seen=etag(ABSENT), by="Ben", is_publisher=False)
        history.drafts.restrict(other, is_restricted=False, by="Ana")
        assert history.drafts.restrictions() == frozenset()


def test_giving_up_the_draft_gives_up_all_of_it(history):
    history.publish(a="One")
    history.draft(a="Two", b="Two")
    assert history.drafts.discard_all(by="Ben") == 2
    assert history.drafts.read() == {}
    assert history.audit.read(count=1)[0].about == {"changes": 2}


def test_a_picture_is_kept_once(history):
    content = bytes(range(256)) * 100
    marks = {history.pictures.add(content, by=by) for by in ("Ana", "Ben")}
    [mark] = marks
    assert history.pictures.get(mark) == content
    assert history.pictures.get("\0" * 64) is None
    assert len(history.audit.read()) == 1


def test_differences_lead_from_one_to_the_other():
    old = {"messages/en.toml": {"default": "x", "site": {"a": entry("1"), "b": None}}, "notices.toml": {"N": {"t": 1}}}
    new = {"messages/en.toml": {"site": {"b": entry("2")}}, "merchant.toml": {"look": {"brand": "#123"}}}
    found = differences(old, new)
    assert found == {
        ("messages/en.toml", "default"): ("x", ABSENT),
        ("messages/en.toml", "site", "a"): (entry("1"), ABSENT),
        ("messages/en.toml", "site", "b"): (None, entry("2")),
        ("notices.toml", "N"): ({"t": 1}, ABSENT),
        ("merchant.toml", "look", "brand"): (ABSENT, "#123"),
    }
    assert with_changes(old, {where: value for where, (_, value) in found.items()}) == new


def test_contents_that_are_changed_stay_as_they_were():
    old = {"a": {"b": {"c": 1}, "d": 2}}
    assert with_changes(old, {("a", "b", "c"): ABSENT, ("a", "e"): 3}) == {"a": {"d": 2, "e": 3}}
    assert old == {"a": {"b": {"c": 1}, "d": 2}}
