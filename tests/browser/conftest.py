"""A real Chromium."""

from dataclasses import dataclass

import pytest

from app.factory import create_app
from app.web import access
from config import Settings
from tests.browser.states import BRANDS, TRIES
from tests.sites import browser_of, environment

PHONE = {"width": 390, "height": 844}


@dataclass
class Branded:
    """A running site in a brand's look.

    :ivar language: what its guests' browsers are set to
    """

    url: str
    language: str
    _settings: dict

    def page_of_failure(self):
        """The page for a reason that nobody has foreseen: from an application in this process, in the same look."""
        app = create_app(Settings.from_env(self._settings))
        app.view_functions["health.healthz"] = access.public()(lambda: 1 / 0)
        return browser_of(app).get("/healthz", Accept_Language=self.language).body


@pytest.fixture
def branded(run_site, sandbox, tmp_path):
    """A function that starts a site in the look of a brand."""

    def start(brand, language):
        changes = {"MERCHANT_DIR": str(BRANDS[brand]), "LOGIN_FAILURES_PER_GUEST": f"{TRIES}/15 minutes"}
        running = run_site(workers=1, **changes)
        return Branded(running.url, language, environment(sandbox, tmp_path, PUBLIC_URL=running.url, **changes))

    return start


@pytest.fixture(params=[True, False], ids=["with-script", "without-script"])
def page(request, chromium):
    """A page on a phone, that fails the test when it asks another origin or the policy stops something."""
    context = chromium.new_context(viewport=PHONE, java_script_enabled=request.param)
    page = context.new_page()
    origins, complaints = set(), []
    page.on("request", lambda request: origins.add(request.url.split("/", 3)[2]))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert len(origins) <= 1, "a page asked another origin"
    assert [text for text in complaints if "Content Security Policy" in text] == []
