"""A real Chromium for tests: one a process, because Playwright starts only once in one."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright


def path_of_chromium():
    """Where the machine's own Chromium is."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("There is no Chromium on this machine. Install it: apt-get install chromium")
    return path


@pytest.fixture(scope="session")
def chromium():
    """The browser of the machine; a missing one is a failure, for the main job is done in one."""
    path = path_of_chromium()
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
