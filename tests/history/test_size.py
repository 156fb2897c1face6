"""A long history of many codes stays quick to read, and one revision costs what its compressed words need."""

import sqlalchemy as sa

from app.history import tables
from app.history.contents import with_changes
from tests.history.conftest import entry, place
from tests.history.fill import fill


def test_a_revision_is_kept_compressed_and_whole(history):
    last = fill(history.database, 20, 500)
    assert history.revisions.published().contents == last
    with history.database.reading() as connection:
        sizes = (
            connection.execute(sa.select(sa.func.length(sa.cast(tables.revisions.c.contents, sa.LargeBinary))))
            .scalars()
            .all()
        )
    assert len(sizes) == 20
    assert max(sizes) < 64_000


def test_what_fill_makes_is_what_publishing_makes(history):
    """So that a test of a long history is a test of a real one."""
    last = fill(history.database, 60, 3)
    assert history.revisions.published().contents == last
    change = {place("a"): entry("x")}
    history.publish(a="x")
    assert history.revisions.published().contents == with_changes(last, change)
    assert [each.number for each in history.revisions.read(count=3)] == [61, 60, 59]
    assert history.revisions.roll_back(7, by="Ana", comment="") == 62
