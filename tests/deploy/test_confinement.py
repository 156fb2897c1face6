"""The site needs no rights, and no place to write to but its store's folder."""

import os
import re
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.console.conftest import RunningConsole, console_environment
from tests.sites import ROOT, RunningSite, environment
from tests.stores import until

NOBODY = 65534
# What bubblewrap itself mounts so that it can be written to, and holds no file that stays.
DEVICES = {"/dev", "/dev/shm", "/dev/pts", "/dev/mqueue", "/proc"}


def read_only(state):
    """A command that becomes the one behind it: as an ordinary user, and with nothing to write to but ``state``."""
    if shutil.which("bwrap") is None:
        pytest.fail("bubblewrap is not installed. Install it with: apt-get install bubblewrap")
    system = [path for path in ("/usr", "/bin", "/lib", "/lib64", "/etc") if os.path.exists(path)]
    python = {os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix)} | {sys.prefix}
    shown = [*system, *sorted(python), str(ROOT)]
    above = sorted({str(folder) for path in [*shown, state] for folder in Path(path).parents} - {"/"})
    folders = [part for path in above for part in ("--perms", "755", "--dir", path)]
    binds = [part for path in shown for part in ("--ro-bind", path, path)]
    confined = ["bwrap", "--die-with-parent", *folders, *binds, "--dev", "/dev", "--proc", "/proc"]
    confined += ["--perms", "1777", "--tmpfs", "/dev/shm"]
    confined += ["--bind", str(state), str(state), "--chdir", str(ROOT), "--remount-ro", "/"]
    if os.geteuid() == 0:
        os.chown(state, NOBODY, NOBODY)
        rights = [part for right in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP") for part in ("--cap-add", right)]
        confined += [*rights, "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        confined += ["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]
    return confined


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def status_of(pid):
    return dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())


def writable_places(pid):
    """Where a process could write if it had the rights: the mounts that are not read-only."""
    mounts = [line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
    return {fields[4] for fields in mounts if "ro" not in fields[5].split(",")}


def confined_master(site, state):
    """The process id of a confined site's master. None of its processes has a right, or a place to write to."""
    (master,) = children_of(site.process.pid)
    for pid in [master, *children_of(master)]:
        status = status_of(pid)
        assert set(status["Uid"].split()) == {str(os.geteuid() or NOBODY)}
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
        assert status["NoNewPrivs"] == "1"
        places = writable_places(pid) - {str(state)}
        assert {place for place in places if not place.startswith("/dev/")} <= DEVICES, places
    return master


def test_the_site_runs_without_rights_on_a_file_system_that_cannot_be_written(sandbox, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    settings = {"STORE_URL": f"sqlite:///{state}/store.db", "MERCHANT_DIR": str(ROOT / "merchant")}
    settings = environment(sandbox, tmp_path) | settings
    del settings["PUBLIC_URL"]  # its own address
    site = RunningSite(settings, within=read_only(state))
    master = confined_master(site, state)

    browser = site.browser()
    assert browser.sign_in(password="wrong").status == 422
    assert browser.sign_in().status == 303
    os.kill(master, signal.SIGHUP)
    before = set(children_of(master))
    until(lambda: len(children_of(master)) == 2 and not before & set(children_of(master)), seconds=20)
    account = browser.get("/account")
    assert account.status == 200
    style = next(link for link in account.read.links if ".css" in link)
    assert site.fetch("GET", style).status_code == 200
    assert browser.sign_out().status == 303

    os.kill(master, signal.SIGTERM)
    assert site.process.wait(20) == 0
    assert {path.name for path in state.iterdir()} <= {"store.db", "store.db-wal", "store.db-shm"}
    assert not [record for record in site.log() if record["level"] == "error"]


def test_so_does_the_console(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    urls = {"STORE_URL": f"sqlite:///{state}/store.db", "MESSAGES_URL": f"sqlite:///{state}/words.db"}
    settings = console_environment(tmp_path, MERCHANT_DIR=str(ROOT / "merchant"), CONSOLE_URL=None, **urls)
    console = RunningConsole(settings, within=read_only(state))
    master = confined_master(console, state)
    assert console.fetch("GET", "/readyz").status_code == 200  # the tables were made
    if os.geteuid() == 0:
        for path in state.iterdir():
            os.chown(path, NOBODY, NOBODY)
    session, link = console.session(), console.link()
    page = session.get(f"{console.url}/sign-in").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
    session.post(f"{console.url}/sign-in", data={"csrf_token": token, "link": link})
    assert "Ana, publisher" in session.get(f"{console.url}/").text
    os.kill(master, signal.SIGTERM)
    assert console.process.wait(20) == 0
    files = {f"{name}.db{end}" for name in ("store", "words") for end in ("", "-wal", "-shm")}
    assert {path.name for path in state.iterdir()} <= files
    assert not [record for record in console.log() if record["level"] == "error"]
