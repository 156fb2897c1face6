"""``make dev``: the site, the console and a simulated Paytronix with reload and Flask's debugger, for one machine only."""

import signal
import subprocess
import sys

import pytest
import requests

from app.factory import create_app
from config import Settings
from tests.sites import ROOT, environment
from tests.stores import free_ports, until


@pytest.fixture
def started(tmp_path):
    """A function that starts the demo on ports of its own."""
    running = []

    def start(*options):
        ports = free_ports(3)
        names = ("--port", "--console-port", "--paytronix-port")
        command = [sys.executable, "-m", "sandbox.demo", *options]
        command += [each for name, port in zip(names, ports, strict=True) for each in (name, str(port))]
        with (tmp_path / "said").open("w") as said:
            settings = {
                "PATH": "/usr/bin:/bin",
                "STORE_URL": f"sqlite:///{tmp_path}/store.db",
                "MESSAGES_URL": f"sqlite:///{tmp_path}/words.db",
            }
            running.append(subprocess.Popen(command, cwd=ROOT, env=settings, stdout=said, stderr=said))
        until(lambda: "opens it once" in (tmp_path / "said").read_text(), seconds=60)
        return ports

    yield start
    for process in running:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def test_developers_have_reload_and_the_debugger(started):
    site, console, _ = started("--debug")
    for port in (site, console):
        answer = requests.get(f"http://127.0.0.1:{port}/?__debugger__=yes&cmd=resource&f=debugger.js", timeout=30)
        assert (answer.status_code, "debugger" in answer.text) == (200, True)
    assert requests.get(f"http://127.0.0.1:{site}/login", timeout=30).status_code == 200


def test_what_goes_wrong_in_a_view_reaches_the_debugger_of_a_developer_alone(sandbox, tmp_path, monkeypatch):
    settings = Settings.from_env(environment(sandbox, tmp_path))

    def ask():
        app = create_app(settings)
        monkeypatch.setitem(app.view_functions, "home.home", _fails)
        return app.test_client().get("/", base_url="http://127.0.0.1:8000")

    _fails.__dict__.update(create_app(settings).view_functions["home.home"].__dict__)
    assert ask().status_code == 500
    monkeypatch.setenv("FLASK_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        ask()


def _fails():
    return 1 / 0


@pytest.mark.parametrize(
    "command",
    [
        ["flask", "--app", "wsgi", "run", "--debug", "--host", "0.0.0.0"],
        ["flask", "--app", "wsgi:console", "run", "--debug", "--host", "::"],
        ["gunicorn", "wsgi:app", "--bind", "127.0.0.1:0"],
    ],
    ids=["site", "console", "gunicorn"],
)
def test_the_debugger_is_refused_to_others_than_this_machine(sandbox, tmp_path, command):
    settings = environment(sandbox, tmp_path) | {"PATH": "/usr/bin:/bin", "FLASK_DEBUG": "1"}
    ended = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    assert "developer's own machine" in ended.stderr + ended.stdout
