"""Which files a worker counts into: those of its place in the pool, where its predecessor's counts go on.

So a site that changes its workers for months has no more files than it had workers at once. prometheus_client would
name the files by process id, and keep those of every worker that there ever was.
"""

from collections.abc import Collection
from itertools import count

from prometheus_client import values
from prometheus_client.multiprocess import mark_process_dead


def free_number(taken: Collection[int]) -> int:
    """The number of a place in the pool that no live worker has."""
    return next(number for number in count(1) if number not in taken)


def count_as(number: int) -> None:
    """Count as the worker of this number, from the beginning of the process on."""
    values.ValueClass = values.MultiProcessValue(lambda: number)


def mark_dead(number: int) -> None:
    """Forget what was under way in a worker that is gone."""
    mark_process_dead(number)
