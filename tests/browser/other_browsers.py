"""The main job in Firefox and in WebKit, the engine of every browser on an iPhone: ``make browsers``.

Not collected with the tests, whose names begin with ``test_``: it is run by its file's name.
"""

import contextlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import requests

from tests.stores import free_ports

AUDIT = Path(__file__).parents[1] / "audit"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the name that W3C WebDriver gives to an element's id
ENTER = "\ue007"


def check_main_job(seen):
    """What a guest sees at each step, in any browser."""
    assert seen["form"]["path"] == "/login"
    assert seen["form"]["revealed"], "the script did not run"
    assert "Forgot your password?" in seen["refused"]["text"]
    assert seen["refused"]["focus"] == "alert"
    assert seen["account"]["path"] == "/account"
    assert "1,250" in seen["account"]["text"]
    assert "signed out" in seen["out"]["text"]
    for private in ("1,250", "Hello, Ana"):
        assert private not in seen["back"]["text"]


def test_the_main_job_in_firefox(branded):
    site = branded("olive", "en")
    command = ["node", str(AUDIT / "firefox.js"), site.url]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, cwd=AUDIT)
    assert done.returncode == 0, done.stderr
    check_main_job(json.loads(done.stdout))


class WebKit:
    """WebKit by its WebDriver, an HTTP server."""

    def __init__(self, port):
        self._url = f"http://127.0.0.1:{port}"
        binary = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), None)
        assert binary, "MiniBrowser is missing: apt-get install webkit2gtk-driver"
        options = {"binary": str(binary), "args": ["--automation"]}
        started = self._ask(
            "POST", "/session", {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        )
        self._url += f"/session/{started['sessionId']}"

    def _ask(self, method, path, body=None):
        with requests.Session() as session:
            session.trust_env = False
            reply = session.request(method, self._url + path, json=body, timeout=60).json()["value"]
        assert not (isinstance(reply, dict) and "error" in reply), reply
        return reply

    def go(self, url):
        self._ask("POST", "/url", {"url": url})

    def run(self, script):
        return self._ask("POST", "/execute/sync", {"script": f"return {script}", "args": []})

    def type(self, selector, text):
        element = self._ask("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]
        self._ask("POST", f"/element/{element}/clear", {})
        self._ask("POST", f"/element/{element}/value", {"text": text})

    def back(self):
        self._ask("POST", "/back", {})

    def end(self):
        self._ask("DELETE", "")

    def seen(self, awaited):
        """What a guest sees as soon as there is this text, which is checked later: it may never come."""
        give_up_at = time.monotonic() + 15
        while awaited not in self.run("document.body?.innerText ?? ''") and time.monotonic() < give_up_at:
            time.sleep(0.1)
        return {
            "path": self.run("location.pathname"),
            "text": self.run("document.body.innerText"),
            "revealed": self.run("!document.querySelector('.reveal')?.hidden"),
            "focus": self.run("document.activeElement.getAttribute('role')"),
        }


@pytest.fixture
def webkit():
    (port,) = free_ports(1)
    program = shutil.which("WebKitWebDriver")
    assert program, "WebKitWebDriver is missing: apt-get install webkit2gtk-driver"
    command = ["xvfb-run", "-a", program, f"--port={port}", "--host=127.0.0.1"]
    # Its sandbox cannot be set up by root, as whom tests in containers run.
    environment = os.environ | {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
    server = subprocess.Popen(command, env=environment, start_new_session=True)
    give_up_at = time.monotonic() + 20
    while True:
        with contextlib.suppress(requests.ConnectionError):
            requests.get(f"http://127.0.0.1:{port}/status", timeout=5)
            break
        assert time.monotonic() < give_up_at, "WebKit's driver did not start"
        time.sleep(0.1)
    browser = WebKit(port)
    yield browser
    browser.end()
    os.killpg(server.pid, 15)
    server.wait(10)


def test_the_main_job_in_webkit(branded, webkit):
    site = branded("olive", "en")
    seen = {}
    webkit.go(f"{site.url}/account")
    seen["form"] = webkit.seen("Sign in")
    for step, password, awaited in (("refused", "wrong", "try again"), ("account", "taco-tuesday", "1,250")):
        webkit.type("#username", "ana")
        webkit.type("#password", password + ENTER)
        seen[step] = webkit.seen(awaited)
    webkit.run("document.querySelector('header form button').click()")
    seen["out"] = webkit.seen("signed out")
    webkit.back()
    time.sleep(2)  # for whatever is kept to be shown
    seen["back"] = webkit.seen("Sign in")
    check_main_job(seen)
