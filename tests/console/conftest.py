"""The console for tests, and staff who are signed in to it."""

import io
import logging
import re
import signal
from contextlib import closing

import pytest
import requests
from flask.testing import FlaskClient

from app.console import create_console
from app.history import Database, Links
from config import ConsoleSettings
from tests.sites import SECRET_KEY, RunningSite, settles_quickly
from tests.words_databases import prepare

CONSOLE_URL = "http://127.0.0.1:8001"


def console_environment(tmp_path, **changes):
    """The settings of a console, as they stand in the environment; None takes one away."""
    given = {
        "CONSOLE_URL": CONSOLE_URL,
        "SECRET_KEY": SECRET_KEY,
        "MESSAGES_URL": f"sqlite:///{tmp_path}/messages.db",
        "STORE_URL": f"sqlite:///{tmp_path}/store.db",
        "MERCHANT_DIR": f"{tmp_path}/no-merchant",  # the built-in words
    } | changes
    return {name: value for name, value in given.items() if value is not None}


class ConsoleClient(FlaskClient):
    """A browser of staff. It asks for the console's own address, and can fill in the forms of pages."""

    def open(self, *arguments, **named):
        named.setdefault("base_url", str(self.application.extensions["console"].settings.console_url))
        return super().open(*arguments, **named)

    def token(self, path="/"):
        """The secret of the forms on a page."""
        return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(path).text)[1]

    def send(self, path, data=None, *, form_at=None, **named):
        """Fill in a form: take its secret from the page that shows it (``path`` unless given), and send it."""
        filled = {"csrf_token": self.token(form_at or path)} | (data or {})
        return self.post(path, data=filled, **named)


@pytest.fixture
def make_console(tmp_path, monkeypatch):
    """A function that makes a console from settings, given as they stand in the environment. Its database is ready."""
    settles_quickly(monkeypatch)

    def make(**changes):
        settings = ConsoleSettings.from_env(console_environment(tmp_path, **changes))
        prepare(settings.database_url).close()
        app = create_console(settings)
        app.test_client_class = ConsoleClient
        app.log = io.StringIO()
        logging.getLogger().handlers[0].setStream(app.log)
        return app

    return make


@pytest.fixture
def console_app(make_console):
    """A console with the built-in words and a database of its own."""
    return make_console()


def sign_in(app, name="Ana", role="publisher"):
    """A browser in which somebody has signed in by a link."""
    client = app.test_client()
    secret = Links(app.extensions["console"].links._database).make(name, role)
    answer = client.send("/sign-in", {"link": f"{CONSOLE_URL}/sign-in#{secret}"})
    assert answer.status_code == 303, answer.text
    return client


@pytest.fixture
def console_client(console_app):
    """A function that signs somebody in to ``console_app``, and gives their browser."""

    def sign_in_there(role="publisher", name="Ana"):
        return sign_in(console_app, name, role)

    return sign_in_there


class RunningConsole(RunningSite):
    """The console under gunicorn, as an operator runs it."""

    application, url_setting = "wsgi:console", "CONSOLE_URL"

    def session(self):
        """A client of its own."""
        session = requests.Session()
        session.trust_env = False
        return session

    def link(self, name="Ana", role="publisher"):
        """A link that signs somebody in."""
        with closing(Database(self.settings["MESSAGES_URL"])) as database:
            return f"{self.url}/sign-in#{Links(database).make(name, role)}"


@pytest.fixture
def run_console(tmp_path):
    """A function that starts the console under gunicorn, with settings as they stand in the environment."""
    running = []

    def run(*options, **changes):
        settings = console_environment(tmp_path, **{"CONSOLE_URL": None} | changes)
        prepare(settings["MESSAGES_URL"]).close()
        running.append(RunningConsole(settings, *options))
        return running[-1]

    yield run
    for each in running:
        each.stop(signal.SIGQUIT)


@pytest.fixture
def is_told_of_refusals():
    """Whether forms are refused on purpose, of which a browser complains."""
    return False


@pytest.fixture
def open_page(served, chromium, is_told_of_refusals):
    """A function that signs a publisher in and gives their page; what it complains of fails the test.

    ``served``, the console, is each module's own.
    """
    contexts, complaints = [], []

    def start(**wishes):
        context = chromium.new_context(**wishes)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        page.goto(served.url)
        page.fill("[name=link]", served.link())
        page.click("main button")
        page.wait_for_selector("text=Ana, publisher")
        return page

    yield start
    for context in contexts:
        context.close()
    assert [each for each in complaints if not (is_told_of_refusals and "status of 422" in each)] == []


@pytest.fixture
def parts(console_app):
    return console_app.extensions["console"]


@pytest.fixture
def draft(parts):
    """A function that puts changes into the draft."""

    def change(changes, by="Ben"):
        parts.drafts.save_all(changes, by=by, is_publisher=True)

    return change
