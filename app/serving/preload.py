"""What the master has in memory before it forks, so that all processes of an instance share one copy of it.

They share what is the same whatever the settings are: libraries, our code, the built-in words, and how
languages write numbers and days. The site itself is made in each worker, of its settings at that moment, which SIGHUP
may have changed (docs/decisions/0012-read-before-the-fork.md).
"""

from app.messages import Documents, compose


def preload(*, counts: bool) -> None:
    """Load what every process would load for itself.

    :param counts: whether the site counts what happens (``METRICS_ADDRESS``).
    """
    compose(Documents())  # Babel keeps the languages that it has read, ``builtin()`` the words
    if counts:
        from app.observability.metrics import exposition, instruments  # noqa: F401, PLC0415 - costs nothing unless it is wanted
