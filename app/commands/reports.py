"""What ``messages check`` has found, as text for people, as JSON, and for GitHub."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from app.messages import Problem
from app.messages.editing import Findings


def show_text(folder: Path, findings: Findings) -> None:
    """What is wrong and what is worth a look, and a verdict."""
    for kind, colour, problems in (
        ("WRONG", "red", findings.errors),
        ("WORTH A LOOK", "yellow", findings.warnings),
    ):
        for problem in problems:
            click.echo(f"{click.style(kind, fg=colour, bold=True)}  {_path(folder, problem)}, line {problem.line}")
            click.echo(f"  {problem.description}")
            click.echo(f"  {problem.suggestion}\n")
    click.echo(_verdict(folder, findings))


def show_json(folder: Path, findings: Findings) -> None:
    """One JSON object."""
    found = {
        "folder": str(folder),
        "errors": [problem.as_record() for problem in findings.errors],
        "warnings": [problem.as_record() for problem in findings.warnings],
        "languages": findings.languages,
        "sentences": findings.sentences,
    }
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


def show_github(folder: Path, findings: Findings) -> None:
    """Workflow commands, which GitHub shows beside the lines that they are about."""
    for level, problems in (("error", findings.errors), ("warning", findings.warnings)):
        for problem in problems:
            where = str(_path(folder, problem)).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
            text = f"{problem.description} {problem.suggestion}".replace("%", "%25")  # a problem has no line ends
            click.echo(f"::{level} file={where},line={problem.line},col={problem.column}::{text}")


def _path(folder: Path, problem: Problem) -> Path:
    return folder if problem.file == "." else folder / problem.file


def _verdict(folder: Path, findings: Findings) -> str:
    wrong, look = len(findings.errors), len(findings.warnings)
    if wrong:
        also = f" {look} more worth a look." if look else ""
        until_then = "Until then guests read the words from before, or the built-in ones."
        return f"{things(wrong)} wrong in {folder}.{also} {until_then}"
    sentences, languages = number_of(findings.sentences, "sentence"), ", ".join(findings.languages)
    rest = " What is worth a look works as it is." if look else ""
    return f"Nothing is wrong in {folder}: {sentences} of your own; guests can read {languages}.{rest}"


SHOWS: Mapping[str | None, Callable[[Path, Findings], None]] = {
    None: show_text,
    "json": show_json,
    "github": show_github,
}


def number_of(number: int, what: str) -> str:
    """A number of things: ``1 change``, ``2 changes``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def things(number: int) -> str:
    """The beginning of a sentence about things: ``1 thing is``, ``2 things are``."""
    return "1 thing is" if number == 1 else f"{number} things are"
