"""The settings: read once from the environment, checked all at once, and never shown when they are wrong."""

import difflib
import ipaddress
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import SplitResult, urlsplit

import idna

ROOT = Path(__file__).parent
THREADS = 256  # per worker; a page mostly waits for Paytronix, so threads are what carries guests
CONSOLE_THREADS = 32  # a few people, whose pages wait for a database at most
ONE_YEAR_SECONDS = 366 * 86_400
THREADS_KEPT_FREE = 4  # for every page that does not call Paytronix

# How a name begins that can only be ours: another one that begins so is a slip.
_OURS = (
    *("PUBLIC_URL", "SECRET_KEY", "PAYTRONIX_", "STORE_URL", "MERCHANT_DIR"),
    *("SESSION_IDLE", "SESSION_MAX", "SESSIONS_", "LOGIN_FAILURES_"),
    *("TRUSTED_PROX", "METRICS_ADDR", "MESSAGES_U", "CONSOLE_"),
)


class SettingsError(Exception):
    """Settings are missing or wrong. The text names each of them, the rule and an example, never a value.

    :param whose: what cannot start with them.
    """

    def __init__(self, faults: list[str], whose: str = "site") -> None:
        self.faults = faults
        super().__init__(
            "The {} cannot start: {} wrong.\n{}".format(
                whose,
                "one setting is" if len(faults) == 1 else f"{len(faults)} settings are",
                "\n".join(f"  {fault}" for fault in faults),
            )
        )


class Secret:
    """A value that must not be shown. ``reveal()`` is the only way to it, so that every use can be found."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port that guests use (RFC 6454)."""

    scheme: str
    host: str
    port: int | None

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"

    @property
    def netloc(self) -> str:
        """Host and port as a browser sends them in the Host header, the scheme's own port left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"


@dataclass(frozen=True)
class Limit:
    """So many in so much time, as in ``10/15 minutes``."""

    count: int
    window_seconds: int


# --- How a setting's text becomes its value. Each raises ValueError for a text that breaks its rule. ---


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(text: str) -> str:
    """A host as browsers write it: small letters, other scripts by UTS 46 (ß is no ss), IPv6 addresses shortened."""
    try:
        return ipaddress.ip_address(text).compressed
    except ValueError:
        name = text.lower()
        if not text.isascii():
            try:
                name = idna.encode(text, uts46=True).decode()
            except idna.IDNAError as error:
                raise _NoName from error
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError
    return name


_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def _http_url(text: str, *, may_be_plain: bool = False) -> SplitResult:
    """A URL without credentials, query and fragment, its host checked and written as browsers do.

    :param may_be_plain: ``http:`` is good enough, also for hosts other than loopback.
    """
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or not text.isprintable() or set(text) & set(' @?#\\<>"'):
        raise ValueError
    host = _host(url.hostname or "")
    is_plain = url.scheme == "http" and not _is_loopback(host)
    if url.port == 0 or (is_plain and not may_be_plain):  # .port raises ValueError for no number
        raise ValueError
    port = "" if url.port is None else f":{url.port}"
    return url._replace(netloc=(f"[{host}]" if ":" in host else host) + port)


def _origin(text: str) -> Origin:
    url = _http_url(text)
    if url.path not in {"", "/"} or not url.hostname:
        raise ValueError
    default_port = {"http": 80, "https": 443}[url.scheme]
    return Origin(url.scheme, url.hostname, None if url.port == default_port else url.port)


def _base_url(text: str) -> str:
    url = _http_url(text).geturl().rstrip("/")
    if url.endswith(".json"):  # that is one call's address
        raise ValueError
    return url


def _collector_url(text: str) -> str:
    return _http_url(text, may_be_plain=True).geturl().rstrip("/")


def _text(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError
    return text


def _secret(text: str) -> Secret:
    return Secret(_text(text))


def _identifier(text: str) -> Secret:
    if ":" in text:  # HTTP Basic could not tell where it ends (RFC 7617, 2)
        raise ValueError
    return _secret(text)


def _key(text: str) -> Secret:
    if len(text) < 32 or len(set(text)) < 10 or " " in text:  # the example of a key is none
        raise ValueError
    text.encode()  # raises ValueError for bytes that were no UTF-8
    return Secret(text)


def _keys(text: str) -> tuple[Secret, ...]:
    return tuple(_key(part.strip()) for part in text.split(",") if part.strip())


def _words(separator: str) -> Callable[[str], tuple[str, ...]]:
    def words(text: str) -> tuple[str, ...]:
        found = tuple(part.strip() for part in text.split(separator) if part.strip())
        if not found or not all(re.fullmatch(r"[!#-+\--\[\]-~]+", word) for word in found):  # RFC 6749, 3.3; no comma
            raise ValueError
        return found

    return words


def _flag(text: str) -> bool:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]


def _whole(least: int, most: int = 10**12) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
            raise ValueError
        return int(text)

    return whole


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text) or float(text) == 0:
        raise ValueError
    return float(text)


def _margin(text: str) -> float:
    return 0.0 if text == "0" else _seconds(text)


def _limit(text: str) -> Limit:
    found = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,3}) (second|minute|hour)s?", text)
    if not found:
        raise ValueError
    unit_seconds = {"second": 1, "minute": 60, "hour": 3600}[found[3]]
    return Limit(int(found[1]), int(found[2]) * unit_seconds)


def _store_url(text: str) -> Secret:
    from app.store.urls import open_store  # noqa: PLC0415 - app itself begins by importing this module

    if text.startswith("sqlite:///") and text != "sqlite:///":
        text = f"sqlite:///{ROOT / text.removeprefix('sqlite:///')}"
    try:
        open_store(text)  # which opens nothing yet
    except ValueError as error:
        raise _WholeFault(f"STORE_URL is wrong: {error}") from None
    return Secret(text)


# As SQLAlchemy reads it. Were anything else let through, its error would show a part of it: the password as a port.
_SERVER = re.compile(
    r"postgresql(\+psycopg)?://([^:/?#]*(:[^@/?#]*)?@)?(\[[^\[\]@/?#]*\]|[^\[\]@:/?#]*)(:[0-9]{1,5})?/[^/?#]+"
)


def _messages_url(text: str) -> Secret:
    is_file = text.startswith("sqlite:///") and text != "sqlite:///"
    if not (is_file or _SERVER.match(text)) or not text.isprintable():
        raise ValueError
    return Secret(f"sqlite:///{ROOT / text.removeprefix('sqlite:///')}" if is_file else text)


def _staff(text: str) -> tuple[str, ...]:
    """Addresses (``ana@example.com``), domains (``@example.com``) and groups (``group:Marketing``)."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found or not all(re.fullmatch(r"group:.+|[^@\s]*@[^@\s]+\.[^@\s]+", each) for each in found):
        raise ValueError
    return tuple(each if each.startswith("group:") else small_letters(each) for each in found)


