"""The entry point: ``gunicorn wsgi:app`` and ``flask --app wsgi COMMAND``."""

import sys
from dataclasses import replace

import click

from app import create_app
from app.commands import COMMANDS
from config import Settings, SettingsError

is_command = click.get_current_context(silent=True) is not None
named = next((word for word in sys.argv if word in {command.name for command in COMMANDS}), None)

try:
    settings = Settings.from_env()
except SettingsError as error:
    # Whoever writes the words has no settings, and a check of a pull request should need none.
    if not (is_command and named == "messages"):
        sys.exit(str(error))
    settings = Settings.for_words()

if is_command:  # it says itself what it finds; the log's lines would come in between
    settings = replace(settings, log_level="error", metrics_address=None, otel_exporter_otlp_endpoint=None)

app = create_app(settings)
