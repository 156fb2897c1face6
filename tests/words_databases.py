"""Databases of the words with this release's tables: migrated once in a process, and copied for each test."""

import shutil
import tempfile
from contextlib import closing, suppress
from functools import cache

import pytest
import sqlalchemy as sa

from app.history import Database, HistoryUnavailable, is_current, migrate, tables


def prepare(url):
    """The database of a URL, with its tables. A file is a copy, unless one is there; a server's is migrated."""
    database = Database(url)
    if database.is_file and not database.is_there:
        database.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(_migrated_file(), database.path)
        database.path.chmod(0o600)
    else:
        migrate(database)
    return database


@cache
def _migrated_file():
    with closing(Database(f"sqlite:///{_folder().name}/words.db")) as database:
        migrate(database)
        with database.writing() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM history_version")).scalar_one() == 1
        return database.path


@cache
def _folder():
    return tempfile.TemporaryDirectory(prefix="words-")  # goes with the process


@pytest.fixture(scope="session")
def _shared_migrated_database(shared_postgres):
    return shared_postgres.make_database()


@pytest.fixture
def migrated_postgres_url(shared_postgres, _shared_migrated_database):
    """The URL of a database that has the tables and nothing in them. All tests of a worker have the same."""
    url = _shared_migrated_database
    if _has_tables(url):
        with shared_postgres.connect_alone(url) as connection:
            connection.execute(f"TRUNCATE {', '.join(tables.metadata.tables)} RESTART IDENTITY")
    else:  # this is the first test, or the one before has migrated them
        shared_postgres.empty(url)
        prepare(url).close()
    return url


def _has_tables(url):
    with closing(Database(url)) as database, suppress(HistoryUnavailable):
        return is_current(database)
    return False
