"""The entry point: ``gunicorn wsgi:app`` and ``flask --app wsgi COMMAND``."""

import sys
from dataclasses import replace

import click

from app import create_app
from app.commands import works_without_settings
from config import Settings, SettingsError

is_command = click.get_current_context(silent=True) is not None

try:
    try:
        settings = Settings.from_env()
    except SettingsError:
        # Whoever writes the words has no settings, and a check of a pull request should need none.
        if not (is_command and works_without_settings(sys.argv)):
            raise
        settings = Settings.for_words()
except SettingsError as error:
    sys.exit(str(error))

if is_command:  # it says itself what it finds; the log's lines would come in between
    settings = replace(settings, log_level="error")

app = create_app(settings)
