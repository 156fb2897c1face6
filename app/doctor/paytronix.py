"""The way to Paytronix: name, connection, TLS, clock, and as much of the credentials as shows without a guest."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from app.doctor.findings import Finding, fault, note, ok
from app.paytronix import Probe, Reason
from app.paytronix.tls import certificate_trouble, handshake_trouble
from app.paytronix.transport import CERTIFICATE_AUTHORITIES
from app.services import Services

AREA = "paytronix"
MOST_SECONDS_APART = 30.0
ENDS_SOON_DAYS = 14


def check_paytronix(services: Services) -> Iterator[Finding]:
    """Step by step; the first step that fails makes the next ones pointless."""
    url = urlsplit(services.settings.paytronix_base_url)
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    connect_seconds = services.settings.paytronix_connect_seconds
    try:
        with socket.create_connection((host, port), connect_seconds) as connection:
            yield ok(AREA, f"{host} port {port} takes connections, at {connection.getpeername()[0]}")
            if url.scheme == "https":
                yield from _check_tls(connection, host)
    except socket.gaierror:
        yield fault(AREA, f"the name {host} is not known", "Check PAYTRONIX_BASE_URL and this machine's DNS.")
    except ssl.SSLError as error:
        if isinstance(error, ssl.SSLCertVerificationError):
            trouble = certificate_trouble(error.verify_code)
        else:
            trouble = handshake_trouble(error.reason or "")
        yield fault(
            AREA,
            f"{host} answers, but {trouble}",
            "Check PAYTRONIX_BASE_URL and this machine's clock. If they are right, whoever runs that server must mend "
            "it: Paytronix, or you if it is a gateway of yours, whose certificate must be a publicly trusted one.",
        )
    except OSError as error:
        yield fault(
            AREA,
            f"no connection to {host} port {port}: {error.strerror or 'it took too long'}",
            "Check PAYTRONIX_BASE_URL and whether a firewall lets this machine out.",
        )
    else:
        yield from _check_answer(services.paytronix.probe())


def _check_tls(connection: socket.socket, host: str) -> Iterator[Finding]:
    context = ssl.create_default_context(cafile=CERTIFICATE_AUTHORITIES)
    with context.wrap_socket(connection, server_hostname=host) as secured:
        ends_at = ssl.cert_time_to_seconds(str((secured.getpeercert() or {})["notAfter"]))
        days_left = (datetime.fromtimestamp(ends_at, UTC) - datetime.now(UTC)).days
        yield ok(AREA, f"its certificate is good for {days_left} more days; {secured.version()}")
        if days_left < ENDS_SOON_DAYS:
            yield note(AREA, "its certificate ends soon", "Paytronix, or your gateway, must renew it. Ask them.")


def _check_answer(probe: Probe) -> Iterator[Finding]:
    yield from _check_clock(probe)
    about = f"HTTP {probe.status}" if probe.status else "no answer"
    about += f", code {probe.code}" if probe.code else ""
    if probe.outcome == Reason.CREDENTIALS:
        yield fault(
            AREA,
            f"refuses the integration credentials ({about})",
            "Check PAYTRONIX_CLIENT_ID and PAYTRONIX_CLIENT_SECRET, and PAYTRONIX_CREDENTIALS_IN_BODY.",
        )
    elif probe.outcome == Reason.INTEGRATION:
        yield fault(
            AREA,
            f"says that this integration is not set up for the token call ({about})",
            "Check PAYTRONIX_MERCHANT_ID, and ask Paytronix what this integration may use.",
        )
    elif probe.outcome == Reason.ERROR:
        yield fault(
            AREA,
            f"is reached, and answers that it has failed itself ({about})",
            "It, or a gateway in front of it, has trouble. Run this again; if it stays so, tell Paytronix the code.",
        )
    elif probe.status == 404:
        todo = "Check prefix and release at the end of PAYTRONIX_BASE_URL."
        yield fault(AREA, f"does not know the token call at this address ({about})", todo)
    elif probe.outcome == Reason.THROTTLED:
        yield note(AREA, f"asks for fewer calls ({about})", "Run this again later.")
    elif probe.outcome == "refresh_refused" and probe.is_known_refusal:
        yield ok(AREA, f"answers the token call, and refuses a made-up refresh token as it should ({about})")
        yield note(
            AREA,
            "that the integration credentials are right is likely, and not proven",
            "Paytronix documents no call that would prove them without a guest. Sign in once to be sure.",
        )
    elif probe.outcome == "refresh_refused":
        yield fault(
            AREA,
            f"refuses a made-up refresh token for a reason that the site does not know ({about})",
            "It may be about PAYTRONIX_MERCHANT_ID or the credentials. Ask Paytronix what the code means.",
        )
    else:
        yield fault(AREA, f"does not answer the token call as agreed: {probe.outcome} ({about})", _todo(probe))


def _todo(probe: Probe) -> str:
    if probe.outcome == Reason.PROTOCOL:
        return "Something else may answer at PAYTRONIX_BASE_URL: a gateway, a maintenance page. Look at its answer."
    return "Paytronix or the way to it has trouble. Run this again; if it stays so, ask Paytronix."


def _check_clock(probe: Probe) -> Iterator[Finding]:
    if probe.date is None:
        if probe.status:
            yield note(AREA, "its answers have no date, so the clock cannot be compared", "Have NTP keep the clock.")
        return
    apart = (datetime.now(UTC) - probe.date).total_seconds()
    if abs(apart) > MOST_SECONDS_APART:
        yield fault(
            AREA,
            f"this machine's clock is {abs(apart):.0f} seconds {'ahead of' if apart > 0 else 'behind'} Paytronix's",
            "Have NTP set the clock. Sign-ins that machines share end by it, and so does trust in certificates.",
        )
    else:
        yield ok(AREA, "this machine's clock agrees with Paytronix's")
