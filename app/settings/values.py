"""How the text of a setting becomes its value. Each function raises ValueError for a text that breaks its rule."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import idna

ROOT = Path(__file__).parents[2]


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


class NameUnwritable(ValueError):
    """A host is not in ASCII and cannot be converted to it."""


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def as_host(text: str) -> str:
    """A host as browsers write it: small letters, other scripts by UTS 46 (ß is no ss), IPv6 addresses shortened."""
    try:
        return ipaddress.ip_address(text).compressed
    except ValueError:
        name = text.lower()
        if not text.isascii():
            try:
                name = idna.encode(text, uts46=True).decode()
            except idna.IDNAError as error:
                raise NameUnwritable from error
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError
    return name


_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def as_http_url(text: str, *, may_be_plain: bool = False) -> SplitResult:
    """A URL without credentials, query and fragment, its host checked and written as browsers do.

    :param may_be_plain: ``http:`` is good enough, also for hosts other than loopback.
    """
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or not text.isprintable() or set(text) & set(' @?#\\<>"'):
        raise ValueError
    host = as_host(url.hostname or "")
    is_plain = url.scheme == "http" and not is_loopback(host)
    if url.port == 0 or (is_plain and not may_be_plain):  # .port raises ValueError for no number
        raise ValueError
    port = "" if url.port is None else f":{url.port}"
    return url._replace(netloc=(f"[{host}]" if ":" in host else host) + port)


def as_origin(text: str) -> Origin:
    url = as_http_url(text)
    if url.path not in {"", "/"} or not url.hostname:
        raise ValueError
    default_port = {"http": 80, "https": 443}[url.scheme]
    return Origin(url.scheme, url.hostname, None if url.port == default_port else url.port)


def as_base_url(text: str) -> str:
    url = as_http_url(text).geturl().rstrip("/")
    if url.endswith(".json"):  # that is one call's address
        raise ValueError
    return url


def as_collector_url(text: str) -> str:
    return as_http_url(text, may_be_plain=True).geturl().rstrip("/")


def as_text(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError
    return text


def as_secret(text: str) -> Secret:
    return Secret(as_text(text))


def as_identifier(text: str) -> Secret:
    if ":" in text:  # HTTP Basic could not tell where it ends (RFC 7617, 2)
        raise ValueError
    return as_secret(text)


def as_key(text: str) -> Secret:
    if len(text) < 32 or len(set(text)) < 10 or " " in text:  # the example of a key is none
        raise ValueError
    text.encode()  # raises ValueError for bytes that were no UTF-8
    return Secret(text)


def as_keys(text: str) -> tuple[Secret, ...]:
    return tuple(as_key(part.strip()) for part in text.split(",") if part.strip())


def as_words(separator: str) -> Callable[[str], tuple[str, ...]]:
    def words(text: str) -> tuple[str, ...]:
        found = tuple(part.strip() for part in text.split(separator) if part.strip())
        if not found or not all(re.fullmatch(r"[!#-+\--\[\]-~]+", word) for word in found):  # RFC 6749, 3.3; no comma
            raise ValueError
        return found

    return words


def as_flag(text: str) -> bool:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]


def as_whole(least: int, most: int = 10**12) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
            raise ValueError
        return int(text)

    return whole


def as_seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text) or float(text) == 0:
        raise ValueError
    return float(text)


def as_margin(text: str) -> float:
    return 0.0 if text == "0" else as_seconds(text)


def as_limit(text: str) -> Limit:
    found = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,3}) (second|minute|hour)s?", text)
    if not found:
        raise ValueError
    unit_seconds = {"second": 1, "minute": 60, "hour": 3600}[found[3]]
    return Limit(int(found[1]), int(found[2]) * unit_seconds)


# As SQLAlchemy reads it. Were anything else let through, its error would show a part of it: the password as a port.
_SERVER = re.compile(
    r"postgresql(\+psycopg)?://([^:/?#]*(:[^@/?#]*)?@)?(\[[^\[\]@/?#]*\]|[^\[\]@:/?#]*)(:[0-9]{1,5})?/[^/?#]+"
)


def as_messages_url(text: str) -> Secret:
    is_file = text.startswith("sqlite:///") and text != "sqlite:///"
    if not (is_file or _SERVER.match(text)) or not text.isprintable():
        raise ValueError
    return Secret(f"sqlite:///{ROOT / text.removeprefix('sqlite:///')}" if is_file else text)


def as_staff(text: str) -> tuple[str, ...]:
    """Addresses (``ana@example.com``), domains (``@example.com``) and groups (``group:Marketing``)."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found or not all(re.fullmatch(r"group:.+|[^@\s]*@[^@\s]+\.[^@\s]+", each) for each in found):
        raise ValueError
    return tuple(each if each.startswith("group:") else small_letters(each) for each in found)


def small_letters(address: str) -> str:
    """An e-mail address with its letters from A to Z as small ones, and no other: a Kelvin sign is no k."""
    return address.encode().lower().decode()


def as_issuer(text: str) -> str:
    return as_http_url(text).geturl().rstrip("/")


def as_folder(text: str) -> Path:
    return ROOT / as_text(text)


def as_address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError
    return host.strip("[]"), int(port)


def as_level(text: str) -> str:
    if text.lower() not in {"debug", "info", "warning", "error"}:
        raise ValueError
    return text.lower()
