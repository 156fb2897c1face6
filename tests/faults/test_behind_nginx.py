"""Two instances behind nginx from deploy/, as an operator runs them."""

import signal
import time

import pytest

from tests.faults.guests import Later, at_once


@pytest.fixture
def sites(rig, nginx):
    """Two instances on one Redis, and nginx in front of them."""
    sites = rig.start(1, 1, store_url=rig.redis().url, **nginx.settings_of_site)
    nginx.start(*(site.port for site in sites))
    return sites


def signed_in(nginx):
    browser = nginx.browser()
    assert browser.sign_in().status == 303
    assert browser.get("/account").status == 200
    return browser


def tab_of(browser, nginx):
    """The same browser on a connection of its own."""
    tab = nginx.browser()
    tab.session.cookies.update(browser.session.cookies)
    return tab


def test_50_requests_at_an_expiry_cause_one_refresh(rig, nginx, sites):
    rig.sandbox.switch(refresh_tokens="single-use")
    browser = signed_in(nginx)
    tabs = [tab_of(browser, nginx) for _ in range(50)]
    rig.sandbox.expire()
    rig.sandbox.switch(delay_seconds=1)
    pages = at_once(lambda tab: tab.get("/account"), tabs)
    rig.sandbox.switch(delay_seconds=0)
    assert [page.status for page in pages] == [200] * 50
    assert [call["outcome"] for call in rig.refreshes()] == ["success"]
    rig.sandbox.clear_calls()  # this browser's submits are not in rig.answers


def test_a_rolling_restart_loses_no_request_and_no_sign_in(rig, nginx, sites):
    browsers = [signed_in(nginx) for _ in range(4)]
    rig.sandbox.clear_calls()  # these submits are not in rig.answers
    answers, restarted = [], []

    def visit(browser):
        while not restarted:
            answers.append((time.monotonic(), tab_of(browser, nginx).get("/account").status))
            time.sleep(0.1)

    visits = [Later(visit, browser) for browser in browsers]
    for site in sites:
        time.sleep(1)
        assert site.stop(signal.SIGTERM) == 0
        site.start()
        time.sleep(3.5)  # for so long nginx leaves out an instance that it found closed
    restarted.append(True)
    for each in visits:
        each.result()
    assert {status for _, status in answers} == {200}
    assert len(answers) > 40
