"""The settings: read once from the environment, checked all at once, and never shown when they are wrong."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Self

from app.settings import values
from app.settings.declaration import REQUIRED, Given, SettingsError, WholeFault, given_settings, misspelt, read, setting
from app.settings.values import ROOT, Limit, Origin, Secret
from app.store.urls import open_store

THREADS = 256  # per worker; a page mostly waits for Paytronix, so threads are what carries guests
CONSOLE_THREADS = 32  # a few people, whose pages wait for a database at most
ONE_YEAR_SECONDS = 366 * 86_400
THREADS_KEPT_FREE = 4  # for every page that does not call Paytronix


def _store_url(text: str) -> Secret:
    if text.startswith("sqlite:///") and text != "sqlite:///":
        text = f"sqlite:///{ROOT / text.removeprefix('sqlite:///')}"
    try:
        open_store(text)  # which opens nothing yet
    except ValueError as error:
        raise WholeFault(f"STORE_URL is wrong: {error}") from None
    return Secret(text)


def _signing_key(whose: str = "", *, default: Any = REQUIRED, instead: str | None = None) -> Any:
    rule = "at least 32 random characters; make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
    example = "64 characters that nobody else has"
    return setting(values.as_key, f"{whose}{rule}", example, default, may_be_file=True, instead=instead)


@dataclass(frozen=True, kw_only=True)
class _ForBoth:
    """Settings that the guests' site and the console have in common.

    A field's name in capitals is its name in the environment.
    """

    secret_key_fallbacks: tuple[Secret, ...] = setting(
        values.as_keys,
        "former keys that still verify, comma-separated, each at least 32 characters",
        "the former SECRET_KEY",
        "",
        may_be_file=True,
    )
    store_url: Secret = setting(
        _store_url,
        "where sign-ins are kept: sqlite:///FILE, redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://",
        "redis://10.0.0.5:6379/0",
        "sqlite:///instance/guest-login.db",
        may_be_file=True,
    )
    merchant_dir: Path = setting(values.as_folder, "the folder that the merchant edits", "merchant", "merchant")
    trusted_proxy_hops: int = setting(
        values.as_whole(0, 20), "how many proxies in front of the site set forwarding headers", "1", "0"
    )
    messages_url: Secret | None = setting(
        values.as_messages_url,
        "where the console keeps the words: sqlite:///FILE, or postgresql://USER:PASSWORD@HOST/NAME",
        "postgresql://words:sEcReT@10.0.0.6/words",
        None,
        may_be_file=True,
    )
    log_level: str = setting(values.as_level, "debug, info, warning or error", "info", "info")

    whose: ClassVar[str] = "site"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read and check every setting.

        :param environ: where to read from; the process's environment unless given.
        :raises SettingsError: naming all that is wrong at once.
        """
        source = os.environ if environ is None else environ
        given, faults = read(cls, source)
        faults = misspelt(source, (Settings, ConsoleSettings)) + faults
        faults = faults or cls._contradictions(given, source)
        if faults:
            raise SettingsError(faults, cls.whose)
        return cls(**given)

    def given(self, environ: Mapping[str, str] | None = None) -> list[Given]:
        """Every setting as it may be shown, with where it comes from."""
        return given_settings(self, os.environ if environ is None else environ)

    @classmethod
    def _contradictions(cls, given: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
        """What is wrong with settings that are right one by one."""
        del given, environ  # of the site's there is none
        return []


@dataclass(frozen=True, kw_only=True)
class Settings(_ForBoth):
    """Every setting of the guests' site."""

    secret_key: Secret = _signing_key()
    public_url: Origin = setting(
        values.as_origin,
        "the origin that guests use, without a path; http:// only for loopback hosts",
        "https://rewards.example.com",
    )
    paytronix_base_url: str = setting(
        values.as_base_url,
        "scheme, host, prefix and release without a query; http:// only for loopback hosts",
        "https://m777777.api.example.com/rest/25.33",
    )
    paytronix_merchant_id: int = setting(
        values.as_whole(1), "the merchant id that Paytronix gave, a whole number", "777777"
    )
    paytronix_client_id: Secret = setting(
        values.as_identifier,
        "the integration identifier that Paytronix gave, without a colon",
        "aBcDeFg",
        may_be_file=True,
    )
    paytronix_client_secret: Secret = setting(
        values.as_secret, "the integration secret that Paytronix gave", "sEcReT", may_be_file=True
    )
    paytronix_credentials_in_body: bool = setting(
        values.as_flag, "true or false: send the credentials in the body of the token call too", "true", "true"
    )
    paytronix_scope: tuple[str, ...] = setting(
        values.as_words(" "),
        "the scopes to ask for, separated by spaces",
        "user_read account_read",
        "user_read user_write account_read account_write",
    )
    paytronix_invalid_token_codes: tuple[str, ...] = setting(
        values.as_words(","),
        "error codes that mean 'the access token is no longer good', comma-separated",
        "invalid_token",
        "invalid_token",
    )
    paytronix_connect_seconds: float = setting(values.as_seconds, "seconds to reach Paytronix, more than 0", "3", "3")
    paytronix_total_seconds: float = setting(
        values.as_seconds, "seconds for a whole call to Paytronix, more than 0", "10", "10"
    )
    paytronix_max_calls: int = setting(
        values.as_whole(1, 10_000),
        "how many calls one worker may have under way at once, 1 to 10000",
        "252",
        str(THREADS - THREADS_KEPT_FREE),
    )
    paytronix_refresh_margin_seconds: float = setting(
        values.as_margin,
        "how many seconds before its end an access token is renewed, 0 for only when rejected",
        "30",
        "30",
    )
    session_idle_seconds: int = setting(
        values.as_whole(1, ONE_YEAR_SECONDS),
        "whole seconds without a request after which a sign-in ends",
        "1800",
        "1800",
    )
    session_max_seconds: int = setting(
        values.as_whole(1, ONE_YEAR_SECONDS), "whole seconds after which a sign-in ends in any case", "86400", "86400"
    )
    sessions_per_guest: int = setting(
        values.as_whole(1, 1000),
        "how many sign-ins one guest may have at once, 1 to 1000; beyond it the one longest unused ends",
        "20",
        "20",
    )
    login_failures_per_guest: Limit = setting(
        values.as_limit,
        "refused sign-ins of one guest before they must wait, as COUNT/TIME",
        "10/15 minutes",
        "10/15 minutes",
    )
    login_failures_per_address: Limit = setting(
        values.as_limit, "refused sign-ins from one address before it must wait", "100/15 minutes", "100/15 minutes"
    )
    metrics_address: tuple[str, int] | None = setting(
        values.as_address, "host:port for metrics, never the public one", "127.0.0.1:8002", None
    )
    otel_exporter_otlp_endpoint: str | None = setting(
        values.as_collector_url,
        "where an OpenTelemetry collector takes traces over HTTP, without a query",
        "http://collector:4318",
        None,
    )
    otel_traces_sampler: str | None = setting(
        values.as_text, "which pages are traced: one of OpenTelemetry's samplers", "always_on", None
    )

    def for_command(self) -> "Settings":
        """These settings for a command, which says itself what it finds: the log's lines would come in between."""
        return replace(self, log_level="error", otel_exporter_otlp_endpoint=None)

    @property
    def signing_keys(self) -> list[str]:
        """What the site signs with, and then what it accepts besides."""
        return [key.reveal() for key in (self.secret_key, *self.secret_key_fallbacks)]

    @classmethod
    def for_words(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Settings for the commands that only look at the merchant's words: examples where required ones are missing.

        Nothing can be signed in with them.

        :raises SettingsError: one that is there is wrong.
        """
        given = dict(os.environ if environ is None else environ)
        if not given.get("SECRET_KEY_FILE"):
            given["SECRET_KEY"] = given.get("SECRET_KEY") or secrets.token_hex(32)
        for declared in fields(cls):
            name, rules = declared.name.upper(), declared.metadata
            if rules["default"] is REQUIRED and not given.get(name) and not given.get(f"{name}_FILE"):
                given[name] = rules["example"]
        return cls.from_env(given)


@dataclass(frozen=True, kw_only=True)
class ConsoleSettings(_ForBoth):
    """Every setting of the merchant's console."""

    console_secret_key: Secret | None = _signing_key("another key than the site's SECRET_KEY, ", instead="SECRET_KEY")
    secret_key: Secret | None = _signing_key("for a console without a key of its own, that of the site, ", default=None)
    console_url: Origin = setting(
        values.as_origin,
        "the origin that staff use, another host than the guests'; http:// only for loopback hosts",
        "https://words.example.com",
    )
    console_idle_seconds: int = setting(
        values.as_whole(60, 86_400), "whole seconds without a request after which staff are signed out", "900", "900"
    )
    console_oidc_issuer: str | None = setting(
        values.as_issuer,
        "the identity provider at which staff sign in; unset: by one-time link only",
        "https://login.example.com/realms/staff",
        None,
    )
    console_oidc_client_id: Secret | None = setting(
        values.as_secret, "what the identity provider calls the console", "guest-words", None, may_be_file=True
    )
    console_oidc_client_secret: Secret | None = setting(
        values.as_secret, "the secret that the identity provider gave the console", "sEcReT", None, may_be_file=True
    )
    console_editors: tuple[str, ...] = setting(
        values.as_staff,
        "who may edit, comma-separated: addresses, @domains, group:NAME",
        "@example.com, group:Marketing",
        None,
    )
    console_publishers: tuple[str, ...] = setting(
        values.as_staff,
        "who may publish too, comma-separated: addresses, @domains, group:NAME",
        "ana@example.com",
        None,
    )

    whose: ClassVar[str] = "console"

    @classmethod
    def _contradictions(cls, given: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
        faults = []
        if given["console_secret_key"] in (given["secret_key"], *given["secret_key_fallbacks"]):
            faults.append(
                "CONSOLE_SECRET_KEY is wrong: it is SECRET_KEY, or a former one, and whoever takes over the site "
                "could sign in here. Make another one: python3 -c 'import secrets; print(secrets.token_hex(32))'"
            )
        has_rules = bool(given["console_editors"] or given["console_publishers"])
        if given["console_oidc_issuer"]:
            if not given["console_oidc_client_id"]:
                faults.append("CONSOLE_OIDC_CLIENT_ID is missing: CONSOLE_OIDC_ISSUER needs it. Example: guest-words")
            if not has_rules:
                faults.append(
                    "CONSOLE_EDITORS and CONSOLE_PUBLISHERS are missing: with CONSOLE_OIDC_ISSUER one of them has to "
                    "say who may come in, or nobody could. Example: @example.com"
                )
        elif has_rules or given["console_oidc_client_id"] or given["console_oidc_client_secret"]:
            faults.append(
                "CONSOLE_OIDC_ISSUER is missing: the other CONSOLE_OIDC_ settings, CONSOLE_EDITORS and "
                "CONSOLE_PUBLISHERS mean nothing without it. Set it, or remove them. Example: https://login.example.com/realms/staff"
            )
        try:
            guests = values.as_origin(environ.get("PUBLIC_URL", ""))
        except ValueError:
            guests = None  # that is for the site to tell
        if guests and guests.host == given["console_url"].host and not values.is_loopback(guests.host):
            faults.append(
                "CONSOLE_URL is wrong: it has the host of PUBLIC_URL, and cookies do not tell ports apart. "
                "Give the console a host of its own. Example: https://words.example.com"
            )
        return faults

    @property
    def signing_keys(self) -> list[str]:
        """What the console signs with, and then what it accepts besides: its own key or, without one, the site's."""
        own, of_site = self.console_secret_key, self.secret_key
        keys = (own,) if own else (of_site, *self.secret_key_fallbacks)
        return [key.reveal() for key in keys if key]

    @property
    def database_url(self) -> str:
        """Where the console keeps what it has to keep even if it only shows the folder: links, and who did what."""
        return self.messages_url.reveal() if self.messages_url else f"sqlite:///{ROOT / 'instance/console.db'}"

    @property
    def is_read_only(self) -> bool:
        """Whether the folder alone counts, so that there is nothing to publish."""
        return self.messages_url is None


def check_extras(settings: Settings | ConsoleSettings) -> None:
    """See that what the settings ask for is installed.

    :raises SettingsError: it is not.
    """
    if isinstance(settings, ConsoleSettings):
        if not all(find_spec(name) for name in ("sqlalchemy", "alembic", "authlib", "tomli_w")):
            how = "pip install --require-hashes -r requirements-console.lock"
            raise SettingsError([f"CONSOLE_URL is set, but what the console needs is not installed: {how}"], "console")
    elif settings.otel_exporter_otlp_endpoint is not None and find_spec("opentelemetry") is None:
        how = "pip install --require-hashes -r requirements-otel.lock"
        raise SettingsError([f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: {how}"])
    if settings.messages_url is not None and find_spec("sqlalchemy") is None:
        how = "pip install --require-hashes -r requirements-console.lock"
        raise SettingsError([f"MESSAGES_URL is set, but what reads a database is not installed: {how}"])


def is_console_wanted() -> bool:
    """Whether the environment has settings for a console beside the site."""
    return bool(os.environ.get("CONSOLE_URL"))


def workers_wanted() -> int:
    """How many worker processes to start: gunicorn's own WEB_CONCURRENCY, otherwise one a core.

    gunicorn itself stops, in words of its own, when that is no number; it reads it before anybody else can.

    :raises SettingsError: it is no number, or none would be started.
    """
    text = os.environ.get("WEB_CONCURRENCY") or str(os.cpu_count() or 1)
    try:
        return values.as_whole(1, 1000)(text)
    except ValueError:
        raise SettingsError(["WEB_CONCURRENCY is wrong: how many worker processes, 1 to 1000. Example: 2"]) from None


def set_metrics_folder(folder: Path) -> None:
    """Name the folder of counts for this process and its children, as prometheus_client wants to be told of it."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def offer_default(name: str, value: object) -> None:
    """Give a setting a value for this process and its children unless the operator has set it."""
    if not os.environ.get(name):  # as everywhere, an empty text is as good as none
        os.environ[name] = str(value)
