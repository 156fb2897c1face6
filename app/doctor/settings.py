"""The settings: what they are and where they come from; which of them do not go together."""

from collections.abc import Iterator

from app.doctor.findings import Finding, fault, note, ok
from app.services import Services
from app.settings.declaration import Given, SettingsError
from app.store import without_credentials
from config import ConsoleSettings, Settings, check_extras, is_console_wanted

AREA = "settings"


def check_settings(services: Services) -> Iterator[Finding]:
    """The site's, as who serves guests reads them, and the console's, if there is one."""
    settings = Settings.from_env()  # those of the services are a command's
    for given in settings.given():
        shown = without_credentials(settings.store_url.reveal()) if given.name == "STORE_URL" else given.shown
        yield ok(AREA, f"{given.name} = {shown} ({given.source})")
    if settings.session_idle_seconds > settings.session_max_seconds:
        yield fault(
            AREA,
            "SESSION_IDLE_SECONDS is longer than SESSION_MAX_SECONDS",
            "The idle limit can never be reached. Make it the shorter of the two.",
        )
    if settings.paytronix_connect_seconds > settings.paytronix_total_seconds:
        yield fault(
            AREA,
            "PAYTRONIX_CONNECT_SECONDS is longer than PAYTRONIX_TOTAL_SECONDS",
            "The limit to connect can never be reached. Make it the shorter of the two.",
        )
    if settings.metrics_address and settings.metrics_address[0] in {"0.0.0.0", "::"}:  # noqa: S104 - told of, not used
        yield note(
            AREA,
            "METRICS_ADDRESS is open on every network of this machine",
            "Let a firewall keep everybody but Prometheus out, or name the address of an inner network.",
        )
    try:
        check_extras(settings)
    except SettingsError as error:
        for each in error.faults:
            yield fault(AREA, each, "Install it, or take the setting away.")
    if is_console_wanted():
        yield from _check_console(of_site=settings.given())


def _check_console(of_site: list[Given]) -> Iterator[Finding]:
    try:
        settings = ConsoleSettings.from_env()
        check_extras(settings)
    except SettingsError as error:
        for each in error.faults:
            yield fault(AREA, each, "Until this is corrected the console cannot start. The site can.")
        return
    if settings.console_secret_key is None:
        yield note(
            AREA,
            "CONSOLE_SECRET_KEY is not set, so whoever takes over the site can sign in to the console",
            "Give the console a key that the site does not know: docs/operations.md, Services and console apart.",
        )
    for given in settings.given():
        if given not in of_site:
            yield ok(AREA, f"{given.name} = {given.shown} ({given.source})")
