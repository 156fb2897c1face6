"""What an operator types: ``flask --app wsgi COMMAND``."""

from collections.abc import Sequence

from app.commands.doctor import doctor
from app.commands.messages import messages, seen
from app.commands.sessions import sessions

COMMANDS = (doctor, messages, sessions)


def works_without_settings(arguments: Sequence[str]) -> bool:
    """Whether a command line asks only for what is in the merchant's folder.

    :param arguments: all words of the command line, before anybody has made sense of them.
    """
    ours = {command.name for command in COMMANDS}
    words = [word for word in arguments if word in ours | set(messages.commands)]
    return words[:1] == [messages.name] and words[1:2] != [seen.name]
