"""Whoever reads the log may stop reading, or go away: guests do not notice."""

import contextlib
import fcntl
import json
import os
import select

import pytest

from tests.stores import until

PIPE_BYTES = 64 * 1024
WITHIN_SECONDS = 2


class Reader:
    """Reads the log from a pipe, if it is told to.

    :ivar within: how to start a site that logs into the pipe
    :ivar begun: a line of which the rest has not come yet
    """

    def __init__(self, path):
        os.mkfifo(path)
        self._path = path
        self.begun = b""
        self._end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(self._end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self.within = ["sh", "-c", 'exec "$@" > "$0"', str(path)]

    def is_full(self):
        """Whether a write would wait. Counted bytes do not tell: a page may be left half empty."""
        end = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
        try:
            return not select.select([], [end], [], 0)[1]
        finally:
            os.close(end)

    def events(self):
        """The names of all that has come in since the last time; each line must parse."""
        with contextlib.suppress(BlockingIOError):
            while more := os.read(self._end, PIPE_BYTES):
                self.begun += more
        *lines, self.begun = self.begun.split(b"\n")
        return [json.loads(line)["event"] for line in lines]

    def leave(self):
        if self._end is not None:
            os.close(self._end)
        self._end = None


@pytest.fixture
def reader(tmp_path):
    reader = Reader(tmp_path / "log")
    yield reader
    reader.leave()


def test_a_log_that_nobody_reads_holds_no_sign_in_up(rig, reader):
    (site,) = rig.start(1, within=reader.within)
    visitor = rig.guest()
    for _ in range(500):
        visitor.get("/login")
    assert reader.is_full(), "the log still goes somewhere"
    guest = rig.signed_in()
    assert guest.get("/account").status == 200
    assert max(answer.seconds for answer in rig.answers[-3:]) < WITHIN_SECONDS
    seen = []
    until(lambda: seen.extend(reader.events()) or "login_ok" in seen)
    assert seen.count("request") > 500, "a line was lost though there was room for it"
    assert site.stop() == 0
    reader.events()
    assert reader.begun == b""


def test_a_log_whose_reader_is_gone_stops_neither_sign_in_nor_an_end_in_order(rig, reader):
    (site,) = rig.start(1, within=reader.within)
    reader.leave()
    guest = rig.signed_in()
    for _ in range(20):
        assert guest.get("/account").status == 200
    assert site.stop() == 0
