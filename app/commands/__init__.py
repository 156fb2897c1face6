"""What an operator types: ``flask --app wsgi COMMAND``. One module for each, with the command's name."""

from importlib import import_module
from importlib.util import find_spec

import click
from flask.cli import AppGroup

NAMES = ("console", "doctor", "messages", "sessions")


class Commands(AppGroup):
    """Loads a command when somebody asks for it: processes that serve guests need none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, for ``--help``."""
        return [name for name in NAMES if name != "console" or _has_console()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command, or None when there is none of that name."""
        if cmd_name not in NAMES:
            return None
        if cmd_name == "console" and not _has_console():
            how = "pip install --require-hashes -r requirements-console.lock"
            raise click.ClickException(f"What the console needs is not installed: {how}")
        command: click.Command = getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)
        return command


def _has_console() -> bool:
    return find_spec("sqlalchemy") is not None and find_spec("alembic") is not None
