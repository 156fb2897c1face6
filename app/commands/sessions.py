"""``flask --app wsgi sessions``: how many guests are signed in, and signing them out everywhere."""

import click
from flask.cli import with_appcontext

from app.services import services
from app.store import StoreUnavailable


@click.group()
def sessions() -> None:
    """Count the guests who are signed in, or sign them out."""


@sessions.command()
@with_appcontext
def count() -> None:
    """Print how many sign-ins are live, of all instances that share the store."""
    try:
        click.echo(services().sign_ins.count())
    except StoreUnavailable as error:
        raise click.ClickException(str(error)) from None


@sessions.command()
@click.option("--guest", metavar="USERNAME", help="The guest to sign out everywhere.")
@click.option("--all", "everyone", is_flag=True, help="Sign out every guest.")
@with_appcontext
def end(guest: str | None, everyone: bool) -> None:
    """Sign out one guest everywhere, or every guest."""
    if (guest is None) == (not everyone):
        raise click.UsageError("Say who: --guest USERNAME or --all.")
    try:
        ended = services().sign_ins.end_all() if guest is None else services().sign_ins.end_guest(guest)
    except StoreUnavailable as error:
        raise click.ClickException(
            f"Not everybody may be signed out: {error}. Repeat it when the store is back."
        ) from None
    click.echo(f"{ended} sign-in{'' if ended == 1 else 's'} ended.")
