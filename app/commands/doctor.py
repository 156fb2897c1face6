"""``flask --app wsgi doctor``: what is right and wrong with this installation, and what to do about it."""

import json
from collections.abc import Iterable
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from app.doctor.checks import CHECKS
from app.doctor.findings import Finding, Level, fault
from app.services import services
from app.settings.declaration import SettingsError

_MARKS = {
    Level.OK: ("ok   ", "green"),
    Level.NOTE: ("note ", "yellow"),
    Level.FAULT: ("FAULT", "red"),
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def doctor(*, as_json: bool) -> None:
    """Check settings, proxy, store, words and the way to Paytronix. Shows no secret, signs nobody in.

    Ends with 0 when nothing is wrong, even if something is worth a note; with 1 when something is.
    """
    findings = [finding for check in CHECKS for finding in check(services())]
    click.echo(json_of(findings) if as_json else _text_of(findings))
    raise SystemExit(1 if _faults(findings) else 0)


def json_of_wrong_settings(error: SettingsError) -> str:
    """What ``doctor --json`` prints when there is no site to look at, because its settings are wrong."""
    return json_of(fault("settings", each, "Correct the setting, then run this again.") for each in error.faults)


def json_of(findings: Iterable[Finding]) -> str:
    found = list(findings)
    return json.dumps(
        {"ok": not _faults(found), "findings": [asdict(each) for each in found]}, ensure_ascii=False, indent=2
    )


def _text_of(findings: list[Finding]) -> str:
    lines = []
    for each in findings:
        mark, colour = _MARKS[each.level]
        lines.append(f"{click.style(mark, fg=colour)} {each.area}: {each.what}")
        if each.todo:
            lines.append(f"      {each.todo}")
    faults = _faults(findings)
    lines.append(f"{faults} fault{'' if faults == 1 else 's'} found." if faults else "Nothing is wrong.")
    return "\n".join(lines)


def _faults(findings: Iterable[Finding]) -> int:
    return sum(each.level is Level.FAULT for each in findings)
