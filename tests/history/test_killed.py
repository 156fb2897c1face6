"""A process that is killed while it publishes leaves the old or the new revision, and what goes with it."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.history.conftest import History

# Starts a process for each line that it reads, says which, and then how it ended. Forked off one that has published,
# they publish at once.
PUBLISHES = """
import os, signal, sys
import sqlalchemy as sa
from tests.history.conftest import History

history = History(sys.argv[1])

def publish_next():
    number = history.revisions.published_number() + 1
    history.draft(a=f"{number}", b=f"{number}")
    yield
    history.publish(by="Ana", comment=f"{number}")
    yield

def publish(at):
    left = at

    def count(*_):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    while True:
        for _ in publish_next():
            if at and left == at:  # die before the statement of that place in publishing; the last one is COMMIT
                sa.event.listen(history.database.engine, "before_cursor_execute", count)
                sa.event.listen(history.database.engine, "commit", count)
        if at:
            os._exit(7)

list(publish_next())
history.database.close()  # no connection is carried over a fork
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            publish(int(line))
        finally:
            os._exit(1)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def publisher(history):
    """Gives a function that starts a process which publishes; that gives its number, and a function that waits."""
    history.publish(a="1", b="1", comment="1")
    with subprocess.Popen(
        [sys.executable, "-c", PUBLISHES, history.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"

        def start(at=0):
            process.stdin.write(f"{at}\n")
            process.stdin.flush()
            return int(process.stdout.readline()), lambda: int(process.stdout.readline())

        yield start


def state_after(url):
    """The number of the last revision, and whether there is a draft, having seen that all is whole."""
    with contextlib.closing(History(url)) as history:
        headings = history.revisions.read(count=1000)
        numbers = [each.number for each in headings]
        last = len(numbers)
        assert numbers == list(range(last, 0, -1))
        assert [each.comment for each in headings] == [f"{number}" for number in numbers]
        for number in numbers[:3]:
            assert history.texts(history.revisions.get(number)) == {"a": f"{number}", "b": f"{number}"}
        told = [deed.about["revision"] for deed in history.audit.read(count=10_000) if deed.what == "published"]
        assert told == numbers
        draft = {where[2]: each.value["text"] for where, each in history.drafts.read().items()}
        assert draft in ({}, {"a": f"{last + 1}", "b": f"{last + 1}"})
        return last, bool(draft)


def test_killed_before_each_statement_in_turn(history, publisher):
    for at in range(1, 100):
        before, _ = state_after(history.url)
        _, end = publisher(at)
        ended = end()
        after, has_draft = state_after(history.url)
        if ended == 7:  # publishing takes fewer statements
            assert (after, has_draft) == (before + 1, False)
            assert at > 8
            return
        assert ended == -signal.SIGKILL
        assert (after, has_draft) == (before, True), f"killed before statement {at}"
    pytest.fail("publishing has no end")


def test_killed_at_any_moment(history, publisher):
    chance, published, kills, longest = random.Random(7), 2, 0, 0.2
    give_up_at = time.monotonic() + 120
    while kills < 25 or published < 25:
        assert time.monotonic() < give_up_at, f"{published} published in {kills} kills"
        pid, end = publisher()
        time.sleep(chance.uniform(0.02, longest))
        os.kill(pid, signal.SIGKILL)
        assert end() == -signal.SIGKILL
        last, _ = state_after(history.url)
        assert last >= published
        if last == published:
            longest *= 1.1  # the machine is busy
        published, kills = last, kills + 1
    assert history.publish(a="new", b="new") == published + 1
