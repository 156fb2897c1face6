"""PUBLIC_URL, against what a request that takes the guests' way shows."""

import http.client
import socket
import ssl
from collections.abc import Iterable, Iterator

import msgspec

from app.doctor.findings import Finding, Level, fault, note, ok
from app.services import Services
from app.settings.values import Origin
from app.web.echo import HEADER, Seen, signed_question

AREA = "proxy"
LONGEST_SECONDS = 5.0
LONGEST_ANSWER_BYTES = 100_000

_DECODER = msgspec.json.Decoder(Seen)


def check_proxy(services: Services) -> Iterator[Finding]:
    """Fetch the sign-in page as a guest would, and have the site say how the request arrived."""
    url = services.settings.public_url
    try:
        answer, body = _fetch(url, signed_question(services.settings.secret_key.reveal()))
    except socket.gaierror:
        yield fault(AREA, f"the name {url.host} of PUBLIC_URL is not known", "Make an entry for it in your DNS.")
        return
    except ssl.SSLError as error:
        problem = getattr(error, "verify_message", "") or error.reason
        yield fault(
            AREA,
            f"{url} has a certificate that browsers do not accept: {problem}",
            "Give the proxy a certificate for this very name, with its whole chain.",
        )
        return
    except (OSError, http.client.HTTPException):
        yield note(
            AREA,
            f"nobody answers at {url} yet",
            "Start the site and the proxy in front of it, then run this again: now it could not be tried.",
        )
        return
    seen = _seen(answer, body)
    if seen is None:
        yield _stranger(url, answer)
        return
    yield ok(AREA, f"{url} leads to this site")
    of_request = list(_check_seen(url, seen))
    yield from of_request
    if not any(each.level is Level.FAULT for each in of_request):  # otherwise the site answers by a wrong picture
        yield from _check_headers(seen, answer)


def _fetch(url: Origin, question: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection: http.client.HTTPConnection
    if url.is_secure:
        connection = http.client.HTTPSConnection(
            url.host, url.port, timeout=LONGEST_SECONDS, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(url.host, url.port, timeout=LONGEST_SECONDS)
    try:
        connection.request("GET", "/login", headers={HEADER: question})
        answer = connection.getresponse()
        return answer, answer.read(LONGEST_ANSWER_BYTES)
    finally:
        connection.close()


def _seen(answer: http.client.HTTPResponse, body: bytes) -> Seen | None:
    if answer.status != 200 or answer.headers.get_content_type() != "application/json":
        return None
    try:
        return _DECODER.decode(body)
    except msgspec.MsgspecError:
        return None


def _stranger(url: Origin, answer: http.client.HTTPResponse) -> Finding:
    if answer.status in {502, 503, 504}:
        todo = "Check that the site runs, and that the proxy is told its address."
        return fault(AREA, f"{url} answers HTTP {answer.status}: the proxy does not reach the site", todo)
    if "X-Request-ID" in answer.headers:
        todo = f"Run this with the settings of the running site. The proxy must also let the header {HEADER} through."
        return fault(AREA, f"{url} leads to a site with another SECRET_KEY", todo)
    todo = "Check PUBLIC_URL, its DNS entry, and which server the proxy chooses for this name."
    return fault(AREA, f"{url} leads to something else than this site (HTTP {answer.status})", todo)


def _check_seen(url: Origin, seen: Seen) -> Iterator[Finding]:
    own_port = ":443" if url.is_secure else ":80"
    if seen.host.lower().removesuffix(own_port) != url.netloc:
        yield fault(
            AREA,
            f"the site sees the host {seen.host[:100]!r} and not {url.netloc}: it refuses every guest",
            "Have the proxy pass the Host header on as it came (nginx: proxy_set_header Host $http_host).",
        )
    if seen.trusted_hops and not seen.forwarded_for:
        yield fault(
            AREA,
            f"no proxy has written down an address, and TRUSTED_PROXY_HOPS is {seen.trusted_hops}: "
            f"every guest seems to come from {seen.address}",
            "Guests would share one limit for refused sign-ins. Have the proxy set X-Forwarded-For (nginx: "
            "proxy_set_header X-Forwarded-For $remote_addr); only without any proxy, set TRUSTED_PROXY_HOPS to 0.",
        )
        return
    if seen.forwarded_for != seen.trusted_hops:
        proxies = f"{seen.forwarded_for} prox{'y has' if seen.forwarded_for == 1 else 'ies have'}"
        yield fault(
            AREA,
            f"{proxies} written down an address, and TRUSTED_PROXY_HOPS is {seen.trusted_hops}: "
            f"every guest seems to come from {seen.address}",
            f"Guests would share one limit for refused sign-ins. Set TRUSTED_PROXY_HOPS to {seen.forwarded_for}, "
            "if these proxies are yours; otherwise have yours set X-Forwarded-For.",
        )
        return  # what else the proxies say cannot be told apart until that is right
    if seen.unreadable_address:
        yield fault(
            AREA,
            f"the proxy writes {seen.unreadable_address[:60]!r} into X-Forwarded-For, which is no address: "
            f"every guest seems to come from {seen.address}",
            "Have it write the guest's address; a port behind it is no harm.",
        )
    yield ok(AREA, f"TRUSTED_PROXY_HOPS is {seen.trusted_hops}, and so many proxies are there")
    if url.is_secure and seen.trusted_hops and not seen.forwarded_proto:
        yield fault(
            AREA,
            "the proxy does not say by which scheme guests come",
            "Have it set X-Forwarded-Proto (nginx: proxy_set_header X-Forwarded-Proto $scheme).",
        )
    elif seen.forwarded_proto and seen.trusted_hops and seen.scheme != url.scheme:
        yield fault(
            AREA,
            f"the proxy says that guests come by {seen.scheme}, and PUBLIC_URL says {url.scheme}",
            "Browsers would be sent round in circles. Correct X-Forwarded-Proto, or PUBLIC_URL.",
        )


def _check_headers(seen: Seen, answer: http.client.HTTPResponse) -> Iterator[Finding]:
    for name, sent in seen.headers.items():
        values = answer.headers.get_all(name) or []
        if not values:
            yield fault(AREA, f"{name} is missing", "The proxy takes it away. Have it pass the site's headers on.")
        elif len(values) > 1:
            others = sorted({value for value in values if value != sent})
            yield fault(
                AREA,
                f"{name} is sent {len(values)} times" + (f", also as {_shown(others)}" if others else ""),
                "The site sends it: take it out of the proxy's configuration. Browsers may ignore a doubled one.",
            )
        elif values != [sent]:
            tell = note if name == "Strict-Transport-Security" else fault  # it may be made stricter
            yield tell(
                AREA,
                f"{name} arrives as {_shown(values)}, and the site sends {_shown([sent])}",
                "The proxy puts its own in its place: take that out of its configuration.",
            )


def _shown(values: Iterable[str]) -> str:
    return " and ".join(repr(value[:100]) for value in values)
