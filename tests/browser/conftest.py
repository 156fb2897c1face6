"""A real Chromium."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def chromium():
    """The browser of the machine; a missing one is a failure, for the main job is done in one."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("There is no Chromium on this machine. Install it: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            chromium_sandbox=False,
            args=[
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-gpu",
                "--disable-quic",
                "--disable-sync",
                "--no-first-run",
            ],
        )
        yield browser
        browser.close()


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
