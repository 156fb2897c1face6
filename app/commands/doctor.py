"""``flask --app wsgi doctor``: what is right and wrong with this installation, and what to do about it."""

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import click
from flask.cli import with_appcontext

from app.site import site
from app.store import StoreUnavailable
from config import Settings


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``todo`` is empty when nothing need be done."""

    is_good: bool
    what: str
    todo: str = ""


@click.command()
@with_appcontext
def doctor() -> None:
    """Check settings, store, words, proxy set-up and the way to Paytronix. Shows no secret."""
    findings = [finding for check in CHECKS for finding in check(site().settings)]
    for finding in findings:
        click.echo(f"{'ok   ' if finding.is_good else 'FAULT'} {finding.what}")
        if finding.todo:
            click.echo(f"      {finding.todo}")
    faults = sum(not finding.is_good for finding in findings)
    click.echo(f"{faults} fault{'' if faults == 1 else 's'} found." if faults else "Everything is in order.")
    raise SystemExit(1 if faults else 0)


def check_settings(settings: Settings) -> Iterator[Finding]:
    """They were all read and checked before this command began; here are the ones that surprise people."""
    yield Finding(True, f"settings: complete; guests use {settings.public_url}")
    if settings.session_idle_seconds > settings.session_max_seconds:
        yield Finding(
            False,
            "settings: SESSION_IDLE_SECONDS is longer than SESSION_MAX_SECONDS",
            "The idle limit can never be reached. Make it the shorter of the two.",
        )


def check_proxy(settings: Settings) -> Iterator[Finding]:
    """What TRUSTED_PROXY_HOPS means for this address."""
    hops = settings.trusted_proxy_hops
    if settings.public_url.is_secure and hops == 0:
        yield Finding(
            True,
            "proxy: none is trusted, though guests use https",
            "If a proxy ends TLS in front of the site, set TRUSTED_PROXY_HOPS to the number of proxies. Otherwise "
            "every guest seems to come from the proxy's address, and they share one limit for refused sign-ins.",
        )
    else:
        yield Finding(True, f"proxy: forwarding headers of {hops} prox{'y' if hops == 1 else 'ies'} are trusted")


def check_store(settings: Settings) -> Iterator[Finding]:
    """Whether sign-ins can be kept."""
    try:
        site().store.ping()
    except StoreUnavailable as error:
        yield Finding(False, f"store: {error}", "Check STORE_URL, and that the server runs and lets this machine in.")
    else:
        yield Finding(True, "store: can be read and written")


def check_words(settings: Settings) -> Iterator[Finding]:
    """Whether the merchant's folder has faults; guests read the last good words meanwhile."""
    faults = site().messages.current().faults
    for fault in faults:
        yield Finding(False, f"words: {fault.file}:{fault.line}: {fault.problem}", fault.instead)
    if not faults:
        yield Finding(True, f"words: no faults in {settings.merchant_dir.name}/")


def check_paytronix(settings: Settings) -> Iterator[Finding]:
    """Name, connection and TLS, as far as one gets without signing a guest in."""
    url = urlsplit(settings.paytronix_base_url)
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    try:
        with socket.create_connection((host, port), settings.paytronix_connect_seconds) as connection:
            if url.scheme == "https":
                with ssl.create_default_context().wrap_socket(connection, server_hostname=host):
                    pass
    except socket.gaierror:
        yield Finding(
            False,
            f"Paytronix: the name {host} is not known",
            "Check PAYTRONIX_BASE_URL and this machine's DNS.",
        )
    except ssl.SSLError as error:
        yield Finding(
            False,
            f"Paytronix: {host} answers, but its certificate is not accepted: {error.reason or 'TLS failed'}",
            "Check PAYTRONIX_BASE_URL. The certificate of a gateway in between must be a publicly trusted one.",
        )
    except OSError as error:
        yield Finding(
            False,
            f"Paytronix: no connection to {host} port {port}: {error.strerror or 'it took too long'}",
            "Check PAYTRONIX_BASE_URL and whether a firewall lets this machine out.",
        )
    else:
        yield Finding(
            True,
            f"Paytronix: {host} port {port} answers",
            "Whether the integration credentials are right shows when a guest signs in: no call tests them.",
        )


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    check_settings,
    check_proxy,
    check_store,
    check_words,
    check_paytronix,
)
