"""The user of PostgreSQL that docs/operations.md gives the guests' site: it reads what is published and changes nothing."""

import re
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from app.history import Database, HistoryUnavailable, is_current, may_write, migrate
from app.history.live import read_published
from app.history.tables import metadata
from tests.history.conftest import History, entry, place

GUIDE = Path(__file__).parents[2] / "docs/operations.md"
SECRET = "marker-reading-password"


@pytest.fixture(params=["before the tables", "after the tables"])
def urls(request, shared_postgres):
    """The database of an owner who is no administrator, with the guide's commands typed into it: owner's, reader's."""
    (typed,) = re.findall(r"^ *```sql\n(.*?)^ *```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    at_first = shared_postgres.make_database()
    name = at_first.rpartition("/")[2]
    owner, reader = f"{name}_owner", f"{name}_reader"
    to_database = at_first.partition("@")[2]
    urls = f"postgresql://{owner}:{SECRET}@{to_database}", f"postgresql://{reader}:{SECRET}@{to_database}"
    typed = typed.replace("sEcReT", SECRET).replace("DATABASE words ", f"DATABASE {name} ")
    typed = re.sub(r"\bwords_reader\b", reader, re.sub(r"\bROLE words\b", f"ROLE {owner}", typed))
    with shared_postgres.connect(name) as administrator:
        administrator.execute(f"CREATE ROLE {owner} LOGIN PASSWORD '{SECRET}'")
        administrator.execute(f"ALTER DATABASE {name} OWNER TO {owner}")
        if request.param == "after the tables":
            with closing(Database(urls[0])) as database:
                migrate(database)
        administrator.execute(typed)
    with closing(Database(urls[0])) as database:
        migrate(database)
    return urls


@pytest.fixture
def owned(urls):
    with closing(History(urls[0])) as made:
        made.publish(a="One")
        made.draft(a="Two")
        yield made


@pytest.fixture
def read(urls, owned):
    with closing(History(urls[1])) as made:
        yield made


def test_it_reads_all_that_the_site_and_an_export_need(owned, read):
    picture = owned.pictures.add(b"picture", by="Ana")
    assert is_current(read.database)
    assert read.texts() == {"a": "One"}
    assert read_published(read.url).label == "revision 1"
    assert read.pictures.get(picture) == b"picture"
    assert read.drafts.read()[place("a")].value == entry("Two")
    assert abs(read.database.seconds_ahead()) < 5


def test_it_changes_nothing_and_lets_nobody_in(owned, read):
    secret = owned.links.make("Ana", "publisher")
    for attempt in (
        lambda: read.revisions.publish_changes({place("a"): entry("x")}, by="Ana", comment="", seen=1),
        read.publish,
        lambda: read.revisions.roll_back(0, by="Ana", comment=""),
        lambda: read.draft(a="x"),
        lambda: read.drafts.discard_all(by="Ana"),
        lambda: read.drafts.restrict(place("a"), is_restricted=True, by="Ana"),
        lambda: read.pictures.add(b"x", by="Ana"),
        lambda: read.links.make("Eve", "publisher"),
        lambda: read.links.use(secret),
        lambda: read.audit.note("Ana", "signed_in"),
        lambda: migrate(read.database, "base"),
    ):
        with pytest.raises(HistoryUnavailable, match="it refuses what this user asks for"):
            attempt()
    assert owned.texts() == {"a": "One"}
    assert owned.links.use(secret).name == "Ana"


def test_it_has_no_right_to_more_by_any_other_way(urls, owned):
    owner = urls[0].partition("//")[2].partition(":")[0]
    with psycopg.connect(urls[1], autocommit=True) as connection:
        for table in metadata.tables:
            column = next(iter(metadata.tables[table].columns)).name
            for command in (
                f"INSERT INTO {table} DEFAULT VALUES",
                f"UPDATE {table} SET {column} = {column}",
                f"DELETE FROM {table}",
                f"TRUNCATE {table}",
                f"DROP TABLE {table}",
                f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            ):
                with pytest.raises(errors.InsufficientPrivilege):
                    connection.execute(command)
        for command in ("CREATE TABLE public.mine (x int)", f"SET ROLE {owner}", f"ALTER ROLE {owner} PASSWORD 'x'"):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(command)


def test_who_may_write_is_told(urls, owned, read):
    assert may_write(owned.database)
    assert not may_write(read.database)
    reader = urls[1].partition("//")[2].partition(":")[0]
    with psycopg.connect(urls[0], autocommit=True) as connection:
        connection.execute(f"GRANT UPDATE ON restrictions TO {reader}")
    assert may_write(read.database)
