"""The console's own key: with all that the guests' site knows, nobody is signed in to the console."""

import hmac
import time
from base64 import urlsafe_b64encode

import msgspec
import pytest

from app.console import create_console
from app.settings.declaration import SettingsError
from app.store import open_store
from app.store.sealing import SessionKeys, new_session_id
from config import ConsoleSettings
from tests.console.conftest import CONSOLE_URL, console_environment, sign_in
from tests.sites import SECRET_KEY

OWN_KEY = "marker-console-key-0123456789abcdefghij"


@pytest.fixture
def forged(make_console, tmp_path):
    """A function that makes a publisher's cookie of another key and the console's own store."""

    def forge(key=SECRET_KEY):
        settings = console_environment(tmp_path, SECRET_KEY=key)
        forger = create_console(ConsoleSettings.from_env(settings))
        return forger.session_interface.create(name="Ana", role="publisher").sid

    return forge


def with_cookie(app, value):
    client = app.test_client()
    client.set_cookie("console", value, domain="127.0.0.1")
    return client


def test_what_the_site_knows_makes_no_publisher(make_console, forged):
    for keys in ({}, {"SECRET_KEY": None}, {"SECRET_KEY_FALLBACKS": "x" * 20 + SECRET_KEY}):
        app = make_console(CONSOLE_SECRET_KEY=OWN_KEY, **keys)
        assert with_cookie(app, forged()).get("/publish").location.startswith("/sign-in")
        assert "Ana, publisher" in sign_in(app).get("/").text


def test_without_a_key_of_its_own_it_does_and_the_log_says_so(make_console, forged, run_console):
    assert with_cookie(make_console(), forged()).get("/publish").status_code == 200
    (told,) = run_console().log("console_key_shared")
    assert told["level"] == "warning"
    assert "CONSOLE_SECRET_KEY" in told["todo"]
    assert not run_console(CONSOLE_SECRET_KEY=OWN_KEY).log("console_key_shared")


def test_a_record_in_the_store_is_no_session_without_the_key(make_console, tmp_path):
    """As the guests' site seals records, and as a console does with another key."""
    app = make_console(CONSOLE_SECRET_KEY=OWN_KEY)
    store, session_id = open_store(f"sqlite:///{tmp_path}/store.db"), new_session_id()
    keys = SessionKeys(session_id)
    record = msgspec.msgpack.encode({"name": "Ana", "role": "publisher", "ends_at": time.time() + 900})
    store.put(f"staff:{keys.name}", keys.seal(f"staff:{keys.name}", record), 900)
    mixed = hmac.digest(SECRET_KEY.encode(), b"staff session" + session_id.encode(), "sha256")
    keys = SessionKeys(urlsafe_b64encode(mixed).decode().rstrip("="))
    store.put(f"staff:{keys.name}", keys.seal(f"staff:{keys.name}", record), 900)
    assert with_cookie(app, session_id).get("/publish").location.startswith("/sign-in")


def test_a_visitors_cookie_signs_nobody_in_whatever_it_says(make_console):
    """As somebody could make it who has the key with which cookies are signed."""
    app = make_console()
    client = app.test_client()
    client.get("/sign-in")
    with client.session_transaction(base_url=CONSOLE_URL) as held:
        held.update(name="Ana", role="publisher", ends_at=time.time() + 900)
    assert client.get_cookie("console-visit", domain="127.0.0.1")
    assert client.get("/publish").location.startswith("/sign-in")


def test_another_key_signs_all_staff_out(make_console):
    client = sign_in(make_console(CONSOLE_SECRET_KEY=OWN_KEY))
    cookie = client.get_cookie("console", domain="127.0.0.1").value
    again = make_console(CONSOLE_SECRET_KEY=OWN_KEY)
    assert "Ana, publisher" in with_cookie(again, cookie).get("/").text
    other = make_console(CONSOLE_SECRET_KEY=OWN_KEY[::-1])
    assert with_cookie(other, cookie).get("/").location.startswith("/sign-in")


def test_the_key_of_the_site_is_no_key_of_its_own(tmp_path):
    for keys in (
        {"CONSOLE_SECRET_KEY": SECRET_KEY},
        {"CONSOLE_SECRET_KEY": OWN_KEY, "SECRET_KEY_FALLBACKS": f"{OWN_KEY[::-1]},{OWN_KEY}"},
    ):
        with pytest.raises(SettingsError, match="CONSOLE_SECRET_KEY is wrong: it is SECRET_KEY, or a former") as caught:
            ConsoleSettings.from_env(console_environment(tmp_path, **keys))
        assert "marker" not in str(caught.value)


@pytest.mark.parametrize("value", ["short-marker", "x" * 64, "64 characters that nobody else has"])
def test_a_weak_key_is_none(tmp_path, value):
    with pytest.raises(SettingsError, match="CONSOLE_SECRET_KEY is wrong: another key than the site's SECRET_KEY, at"):
        ConsoleSettings.from_env(console_environment(tmp_path, CONSOLE_SECRET_KEY=value))


def test_one_of_the_two_keys_is_needed_and_may_be_in_a_file(tmp_path):
    with pytest.raises(SettingsError, match="CONSOLE_SECRET_KEY is missing"):
        ConsoleSettings.from_env(console_environment(tmp_path, SECRET_KEY=None))
    (tmp_path / "key").write_text(f"{SECRET_KEY}\n")
    for name in ("SECRET_KEY_FILE", "CONSOLE_SECRET_KEY_FILE"):
        given = console_environment(tmp_path, SECRET_KEY=None) | {name: str(tmp_path / "key")}
        assert ConsoleSettings.from_env(given).signing_keys == [SECRET_KEY]


def test_a_console_of_before_goes_on_with_the_sites_keys(tmp_path):
    given = console_environment(tmp_path, SECRET_KEY_FALLBACKS=OWN_KEY)
    assert ConsoleSettings.from_env(given).signing_keys == [SECRET_KEY, OWN_KEY]
