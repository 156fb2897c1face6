"""The console's settings: all faults at once, by name, without a value."""

import pytest

from app.history import Database
from app.settings.declaration import SettingsError
from config import ConsoleSettings
from tests.console.conftest import console_environment

PROVIDER = {"CONSOLE_OIDC_ISSUER": "https://login.example.com", "CONSOLE_OIDC_CLIENT_ID": "words"}


def faults_of(tmp_path, **changes):
    try:
        ConsoleSettings.from_env(console_environment(tmp_path, **changes))
    except SettingsError as error:
        assert str(error).startswith("The console cannot start")
        return error.faults
    return []


def test_all_that_is_missing_is_named_at_once_and_the_console_is_what_cannot_start(tmp_path):
    faults = faults_of(tmp_path, CONSOLE_URL=None, SECRET_KEY="short-marker", CONSOLE_IDLE_SECONDS="1")
    assert [fault.partition(" ")[0] for fault in faults] == ["SECRET_KEY", "CONSOLE_URL", "CONSOLE_IDLE_SECONDS"]
    assert "short-marker" not in "".join(faults)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        PROVIDER | {"CONSOLE_EDITORS": "@example.com"},
        PROVIDER | {"CONSOLE_PUBLISHERS": "group:Marketing, Ana@Example.com", "CONSOLE_OIDC_CLIENT_SECRET": "x"},
        {"PUBLIC_URL": "http://127.0.0.1:8000"},
        {"PUBLIC_URL": "nonsense"},
    ],
)
def test_what_fits_together_is_good(tmp_path, changes):
    assert faults_of(tmp_path, **changes) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (PROVIDER, "CONSOLE_EDITORS and CONSOLE_PUBLISHERS are missing"),
        ({"CONSOLE_OIDC_ISSUER": "https://login.example.com", "CONSOLE_EDITORS": "@a.com"}, "CLIENT_ID is missing"),
        ({"CONSOLE_EDITORS": "@example.com"}, "CONSOLE_OIDC_ISSUER is missing"),
        ({"CONSOLE_OIDC_CLIENT_SECRET": "marker"}, "CONSOLE_OIDC_ISSUER is missing"),
        ({"CONSOLE_OIDC_ISSUER": "http://login.example.com"}, "CONSOLE_OIDC_ISSUER is wrong"),
        (PROVIDER | {"CONSOLE_EDITORS": "marker"}, "CONSOLE_EDITORS is wrong"),
        (
            {"CONSOLE_URL": "https://words.example.com:8443", "PUBLIC_URL": "https://words.example.com"},
            "CONSOLE_URL is wrong",
        ),
    ],
)
def test_what_contradicts_itself_is_told(tmp_path, changes, named):
    (fault,) = faults_of(tmp_path, **changes)
    assert named in fault
    assert "marker" not in fault


@pytest.mark.parametrize(
    "where",
    [
        "words:marker/words",
        "words:marker@127.0.0.1:abc/words",
        "words:marker@x:marker@127.0.0.1/words",
        "words:marker@[::1]x:5432/words",
    ],
)
def test_an_address_of_a_database_that_cannot_be_read_is_told_without_its_password(tmp_path, where):
    for scheme in ("postgresql", "postgresql+psycopg"):
        (fault,) = faults_of(tmp_path, MESSAGES_URL=f"{scheme}://{where}")
        assert "MESSAGES_URL is wrong" in fault
        assert "marker" not in fault


@pytest.mark.parametrize(
    "where",
    [
        "words:p%40ss@10.0.0.6/words",
        "words@server:marker@db.example.com:5432/words?sslmode=require",
        "words:marker@[::1]:5432/words",
        "words@/words?host=/run/postgresql",
        "/words",
    ],
)
def test_addresses_of_databases_as_operators_write_them_are_good(tmp_path, where):
    url = f"postgresql://{where}"
    assert faults_of(tmp_path, MESSAGES_URL=url) == []
    Database(url).close()
