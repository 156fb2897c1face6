"""Many revisions of five hundred codes in two languages: no page makes anybody wait."""

import sys
from contextlib import closing

import pytest

from app.history import Database
from tests.console.conftest import sign_in
from tests.history.fill import code, fill, words

PAGES = (
    "/publish", "/publish?page=5", "/history", "/history?before={middle}", "/history/{last}", "/history/{middle}", "/history/0",
    "/audit", "/audit?before={middle}", "/notices", "/notices/edit", "/look",
)  # fmt: skip


@pytest.fixture
def histories(make_console, tmp_path):
    """A function that makes a console whose history has so many revisions, and a draft of so many entries."""

    def make(revisions, changes):
        url = f"sqlite:///{tmp_path}/messages-{revisions}-{changes}.db"
        app = make_console(MESSAGES_URL=url)
        with closing(Database(url)) as database:
            fill(database, revisions)
        drafted = {("messages/es.toml", "paytronix", code(each)): words(each, "en") for each in range(changes)}
        drafted[("merchant.toml", "phone")] = "020 7946 0123"  # so that all entries are looked at
        app.extensions["console"].drafts.save_all(drafted, by="Ana", is_publisher=True)
        return sign_in(app)

    return make


def work_of(client, path):
    """How many functions are called to make a page: the same on every machine, and however busy it is."""
    assert client.get(path).status_code == 200  # what is made once is made
    calls = 0

    def count(_, event, __):
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        client.get(path)
    finally:
        sys.setprofile(None)
    return calls


def test_no_page_takes_more_work_for_a_long_history_than_for_a_short_one(histories):
    short, long = histories(120, 0), histories(300, 0)
    for path in PAGES:
        of_short, of_long = (path.format(last=last, middle=last - 60) for last in (120, 300))
        assert work_of(long, of_long) < 1.2 * work_of(short, of_short), path


def test_no_page_takes_more_than_its_share_of_work_for_a_large_draft(histories):
    one, other = histories(10, 250), histories(10, 500)
    for path in PAGES:
        there = path.format(last=10, middle=5)
        assert work_of(other, there) < 2.5 * work_of(one, there), path
