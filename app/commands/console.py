"""``flask --app wsgi console``: what an operator does for the merchant's console.

A machine that has the console need not have the site: none of the site's own settings is needed here.
"""

from contextlib import closing

import click

from app.history import Database, HistoryUnavailable, Links
from app.history.migrations import EMPTY, NEWEST, UnknownStep, migrate
from app.settings.declaration import SettingsError
from config import ConsoleSettings


@click.group()
def console() -> None:
    """Look after the merchant's console."""


@console.command()
@click.option("--name", required=True, help="Who signs in with it; stands beside all that they change.")
@click.option("--role", type=click.Choice(["editor", "publisher"]), default="editor", show_default=True)
def link(name: str, role: str) -> None:
    """Print a link that signs somebody in to the console, once, within a quarter of an hour.

    Give it only to the one whom you name: what is done with it is noted as done by them.
    """
    name = name.strip()
    if not name or not name.isprintable() or len(name) > 200:
        raise click.BadParameter("one line of 1 to 200 characters.", param_hint="--name")
    try:
        settings = ConsoleSettings.from_env()
        secret = Links(Database(settings.database_url, migrate=migrate)).make(name, role)
    except (SettingsError, HistoryUnavailable) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{settings.console_url}/sign-in#{secret}")
    click.echo(f"For {name}, {role}. It opens the console once, within 15 minutes.", err=True)


@console.command("migrate")
@click.option(
    "--to", default=NEWEST, show_default=True, metavar="STEP", help="The step, such as 0001; base: no tables."
)
@click.option("--yes", is_flag=True, help="Do not ask, also if something is lost.")
def migrate_words(to: str, yes: bool) -> None:
    """Bring the database of the words to what this release needs, or back before an older one is started.

    The console does the first by itself. Back loses what only newer releases keep; back to base loses everything.
    """
    try:
        url = ConsoleSettings.from_env().database_url
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    if to != NEWEST and not yes:
        lost = "Every word, draft and revision is lost" if to == EMPTY else "What only newer steps keep is lost"
        click.confirm(f"{lost} if the database is at a newer step than {to}. Go on?", abort=True)
    with closing(Database(url)) as database:
        try:
            before, after = migrate(database, to)
        except (HistoryUnavailable, UnknownStep) as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"At step {after} already." if before == after else f"From step {before} to {after}.")
