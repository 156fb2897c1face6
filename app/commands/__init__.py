"""What an operator types: ``flask --app wsgi COMMAND``. One module for each, with the command's name."""

from importlib import import_module

import click
from flask.cli import AppGroup

NAMES = ("doctor", "messages", "sessions")


class Commands(AppGroup):
    """Loads a command when somebody asks for it: processes that serve guests need none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, for ``--help``."""
        return list(NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command, or None when there is none of that name."""
        if cmd_name not in NAMES:
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)
        return command
