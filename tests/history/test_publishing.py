"""What is scheduled, rolled back, and done by several at once, on both databases."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.history import (
    ABSENT,
    ChangedMeanwhile,
    DraftChanged,
    HistoryUnavailable,
    LinkTrouble,
    LinkUnusable,
    NothingToPublish,
    etag,
    queries,
)
from app.history.tables import drafts, revisions
from tests.history.conftest import HOUR, LATER, History, entry, move_time, place


class TestRollBack:
    def test_the_words_of_a_former_revision_are_published_again(self, history):
        history.publish(a="One")
        history.publish(a="Two", b="New")
        number = history.revisions.roll_back(1, by="Ben", comment="Wrong")
        found = history.revisions.published()
        assert (found.number, found.restores, found.based_on, found.changed, found.made_by) == (number, 1, 2, 2, "Ben")
        assert history.texts() == {"a": "One"}

    def test_zero_stands_for_the_folder_alone(self, history):
        history.publish(a="One")
        history.revisions.roll_back(0, by="Ben", comment="")
        assert history.revisions.published().contents == {}
        assert history.revisions.published_number() == 2

    def test_the_draft_stays_but_for_what_would_change_nothing(self, history):
        history.publish(a="One", b="One")
        history.publish(a="Two")
        history.draft(a="One", b="Mine")
        history.revisions.roll_back(1, by="Ben", comment="")
        assert {where: draft.value for where, draft in history.drafts.read().items()} == {place("b"): entry("Mine")}

    def test_what_waits_goes_on_waiting_with_its_own_changes(self, history):
        history.publish(a="One", b="One")
        history.publish(a="Two")
        history.publish(b="Later", at=LATER)
        history.revisions.roll_back(1, by="Ben", comment="")
        assert history.texts() == {"a": "One", "b": "One"}
        assert history.texts(LATER) == {"a": "One", "b": "Later"}

    def test_to_the_one_that_waits_publishes_it_now(self, history):
        history.publish(a="One")
        waiting = history.publish(a="Two", at=LATER)
        history.revisions.roll_back(waiting, by="Ben", comment="")
        assert history.texts() == {"a": "Two"}
        assert history.drafts.read() == {}


class TestScheduled:
    def test_it_waits_for_its_time_and_needs_nobody_then(self, history):
        history.publish(a="One")
        number = history.publish(a="Two", at=LATER)
        assert history.revisions.published_number() == 1
        assert history.texts() == {"a": "One"}
        assert history.revisions.waiting()[0].number == number
        assert history.revisions.published(LATER).number == history.revisions.published_number(LATER) == number
        assert history.audit.read(count=1)[0].what == "scheduled"
        with history.database.writing() as connection:
            ago = datetime.now(UTC) - HOUR
            connection.execute(
                revisions.update().where(revisions.c.number == 2).values(made_at=ago - HOUR, effective_at=ago)
            )
        assert history.revisions.waiting() == []
        assert history.texts() == {"a": "Two"}
        assert history.publish(a="Three") == 3

    def test_a_time_that_is_over_is_now(self, history):
        history.publish(a="One", at=datetime(2001, 1, 1, tzinfo=UTC))
        assert history.texts() == {"a": "One"}
        assert history.revisions.read()[0].effective_at == history.revisions.read()[0].made_at

    def test_what_is_published_meanwhile_is_read_at_once_and_stays(self, history):
        history.publish(a="One", b="One")
        first = history.publish(a="Christmas", at=LATER, by="Ben", comment="Happy")
        assert history.publish(b="Two") == 3
        assert history.texts() == {"a": "One", "b": "Two"}
        assert history.texts(LATER) == {"a": "Christmas", "b": "Two"}
        [waiting] = history.revisions.waiting()
        assert (waiting.number, waiting.based_on, waiting.changed) == (4, 3, 1)
        assert (waiting.made_by, waiting.comment, waiting.effective_at) == ("Ben", "Happy", LATER)
        assert history.revisions.moved_to(history.revisions.get(first)) == 4
        assert [each.number for each in history.revisions.read()] == [4, 3, 1], "it is told of once"

    def test_several_wait_and_each_changes_what_is_there_at_its_time(self, history):
        history.publish(a="One", b="One", c="One")
        history.publish(a="Last", at=LATER)
        history.publish(b="First", at=LATER - HOUR)
        history.publish(c="Now")
        assert history.texts() == {"a": "One", "b": "One", "c": "Now"}
        assert history.texts(LATER - HOUR) == {"a": "One", "b": "First", "c": "Now"}
        assert history.texts(LATER) == {"a": "Last", "b": "First", "c": "Now"}
        times = [each.effective_at for each in history.revisions.waiting()]
        assert times == [LATER - HOUR, LATER]

    def test_withdrawing_one_leaves_the_others_their_changes(self, history):
        history.publish(a="One", b="One")
        history.publish(b="Last", at=LATER)
        history.publish(a="First", at=LATER - HOUR)
        [first, _] = history.revisions.waiting()
        assert history.revisions.withdraw(first.number, by="Cleo") == []
        assert history.texts(LATER) == {"a": "One", "b": "Last"}
        assert [where[2] for where in history.drafts.read()] == ["a"]

    def test_the_draft_is_compared_with_what_guests_read(self, history):
        history.publish(a="One")
        history.publish(a="Two", at=LATER)
        assert history.draft(a="One") == 0
        assert history.draft(a="Two") == 1
        with pytest.raises(ChangedMeanwhile):
            history.drafts.save(place("a"), entry("Three"), seen=etag(entry("One")), by="Ben", is_publisher=False)

    def test_words_that_are_damaged_keep_nothing_good_from_being_published(self, history):
        history.publish(a="One")
        history.publish(a="Two")
        with history.database.writing() as connection:
            connection.execute(sa.text("UPDATE revisions SET contents = :junk WHERE number = 2"), {"junk": b"junk"})
        history.revisions.roll_back(1, by="Ben", comment="")
        assert history.texts() == {"a": "One"}

    def test_withdrawn_its_changes_are_in_the_draft_where_there_is_none_newer(self, history):
        history.publish(a="One", b="One", c="One")
        number = history.publish(a="Two", b="Two", c=ABSENT, by="Ben", at=LATER)
        history.draft(a="Newer", b="One")
        assert history.revisions.withdraw(number, by="Cleo") == [place("a")]
        found = {where[2]: draft.value for where, draft in history.drafts.read().items()}
        assert found == {"a": entry("Newer"), "b": entry("Two"), "c": ABSENT}
        assert history.revisions.get(number).withdrawn_at is not None
        assert history.revisions.published(LATER).number == 1
        with pytest.raises(LookupError):
            history.revisions.withdraw(number, by="Cleo")
        assert history.publish() == 3
        assert history.revisions.published().based_on == 1
        assert history.texts() == {"a": "Newer", "b": "Two"}


class TestClocks:
    """Revisions count in the order of their numbers, whatever clocks say."""

    def test_one_that_was_published_when_the_clock_was_ahead_is_read_at_once(self, history):
        history.publish(a="One")
        history.publish(a="Two")
        ahead = datetime.now(UTC) + HOUR
        move_time(history, made_at=ahead, effective_at=ahead)
        assert history.texts() == {"a": "Two"}
        assert history.revisions.waiting() == []
        history.publish(a="Three")
        assert history.texts() == {"a": "Three"}

    def test_one_that_was_published_when_the_clock_was_behind_is_read_too(self, history):
        history.publish(a="One")
        history.publish(a="Two")
        behind = datetime.now(UTC) - HOUR
        move_time(history, made_at=behind, effective_at=behind)
        assert history.texts() == {"a": "Two"}

    def test_a_machine_whose_clock_is_wrong_asks_the_server(self, postgres_url, monkeypatch):
        history = History(postgres_url)
        from app.history import database, migrate

        migrate(history.database)

        class Wrong(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + HOUR

        monkeypatch.setattr(database, "datetime", Wrong)
        history.publish(a="One")
        assert history.revisions.published().made_at < datetime.now(UTC) + timedelta(minutes=1)
        history.database.close()


class TestTogether:
    """Several people, threads and processes at once."""

    def test_the_later_one_is_shown_what_is_there_and_loses_nothing(self, history):
        history.publish(a="Old")
        both_have_seen = threading.Barrier(2)

        def edit(name):
            seen = etag(history.revisions.published().contents["messages/en.toml"]["site"]["a"])
            both_have_seen.wait(10)
            try:
                history.drafts.save(place("a"), entry(f"By {name}"), seen=seen, by=name, is_publisher=False)
            except ChangedMeanwhile as meanwhile:
                return name, meanwhile
            return name, None

        with ThreadPoolExecutor(2) as pool:
            ends = list(pool.map(edit, ("Ana", "Ben")))
        [(first, _)] = [end for end in ends if end[1] is None]
        [(second, shown)] = [end for end in ends if end[1] is not None]
        assert (shown.made_by, shown.value) == (first, entry(f"By {first}"))
        history.drafts.save(place("a"), entry("Both"), seen=etag(shown.value), by=second, is_publisher=False)
        assert history.drafts.read()[place("a")].value == entry("Both")
        told = [deed for deed in history.audit.read() if deed.what == "draft_saved"]
        assert [deed.about["new"]["text"] for deed in told][:2] == ["Both", f"By {first}"]

    def test_who_saves_what_was_published_meanwhile_is_told_so(self, history):
        seen = etag(ABSENT)
        history.publish(a="Published")
        with pytest.raises(ChangedMeanwhile) as caught:
            history.drafts.save(place("a"), entry("Mine"), seen=seen, by="Ben", is_publisher=False)
        assert (caught.value.made_by, caught.value.value) == (None, entry("Published"))

    def test_a_form_that_is_sent_twice_is_saved_once(self, history):
        for _ in range(2):
            history.drafts.save(place("a"), entry("One"), seen=etag(ABSENT), by="Ben", is_publisher=False)
        assert len(history.audit.read()) == 1

    def test_writers_come_one_after_the_other(self, history):
        def patiently(write, **about):
            """SQLite gives nobody a turn: where the disk is slow, one may find others writing for all its seconds."""
            for _ in range(10):
                with suppress(HistoryUnavailable):
                    return write(**about)
            return write(**about)

        def work(name):
            mine = History(history.url)
            for number in range(10):
                patiently(mine.draft, **{name: f"{number}"})
                while True:
                    try:
                        patiently(mine.publish)
                    except DraftChanged:
                        continue
                    except NothingToPublish:  # another has published it together with its own
                        pass
                    break
            mine.database.close()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, "abcd"))
        found = history.revisions.read(count=100)
        assert [each.number for each in found] == list(range(len(found), 0, -1))
        assert [each.based_on or 0 for each in found] == list(range(len(found) - 1, -1, -1))
        assert history.texts() == dict.fromkeys("abcd", "9")
        assert history.drafts.read() == {}
        assert sum(each.changed for each in found) == 40

    def test_a_reader_sees_one_moment(self, history):
        history.publish(a="One")
        history.draft(a="Two")
        with history.database.reading() as connection:
            before = queries.published(connection)
            history.publish()
            assert queries.published(connection).number == before.number
            assert connection.execute(sa.select(sa.func.count()).select_from(drafts)).scalar_one() == 1
        assert history.revisions.published_number() == 2

    def test_a_writer_that_stays_away_costs_the_next_one_seconds(self, history):
        with history.database.writing():
            began = time.monotonic()
            with pytest.raises(HistoryUnavailable, match="somebody else has been writing"):
                history.draft(a="One")
            assert 3 < time.monotonic() - began < 15
            assert history.revisions.published_number() == 0
        assert history.draft(a="One") == 1

    def test_a_link_lets_one_in(self, history):
        secret = history.links.make("Ana", "publisher")
        assert history.links.look(secret).name == "Ana"

        def use(_):
            try:
                return history.links.use(secret).name
            except LinkUnusable as unusable:
                return unusable.trouble

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(use, range(4))) == ["Ana", *[LinkTrouble.USED] * 3]
        late = history.links.make("Ana", "publisher", lives_seconds=-1)
        for wrong, trouble in ((late, LinkTrouble.LATE), ("\0\ud800", LinkTrouble.UNKNOWN)):
            with pytest.raises(LinkUnusable) as caught:
                history.links.use(wrong)
            assert caught.value.trouble == trouble
