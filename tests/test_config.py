"""The settings: all faults at once, by name, without a value."""

import os
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

import config
from app import __version__
from app.settings.declaration import SettingsError
from app.settings.values import Limit, Origin, Secret
from config import ConsoleSettings, Settings, offer_default

GOOD = {
    "PUBLIC_URL": "https://rewards.example.com",
    "SECRET_KEY": "0123456789abcdef0123456789abcdef",
    "PAYTRONIX_BASE_URL": "https://m1.api.example.com/rest/25.33/",
    "PAYTRONIX_MERCHANT_ID": "777777",
    "PAYTRONIX_CLIENT_ID": "client",
    "PAYTRONIX_CLIENT_SECRET": "marker-secret",
}


def test_required_settings_are_enough_and_everything_else_has_its_documented_default():
    settings = Settings.from_env(GOOD)
    assert settings.public_url == Origin("https", "rewards.example.com", None)
    assert settings.paytronix_base_url == "https://m1.api.example.com/rest/25.33"
    assert settings.paytronix_credentials_in_body is True
    assert settings.paytronix_scope == ("user_read", "user_write", "account_read", "account_write")
    assert settings.paytronix_invalid_token_codes == ("invalid_token",)
    assert (settings.paytronix_connect_seconds, settings.paytronix_total_seconds) == (3, 10)
    assert (settings.session_idle_seconds, settings.session_max_seconds) == (1800, 86400)
    assert settings.login_failures_per_guest == Limit(10, 900)
    assert settings.login_failures_per_address == Limit(100, 900)
    assert settings.trusted_proxy_hops == 0
    assert settings.metrics_address is None
    assert settings.store_url.reveal().startswith("sqlite:////")
    assert settings.store_url.reveal().endswith("/instance/guest-login.db")


def test_all_missing_settings_are_named_at_once():
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({})
    assert len(caught.value.faults) == 6
    assert all(name in str(caught.value) for name in GOOD)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "http://rewards.example.com"),
        ("PUBLIC_URL", "https://rewards.example.com/path"),
        ("PUBLIC_URL", "https://user@rewards.example.com"),
        ("PUBLIC_URL", "https://rewards.example.com:port"),
        ("PUBLIC_URL", "rewards.example.com"),
        ("PUBLIC_URL", "https://exa mple-marker.com"),
        ("PUBLIC_URL", "https://:marker@rewards.example.com"),
        ("PUBLIC_URL", "https://*.marker.com"),
        ("PUBLIC_URL", "https://marker\\evil"),
        ("PUBLIC_URL", "https://marker:0"),
        ("PAYTRONIX_BASE_URL", "https://h/marker a"),
        ("PAYTRONIX_BASE_URL", "https://:marker@h/x"),
        ("PAYTRONIX_CLIENT_ID", "marker:b"),
        ("PAYTRONIX_MAX_CALLS", "3000000"),
        ("SESSION_MAX_SECONDS", "999999999999"),
        ("SECRET_KEY", "0123456789abcdef0123456789abcde\udcff"),
        ("SECRET_KEY", "too-short-marker"),
        ("SECRET_KEY", "x" * 64),
        ("SECRET_KEY", "change-me-" * 8),
        ("SECRET_KEY", "64 characters that nobody else has"),
        ("SECRET_KEY_FALLBACKS", "too-short-marker"),
        ("PAYTRONIX_BASE_URL", "http://m1.api.example.com/rest/marker"),
        ("PAYTRONIX_BASE_URL", "https://m1.api.example.com/rest/25.33?marker"),
        ("PAYTRONIX_MERCHANT_ID", "marker"),
        ("PAYTRONIX_MERCHANT_ID", "-1"),
        ("PAYTRONIX_CLIENT_SECRET", "marker\nmarker"),
        ("PAYTRONIX_CREDENTIALS_IN_BODY", "marker"),
        ("PAYTRONIX_SCOPE", " "),
        ("PAYTRONIX_SCOPE", "marker_read,marker_write"),
        ("PAYTRONIX_SCOPE", "marker\udcff"),
        ("PAYTRONIX_BASE_URL", "https://h/rest/25.33/marker/requestGuestToken.json"),
        ("PAYTRONIX_CONNECT_SECONDS", "0"),
        ("PAYTRONIX_TOTAL_SECONDS", "nan"),
        ("PAYTRONIX_TOTAL_SECONDS", "1e3"),
        ("PAYTRONIX_MAX_CALLS", "0"),
        ("SESSION_IDLE_SECONDS", "1.5"),
        ("LOGIN_FAILURES_PER_GUEST", "10 per marker"),
        ("LOGIN_FAILURES_PER_GUEST", "0/15 minutes"),
        ("TRUSTED_PROXY_HOPS", "marker"),
        ("METRICS_ADDRESS", "marker"),
        ("LOG_LEVEL", "marker"),
    ],
)
def test_a_wrong_setting_is_named_with_its_rule_and_an_example_but_not_its_value(name, value):
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(GOOD | {name: value})
    (fault,) = caught.value.faults
    assert fault.startswith(f"{name} is wrong: ")
    assert "Example: " in fault
    assert "marker" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://user:marker@host/db",
        "sqlite://marker",
        "sqlite:///",
        "redis://:marker@host:99999999/0",
        "redis://h1,h2/marker",
        "redis+sentinel://:marker@h1",
        "redis+cluster://h1/marker",
    ],
)
def test_a_wrong_store_is_told_with_all_other_faults_and_with_the_forms_that_there_are(url):
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(GOOD | {"STORE_URL": url, "LOG_LEVEL": "loud"})
    fault, _ = caught.value.faults
    assert fault.startswith("STORE_URL is wrong: ")
    assert "redis+sentinel://HOST:PORT" in fault
    assert "marker" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000"])
