"""``flask --app wsgi messages``: the merchant's words, from the command line."""

from collections.abc import Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask.cli import with_appcontext

from app.commands import NAMES
from app.commands.preview import write_preview
from app.commands.reports import SHOWS, number_of, show_text, things
from app.messages import Messages
from app.messages.editing import ListedMessage, check, list_messages
from app.services import services
from app.settings.declaration import SettingsError
from app.store import StoreUnavailable
from app.usage import KEPT_DAYS
from config import check_extras

if TYPE_CHECKING:
    from app.commands.exchange import Exchange

the_folder = click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))


@click.group()
def messages() -> None:
    """Look after the words that guests read."""


@messages.command("check")
@the_folder
@click.option("--json", "form", flag_value="json", help="Print one JSON object.")
@click.option("--github", "form", flag_value="github", help="Print annotations for a pull request on GitHub.")
@with_appcontext
def check_folder(folder: Path | None, form: str | None) -> None:
    """Check a merchant's folder: what is wrong, where, and what to write instead.

    DIR is the folder to check; the site's own when it is left out. What is published over it was checked in the
    console and is not looked at. Ends with 0 when guests get everything as it is
    written, even if something is worth a look; with 1 when something is wrong; with 2 when the command itself is.
    """
    folder = folder or services().settings.merchant_dir
    findings = check(folder)
    SHOWS[form](folder, findings)
    if findings.errors:
        raise SystemExit(1)


@messages.command("list")
@the_folder
@with_appcontext
def list_words(folder: Path | None) -> None:
    """Show every code and every text of the site in each language, and where the words come from.

    DIR is the folder to show; without it, what guests read: the site's own folder, with what is published in the
    console over it. "yours" stands in your folder or is published; "built-in" is what the site
    says without you; MISSING is read in another language.
    """
    everything = list(list_messages(_words(folder).current()))
    for (section, name), in_languages in groupby(everything, key=lambda line: (line.section, line.name)):
        click.echo(click.style(f"[{section}] {name}" if section else name, bold=True))
        for line in in_languages:
            click.echo(f"  {line.language}  {line.message.text}  ({_origin(line)})")
    missing = sum(line.is_missing for line in everything)
    own = sum(not line.is_built_in for line in everything)
    click.echo(f"\n{len(everything)} sentences, {own} of them yours; {missing} missing in a language.")


def _origin(line: ListedMessage) -> str:
    origin = "built-in" if line.is_built_in else f"yours, {line.message.source}"
    if line.follows:
        section, name = line.follows
        origin += f", as {f'[{section}] ' if section else ''}{name}"
    return f"{origin}; MISSING in {line.language}, read in {line.message.language}" if line.is_missing else origin


@messages.command()
@the_folder
@click.option(
    "--out", required=True, metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help="Where to write to."
)
@with_appcontext
def preview(folder: Path | None, out: Path) -> None:
    """Write every page that has words on it as files for a browser, and one sheet that shows them all.

    DIR is the folder to show; without it, what guests read: the site's own folder, with what is published in the
    console over it.

    Ends with 1 when there is no such folder or nothing can be written. What is wrong in the folder is counted, and the
    pages show what guests get in spite of it.
    """
    shown = folder or services().settings.merchant_dir
    if not shown.is_dir():
        raise click.ClickException(f"There is no folder {shown}.")
    catalogue = _words(folder).current()
    try:
        count = write_preview(out, catalogue)
    except OSError as error:
        raise _cannot_be_written(out, error) from None
    click.echo(f"{count} pages written. Open {out.resolve() / 'index.html'} in a browser.")
    _advise_check(shown, len(catalogue.problems), f"{shown} and not shown as written")


@messages.command()
@with_appcontext
def seen() -> None:
    """Show which codes of Paytronix guests have met lately, those without words first."""
    try:
        codes = services().codes_seen.read()
    except StoreUnavailable as error:
        raise click.ClickException(f"What was seen cannot be read: {error}.") from None
    for each in codes:
        words = "has words" if each.has_words else click.style("NO WORDS", fg="yellow", bold=True)
        days = f"{each.first_day}" if each.first_day == each.last_day else f"{each.first_day} to {each.last_day}"
        times = "once" if each.count == 1 else f"{each.count} times"
        click.echo(f"{each.code}  {words}, {times}, {days}")
        if each.vendor_text:
            click.echo(f"  Paytronix says: {each.vendor_text}")
    unknown = sum(not each.has_words for each in codes)
    click.echo(f"{number_of(len(codes), 'code')} in the last {KEPT_DAYS} days, {unknown} without words.")


