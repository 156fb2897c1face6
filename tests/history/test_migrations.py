"""The tables go up and down with what is in them, on both engines, however many processes ask."""

import subprocess
import sys

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from app.history import Database, HistoryUnavailable, UnknownStep, is_current, migrate, migrations, tables
from tests.history.conftest import History, entry, place

NEXT = '''
"""A step that a later release might have: a column more, one that is filled, and a table that is copied on SQLite."""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


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
    (tmp_path / "steps/0002_next.py").write_text(NEXT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "_FOLDERS", [*migrations._FOLDERS, str(tmp_path / "steps")])
        yield patch.undo


def tables_of(database):
    with database.migrating() as connection:
        return set(sa.inspect(connection).get_table_names())


def test_the_steps_make_the_tables_that_the_code_has(database):
    assert migrate(database) == ("base", "0001")
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
    assert migrate(database) == ("0001", "0001")


def test_up_and_down_and_up_again_keeps_what_is_there(url, next_step):
    history = History(url)
    migrate(history.database, "0001")
    for number in range(60):
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
    assert len(before["revisions"]) == 61
    assert migrate(history.database) == ("0001", "0002")
    assert everything() == before
    with history.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT DISTINCT seen_by FROM revisions").scalars().all() == ["nobody"]
        assert connection.exec_driver_sql("SELECT name FROM pictures").scalar_one() == "Ana!"
    assert history.publish() == 62
    assert history.revisions.published().contents["messages/en.toml"]["site"]["b"] == entry("Mine")
    before = everything()
    assert migrate(history.database, "0001") == ("0002", "0001")
    assert everything() == before
    assert migrate(history.database) == ("0001", "0002")
    assert everything() == before
    assert migrate(history.database, "base") == ("0002", "base")
    assert tables_of(history.database) == {migrations.VERSION_TABLE}
    assert migrate(history.database) == ("base", "0002")
    assert history.revisions.published_number() == 0
    history.database.close()


def test_a_database_of_a_newer_release_is_refused_and_stays_as_it_is(url, next_step):
    newer = Database(url)
    migrate(newer)
    next_step()
    older = Database(url, migrates=True)
    for use in (older.reading, older.writing):
        with pytest.raises(HistoryUnavailable, match="at step 0002, and this release knows none after 0001"), use():
            pass
    with pytest.raises(HistoryUnavailable, match="newer release"):
        is_current(older)
    with newer.reading() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM history_version").scalar_one() == "0002"
    for each in (newer, older):
        each.close()


def test_a_step_that_fails_leaves_the_tables_as_they_were(database, tmp_path, monkeypatch):
    migrate(database)
    (tmp_path / "0002_bad.py").write_text(
        NEXT.replace("def downgrade", "    op.execute('nonsense')\n\n\ndef downgrade")
    )
    monkeypatch.setattr(migrations, "_FOLDERS", [*migrations._FOLDERS, str(tmp_path)])
    with pytest.raises(HistoryUnavailable):
        migrate(database)
    with database.migrating() as connection:
        assert "name" not in {column["name"] for column in sa.inspect(connection).get_columns("pictures")}
        assert connection.exec_driver_sql("SELECT version_num FROM history_version").scalar_one() == "0001"


def test_a_step_that_nobody_knows(database):
    with pytest.raises(UnknownStep, match="There are: base, 0001"):
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
    assert sorted(out.strip() for out, _ in ends) == ["0001", "0001", "0001", "base"], ends


def test_whoever_migrates_does_so_when_it_is_first_used(url):
    reads, works = Database(url), Database(url, migrates=True)
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
