"""How a store is written as a URL, and which engine each form stands for."""

import re
from collections.abc import Collection
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from app.store.interface import Store
from app.store.redis import RedisStore
from app.store.redis_clients import (
    REDIS_PORT,
    SENTINEL_PORT,
    Address,
    ClusterClient,
    Credentials,
    SentinelClient,
    tcp_client,
    unix_client,
)
from app.store.sqlite import SqliteStore

_FORMS = (
    "sqlite:///FILE, redis://HOST:PORT/0, unix:///SOCKET, redis+sentinel://HOST:PORT,HOST:PORT/NAME or "
    "redis+cluster://HOST:PORT,HOST:PORT; with TLS rediss in place of redis, and ?ssl_ca_certs=/PATH/ca.pem at the end "
    "if the certificate is of an authority of your own"
)
_SENTINEL_OPTIONS = ("sentinel_username", "sentinel_password")
_TLS_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_ADDRESS = re.compile(r"(\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\[\]:/\s]+))(:(?P<port>[0-9]{1,5}))?")


def open_store(url: str) -> Store:
    """The store that a URL stands for. Nothing is opened or connected before its first use.

    ``sqlite:///relative/path``, ``sqlite:////absolute/path``, or one of the forms for Redis. These may begin with
    ``USER:PASSWORD@``, percent-encoded. ``rediss://``, ``rediss+sentinel://`` and ``rediss+cluster://`` are the same
    over TLS and take the files ``ssl_ca_certs``, ``ssl_certfile`` and ``ssl_keyfile`` as a query; certificates are
    always verified. ``unix://`` takes ``db``; with Sentinels, ``sentinel_username`` and ``sentinel_password`` are
    theirs.

    :raises ValueError: the URL has another form. The text says which form it should have and repeats nothing of it.
    """
    scheme, _, rest = url.partition("://")
    rest, _, query = rest.partition("?")
    userinfo, _, rest = rest.rpartition("@")
    authority, _, path = rest.partition("/")
    is_tls = scheme.startswith("rediss")
    files = _TLS_OPTIONS if is_tls else ()
    match scheme.replace("rediss", "redis"):
        case "sqlite":
            return SqliteStore(_file(url.removeprefix("sqlite://")))
        case "redis":
            tls = _options(query, files)
            address, *others = _addresses(authority, REDIS_PORT)
            if others:
                raise _wrong_form("there must be one address")
            credentials = _credentials(userinfo, tls if is_tls else None)
            return RedisStore(tcp_client(address, credentials, database=_database(path)))
        case "unix":
            if authority or not path:
                raise _wrong_form("after unix:// there must be the absolute path of a socket")
            database = _database(_options(query, ("db",)).get("db", ""))
            return RedisStore(unix_client(rest, _credentials(userinfo), database=database))
        case "redis+sentinel":
            if not path or "/" in path:
                raise _wrong_form("after the addresses there must be a slash and the name of the group")
            tls = _options(query, (*files, *_SENTINEL_OPTIONS))
            username, password = (tls.pop(name, None) for name in _SENTINEL_OPTIONS)
            credentials = _credentials(userinfo, tls if is_tls else None)
            of_sentinels = Credentials(username, password, credentials.tls)
            addresses = _addresses(authority, SENTINEL_PORT)
            return RedisStore(SentinelClient(addresses, unquote(path), credentials, of_sentinels))
        case "redis+cluster":
            if path:
                raise _wrong_form("after the addresses nothing may follow")
            tls = _options(query, files)
            credentials = _credentials(userinfo, tls if is_tls else None)
            return RedisStore(ClusterClient(_addresses(authority, REDIS_PORT), credentials))
    raise _wrong_form("it begins with none of the known schemes")


def without_credentials(url: str) -> str:
    """The URL of a store as it may be shown: no user, no password, no options."""
    scheme, _, rest = url.partition("://")
    rest = rest.partition("?")[0]
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _wrong_form(what: str) -> ValueError:
    return ValueError(f"This is no URL of a store: {what}. Write {_FORMS}.")


def _file(text: str) -> Path:
    path = text.removeprefix("/")
    if path == text or not path or path.endswith("/"):
        raise _wrong_form("after sqlite:/// there must be the path of a file")
    return Path(path).absolute()


def _addresses(authority: str, default_port: int) -> list[Address]:
    found = [_ADDRESS.fullmatch(part) for part in authority.split(",")]
    addresses = [(one["ipv6"] or one["host"], int(one["port"] or default_port)) for one in found if one]
    if len(addresses) != len(found) or not all(0 < port < 65536 for _, port in addresses):
        raise _wrong_form("each address must be a host, or a host and the number of a port")
    return addresses


def _database(text: str) -> int:
    if not re.fullmatch("[0-9]{0,5}", text):
        raise _wrong_form("the database must be a number")
    return int(text or 0)


def _credentials(userinfo: str, tls: dict[str, str] | None = None) -> Credentials:
    username, _, password = userinfo.partition(":")
    return Credentials(unquote(username) or None, unquote(password) or None, tls)


def _options(query: str, known: Collection[str]) -> dict[str, str]:
    options = dict(parse_qsl(query.replace("+", "%2B")))  # as in the part before "@", where a plus is one
    if not options.keys() <= set(known) or len(options) != len(query.split("&")) * bool(query):
        raise _wrong_form("there is an option in it that this kind of store does not take")
    return options