def small_letters(address: str) -> str:
    """An e-mail address with its letters from A to Z as small ones, and no other: a Kelvin sign is no k."""
    return address.encode().lower().decode()


def _issuer(text: str) -> str:
    return _http_url(text).geturl().rstrip("/")


def _folder(text: str) -> Path:
    return ROOT / _text(text)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError
    return host.strip("[]"), int(port)


def _level(text: str) -> str:
    if text.lower() not in {"debug", "info", "warning", "error"}:
        raise ValueError
    return text.lower()


_REQUIRED = object()


def _setting(
    parse: Callable[[str], Any],
    rule: str,
    example: str,
    default: Any = _REQUIRED,
    *,
    may_be_file: bool = False,
    instead: str | None = None,
) -> Any:
    """Declare a setting. A default is given as it would stand in the environment, or as None.

    :param instead: a setting that does as well, so that this one may be missing.
    """
    return field(
        metadata={
            "parse": parse,
            "rule": rule,
            "example": example,
            "default": default,
            "may_be_file": may_be_file,
            "instead": instead,
        }
    )


def _signing_key(whose: str = "", *, default: Any = _REQUIRED, instead: str | None = None) -> Any:
    rule = "at least 32 random characters; make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
    example = "64 characters that nobody else has"
    return _setting(_key, f"{whose}{rule}", example, default, may_be_file=True, instead=instead)


