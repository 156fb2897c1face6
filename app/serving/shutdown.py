"""Whether this instance is ending: one byte that gunicorn's master process shares with its workers."""

import mmap

_byte = mmap.mmap(-1, 1)  # made before the workers are forked, so all of them look at the same byte


def start_draining() -> None:
    """Say that the whole instance ends, and not only a worker that others replace."""
    _byte[0] = 1


def is_draining() -> bool:
    """Whether somebody has said so."""
    return _byte[0] == 1
