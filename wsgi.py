"""The entry point: ``gunicorn wsgi:app`` and ``flask --app wsgi COMMAND``."""

import sys

import click

from app import create_app
from config import Settings, SettingsError

is_command = click.get_current_context(silent=True) is not None
if is_command:  # whoever serves guests holds none of it
    from app.commands.doctor import json_of_wrong_settings
    from app.commands.messages import works_without_settings

try:
    try:
        settings = Settings.from_env()
    except SettingsError:
        # Whoever writes the words has no settings, and a check of a pull request should need none.
        if not (is_command and works_without_settings(sys.argv)):
            raise
        settings = Settings.for_words()
except SettingsError as error:
    if is_command and "doctor" in sys.argv and "--json" in sys.argv:
        click.echo(json_of_wrong_settings(error))
        sys.exit(1)
    sys.exit(str(error))

app = create_app(settings, for_command=is_command)
