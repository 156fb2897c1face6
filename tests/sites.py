"""The site for tests: in this process behind a browser-like client, or under gunicorn as a process of its own."""

import io
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
import requests

from app.factory import create_app
from app.messages import folder
from config import Settings
from tests.expected_headers import EVERYWHERE, FILE_POLICY
from tests.stores import free_ports

ROOT = Path(__file__).parents[1]
SECRET_KEY = "marker-signing-key-0123456789abcdefghij"
START_SECONDS = 60
LOG_SECONDS = 0.25  # after its answer, what a request has told is there, on a busy machine too


def environment(sandbox, tmp_path, **changes):
    """The settings of a site that talks to the sandbox, as they stand in the environment."""
    return {
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "SECRET_KEY": SECRET_KEY,
        "PAYTRONIX_BASE_URL": sandbox.base_url,
        "PAYTRONIX_MERCHANT_ID": str(sandbox.merchant_id),
        "PAYTRONIX_CLIENT_ID": sandbox.client_id,
        "PAYTRONIX_CLIENT_SECRET": sandbox.client_secret,
        "STORE_URL": f"sqlite:///{tmp_path}/store.db",
        "MERCHANT_DIR": f"{tmp_path}/no-merchant",  # the built-in words
    } | changes


def settles_quickly(monkeypatch):
    """Have the merchant's folder read as soon as the clock of its file system has moved on: no editor writes there."""
    monkeypatch.setattr(folder, "_SETTLE_SECONDS", 0.012)


class _Reader(HTMLParser):
    """What the tests ask of a page."""

    def __init__(self, html):
        super().__init__()
        self.inputs, self.ids, self.links, self.title, self.headings, self.tags = {}, [], [], "", [], []
        self._inside = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append((tag, given))
        if tag == "input":
            self.inputs[given.get("name")] = given.get("value") or ""
        if "id" in given:
            self.ids.append(given["id"])
        if "href" in given:
            self.links.append(given["href"])
        if tag == "h1":
            self.headings.append("")
        if tag in {"title", "h1"}:
            self._inside.append(tag)

    def handle_endtag(self, tag):
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data):
        if "title" in self._inside:
            self.title += data
        else:
            self.text += data
        if "h1" in self._inside:
            self.headings[-1] += data


class Page:
    """An answer, checked on arrival for what every answer must have."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.location = headers.get("Location")
        self.is_html = headers["Content-Type"].startswith("text/html")
        is_of_merchant = headers.get("Content-Security-Policy") == FILE_POLICY  # a file from the folder, never a page
        assert not (is_of_merchant and self.is_html)
        for name, value in EVERYWHERE.items():
            if not (is_of_merchant and name == "Content-Security-Policy"):
                assert headers.get(name) == value, f"{name} is missing or wrong"
        assert "X-Request-ID" in headers
        assert not {"Server", "X-Powered-By"} & set(headers) or "gunicorn/" not in headers.get("Server", "")
        if self.is_html:
            assert headers["Cache-Control"] == "no-store"
        if self.is_html and body and status not in {301, 302, 303, 308}:
            self.read = _Reader(body)
            assert len(self.read.headings) == 1, "a page has one h1"
            assert len(self.read.ids) == len(set(self.read.ids)), "an id is there twice"
            assert self.read.title.strip()
            assert re.search(r'<html lang="[a-z-]+" dir="(ltr|rtl)">', body)
            self._check_what_it_names()

    def _check_what_it_names(self):
        """Nothing inline (the policy would stop it), nothing of another origin, words for every picture."""
        tags = [(tag, given) for tag, given in self.read.tags if tag in {"script", "style", "link", "img", "svg"}]
        assert [given.get("src", "").rpartition("/")[2] for tag, given in tags if tag == "script"] == ["site.js"]
        assert not [tag for tag, _ in tags if tag == "style"]
        for _, given in tags:
            address = given.get("src") or given.get("href")
            assert address is None or address.startswith(("/static/", "/brand/")), address
        assert all(given.get("alt") for tag, given in tags if tag == "img"), "a picture has no words"
        assert all(given.get("aria-label") for tag, given in tags if tag == "svg"), "a picture has no words"
        for tag, given in self.read.tags:
            assert "style" not in given, tag
            assert not [name for name in given if name.startswith("on")], tag

    @property
    def text(self):
        return " ".join(self.read.text.split())

    @property
    def fields(self):
        """The fields of the page's forms with their values."""
        return self.read.inputs


class Browser:
    """Goes through the site as a guest does: keeps cookies, sends forms as they were filled in."""

    def __init__(self, fetch):
        self._fetch = fetch

    def get(self, path, **headers):
        return self._fetch("GET", path, None, headers)

    def post(self, path, data, **headers):
        return self._fetch("POST", path, data, headers)

    def sign_in(self, username="ana", password="taco-tuesday", *, path="/login", **headers):
        form = self.get(path)
        return self.submit(form, username, password, **headers)

    def submit(self, form, username, password, **headers):
        return self.post("/login", form.fields | {"username": username, "password": password}, **headers)

    def sign_out(self):
        return self.post("/logout", {"csrf_token": self.get("/account").fields["csrf_token"]})


