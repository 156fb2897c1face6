"""The doctor, to examine an installation with, and what it has found."""

import io
import json
import logging
import os
import subprocess
import sys

import pytest

from app.factory import create_app
from config import Settings
from tests.sites import ROOT, SECRET_KEY, environment
from tests.stores import free_ports

MARKERS = ("marker-client-secret", "marker-redis-password", SECRET_KEY, "sandbox-secret")
REFUSAL = b'{"result":"failure","errorCode":"invalid_grant","errorMessage":"no"}'


@pytest.fixture
def examine(sandbox, tmp_path, monkeypatch):
    """A function that runs the doctor on settings; gives its exit code and findings. Nothing secret is in them.

    In this process, unless ``as_operators_do``: from the command line, where wrong settings keep the site from being made.
    """

    def run(*, json_too=True, as_operators_do=False, **changes):
        of_its_own = {
            "PATH": os.environ["PATH"],
            "MERCHANT_DIR": str(ROOT / "merchant"),
            "PUBLIC_URL": f"http://127.0.0.1:{free_ports(1)[0]}",
        }
        environ = environment(sandbox, tmp_path) | of_its_own | changes
        environ = {name: value for name, value in environ.items() if value is not None}
        options = ["doctor", *(["--json"] if json_too else [])]
        with monkeypatch.context() as patch:
            code, printed, more = (from_command_line if as_operators_do else in_process)(options, environ, patch)
        for marker in MARKERS:
            assert marker not in printed + more
        assert "Traceback" not in more
        return code, json.loads(printed) if json_too else printed

    return run


def in_process(options, environ, patch):
    """The exit code, what is printed, and what is logged."""
    for name, value in environ.items():
        patch.setenv(name, value)
    site = create_app(Settings.from_env().for_command())
    log = io.StringIO()
    logging.getLogger().handlers[0].setStream(log)
    ended = site.test_cli_runner().invoke(args=options)
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exc_info
    return ended.exit_code, ended.output, log.getvalue()


def from_command_line(options, environ, _):
    """The exit code, what is printed, and what else is told."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *options]
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def faults(found):
    """The faults among the findings, as area: what; each says what to do."""
    code, report = found
    listed = [each for each in report["findings"] if each["level"] == "fault"]
    assert code == (1 if listed else 0)
    assert report["ok"] is not bool(listed)
    assert all(each["todo"] for each in report["findings"] if each["level"] != "ok")
    return [f"{each['area']}: {each['what']}" for each in listed]


def the_fault(found):
    named = faults(found)
    assert len(named) == 1, named
    (only,) = named
    return only


def findings(found, level, area):
    return [each["what"] for each in found[1]["findings"] if (each["level"], each["area"]) == (level, area)]
