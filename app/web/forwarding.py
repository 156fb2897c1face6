"""Who asks, by which scheme and for which host, as the trusted proxies in front of an application say it."""

import ipaddress
import time
from collections.abc import Iterable
from contextlib import suppress
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.middleware.proxy_fix import ProxyFix

from app.observability import log

WRITTEN = "app.web.forwarding.written"  # where the doctor finds X-Forwarded-For as it came
WARN_EVERY_SECONDS = 3600
_FOR, _PROTO, _HOST = "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST"
# For themselves, and for nobody whose address they could name.
_ASKED_BY_BALANCERS = frozenset({"/healthz", "/servez", "/readyz"})
_THIS_MACHINE = "127.0.0.1"  # a unix socket has no addresses


class Forwarding:
    """WSGI middleware after which ``REMOTE_ADDR`` is always a bare address of IPv4 or IPv6.

    Proxies append to ``X-Forwarded-For``, and most replace ``X-Forwarded-Proto`` and ``-Host``. So each header is
    counted by itself, from its end, because only what the trusted proxies have written is there: of as many values as
    there are proxies the first one counts, and of fewer the last one. Any other could be the client's own.

    :param trusted_hops: how many proxies there are. With none, what the headers say is left alone.
    """

    def __init__(self, app: WSGIApplication, *, trusted_hops: int) -> None:
        self._app = ProxyFix(app, x_for=1, x_proto=1, x_host=1) if trusted_hops else app
        self._trusted_hops = trusted_hops
        self._warn_at = 0.0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["REMOTE_ADDR"] = bare_address(environ.get("REMOTE_ADDR", "")) or _THIS_MACHINE
        if self._trusted_hops:
            environ[WRITTEN] = environ.get(_FOR, "")
            proto, host, written = (
                trusted_value(environ.get(name, ""), self._trusted_hops) for name in (_PROTO, _HOST, _FOR)
            )
            self._set(environ, _PROTO, proto.lower())
            self._set(environ, _HOST, host)
            address = bare_address(written)
            if address is None and environ.get("PATH_INFO") not in _ASKED_BY_BALANCERS:
                self._warn(written)
            self._set(environ, _FOR, address)
        return self._app(environ, start_response)

    @staticmethod
    def _set(environ: WSGIEnvironment, name: str, value: str | None) -> None:
        if value:
            environ[name] = value
        else:
            environ.pop(name, None)

    def _warn(self, written: str) -> None:
        if time.monotonic() >= self._warn_at:
            self._warn_at = time.monotonic() + WARN_EVERY_SECONDS
            log.warning(
                "address_unreadable",
                came=written[:60] or "none",
                todo="have the proxy write the guest's address into X-Forwarded-For; until then all of these guests "
                "share the limits of the proxy's own address",
            )


def values_of(header: str) -> list[str]:
    """The values of a forwarding header. A comma always parts them: a quotation mark may be the client's own."""
    return [value for part in header.split(",") if (value := part.strip(' \t"'))]


def trusted_value(header: str, hops: int) -> str:
    """The value of a forwarding header that counts (:class:`Forwarding`); empty if there is none."""
    values = values_of(header)
    return values[-hops if len(values) >= hops else -1] if values else ""


def bare_address(written: str) -> str | None:
    """The address in what a proxy has written: without quotes, brackets, port and zone. None if there is none."""
    text = written.strip(' \t"')
    bracketed, bracket, _ = text.removeprefix("[").partition("]")
    for candidate in (bracketed,) if bracket else (text, text.rpartition(":")[0]):
        with suppress(ValueError):
            found = ipaddress.ip_address(candidate.partition("%")[0])
            return str(getattr(found, "ipv4_mapped", None) or found)
    return None
