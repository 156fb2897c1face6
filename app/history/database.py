"""One database for all of it: reached, locked, told the time, and found missing in one place."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

BUSY_SECONDS = 5  # how long a writer waits for another one
SILENT_SECONDS = 10  # after which PostgreSQL lets go of a writer whose machine has died
_WRITERS = 4_729_105_838_126_503  # the lock of all writers; PostgreSQL wants a number, and other programs have others


OnEvent = Callable[[str, str, Mapping[str, Any]], None]
Migrate = Callable[["Database"], object]
EVENTS = "audit_events"  # of the transaction under way, in what SQLAlchemy lets a connection carry


class HistoryUnavailable(Exception):
    """The database cannot be used now. The text says why and holds neither address nor password."""


class Database:
    """The database that ``MESSAGES_URL`` names. Opens nothing before it is used; a fork may lie in between.

    :param url: ``sqlite:///FILE`` or ``postgresql+psycopg://USER:PASSWORD@HOST/NAME``.
    :param migrate: brings the tables up to date before a process uses them: :func:`app.history.migrate`. That is for
        the console, on SQLite and on PostgreSQL: of several that start at once one does it and the others wait, and a
        release that is older than the tables refuses them. Whoever only reads waits until somebody has.
    :param on_event: told of what was noted in the audit, once it is kept: by whom, what, and what about.
    :ivar path: its file, if it is one
    """

    def __init__(self, url: str, *, migrate: Migrate | None = None, on_event: OnEvent | None = None) -> None:
        self._url = sa.make_url(url)
        if self._url.drivername == "postgresql":
            self._url = self._url.set(drivername="postgresql+psycopg")
        self.is_file = self._url.get_backend_name() == "sqlite"
        self.path = Path(self._url.database or "") if self.is_file else None
        self.engine = self._file() if self.is_file else self._server()
        self._migrate: Migrate | None = migrate
        self._on_event = on_event
        self._lock = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one moment.

        :raises HistoryUnavailable: there is none.
        """
        self._prepare()
        with self.looking() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction in which nobody else writes. Left by an exception, nothing of it has happened.

        :raises HistoryUnavailable: there is none, or nobody can say whether it was kept.
        """
        self._prepare()
        with self._transaction(self._engine(is_writer=True)) as connection:
            events: list[tuple[str, str, Mapping[str, Any]]] = []
            connection.info[EVENTS] = events
            yield connection
        if self._on_event:
            for event in events:
                self._on_event(*event)

    @property
    def is_there(self) -> bool:
        """Whether there is a file, if it is one. Of a server that is not known before it is asked."""
        return self.path is None or self.path.exists()

    @contextmanager
    def looking(self) -> Iterator[sa.Connection]:
        """As :meth:`reading`, whatever tables there are.

        :raises HistoryUnavailable: as above.
        """
        if not self.is_there:
            raise HistoryUnavailable("The database of the words is not there yet.")
        with _telling(), self._engine(is_writer=False).begin() as connection:
            yield connection

    @contextmanager
    def migrating(self) -> Iterator[sa.Connection]:
        """As :meth:`writing`, whatever tables there are. On SQLite no table holds another one fast.

        Only this makes the file if there is none: one that vanished while somebody used it is to be put back.

        :raises HistoryUnavailable: as above.
        """
        self._make_file()
        with self._transaction(self._engine(is_writer=True).execution_options(migrates=True)) as connection:
            yield connection

    @contextmanager
    def _transaction(self, engine: sa.Engine) -> Iterator[sa.Connection]:
        with _telling(), engine.begin() as connection:
            if not self.is_file:
                connection.execute(sa.select(*(sa.func.set_config(*limit, True) for limit in _LIMITS)))
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS)))
            yield connection

    @property
    def place(self) -> str:
        """Where it is, without user, password and options."""
        return f"SQLite in {self.path}" if self.is_file else f"PostgreSQL at {self._url.host}/{self._url.database}"

    def seconds_ahead(self) -> float:
        """By how much this machine's clock is ahead of the database's.

        :raises HistoryUnavailable: it does not tell.
        """
        with self.reading() as connection:
            asked_at = datetime.now(UTC)
            there = now(connection)
            return (asked_at + (datetime.now(UTC) - asked_at) / 2 - there).total_seconds()

    def close(self) -> None:
        """Close the connections that wait to be used again. It may be used further."""
        self.engine.dispose()

    def _prepare(self) -> None:
        if self._migrate is not None:
            with self._lock:
                if self._migrate is not None:
                    self._migrate(self)
                    self._migrate = None

    def _engine(self, *, is_writer: bool) -> sa.Engine:
        if self.is_file:
            return self.engine.execution_options(writes=is_writer)
        # A writer that waits for its turn must see what the one before it has written, whatever the server's default.
        return self.engine.execution_options(isolation_level="READ COMMITTED" if is_writer else "REPEATABLE READ")

    def _file(self) -> sa.Engine:
        # Each transaction opens the file anew (0.2 ms): a file that was put back from a copy is seen at once, and no
        # connection crosses a fork, which SQLite forbids.
        engine = sa.create_engine(
            self._url, connect_args={"timeout": BUSY_SECONDS}, poolclass=sa.NullPool, hide_parameters=True
        )
        sa.event.listen(engine, "do_connect", _make_nothing)
        sa.event.listen(engine, "connect", _set_up)
        sa.event.listen(engine, "begin", _begin)
        return engine

    def _make_file(self) -> None:
        """Make the file so that nobody else on the machine can read it."""
        if (path := self.path) and not path.exists():
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.touch(mode=0o600)
            except OSError as error:
                raise HistoryUnavailable(
                    f"The file of the words' database cannot be made ({error.strerror}). Let the user that the "
                    "process runs as write to the folder that MESSAGES_URL names."
                ) from None

    def _server(self) -> sa.Engine:
        from app.history.postgres import CONNECT, connect  # noqa: PLC0415 - with SQLite the driver may be missing

        engine = sa.create_engine(
            self._url,
            connect_args=CONNECT,
            pool_pre_ping=True,
            pool_timeout=BUSY_SECONDS,
            hide_parameters=True,
        )
        sa.event.listen(engine, "do_connect", connect)
        return engine


_LIMITS = (
    ("lock_timeout", f"{BUSY_SECONDS - 1}s"),
    ("idle_in_transaction_session_timeout", f"{SILENT_SECONDS}s"),
)


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise HistoryUnavailable(f"The database of the words cannot be used: {_reason(error)}.") from None
    except SQLAlchemyError as error:
        raise HistoryUnavailable(f"The database of the words cannot be used: {type(error).__name__}.") from None


# What drivers say, and what it means. Their own texts may hold addresses, names of users and values.
_REASONS = (
    (("no such table", "UndefinedTable"), "its tables are missing; make them with: flask --app wsgi console migrate"),
    (("no such column", "UndefinedColumn"), "its tables are of another release; flask --app wsgi console migrate"),
    (("database is locked", "LockNotAvailable"), f"somebody else has been writing for {BUSY_SECONDS - 1} seconds"),
    (("readonly database", "ReadOnlySqlTransaction"), "it may only be read"),
    (("disk is full", "DiskFull"), "its disk is full"),
    (("disk I/O error",), "its disk is full or broken"),
    (("not a database", "malformed"), "its file is damaged; put a copy of it back"),
    (("unable to open database file",), "its file cannot be opened; its folder has to be writable too"),
    (("password authentication", "no password", "no pg_hba.conf"), "it refuses the name or the password"),
    (("InsufficientPrivilege",), "it refuses what this user asks for"),
    (
        ("root certificate", "certificate verify", "does not support SSL", "SSL error", "weak sslmode"),
        "TLS with it fails: see sslmode and sslrootcert in MESSAGES_URL",
    ),
    (
        ("invalid connection option", "connection is bad: invalid"),
        "an option in MESSAGES_URL is none, or has no such value",
    ),
    (("ConnectionTimeout", "timeout expired", "no reply within"), "it does not answer"),
    (("onnection refused", "No such file or directory", "could not translate", "resolve"), "nobody is at its address"),
    (("does not exist",), "there is no database, or no user, of that name"),
)


def _reason(error: DBAPIError) -> str:
    kind = type(error.orig).__name__
    said = f"{kind} {error.orig}"
    return next((reason for signs, reason in _REASONS if any(sign in said for sign in signs)), kind)


def _make_nothing(_dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]) -> None:
    """Have SQLite open the file only if it is there."""
    arguments[0] = f"file:{quote(arguments[0])}?mode=rw"
    options["uri"] = True


def _set_up(connection: object, _record: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]  # transactions begin where we begin them
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    """Writers take the lock at once: to ask for it later would fail when somebody else has written meanwhile."""
    options = connection.get_execution_options()
    if options.get("migrates"):
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")  # a table that is copied and dropped would empty others
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


def now(connection: sa.Connection) -> datetime:
    """This moment in UTC, by the one clock that all machines share: the database's."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    moment: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return moment.astimezone(UTC)
