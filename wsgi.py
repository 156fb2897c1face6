"""The entry points: ``gunicorn wsgi:app``, ``gunicorn wsgi:console`` and ``flask --app wsgi COMMAND``.

Each application is made when somebody asks for it by its name, and neither makes the other.
"""

import sys

import click
from flask import Flask

from app.serving.debugger import refuse_debugger_for_others
from app.settings.declaration import SettingsError
from config import ConsoleSettings, Settings, check_extras


def __getattr__(name: str) -> Flask:
    make = {"app": _make_site, "console": _make_console}.get(name)
    if make is None:
        raise AttributeError(f"wsgi has no {name}: it has app and console")
    refuse_debugger_for_others()
    try:
        made = globals()[name] = make()
    except SettingsError as error:
        sys.exit(str(error))
    return made


def _make_site() -> Flask:
    from app.factory import create_app  # noqa: PLC0415 - see above

    command = click.get_current_context(silent=True)
    if command is None or command.info_name == "run":
        return create_app(Settings.from_env())
    return create_app(_settings_of_command().for_command())


def _settings_of_command() -> Settings:
    # Whoever serves guests holds none of it.
    from app.commands.doctor import json_of_wrong_settings  # noqa: PLC0415
    from app.commands.messages import works_without_settings  # noqa: PLC0415

    try:
        return Settings.from_env()
    except SettingsError as error:
        # Whoever writes the words has no settings, and a check of a pull request should need none.
        if works_without_settings(sys.argv):
            return Settings.for_words()
        if "doctor" in sys.argv and "--json" in sys.argv:
            click.echo(json_of_wrong_settings(error))
            sys.exit(1)
        raise


def _make_console() -> Flask:
    settings = ConsoleSettings.from_env()
    check_extras(settings)
    from app.console import create_console  # noqa: PLC0415 - the site runs without it

    return create_console(settings)
