"""Sandboxes for tests: the simulated Paytronix as a process of its own, driven through its control API."""

import re
import select
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from app.paytronix import PaytronixClient, Transport
from sandbox.adapter import SandboxAdapter
from sandbox.guests import DEMO_GUESTS
from sandbox.state import State
from sandbox.switches import Switches

ROOT = Path(__file__).parents[1]
START_SECONDS = 60


class Sandbox:
    """A running sandbox.

    :ivar base_url: what PAYTRONIX_BASE_URL is to be.
    :ivar adapter: for a Transport, if it answers in this process; None if it is called as Paytronix is.
    """

    adapter = None
    merchant_id = 777777
    client_id = "sandbox-client"
    client_secret = "sandbox-secret"

    def __init__(self, *options):
        """Start one on a free port, with options of the command line besides."""
        command = [sys.executable, "-m", "sandbox", "--port", "0", *options]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        self.base_url = self._read_base_url()
        self._control_url = f"{self.base_url.rsplit('/rest/', 1)[0]}/_sandbox"

    def _send(self, method, url, body):
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the machine's must not come between
            return session.request(method, url, json=body, timeout=10)

    def calls(self, operation=None, **wanted):
        """The calls that came in, oldest first; with arguments only those that have these values."""
        wanted |= {"operation": operation} if operation else {}
        listed = self._control("GET", "calls")
        return [call for call in listed if all(call[name] == value for name, value in wanted.items())]

    def clear_calls(self):
        self._control("DELETE", "calls")

    def switch(self, **switches):
        """Move switches, as in `sandbox.switch(refresh_tokens="single-use")`."""
        return self._control("PATCH", "switches", switches)

    def expire(self, username=None):
        """End access tokens now: one guest's or all. Returns how many."""
        return self._control("POST", "expire", {"username": username} if username else {})["ended"]

    def revoke(self, username=None):
        """End refresh tokens now: one guest's or all. Returns how many."""
        return self._control("POST", "revoke", {"username": username} if username else {})["ended"]

    def exchange_card(self, username, number):
        """Give a guest a card with another number in place of the one there is."""
        self._control("POST", "exchange", {"username": username, "number": number})

    def reset(self):
        """Be as if just started."""
        self._control("POST", "reset")

    def stop(self):
        """End the process and return its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(10)
        finally:
            self.process.kill()
            self.process.stdout.close()

    def _control(self, method, name, body=None):
        reply = self._send(method, f"{self._control_url}/{name}", body)
        assert reply.ok, reply.text
        return reply.json()

    def _read_base_url(self):
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        found = re.search(r"http://\S+", self.process.stdout.readline() if ready else "")
        if not found:
            self.stop()
            pytest.fail("The sandbox did not start: its own words are above.")
        return found[0]


class LocalSandbox(Sandbox):
    """A sandbox in the test's own process, without a socket.

    :ivar adapter: what answers; for a Transport
    """

    base_url = "https://sandbox.test/rest/25.33"
    _control_url = "https://sandbox.test/_sandbox"

    def __init__(self):
        self.adapter = SandboxAdapter(State(Switches(), DEMO_GUESTS, record_passwords=True))

    def client(self, **options):
        """A client that calls it, with options of PaytronixClient besides."""
        credentials = {"client_id": self.client_id, "client_secret": self.client_secret}
        transport = Transport(self.base_url, adapter=self.adapter, total_seconds=5, **credentials)
        options = {"merchant_id": self.merchant_id, "scope": ["user_read", "account_read"]} | credentials | options
        return PaytronixClient(transport, **options)

    def _send(self, method, url, body):
        with requests.Session() as session:
            session.mount("https://", self.adapter)
            return session.request(method, url, json=body)


@pytest.fixture
def local_sandbox():
    """A sandbox as if just started, which lists passwords, within the test's process: as fast as a function call."""
    return LocalSandbox()


@pytest.fixture(scope="session")
def _shared_sandbox():
    sandbox = Sandbox("--record-passwords")
    yield sandbox
    assert sandbox.stop() == 0


@pytest.fixture
def sandbox(_shared_sandbox):
    """A sandbox as if just started, which lists passwords. One process serves all tests of a worker, one after the other."""
    _shared_sandbox.reset()
    return _shared_sandbox


@pytest.fixture
def start_sandbox():
    """A function that starts a sandbox of the test's own, with options of the command line."""
    started = []

    def start(*options):
        started.append(Sandbox(*options))
        return started[-1]

    yield start
    for sandbox in started:
        if sandbox.process.poll() is None:
            sandbox.stop()
