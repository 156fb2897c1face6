"""The tables go up and down with what is in them, on both engines, however many processes ask."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from app.history import Database, HistoryUnavailable, UnknownStep, etag, is_current, migrate, migrations, tables
from tests.history.conftest import History, entry, place

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CHAINED = sa.table("revisions", sa.column("number"), sa.column("changes"))
NEXT = '''
"""A step that a later release might have: a column more, one that is filled, and a table that is copied on SQLite."""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0003", "0002"


def upgrade():
    op.add_column("pictures", sa.Column("name", sa.Text))
    op.execute("UPDATE pictures SET name = made_by || '!'")
    with op.batch_alter_table("revisions") as table:
        table.add_column(sa.Column("seen_by", sa.String(200), nullable=False, server_default="nobody"))
        table.alter_column("comment", type_=sa.String(5000))


def downgrade():
    with op.batch_alter_table("revisions") as table:
        table.drop_column("seen_by")
        table.alter_column("comment", type_=sa.String)
    op.drop_column("pictures", "name")
'''


@pytest.fixture
def database(url):
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def next_step(tmp_path, monkeypatch):
    """As in a release to come; gives a function that takes it away again."""
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps/0003_next.py").write_text(NEXT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "_FOLDERS", [*migrations._FOLDERS, str(tmp_path / "steps")])
        yield patch.undo


def tables_of(database):
    with database.migrating() as connection:
        return set(sa.inspect(connection).get_table_names())


def test_the_steps_make_the_tables_that_the_code_has(database):
    assert migrate(database) == ("base", "0002")
    with database.migrating() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": migrations.VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, tables.metadata) == []
        inspector = sa.inspect(connection)
        for table in tables.metadata.sorted_tables:
            named = {each["name"] for each in inspector.get_check_constraints(table.name)}
            assert named == {each.name for each in table.constraints if isinstance(each, sa.CheckConstraint)}, (
                table.name
            )


def test_up_to_date_is_told(database):
    assert not is_current(database)
    migrate(database)
    assert is_current(database)
    assert migrate(database) == ("0002", "0002")


def test_up_and_down_and_up_again_keeps_what_is_there(url, next_step):
    history = History(url)
    migrate(history.database, "0002")
    for number in range(6):
        history.publish(a=f"{number}")
    history.revisions.roll_back(3, by="Ana", comment="Ünïcödé")
    history.draft(b="Mine")
    history.pictures.add(b"picture", by="Ana")
    history.drafts.restrict(place("b"), is_restricted=True, by="Ana")

    def everything():
        with history.database.reading() as connection:
            return {
                table.name: connection.execute(sa.select(table).order_by(*table.primary_key)).all()
                for table in tables.metadata.sorted_tables
            }

    before = everything()
    assert len(before["revisions"]) == 7
    assert migrate(history.database) == ("0002", "0003")
    assert everything() == before
    with history.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT DISTINCT seen_by FROM revisions").scalars().all() == ["nobody"]
        assert connection.exec_driver_sql("SELECT name FROM pictures").scalar_one() == "Ana!"
    assert history.publish() == 8
    assert history.revisions.published().contents["messages/en.toml"]["site"]["b"] == entry("Mine")
    before = everything()
    assert migrate(history.database, "0002") == ("0003", "0002")
    assert everything() == before
    assert migrate(history.database) == ("0002", "0003")
    assert everything() == before
    assert migrate(history.database, "base") == ("0003", "base")
    assert tables_of(history.database) == {migrations.VERSION_TABLE}
    assert migrate(history.database) == ("base", "0003")
    assert history.revisions.published_number() == 0
    history.database.close()


# Made by the release before step 0002, most revisions as their differences; beside it what that release read of each.
FORMER = Path(__file__).with_name("databases") / "0001.db"
FORMER_READ = {int(number): read for number, read in json.loads(FORMER.with_suffix(".json").read_text()).items()}


def fill_with(database, former):
    """Copy the rows of a database file into an empty database of the same step, whatever its engine."""
    migrate(database, "0001")
    with closing(sqlite3.connect(former)) as source, database.migrating() as connection:
        source.row_factory = sqlite3.Row
        for name in ("revisions", "drafts", "pictures", "deeds"):
            rows = [dict(row) for row in source.execute(f"SELECT * FROM {name} ORDER BY 1")]
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            moments = [column.name for column in table.c if column.name.endswith("_at")]
            for row in rows:
                for column in moments:
                    row[column] = datetime.fromisoformat(row[column]).replace(tzinfo=UTC) if row[column] else None
                if name == "deeds":
                    del row["number"]  # the database gives it, and knows the next one
                if "is_absent" in row:
                    row["is_absent"] = bool(row["is_absent"])
            connection.execute(table.insert(), rows)


def read_all(history):
    return {
        each.number: [each.changed, etag(history.revisions.get(each.number).contents)]
        for each in history.revisions.read(count=500)
    }


def test_every_revision_reads_as_the_former_release_read_it(url):
    with closing(History(url)) as history:
        fill_with(history.database, FORMER)
        heading = sa.select(*(each for each in tables.revisions.c if each.name not in {"contents", "changes"}))
        with history.database.reading() as connection:
            former = connection.execute(heading.order_by("number")).all()
        assert migrate(history.database) == ("0001", "0002")
        assert read_all(history) == FORMER_READ
        with history.database.reading() as connection:
            assert connection.execute(heading.order_by("number")).all() == former
            assert connection.execute(sa.select(tables.revisions.c.changes).distinct()).scalars().all() == [None]
        assert set(history.drafts.read()) == {place("x")}
        assert migrate(history.database, "0001") == ("0002", "0001")
        assert read_all(history) == FORMER_READ
        assert migrate(history.database) == ("0001", "0002")
        assert read_all(history) == FORMER_READ
        assert history.publish() == max(FORMER_READ) + 1


def test_a_console_of_the_former_release_adds_nothing_that_this_one_cannot_read(url):
    with closing(History(url)) as history:
        fill_with(history.database, FORMER)
        migrate(history.database)
        differences_only = tables.revisions.insert().values(
            number=999, based_on=1, made_by="Ana", made_at=NOON, comment="", effective_at=NOON, changed=1,
            contents=sa.null(), changes=b"x",
        )  # fmt: skip
        with pytest.raises(HistoryUnavailable), history.database.writing() as connection:
            connection.execute(differences_only)
        assert read_all(history) == FORMER_READ


def test_a_revision_that_was_damaged_before_stays_so_and_costs_no_other(url):
    with closing(History(url)) as history:
        fill_with(history.database, FORMER)
        with history.database.migrating() as connection:
            damage = sa.update(CHAINED).where(CHAINED.c.number == 10)
            connection.execute(damage.values(changes=b"damaged"))
        migrate(history.database)
        for number, (_, tag) in FORMER_READ.items():
            if 10 <= number <= 50:  # what is based on it: number 51 is whole
                with pytest.raises(HistoryUnavailable, match="damaged"):
                    history.revisions.get(number)
            else:
                assert etag(history.revisions.get(number).contents) == tag


def test_a_database_of_a_newer_release_is_refused_and_stays_as_it_is(url, next_step):
    newer = Database(url)
    migrate(newer)
    next_step()
    older = Database(url, migrate=migrate)
    for use in (older.reading, older.writing):
        with pytest.raises(HistoryUnavailable, match="at step 0003, and this release knows none after 0002"), use():
            pass
    with pytest.raises(HistoryUnavailable, match="newer release"):
        is_current(older)
    with newer.reading() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM history_version").scalar_one() == "0003"
    for each in (newer, older):
        each.close()


def test_a_step_that_fails_leaves_the_tables_as_they_were(database, tmp_path, monkeypatch):
    migrate(database)
    (tmp_path / "0003_bad.py").write_text(
        NEXT.replace("def downgrade", "    op.execute('nonsense')\n\n\ndef downgrade")
    )
    monkeypatch.setattr(migrations, "_FOLDERS", [*migrations._FOLDERS, str(tmp_path)])
    with pytest.raises(HistoryUnavailable):
        migrate(database)
    with database.migrating() as connection:
        assert "name" not in {column["name"] for column in sa.inspect(connection).get_columns("pictures")}
        assert connection.exec_driver_sql("SELECT version_num FROM history_version").scalar_one() == "0002"


def test_a_step_that_nobody_knows(database):
    with pytest.raises(UnknownStep, match="There are: base, 0001, 0002"):
        migrate(database, "0009")


def test_of_several_processes_one_does_it(url):
    program = "import sys; from app.history import Database, migrate; print(migrate(Database(sys.argv[1]))[0])"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    ends = [each.communicate(timeout=180) for each in running]
    assert sorted(out.strip() for out, _ in ends) == ["0002", "0002", "0002", "base"], ends


def test_whoever_migrates_does_so_when_it_is_first_used(url):
    reads, works = Database(url), Database(url, migrate=migrate)
    with pytest.raises(HistoryUnavailable, match=r"not there yet|console migrate"), reads.reading() as connection:
        connection.execute(sa.select(tables.drafts))
    with works.reading() as connection:
        assert connection.execute(sa.select(tables.drafts)).all() == []
    with reads.reading() as connection:
        assert connection.execute(sa.select(tables.drafts)).all() == []
    for each in (reads, works):
        each.close()


def test_who_only_reads_does_not_load_alembic():
    program = (
        "import sys; from app.history import Database, Revisions; d = Database('sqlite:////nowhere/x.db'); Revisions(d);"
        "sys.exit('alembic' in sys.modules or 'psycopg' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
