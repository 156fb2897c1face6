"""Where the log goes: a pipe that is full, closed or drained again, and a terminal."""

import os
import pty
import subprocess
import sys
import threading
import time

import pytest
import requests

from tests.sites import ROOT, RunningSite, environment
from tests.stores import free_ports, until

LINES_THAT_FILL_A_PIPE = 500  # a pipe takes 64 KB


class Unread(RunningSite):
    """A site whose output nobody reads. The reading end of its pipe is ``self.process.stdout``."""

    readers = ()

    def _read(self, stream):
        pass

    def begin_to_read(self):
        reader = threading.Thread(target=RunningSite._read, args=(self, self.process.stdout), daemon=True)
        self.readers = (reader,)
        reader.start()


@pytest.fixture
def unread_site(sandbox, tmp_path):
    environ = environment(sandbox, tmp_path)
    del environ["PUBLIC_URL"]
    site = Unread(environ, workers=1)
    yield site
    site.process.kill()
    site.process.wait()
    for reader in site.readers:
        reader.join(5)
    site.process.stdout.close()


def check_that_guests_notice_nothing(site):
    browser = site.browser()
    began = time.monotonic()
    assert browser.sign_in().status == 303
    assert browser.get("/account").status == 200
    assert browser.sign_out().status == 303
    assert time.monotonic() - began < 10


def test_a_pipe_that_nobody_drains_stops_no_sign_in_and_no_end(unread_site):
    for _ in range(LINES_THAT_FILL_A_PIPE):
        assert unread_site.fetch("GET", "/no-such-page").status_code == 404
    check_that_guests_notice_nothing(unread_site)
    began = time.monotonic()
    assert unread_site.stop() == 0
    assert time.monotonic() - began < 15


def test_a_pipe_that_is_closed_stops_no_sign_in_and_no_end(unread_site):
    unread_site.process.stdout.close()
    for _ in range(20):
        assert unread_site.fetch("GET", "/no-such-page").status_code == 404
    check_that_guests_notice_nothing(unread_site)
    assert unread_site.stop() == 0


def test_a_pipe_that_is_drained_again_gets_the_lines_that_waited(unread_site):
    for number in range(LINES_THAT_FILL_A_PIPE):
        unread_site.fetch("GET", f"/no-such-page-{number}")
    unread_site.begin_to_read()
    until(lambda: len(unread_site.log("request")) == LINES_THAT_FILL_A_PIPE)
    paths = [record["path"] for record in unread_site.log("request")]
    assert paths == [f"/no-such-page-{number}" for number in range(LINES_THAT_FILL_A_PIPE)]


WRITES_TO_A_PIPE_THAT_MAY_NOT_BLOCK = """
import os
import logging
from app.observability.log_writer import LogQueue
os.set_blocking(1, False)
lines = LogQueue()
for number in range(3000):
    lines.emit(logging.makeLogRecord({"msg": f"{number} " + "x" * 200}))
lines.flush()
"""


def test_a_pipe_that_somebody_has_told_not_to_block_loses_no_line_and_cuts_none():
    with subprocess.Popen(
        [sys.executable, "-c", WRITES_TO_A_PIPE_THAT_MAY_NOT_BLOCK], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        time.sleep(0.5)  # it fills up
        lines = process.stdout.read().splitlines()
    assert lines == [f"{number} " + "x" * 200 for number in range(3000)]


def test_on_a_terminal_the_log_is_for_a_person_to_read(sandbox, tmp_path):
    environ = environment(sandbox, tmp_path)
    del environ["PUBLIC_URL"]
    (port,) = free_ports(1)
    screen, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "wsgi:app"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "WEB_CONCURRENCY": "1", "PUBLIC_URL": f"http://127.0.0.1:{port}"} | environ,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    shown = []

    def read():
        try:
            while chunk := os.read(screen, 65_536):
                shown.append(chunk.decode())
        except OSError:  # the terminal is gone with the last process
            pass

    reader = threading.Thread(target=read)
    reader.start()
    try:
        until(lambda: _answers(port), seconds=20)
        requests.get(f"http://127.0.0.1:{port}/login?marker-query", timeout=10)
        until(lambda: "/login" in "".join(shown))
    finally:
        process.terminate()
        process.wait(30)
        reader.join(5)
        os.close(screen)
    text = "".join(shown)
    assert '{"' not in text
    assert "site_started" in text
    assert "marker-query" not in text


def _answers(port):
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=1).ok
    except requests.RequestException:
        return False
