"""Ten thousand revisions of 500 codes in two languages are read as fast as one, and fit in a few megabytes."""

import time

import sqlalchemy as sa

from app.history import chain
from app.history.contents import with_changes
from tests.history.conftest import entry, place
from tests.history.fill import code, fill

REVISIONS, CODES = 10_000, 500


def milliseconds(operation, *, times=9):
    """The least: what else the machine does is not measured."""
    took = []
    for number in range(times):
        began = time.perf_counter()
        operation(number)
        took.append((time.perf_counter() - began) * 1000)
    return min(took)


def megabytes(history):
    pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    size = pages if history.database.is_file else "SELECT pg_database_size(current_database())"
    with history.database.reading() as connection:
        return connection.exec_driver_sql(size).scalar_one() / 2**20


WRITES = 400  # they wait for the disk several times; a page may take 200 ms


def test_a_long_history_is_quick_and_small(history):
    empty = megabytes(history)
    last = fill(history.database, REVISIONS, CODES)
    size = megabytes(history) - empty
    assert history.revisions.published_number() == REVISIONS
    assert history.revisions.published().contents == last
    drafted = {
        ("messages/en.toml", "paytronix", code(number)): entry(f"Draft {number}")
        for number in range(chain.MOST_CHANGES)
    }
    history.drafts.save_all(drafted, by="Ana", is_publisher=True)
    history.publish()
    history.drafts.save_all(
        {where: entry("Draft") for where in drafted}, by="Ana", is_publisher=True
    )  # so that there is a draft to read
    deepest = REVISIONS - REVISIONS % chain.LONGEST_CHAIN  # the one whose chain is the longest
    took = {
        "published_number": milliseconds(lambda _: history.revisions.published_number()),
        "published": milliseconds(lambda _: history.revisions.published()),
        "get": milliseconds(lambda _: history.revisions.get(deepest)),
        "to_edit": milliseconds(lambda _: history.revisions.to_edit()),
        "waiting": milliseconds(lambda _: history.revisions.waiting()),
        "read": milliseconds(lambda number: history.revisions.read(before=5000 + number)),
        "drafts.read": milliseconds(lambda _: history.drafts.read()),
        "audit.read": milliseconds(lambda number: history.audit.read(before=5000 + number)),
        "drafts.save_all": milliseconds(lambda number: history.draft(a=f"{number}")),
        "publish": milliseconds(lambda number: history.publish(a=f"{number}!")),
        "roll_back": milliseconds(lambda number: history.revisions.roll_back(40 + number, by="Ana", comment="")),
    }
    told = ", ".join(f"{name} {took[name]:.1f} ms" for name in took)
    print(f"{size:.1f} MB; {told}")
    assert size < 25
    assert took["published_number"] < 20, told
    for name, each in took.items():
        assert each < (WRITES if name in {"publish", "roll_back", "drafts.save_all"} else 150), told


def test_what_fill_makes_is_what_publishing_makes(history):
    """So that a test of a long history is a test of a real one."""
    last = fill(history.database, 60, 3)
    assert history.revisions.published().contents == last
    with history.database.reading() as connection:
        wanted = sa.select(sa.func.count()).where(chain.revisions.c.contents.isnot(None))
        assert connection.execute(wanted).scalar_one() == 2
    change = {place("a"): entry("x")}
    history.publish(a="x")
    assert history.revisions.published().contents == with_changes(last, change)
    assert [each.number for each in history.revisions.read(count=3)] == [61, 60, 59]
    assert history.revisions.roll_back(7, by="Ana", comment="") == 62