@dataclass(frozen=True, kw_only=True)
class _ForBoth:
    """Settings that the guests' site and the console have in common.

    A field's name in capitals is its name in the environment.
    """

    secret_key_fallbacks: tuple[Secret, ...] = _setting(
        _keys,
        "former keys that still verify, comma-separated, each at least 32 characters",
        "the former SECRET_KEY",
        "",
        may_be_file=True,
    )
    store_url: Secret = _setting(
        _store_url,
        "where sign-ins are kept: sqlite:///FILE, redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://",
        "redis://10.0.0.5:6379/0",
        "sqlite:///instance/guest-login.db",
        may_be_file=True,
    )
    merchant_dir: Path = _setting(_folder, "the folder that the merchant edits", "merchant", "merchant")
    trusted_proxy_hops: int = _setting(
        _whole(0, 20), "how many proxies in front of the site set forwarding headers", "1", "0"
    )
    messages_url: Secret | None = _setting(
        _messages_url,
        "where the console keeps the words: sqlite:///FILE, or postgresql://USER:PASSWORD@HOST/NAME",
        "postgresql://words:sEcReT@10.0.0.6/words",
        None,
        may_be_file=True,
    )
    log_level: str = _setting(_level, "debug, info, warning or error", "info", "info")

    whose: ClassVar[str] = "site"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read and check every setting.

        :param environ: where to read from; the process's environment unless given.
        :raises SettingsError: naming all that is wrong at once.
        """
        source = os.environ if environ is None else environ
        faults: list[str] = _slips(source)
        values: dict[str, Any] = {}
        for declared in fields(cls):
            name, rules = declared.name.upper(), declared.metadata
            try:
                text = _given(source, name, may_be_file=rules["may_be_file"])
                text = rules["default"] if text is None else text
                if text is _REQUIRED and _is_given(source, rules["instead"]):
                    values[declared.name] = None
                elif text is _REQUIRED:
                    faults.append(f"{name} is missing: {rules['rule']}. Example: {rules['example']}")
                else:
                    values[declared.name] = None if text is None else rules["parse"](text)
            except _WholeFault as fault:
                faults.append(str(fault))
            except _NoName:
                faults.append(
                    f"{name} is wrong: its host has letters of which no name can be made. Write the host as browsers "
                    "show it when its address is copied: xn--… Example: https://xn--caf-dma.example"
                )
            except (ValueError, KeyError):
                faults.append(f"{name} is wrong: {rules['rule']}. Example: {rules['example']}")
        faults = faults or cls._contradictions(values, source)
        if faults:
            raise SettingsError(faults, cls.whose)
        return cls(**values)

    @classmethod
    def _contradictions(cls, values: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
        """What is wrong with settings that are right one by one."""
        del values, environ  # of the site's there is none
        return []


@dataclass(frozen=True, kw_only=True)
class Settings(_ForBoth):
    """Every setting of the guests' site."""

    secret_key: Secret = _signing_key()
    public_url: Origin = _setting(
        _origin,
        "the origin that guests use, without a path; http:// only for loopback hosts",
        "https://rewards.example.com",
    )
    paytronix_base_url: str = _setting(
        _base_url,
        "scheme, host, prefix and release without a query; http:// only for loopback hosts",
        "https://m777777.api.example.com/rest/25.33",
    )
    paytronix_merchant_id: int = _setting(_whole(1), "the merchant id that Paytronix gave, a whole number", "777777")
    paytronix_client_id: Secret = _setting(
        _identifier, "the integration identifier that Paytronix gave, without a colon", "aBcDeFg", may_be_file=True
    )
    paytronix_client_secret: Secret = _setting(
        _secret, "the integration secret that Paytronix gave", "sEcReT", may_be_file=True
    )
    paytronix_credentials_in_body: bool = _setting(
        _flag, "true or false: send the credentials in the body of the token call too", "true", "true"
    )
    paytronix_scope: tuple[str, ...] = _setting(
        _words(" "),
        "the scopes to ask for, separated by spaces",
        "user_read account_read",
        "user_read user_write account_read account_write",
    )
    paytronix_invalid_token_codes: tuple[str, ...] = _setting(
        _words(","),
        "error codes that mean 'the access token is no longer good', comma-separated",
        "invalid_token",
        "invalid_token",
    )
    paytronix_connect_seconds: float = _setting(_seconds, "seconds to reach Paytronix, more than 0", "3", "3")
    paytronix_total_seconds: float = _setting(
        _seconds, "seconds for a whole call to Paytronix, more than 0", "10", "10"
    )
    paytronix_max_calls: int = _setting(
        _whole(1, 10_000),
        "how many calls one worker may have under way at once, 1 to 10000",
        "252",
        str(THREADS - THREADS_KEPT_FREE),
    )
    paytronix_refresh_margin_seconds: float = _setting(
        _margin,
        "how many seconds before its end an access token is renewed, 0 for only when rejected",
        "30",
        "30",
    )
    session_idle_seconds: int = _setting(
        _whole(1, ONE_YEAR_SECONDS), "whole seconds without a request after which a sign-in ends", "1800", "1800"
    )
    session_max_seconds: int = _setting(
        _whole(1, ONE_YEAR_SECONDS), "whole seconds after which a sign-in ends in any case", "86400", "86400"
    )
    sessions_per_guest: int = _setting(
        _whole(1, 1000),
        "how many sign-ins one guest may have at once, 1 to 1000; beyond it the one longest unused ends",
        "20",
        "20",
    )
    login_failures_per_guest: Limit = _setting(
        _limit,
        "refused sign-ins of one guest before they must wait, as COUNT/TIME",
        "10/15 minutes",
        "10/15 minutes",
    )
    login_failures_per_address: Limit = _setting(
        _limit, "refused sign-ins from one address before it must wait", "100/15 minutes", "100/15 minutes"
    )
    metrics_address: tuple[str, int] | None = _setting(
        _address, "host:port for metrics, never the public one", "127.0.0.1:8002", None
    )
    otel_exporter_otlp_endpoint: str | None = _setting(
        _collector_url,
        "where an OpenTelemetry collector takes traces over HTTP, without a query",
        "http://collector:4318",
        None,
    )
    otel_traces_sampler: str | None = _setting(
        _text, "which pages are traced: one of OpenTelemetry's samplers", "always_on", None
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
            if rules["default"] is _REQUIRED and not given.get(name) and not given.get(f"{name}_FILE"):
                given[name] = rules["example"]
        return cls.from_env(given)


@dataclass(frozen=True, kw_only=True)
class ConsoleSettings(_ForBoth):
    """Every setting of the merchant's console."""

    console_secret_key: Secret | None = _signing_key("another key than the site's SECRET_KEY, ", instead="SECRET_KEY")
    secret_key: Secret | None = _signing_key("for a console without a key of its own, that of the site, ", default=None)
    console_url: Origin = _setting(
        _origin,
        "the origin that staff use, another host than the guests'; http:// only for loopback hosts",
        "https://words.example.com",
    )
    console_idle_seconds: int = _setting(
        _whole(60, 86_400), "whole seconds without a request after which staff are signed out", "900", "900"
    )
    console_oidc_issuer: str | None = _setting(
        _issuer,
        "the identity provider at which staff sign in; unset: by one-time link only",
        "https://login.example.com/realms/staff",
        None,
    )
    console_oidc_client_id: Secret | None = _setting(
        _secret, "what the identity provider calls the console", "guest-words", None, may_be_file=True
    )
    console_oidc_client_secret: Secret | None = _setting(
        _secret, "the secret that the identity provider gave the console", "sEcReT", None, may_be_file=True
    )
    console_editors: tuple[str, ...] = _setting(
        _staff,
        "who may edit, comma-separated: addresses, @domains, group:NAME",
        "@example.com, group:Marketing",
        None,
    )
    console_publishers: tuple[str, ...] = _setting(
        _staff,
        "who may publish too, comma-separated: addresses, @domains, group:NAME",
        "ana@example.com",
        None,
    )

    whose: ClassVar[str] = "console"

    @classmethod
    def _contradictions(cls, values: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
        faults = []
        if values["console_secret_key"] in (values["secret_key"], *values["secret_key_fallbacks"]):
            faults.append(
                "CONSOLE_SECRET_KEY is wrong: it is SECRET_KEY, or a former one, and whoever takes over the site "
                "could sign in here. Make another one: python3 -c 'import secrets; print(secrets.token_hex(32))'"
            )
        has_rules = bool(values["console_editors"] or values["console_publishers"])
        if values["console_oidc_issuer"]:
            if not values["console_oidc_client_id"]:
                faults.append("CONSOLE_OIDC_CLIENT_ID is missing: CONSOLE_OIDC_ISSUER needs it. Example: guest-words")
            if not has_rules:
                faults.append(
                    "CONSOLE_EDITORS and CONSOLE_PUBLISHERS are missing: with CONSOLE_OIDC_ISSUER one of them has to "
                    "say who may come in, or nobody could. Example: @example.com"
                )
        elif has_rules or values["console_oidc_client_id"] or values["console_oidc_client_secret"]:
            faults.append(
                "CONSOLE_OIDC_ISSUER is missing: the other CONSOLE_OIDC_ settings, CONSOLE_EDITORS and "
                "CONSOLE_PUBLISHERS mean nothing without it. Set it, or remove them. Example: https://login.example.com/realms/staff"
            )
        try:
            guests = _origin(environ.get("PUBLIC_URL", ""))
        except ValueError:
            guests = None  # that is for the site to tell
        if guests and guests.host == values["console_url"].host and not _is_loopback(guests.host):
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


@dataclass(frozen=True)
class Given:
    """A setting as it may be shown.

    :ivar shown: its value; three stars in place of a secret
    :ivar source: where it comes from: ``environment``, ``file``, ``default``
    """

    name: str
    shown: str
    source: str


def given_settings(settings: Settings | ConsoleSettings, environ: Mapping[str, str] | None = None) -> list[Given]:
    """Every setting, with where it comes from."""
    source = os.environ if environ is None else environ
    given = []
    for declared in fields(settings):
        name, value = declared.name.upper(), getattr(settings, declared.name)
        origin = "environment" if source.get(name) else "default"
        if declared.metadata["may_be_file"] and source.get(f"{name}_FILE"):
            origin = f"file that {name}_FILE names"
        given.append(Given(name, _shown(value), origin))
    return given


def _shown(value: object) -> str:
    match value:
        case None | ():
            return "none"
        case Secret() | (Secret(), *_):
            return "***"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case Limit():
            return f"{value.count}/{value.window_seconds} seconds"
        case (str(host), int(port)):
            return f"{host}:{port}"
        case tuple():
            return " ".join(map(str, value))
    return str(value)


class _NoName(ValueError):
    """A host is not in ASCII and cannot be converted to it."""


class _WholeFault(Exception):
    """A setting is wrong in a way that its rule does not say; the text is the whole fault."""


def _given(environ: Mapping[str, str], name: str, *, may_be_file: bool) -> str | None:
    """The text of a setting, from NAME or from the file that NAME_FILE names; None when neither is set."""
    text = environ.get(name) or None  # deployments pass what they leave unset as an empty text
    path = (environ.get(f"{name}_FILE") or None) if may_be_file else None
    if text is not None and path is not None:
        raise _WholeFault(f"{name} and {name}_FILE are both set: keep one of them.")
    if path is None:
        return text
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise _WholeFault(f"{name}_FILE names a file that cannot be read: {reason}.") from error


def _is_given(environ: Mapping[str, str], name: str | None) -> bool:
    return name is not None and any(environ.get(each) for each in (name, f"{name}_FILE"))


def _slips(environ: Mapping[str, str]) -> list[str]:
    """Names that look like ours and are none: a setting with a slip in its name would silently keep its default."""
    declared = (*fields(Settings), *fields(ConsoleSettings))
    known = {each.name.upper() for each in declared}
    known |= {f"{each.name.upper()}_FILE" for each in declared if each.metadata["may_be_file"]}
    faults = []
    for name in sorted(set(environ) - known):
        meant = _meant(name, known)
        if name.startswith(_OURS):
            faults.append(f"{name} is not a setting: {f'did you mean {meant}?' if meant else 'remove it.'}")
        elif meant and not (environ.get(meant) or environ.get(f"{meant}_FILE")):  # beside it, it is somebody else's
            faults.append(
                f"{name} is not a setting: did you mean {meant}? If it belongs to another program, set {meant} too."
            )
    return faults


def _meant(name: str, known: set[str]) -> str | None:
    """The setting whose name somebody has misspelt so, if there is one."""
    likeness = 0.6 if name.startswith(_OURS) else 0.875  # OTEL_SERVICE_NAME and STORE_NAME are other programs' own
    close = difflib.get_close_matches(name.upper(), known, 1, likeness)
    if not close or (not name.startswith(_OURS) and set(close[0].split("_")) < set(name.upper().split("_"))):
        return None  # OTEL_TRACES_SAMPLER_ARG says more than OTEL_TRACES_SAMPLER
    return close[0]


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
        return _whole(1, 1000)(text)
    except ValueError:
        raise SettingsError(["WEB_CONCURRENCY is wrong: how many worker processes, 1 to 1000. Example: 2"]) from None


def set_metrics_folder(folder: Path) -> None:
    """Name the folder of counts for this process and its children, as prometheus_client wants to be told of it."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def offer_default(name: str, value: object) -> None:
    """Give a setting a value for this process and its children unless the operator has set it."""
    if not os.environ.get(name):  # as everywhere, an empty text is as good as none
        os.environ[name] = str(value)
