"""``guest-login``, the command of one machine: what it says and how it ends, whatever becomes of the command within.

systemd itself is not on every machine that runs the tests, so a short program stands in for ``systemd-run``. The real one
is in ``tests/deploy/rehearsal.py``.
"""

import os
import shutil
import subprocess

import pytest

from tests.sites import ROOT

RUNS_IT = """#!/bin/sh
for argument; do
    case $argument in
        --property=WorkingDirectory=*) cd "${argument#--property=WorkingDirectory=}" ;;
        --*) ;;
        *) break ;;
    esac
    shift
done
CREDENTIALS_DIRECTORY=$CREDENTIALS exec "$@"
"""
JOURNAL = """#!/bin/sh
echo "Failed at step CHDIR spawning guest-login: Permission denied"
"""
FLASK = """#!/bin/sh
echo "$* | $SECRET_KEY_FILE"
exit {status}
"""


class Machine:
    """A release with the command in it, and programs that stand in for systemd's."""

    def __init__(self, folder):
        self.release, self._programs = folder / "releases" / "1.1.0", folder / "programs"
        self.credentials = folder / "credentials"
        (self.release / "deploy" / "systemd").mkdir(parents=True)
        (self.release / ".venv" / "bin").mkdir(parents=True)
        self.credentials.mkdir()
        (self.credentials / "secrets_secret-key").write_text("x" * 40)
        self._programs.mkdir()
        shutil.copy(ROOT / "deploy" / "systemd" / "guest-login", self.release / "deploy" / "systemd")
        self.program("systemd-run", RUNS_IT)
        self.program("journalctl", JOURNAL)
        self.flask(0)

    def program(self, name, text, folder=None):
        path = (folder or self._programs) / name
        path.write_text(text)
        path.chmod(0o755)

    def flask(self, status):
        self.program("flask", FLASK.format(status=status), self.release / ".venv" / "bin")

    def type(self, *arguments):
        return subprocess.run(
            [self.release / "deploy" / "systemd" / "guest-login", *arguments],
            env={"PATH": f"{self._programs}:{os.environ['PATH']}", "CREDENTIALS": str(self.credentials)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.mark.parametrize("status", [0, 1, 2])
def test_a_command_that_ran_says_and_ends_what_it_does(machine, status):
    machine.flask(status)
    ended = machine.type("messages", "check", "/srv/my words")
    assert (ended.returncode, ended.stderr) == (status, "")
    assert ended.stdout == f"--app wsgi messages check /srv/my words | {machine.credentials}/secrets_secret-key\n"


@pytest.mark.parametrize("status", [1, 200, 203, 217, 243])  # no settings; no folder, program, user, credentials
def test_a_command_that_could_not_be_started_is_never_silent(machine, status):
    machine.program("systemd-run", f"#!/bin/sh\nexit {status}\n")
    ended = machine.type("doctor")
    assert ended.returncode == 1
    assert f"the command did not run (status {status} of systemd-run)" in ended.stderr
    assert "Failed at step CHDIR" in ended.stderr
    assert f"May the user guest-login read {machine.release}" in ended.stderr


def test_libraries_that_are_not_installed_are_told(machine):
    (machine.release / ".venv" / "bin" / "flask").unlink()
    ended = machine.type("doctor")
    assert ended.returncode == 1
    assert "Are its libraries installed" in ended.stderr


def test_the_new_releases_own_command_is_asked_before_it_is_the_current_one(machine):
    asked = {
        line
        for line in (ROOT / "docs" / "operations.md").read_text().splitlines()
        if "systemd/guest-login doctor" in line
    }
    assert len(asked) == 2, "before the change and at its beginning"
    machine.program("flask", "#!/bin/sh\npwd\n", machine.release / ".venv" / "bin")
    assert machine.type("doctor").stdout == f"{machine.release}\n"


@pytest.mark.parametrize(
    ("arguments", "database"),
    [
        (["doctor"], "secrets"),
        (["messages", "export", "/tmp/words"], "secrets"),
        (["messages", "check", "import"], "secrets"),
        (["messages", "import", "/tmp/words"], "console"),
        (["console", "link", "--name", "Ana"], "console"),
        (["console", "migrate"], "console"),
    ],
)
def test_what_writes_words_has_the_consoles_secrets_and_all_else_the_sites(machine, arguments, database):
    for name in ("secrets_messages-url", "console_messages-url", "console_console-secret-key"):
        (machine.credentials / name).write_text("x")
    said = 'echo "$MESSAGES_URL_FILE $CONSOLE_SECRET_KEY_FILE $SECRET_KEY_FILE"'
    machine.program("flask", f"#!/bin/sh\n{said}\n", machine.release / ".venv" / "bin")
    names = (f"{database}_messages-url", "console_console-secret-key", "secrets_secret-key")
    assert machine.type(*arguments).stdout.split() == [f"{machine.credentials}/{name}" for name in names]
