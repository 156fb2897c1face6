"""A real identity provider for tests: npm's ``oidc-provider``, which is certified, as a process on loopback."""

import re
import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests

from tests.stores import free_ports

FOLDER = Path(__file__).parent / "provider"
CLIENT_SECRET = "marker-client-secret-0123456789"
START_SECONDS = 60


class RunningProvider:
    """The provider; ``provider.js`` says who has an account.

    :ivar settings: what a console has to be told so that it sends people there
    """

    def __init__(self, come_back_to):
        if not (FOLDER / "node_modules").is_dir() or shutil.which("node") is None:
            pytest.fail(f"The identity provider is not installed: npm ci --prefix {FOLDER} --ignore-scripts")
        (port,) = free_ports(1)
        self.issuer = f"http://127.0.0.1:{port}"
        self.settings = {
            "CONSOLE_OIDC_ISSUER": self.issuer,
            "CONSOLE_OIDC_CLIENT_ID": "words",
            "CONSOLE_OIDC_CLIENT_SECRET": CLIENT_SECRET,
            "CONSOLE_PUBLISHERS": "ana@example.com, group:Marketing",
            "CONSOLE_EDITORS": "@example.com",
        }
        self.process = subprocess.Popen(
            ["node", "provider.js", str(port), come_back_to],
            cwd=FOLDER,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        give_up_at = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > give_up_at or self.process.poll() is not None:
                self.stop()
                pytest.fail("The identity provider did not start. Try: node tests/console/provider/provider.js 9777 x")
            time.sleep(0.05)

    def _answers(self):
        try:
            return requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=5).ok
        except requests.ConnectionError:
            return False

    def visit(self, address, account):
        """Go where the console sends somebody, sign in there, agree to everything.

        :returns: the address to which the provider sends them back
        """
        with requests.Session() as browser:
            browser.trust_env = False
            answer = browser.get(address, allow_redirects=False, timeout=10)
            for _ in range(20):
                if answer.is_redirect:
                    target = urljoin(answer.url, answer.headers["Location"])
                    if not target.startswith(self.issuer):
                        return target
                    answer = browser.get(target, allow_redirects=False, timeout=10)
                else:
                    assert answer.ok, answer.text
                    action = re.search(r'<form[^>]*action="([^"]+)"', answer.text)[1]
                    prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)[1]
                    filled = {"prompt": prompt, "login": account, "password": "anything"}
                    answer = browser.post(urljoin(answer.url, action), filled, allow_redirects=False, timeout=10)
        raise AssertionError("the provider never sends anybody back")

    def stop(self):
        """End it at once."""
        self.process.kill()
        self.process.wait(10)


def go(client, next_page=None):
    """Where the console sends somebody."""
    answer = client.get("/sign-in/provider", query_string={"next": next_page} if next_page else None)
    assert answer.status_code == 303, answer.text
    return answer.location
