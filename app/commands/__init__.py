"""What an operator types: ``flask --app wsgi COMMAND``."""

from app.commands.doctor import doctor
from app.commands.messages import messages
from app.commands.sessions import sessions

COMMANDS = (doctor, messages, sessions)