def browser_of(app):
    """A browser in front of an application in this process."""
    client = app.test_client()
    public_url = app.extensions["services"].settings.public_url

    def fetch(method, path, data, headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        content_type = headers.pop("Content-Type", None)
        answer = client.open(
            path, method=method, data=data, base_url=str(public_url), headers=headers, content_type=content_type
        )
        body = answer.get_data(as_text=True)
        answer.close()
        return Page(answer.status_code, answer.headers, body)

    browser = Browser(fetch)
    browser.cookies = lambda: {cookie.key: cookie.value for cookie in client._cookies.values()}
    browser.set_cookie = lambda name, value: client.set_cookie(name, value, domain=public_url.host)
    browser.client = client
    return browser


@pytest.fixture
def make_site(sandbox, tmp_path, monkeypatch):
    """A function that makes an application from settings, given as they stand in the environment.

    Where ``sandbox`` is in this process, so are the calls of the application.
    """
    settles_quickly(monkeypatch)

    def make(**changes):
        settings = Settings.from_env(environment(sandbox, tmp_path, **changes))
        app = create_app(settings, paytronix=sandbox.adapter)
        app.log = io.StringIO()
        logging.getLogger().handlers[0].setStream(app.log)
        return app

    return make


@pytest.fixture
def site(make_site):
    """An application with the sample's words and a store of its own."""
    return make_site()


def log_of(app, event=None):
    """The records that an application of this process has logged; with an event's name only those."""
    records = [json.loads(line) for line in app.log.getvalue().splitlines()]
    return [record for record in records if event in {None, record["event"]}]


@pytest.fixture
def browser(site):
    """A guest's browser in front of ``site``."""
    return browser_of(site)


class RunningSite:
    """The site under gunicorn, as an operator runs it.

    :param options: of gunicorn's command line
    :param within: a command that makes surroundings and then becomes the command that stands behind it
    """

    application, url_setting = "wsgi:app", "PUBLIC_URL"
    ready_path = "/readyz"
    _descriptors = ()  # handed on to the process

    def __init__(self, settings, *options, workers=2, within=()):
        self.port = free_ports(1)[0]
        self._within = within
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {self.url_setting: self.url, "WEB_CONCURRENCY": str(workers)} | settings
        self._options = options
        self.output = []
        self.start()

    def start(self):
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "--bind",
            f"127.0.0.1:{self.port}",
            *self._options,
            self.application,
        ]
        self.process = subprocess.Popen(
            [*self._within, *command],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONWARNINGS": "default"} | self.settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=self._descriptors,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()
        give_up_at = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if time.monotonic() > give_up_at or self.process.poll() is not None:
                self.stop()
                pytest.fail("The site did not start:\n" + "".join(self.output))
            time.sleep(0.05)

    def _read(self, stream):
        for line in stream:
            self.output.append(line)
        stream.close()

    def is_ready(self):
        try:
            return self.fetch("GET", self.ready_path, timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def fetch(self, method, path, *, timeout=30, **about):
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, self.url + path, timeout=timeout, allow_redirects=False, **about)

    def browser(self):
        """A guest's browser of its own."""
        session = requests.Session()
        session.trust_env = False

        def fetch(method, path, data, headers):
            headers = {name.replace("_", "-"): value for name, value in headers.items()}
            answer = session.request(
                method, self.url + path, data=data, headers=headers, timeout=60, allow_redirects=False
            )
            return Page(answer.status_code, answer.headers, answer.text)

        browser = Browser(fetch)
        browser.session = session
        browser.cookies = session.cookies.get_dict
        return browser

    def log(self, event=None):
        """The log's records so far; with an event's name only those."""
        time.sleep(LOG_SECONDS)
        records = [json.loads(line) for line in self.output if line.startswith("{")]
        return [record for record in records if event in {None, record["event"]}]

    def stop(self, with_signal=signal.SIGTERM):
        """End it and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            code = self.process.wait(30)
            self._reader.join(5)  # what it said last; a child that lives on may hold the pipe open
            return code
        finally:
            self.process.kill()


class SiteAtHeldSocket(RunningSite):
    """The site at a socket that somebody else holds, also while it restarts, as systemd does for it.

    :ivar listener: that socket
    """

    listener = None

    def start(self):
        if self.listener is None:
            self.listener = socket.create_server(("127.0.0.1", self.port), backlog=2048)
            self._descriptors = (self.listener.fileno(),)
            self._within = [sys.executable, "-c", _HAND_OVER, str(self.listener.fileno())]
        super().start()


_HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.fixture
def run_site(sandbox, tmp_path):
    """A function that starts the site under gunicorn, with settings as they stand in the environment."""
    running = []

    def run(*options, workers=2, **changes):
        settings = environment(sandbox, tmp_path, **changes)
        if "PUBLIC_URL" not in changes:
            del settings["PUBLIC_URL"]
        running.append(RunningSite(settings, *options, workers=workers))
        return running[-1]

    yield run
    for site in running:
        site.stop(signal.SIGQUIT)  # without the time that a balancer is given
