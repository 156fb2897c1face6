"""``flask --app wsgi messages``: the merchant's words, from the command line."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from app.messages.check import Findings, check
from app.messages.faults import Fault
from app.site import site


@click.group()
def messages() -> None:
    """Look after the words that guests read."""


@messages.command("check")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@with_appcontext
def check_folder(folder: Path | None) -> None:
    """Check a merchant's folder: what is wrong, where, and what to write instead.

    DIR is the folder to check; the site's own when it is left out. Ends with 0 when guests get everything as it is
    written, with 1 when not.
    """
    folder = folder or site().settings.merchant_dir
    findings = check(folder)
    for fault in findings.errors:
        _show("WRONG", "red", folder, fault)
    for fault in findings.warnings:
        _show("WORTH A LOOK", "yellow", folder, fault)
    click.echo(_verdict(folder, findings))
    if findings.errors:
        raise SystemExit(1)


def _show(kind: str, colour: str, folder: Path, fault: Fault) -> None:
    where = folder if fault.file == "." else folder / fault.file
    click.echo(f"{click.style(kind, fg=colour, bold=True)}  {where}, line {fault.line}")
    click.echo(f"  {fault.problem}")
    click.echo(f"  {fault.instead}\n")


def _verdict(folder: Path, findings: Findings) -> str:
    wrong, look = len(findings.errors), len(findings.warnings)
    if wrong:
        things = "1 thing is" if wrong == 1 else f"{wrong} things are"
        also = f" {look} more worth a look." if look else ""
        return f"{things} wrong in {folder}.{also} Until then guests read the words from before, or the built-in ones."
    sentences = "1 sentence" if findings.sentences == 1 else f"{findings.sentences} sentences"
    languages = ", ".join(findings.languages)
    rest = " What is worth a look works as it is." if look else ""
    return f"Nothing is wrong in {folder}: {sentences} of your own; guests can read {languages}.{rest}"
