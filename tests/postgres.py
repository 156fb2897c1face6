"""A real PostgreSQL server for tests, on loopback and in a folder of its own."""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest

from tests.stores import START_SECONDS, free_ports, until

USER, PASSWORD = "words", "marker-database-password"
QUICK = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=60", "log_min_messages=warning")


def _program(name):
    """One of PostgreSQL's programs; Debian keeps them, by version, where no PATH leads."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    program = shutil.which(name) or (debian and str(debian[-1]))
    if not program:
        pytest.fail("PostgreSQL is not installed. Install it with: apt-get install postgresql")
    return program


def _somebody():
    """Whom to run it as: it refuses root. The package has made a user for it."""
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class PostgresServer:
    """One server process with its children.

    :ivar url: of a database that is there from the first start, as ``MESSAGES_URL`` names it
    """

    def __init__(self, folder):
        self._folder, self._numbers = folder, itertools.count(1)
        self._data = folder / "data"
        self.port = free_ports(1)[0]
        self._as = _somebody() | {"cwd": folder, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}}
        if user := self._as.get("user"):
            os.chown(folder, user, self._as["group"])
        self._make()
        self.start()
        self.url = self.make_database()

    def _make(self):
        password = self._folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        about = ["--username", USER, "--auth", "scram-sha-256", "--pwfile", password, "--encoding", "UTF8", "--no-sync"]
        command = [_program("initdb"), "--pgdata", self._data, *about]
        made = subprocess.run(command, check=False, capture_output=True, text=True, **self._as)
        assert made.returncode == 0, made.stderr

    def start(self):
        """Begin, or begin again, with what was kept."""
        options = (f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self._folder}", *QUICK)
        command = [_program("postgres"), "-D", self._data]
        for option in options:
            command += ["-c", option]
        with open(self._folder / "log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **self._as)
        until(self._answers)

    def _answers(self):
        if self.process.poll() is not None:
            pytest.fail(f"PostgreSQL has ended:\n{(self._folder / 'log').read_text()}")
        with contextlib.suppress(psycopg.OperationalError), self.connect():
            return True

    def connect(self, database="postgres"):
        """A connection of one's own, as the owner of everything."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=PASSWORD,
            dbname=database,
            autocommit=True,
            connect_timeout=2,
        )

    def connect_alone(self, url):
        """A connection to a database from which everybody else has been sent away."""
        connection = self.connect(url.rpartition("/")[2])
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}")
        return connection

    def empty(self, url):
        """Take everything out of a database."""
        with self.connect_alone(url) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
            connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")  # as in a database that is new

    def make_database(self):
        """The URL of a new, empty database."""
        name = f"words_{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def secure(self, key_and_certificate):
        """Let it speak TLS too, with a key and a certificate in PEM."""
        path = self._data / "tls.pem"
        path.write_bytes(key_and_certificate)
        path.chmod(0o600)
        if user := self._as.get("user"):
            os.chown(path, user, self._as["group"])
        with self.connect() as connection:
            for setting in ("ssl_cert_file = 'tls.pem'", "ssl_key_file = 'tls.pem'", "ssl = on"):
                connection.execute(f"ALTER SYSTEM SET {setting}")
            connection.execute("SELECT pg_reload_conf()")
            until(lambda: connection.execute("SHOW ssl").fetchone() == ("on",))

    def stop(self):
        """End it as ``pg_ctl stop -m immediate`` does: nothing is finished, connections break off."""
        self.thaw()
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(START_SECONDS)

    def freeze(self):
        """Leave everybody connected and without an answer."""
        self.process.send_signal(signal.SIGSTOP)  # before its children, so that there are no new ones
        self._signal_children(signal.SIGSTOP)

    def thaw(self):
        self._signal_children(signal.SIGCONT)
        self.process.send_signal(signal.SIGCONT)

    def _signal_children(self, number):
        pid = self.process.pid
        if self.process.poll() is not None:
            return
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), number)


@contextlib.contextmanager
def postgres_server():
    # Not below pytest's folders, which only their owner may enter; a socket's path must be short besides.
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        server = PostgresServer(Path(folder))
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def shared_postgres():
    """A PostgreSQL server that all tests of this worker share. It must be left running."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def _shared_database(shared_postgres):
    return shared_postgres.make_database()


@pytest.fixture
def postgres_url(shared_postgres, _shared_database):
    """The URL of an empty database. All tests of a worker have the same: making one takes forty times as long."""
    shared_postgres.empty(_shared_database)
    return _shared_database


@pytest.fixture
def own_postgres():
    """A PostgreSQL server for one test, which may stop and freeze it."""
    with postgres_server() as server:
        yield server