def test_plain_http_is_for_loopback_hosts(url):
    assert str(Settings.from_env(GOOD | {"PUBLIC_URL": url}).public_url) == url


@pytest.mark.parametrize(
    ("url", "netloc"),
    [
        ("https://REWARDS.example.com", "rewards.example.com"),
        ("https://café.example", "xn--caf-dma.example"),
        ("https://straße.example", "xn--strae-oqa.example"),
        ("https://STRAẞE.example", "xn--strae-oqa.example"),
        ("https://weißwurst-häusl.example", "xn--weiwurst-husl-ddb6f.example"),
        ("https://ταβέρνας.example", "xn--ixahbc0dxajj.example"),
        ("https://日本。example:8443", "xn--wgv71a.example:8443"),
        ("https://xn--strae-oqa.example", "xn--strae-oqa.example"),
        ("https://[2001:DB8:0:0::1]:8443", "[2001:db8::1]:8443"),
    ],
)
def test_a_host_is_written_as_browsers_send_it(url, netloc):
    assert Settings.from_env(GOOD | {"PUBLIC_URL": url}).public_url.netloc == netloc


@pytest.mark.parametrize("host", ["☕.example", "xn--a.ü", "-ü.example", "ü..example", "ü_x.example"])
@pytest.mark.parametrize("name", ["PUBLIC_URL", "PAYTRONIX_BASE_URL"])
def test_a_host_that_cannot_be_converted_is_refused_with_the_form_to_write(name, host):
    with pytest.raises(SettingsError, match=f"{name} is wrong: .*xn--") as caught:
        Settings.from_env(GOOD | {name: f"https://{host}"})
    assert host not in str(caught.value)


def test_what_is_called_and_who_signs_staff_in_is_the_name_that_was_written():
    settings = Settings.from_env(GOOD | {"PAYTRONIX_BASE_URL": "https://straße.example/rest/25.33"})
    assert settings.paytronix_base_url == "https://xn--strae-oqa.example/rest/25.33"
    given = GOOD | {
        "CONSOLE_URL": "https://ταβέρνας.example",
        "CONSOLE_OIDC_ISSUER": "https://straße.example/realms/staff",
        "CONSOLE_OIDC_CLIENT_ID": "x",
        "CONSOLE_EDITORS": "@example.com",
    }
    console = ConsoleSettings.from_env(given)
    assert console.console_url.netloc == "xn--ixahbc0dxajj.example"
    assert console.console_oidc_issuer == "https://xn--strae-oqa.example/realms/staff"


def test_a_port_that_the_scheme_has_anyway_is_left_out_as_browsers_do():
    assert Settings.from_env(GOOD | {"PUBLIC_URL": "https://a.example:443"}).public_url.netloc == "a.example"


def test_a_secret_can_come_from_a_file_and_its_last_line_end_is_dropped(tmp_path):
    path = tmp_path / "secret"
    path.write_text("from-file\n")
    given = {name: value for name, value in GOOD.items() if name != "PAYTRONIX_CLIENT_SECRET"}
    settings = Settings.from_env(given | {"PAYTRONIX_CLIENT_SECRET_FILE": str(path)})
    assert settings.paytronix_client_secret.reveal() == "from-file"


def test_a_secret_that_is_given_twice_stops_the_start(tmp_path):
    with pytest.raises(SettingsError, match="SECRET_KEY and SECRET_KEY_FILE are both set"):
        Settings.from_env(GOOD | {"SECRET_KEY_FILE": str(tmp_path)})


