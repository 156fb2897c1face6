"""The entry point: ``gunicorn wsgi:app`` and ``flask --app wsgi COMMAND``."""

import sys

import click

from app import create_app
from app.commands import COMMANDS
from app.commands.doctor import json_of_wrong_settings
from config import Settings, SettingsError

is_command = click.get_current_context(silent=True) is not None
named = next((word for word in sys.argv if word in {command.name for command in COMMANDS}), None)

try:
    settings = Settings.from_env()
except SettingsError as error:
    if is_command and named == "doctor" and "--json" in sys.argv:
        click.echo(json_of_wrong_settings(error))
        sys.exit(1)
    # Whoever writes the words has no settings, and a check of a pull request should need none.
    if not (is_command and named == "messages"):
        sys.exit(str(error))
    settings = Settings.for_words()

app = create_app(settings, for_command=is_command)