@messages.command("export")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--draft", "of_draft", is_flag=True, help="Write the draft, as if it were published.")
@click.option("--force", is_flag=True, help="Write into a folder that holds something; its words are replaced.")
@with_appcontext
def export_words(folder: Path, *, of_draft: bool, force: bool) -> None:
    """Write what guests read, the folder with what is published over it, as a merchant's folder.

    DIR must be new or empty. Its files are in an order of their own, without remarks, so that a comparison of two shows
    what has changed and nothing else.
    """
    try:
        if not force and folder.exists() and any(folder.iterdir()):
            raise click.ClickException(
                f"{folder} is not empty. Name another folder, or replace its words with --force."
            )
        with closing(_exchange()) as exchange:
            count = exchange.export(folder, of_draft=of_draft)
    except OSError as error:
        raise _cannot_be_written(folder, error) from None
    click.echo(f"{count} files written to {folder.resolve()}.")
    _advise_check(folder, len(check(folder).errors), "it, and not read as written")


def _advise_check(folder: Path, problems: int, where: str) -> None:
    if problems:
        click.echo(f"{things(problems)} wrong in {where}: flask --app wsgi messages check {folder}")


def _cannot_be_written(folder: Path, error: OSError) -> click.ClickException:
    return click.ClickException(
        f"{folder.resolve()} cannot be written: {error.strerror}. Name a folder that this user may write to, "
        "such as one below /tmp."
    )


@messages.command("import")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--publish", is_flag=True, help="Let guests read it at once, instead of taking it into the draft.")
@click.option("--comment", default="", metavar="TEXT", help="With --publish: why, for the history.")
@click.option("--name", default="command line", metavar="NAME", help="Who does it, for the history.")
@click.option("--force", is_flag=True, help="Leave out what is wrong in DIR; overwrite what others have changed.")
@with_appcontext
def import_words(folder: Path, *, publish: bool, comment: str, name: str, force: bool) -> None:
    """Take the words of a folder into the draft, or publish them: those that differ from what is there.

    Ends with 1, and changes nothing, when something is wrong in DIR, or when others have changed the same words since
    DIR was exported.
    """
    if bool(comment) is not publish:
        raise click.UsageError("--comment says why something is published: give it with --publish, and with it alone.")
    findings = check(folder)
    if findings.errors and not force:
        show_text(folder, findings)
        raise SystemExit(1)
    with closing(_exchange()) as exchange:
        _import(exchange, folder, leave_faults=bool(findings.errors), force=force, name=name, comment=comment)


NO_ORIGIN = (
    "merchant.toml has no remark at its top any more that says of which revision the folder is, so these may have been "
    "published after it was exported. "
)


def _import(exchange: "Exchange", folder: Path, *, leave_faults: bool, force: bool, name: str, comment: str) -> None:
    from app.commands.exchange import name_of  # noqa: PLC0415 - needs libraries that the site alone does not

    publish = bool(comment)
    found = exchange.differences(folder, leave_faults=leave_faults, from_draft=not publish)
    if found.conflicts and not force:
        for place in found.conflicts:
            click.echo(f"{click.style('CHANGED MEANWHILE', fg='red', bold=True)}  {name_of(place)}")
        why = "" if found.knows_origin else NO_ORIGIN
        raise click.ClickException(f"Nothing was taken. {why}Export anew and compare, or overwrite these with --force.")
    if not found.changes:
        click.echo(f"Nothing to import: {'guests read' if publish else 'the draft has'} all of {folder} already.")
        return
    for place in found.changes:
        click.echo(name_of(place))
    changes = number_of(len(found.changes), "change")
    if publish:
        number = exchange.publish(found, by=name, comment=comment)
        click.echo(f"{changes} published as revision {number}.")
    else:
        exchange.save(found, by=name)
        click.echo(f"{changes} taken into the draft. Look at it in the console, and publish it there.")


def _exchange() -> "Exchange":
    try:
        from app.commands.exchange import Exchange  # noqa: PLC0415 - needs libraries that the site alone does not
    except ModuleNotFoundError as error:
        how = "pip install --require-hashes -r requirements-console.lock"
        raise click.ClickException(
            f"{error.name} is not installed, which the history of the words needs: {how}"
        ) from None
    return Exchange(services().settings)


def _words(folder: Path | None) -> Messages:
    """The words of a folder or, when none is named, those that guests read."""
    settings = services().settings
    if folder:
        return Messages(folder)
    if settings.messages_url is None:
        return services().messages
    try:
        check_extras(settings)
        from app.history.live import HistoryUnavailable, read_published  # noqa: PLC0415 - needs libraries of an extra
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    try:
        overlay = read_published(settings.messages_url.reveal())
    except HistoryUnavailable as error:
        raise click.ClickException(f"{error} To see the folder alone, name it: {settings.merchant_dir}") from None
    return Messages(settings.merchant_dir, published=lambda: overlay)


def works_without_settings(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for nothing of the site: for the merchant's folder alone, or for the console.

    :param arguments: all words of the command line, before anybody has made sense of them.
    """
    words = [word for word in arguments if word in {*NAMES, *messages.commands}]
    return words[:1] == ["console"] or (words[:1] == [messages.name] and words[1:2] != [seen.name])