def test_a_secret_file_that_cannot_be_read_is_named_by_its_setting(tmp_path):
    given = {name: value for name, value in GOOD.items() if name != "SECRET_KEY"}
    with pytest.raises(SettingsError, match="SECRET_KEY_FILE names a file that cannot be read: No such file") as caught:
        Settings.from_env(given | {"SECRET_KEY_FILE": str(tmp_path / "marker")})
    assert "marker" not in str(caught.value)


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("PAYTRONIX_TOTAL_SECOND", "PAYTRONIX_TOTAL_SECONDS"),
        ("TRUSTED_PROXY_HOP", "TRUSTED_PROXY_HOPS"),
        ("TRUSTED_PROXIES_HOPS", "TRUSTED_PROXY_HOPS"),
        ("SESSION_IDLE_SECOND", "SESSION_IDLE_SECONDS"),
        ("SECRET_KEY_FALLBACK", "SECRET_KEY_FALLBACKS"),
        ("STORE_URLS", "STORE_URL"),
        ("MERCHANT_DIRS", "MERCHANT_DIR"),
        ("METRICS_ADDR", "METRICS_ADDRESS"),
        # Whose beginning is wrong, too.
        ("STOREURL", "STORE_URL"),
        ("STORE_URI", "STORE_URL"),
        ("store_url", "STORE_URL"),
        ("TRUST_PROXY_HOPS", "TRUSTED_PROXY_HOPS"),
        ("LOGIN_FAILURE_PER_GUEST", "LOGIN_FAILURES_PER_GUEST"),
        ("METRICS_ADRESS", "METRICS_ADDRESS"),
        ("LOGLEVEL", "LOG_LEVEL"),
        ("OTEL_EXPORTER_OTLP_ENDPOIN", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("MERCHANTDIR", "MERCHANT_DIR"),
        ("MESSAGE_URL", "MESSAGES_URL"),
        ("PAYTRONX_SCOPE", "PAYTRONIX_SCOPE"),
    ],
)
def test_a_slip_in_a_name_is_found_and_the_right_name_offered(slip, meant):
    with pytest.raises(SettingsError, match=rf"{slip} is not a setting: did you mean {meant}\?"):
        Settings.from_env(GOOD | {slip: "5"})


@pytest.mark.parametrize(
    "name",
    [
        *("OTEL_TRACES_SAMPLER_ARG", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL"),
        *("OTEL_SERVICE_NAME", "LOGNAME", "DATABASE_URL", "BASE_URL", "WEB_CONCURRENCY", "STATE_DIRECTORY"),
    ],
)
def test_what_belongs_to_other_programs_stops_no_start(name):
    Settings.from_env(GOOD | {name: "5"})


def test_a_name_that_is_nearly_ours_is_left_alone_beside_the_right_one(tmp_path):
    (tmp_path / "store-url").write_text("redis://127.0.0.1:6379/0")
    Settings.from_env(GOOD | {"STORAGE_URL": "s3://backups", "STORE_URL": "redis://127.0.0.1:6379/0"})
    Settings.from_env(GOOD | {"STORAGE_URL": "s3://backups", "STORE_URL_FILE": str(tmp_path / "store-url")})
    with pytest.raises(SettingsError, match="another program, set STORE_URL too"):
        Settings.from_env(GOOD | {"STORAGE_URL": "s3://backups"})


def test_a_default_is_offered_where_the_operator_left_a_setting_empty(monkeypatch):
    for given, kept in (("", "60"), ("7", "7")):
        monkeypatch.setenv("PAYTRONIX_MAX_CALLS", given)
        offer_default("PAYTRONIX_MAX_CALLS", 60)
        assert os.environ["PAYTRONIX_MAX_CALLS"] == kept


def test_words_can_be_looked_after_without_settings_and_nobody_knows_that_key():
    one, other = Settings.for_words({}), Settings.for_words({})
    assert one.secret_key != other.secret_key


def test_an_empty_setting_is_the_same_as_none():
    assert Settings.from_env(GOOD | {"METRICS_ADDRESS": "", "LOG_LEVEL": ""}).log_level == "info"


def test_settings_do_not_show_their_secrets():
    settings = Settings.from_env(GOOD | {"STORE_URL": "redis://:marker-password@127.0.0.1/0"})
    assert "marker" not in repr(settings)
    assert "0123456789abcdef" not in repr(settings)


def test_a_secret_is_equal_to_its_like_and_shown_to_nobody():
    assert Secret("marker") == Secret("marker") != Secret("other")
    assert "marker" not in f"{Secret('marker')} {Secret('marker')!r}"


def test_the_release_is_the_one_that_the_project_says():
    project = tomllib.loads((Path(config.__file__).parent / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__


def test_settings_are_shown_with_where_they_come_from_and_without_secrets(tmp_path):
    secret = tmp_path / "key"
    secret.write_text("another-marker-of-more-than-32-characters")
    environ = {name: value for name, value in GOOD.items() if name != "SECRET_KEY"} | {"SECRET_KEY_FILE": str(secret)}
    given = Settings.from_env(environ).given(environ)
    assert len(given) == len(fields(Settings))
    shown = {each.name: (each.shown, each.source) for each in given}
    assert shown["SECRET_KEY"] == ("***", "file that SECRET_KEY_FILE names")
    assert shown["PUBLIC_URL"][1] == "environment"
    assert shown["SESSION_IDLE_SECONDS"] == ("1800", "default")
    assert shown["LOGIN_FAILURES_PER_GUEST"] == ("10/900 seconds", "default")
    for name in ("SECRET_KEY", "PAYTRONIX_CLIENT_ID", "PAYTRONIX_CLIENT_SECRET", "STORE_URL"):
        assert shown[name][0] == "***"
    assert "marker" not in repr(given)
