"""The site with a Paytronix that is handed in: no network, and no second process."""

from app.factory import create_app
from config import Settings
from tests.sites import browser_of, environment


def test_a_guest_signs_in_at_a_simulated_paytronix_in_this_process(local_sandbox, tmp_path):
    settings = Settings.from_env(environment(local_sandbox, tmp_path))
    browser = browser_of(create_app(settings, paytronix=local_sandbox.adapter))
    assert browser.sign_in("ana", "taco-tuesday").status == 303
    assert "Ana" in browser.get("/account").text
    assert len(local_sandbox.calls("requestGuestToken", grant="password")) == 1
