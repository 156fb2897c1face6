"""What the master has in memory before it forks, so that all processes of an instance share one copy of it.

They share what is the same whatever the settings are: libraries, our code, the built-in words, and how languages write
numbers and days. The site itself is made in each worker, of the settings of that moment: SIGHUP may have changed them.
"""

from app.messages.catalogue import compose


def read_ahead(*, counts: bool) -> None:
    """Load what every process would load for itself.

    :param counts: whether the site counts what happens (``METRICS_ADDRESS``).
    """
    compose(None, {}, ())  # Babel keeps the languages that it has read, ``shipped()`` the words
    if counts:
        from app.metrics import exposition, instruments  # noqa: F401, PLC0415 - costs nothing unless it is wanted
