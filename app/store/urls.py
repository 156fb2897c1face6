"""How a store is written as a URL, and which engine each form stands for."""

from pathlib import Path
from urllib.parse import parse_qsl, unquote

from app.store.interface import Store
from app.store.redis import RedisStore
from app.store.redis_servers import REDIS_PORT, SENTINEL_PORT, Cluster, Credentials, OneServer, SentinelGroup
from app.store.sqlite import SqliteStore

_FORMS = (
    "sqlite:///FILE, redis://HOST:PORT/0, rediss://HOST:PORT/0, unix:///SOCKET, "
    "redis+sentinel://HOST:PORT,HOST:PORT/NAME or redis+cluster://HOST:PORT,HOST:PORT"
)
_TLS_OPTIONS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"}


def open_store(url: str) -> Store:
    """The store that a URL stands for. Nothing is opened or connected before its first use.

    ``sqlite:///relative/path``, ``sqlite:////absolute/path``, or one of the forms for Redis. These may begin with
    ``USER:PASSWORD@``, percent-encoded. ``rediss://`` takes the files ``ssl_ca_certs``, ``ssl_certfile`` and
    ``ssl_keyfile`` as a query; certificates are always verified. ``unix://`` takes ``db``.

    :raises ValueError: the URL has another form. The text says which form it should have and repeats nothing of it.
    """
    scheme, _, rest = url.partition("://")
    rest, _, query = rest.partition("?")
    userinfo, _, rest = rest.rpartition("@")
    authority, slash, path = rest.partition("/")
    match scheme:
        case "sqlite":
            return SqliteStore(_file(url.removeprefix("sqlite://")))
        case "redis" | "rediss":
            credentials = _credentials(userinfo, query, _TLS_OPTIONS if scheme == "rediss" else set())
            ((host, port),) = _addresses(authority, REDIS_PORT, most=1)
            return RedisStore(OneServer.at(host, port, _database(path), credentials, tls=scheme == "rediss"))
        case "unix":
            options = _options(query, {"db"})
            if authority or not path:
                raise _wrong_form("after unix:// there must be the absolute path of a socket")
            return RedisStore(
                OneServer.at_socket(slash + path, _database(options.get("db", "")), _credentials(userinfo))
            )
        case "redis+sentinel":
            if not path or "/" in path:
                raise _wrong_form("after the addresses there must be a slash and the name of the group")
            addresses = _addresses(authority, SENTINEL_PORT)
            return RedisStore(SentinelGroup(addresses, unquote(path), _credentials(userinfo, query)))
        case "redis+cluster":
            if path:
                raise _wrong_form("after the addresses nothing may follow")
            return RedisStore(Cluster(_addresses(authority, REDIS_PORT), _credentials(userinfo, query)))
    raise _wrong_form("it begins with none of the known schemes")


def _wrong_form(what: str) -> ValueError:
    return ValueError(f"This is no URL of a store: {what}. Write {_FORMS}.")


def _file(text: str) -> Path:
    path = text.removeprefix("/")
    if path == text or not path or path.endswith("/"):
        raise _wrong_form("after sqlite:/// there must be the path of a file")
    return Path(path).absolute()


def _addresses(authority: str, default_port: int, most: int = 100) -> list[tuple[str, int]]:
    addresses = []
    for part in authority.split(","):
        host, _, port = part.rpartition(":") if not part.endswith("]") and ":" in part else (part, "", "")
        host = host.removeprefix("[").removesuffix("]")
        if not host or not (port or str(default_port)).isascii() or not (port or "0").isdecimal():
            raise _wrong_form("each address must be a host and the number of a port")
        addresses.append((host, int(port or default_port)))
    if len(addresses) > most or not all(0 < port < 65536 for _, port in addresses):
        raise _wrong_form("there must be one address, with a port from 1 to 65535")
    return addresses


def _database(text: str) -> int:
    if text and not (text.isascii() and text.isdecimal()):
        raise _wrong_form("the database must be a number")
    return int(text or 0)


def _credentials(userinfo: str, query: str = "", options: set[str] | frozenset[str] = frozenset()) -> Credentials:
    username, _, password = userinfo.partition(":")
    return Credentials(unquote(username) or None, unquote(password) or None, _options(query, options))


def _options(query: str, known: set[str] | frozenset[str]) -> dict[str, str]:
    options = dict(parse_qsl(query))
    if options.keys() - known or bool(query) != bool(options):
        raise _wrong_form("there is an option in it that this kind of store does not take")
    return options
