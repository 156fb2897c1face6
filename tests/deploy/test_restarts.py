"""Restarts under load, behind nginx: no request is lost, and nobody is signed out."""

import signal
import threading
import time

import pytest

from tests.faults.guests import Later
from tests.proxies import pids_of
from tests.sites import SECRET_KEY, RunningSite, SiteAtHeldSocket, environment
from tests.stores import until

FAIL_TIMEOUT_SECONDS = 3  # for so long nginx leaves an instance out that did not answer (fail_timeout)
# Between two visits of a guest: a request is always under way, and there is a processor left for others.
PAUSE_SECONDS = 0.1


class Load:
    """Guests who sign in, look at their page and sign out over and over, and one who stays signed in."""

    def __init__(self, nginx, guests=4):
        self._nginx, self._stopping = nginx, threading.Event()
        self.answers, self.failed = 0, []
        addresses = [f"127.0.0.{number}" for number in range(2, guests + 2)]  # nginx limits how often each signs in
        self._at_work = [Later(self._visit, address) for address in addresses] + [Later(self._stay)]
        until(lambda: self.answers > 4 * guests)

    def _visit(self, address):
        while not self._stopping.is_set():
            browser = self._nginx.browser(address=address)
            self._take(303, browser.sign_in)
            self._take(200, browser.get, "/account")
            self._take(303, browser.sign_out)
            time.sleep(PAUSE_SECONDS)

    def _stay(self):
        browser = self._nginx.browser()
        self._take(303, browser.sign_in)
        while not self._stopping.is_set():
            self._take(200, browser.get, "/account")
            time.sleep(PAUSE_SECONDS / 2)

    def _take(self, wanted, step, *arguments):
        try:
            answer = step(*arguments)
        except Exception as error:
            self.failed.append(error)
        else:
            self.answers += 1
            if answer.status != wanted:
                self.failed.append((answer.status, answer.location, answer.body[:80]))

    def stop(self):
        self._stopping.set()
        for each in self._at_work:
            each.result()
        assert not self.failed, f"{len(self.failed)} of {self.answers} failed: {self.failed[:5]}"


@pytest.fixture
def behind(nginx, sandbox, tmp_path):
    """A function that starts an instance of each kind, with nginx in front of them."""
    running = []

    def start(*kinds, **settings):
        settings = environment(sandbox, tmp_path) | nginx.settings_of_site | settings
        running.extend(kind(settings) for kind in kinds)
        nginx.start(*(site.port for site in running))
        return running

    yield start
    for site in running:
        site.stop(signal.SIGQUIT)


def workers_of(site):
    return set(pids_of(site)[1:])


def until_others_work(site, before):
    until(lambda: len(workers_of(site)) == 2 and not workers_of(site) & before, seconds=20)


def test_new_workers_by_sighup_lose_no_request_and_no_sign_in(behind, nginx):
    (site,) = behind(RunningSite)
    load = Load(nginx)
    for _ in range(3):
        before = workers_of(site)
        site.process.send_signal(signal.SIGHUP)
        until_others_work(site, before)
    time.sleep(0.5)
    load.stop()
    assert site.process.poll() is None
    assert not site.log("unexpected_error")


def test_a_restart_at_a_socket_that_systemd_holds_loses_no_request_and_no_sign_in(behind, nginx):
    (site,) = behind(SiteAtHeldSocket)
    with site.listener:
        load = Load(nginx)
        assert site.stop(signal.SIGTERM) == 0
        time.sleep(0.5)
        site.start()
        time.sleep(0.5)
        load.stop()


def test_two_instances_replaced_one_after_the_other_lose_no_request_and_no_sign_in(behind, nginx):
    sites = behind(RunningSite, RunningSite)
    load = Load(nginx)
    for site in sites:
        assert site.stop(signal.SIGTERM) == 0
        site.start()
        time.sleep(FAIL_TIMEOUT_SECONDS + 0.5)
    load.stop()


def test_a_secret_changed_in_its_file_counts_after_sighup_and_a_fault_in_it_changes_nothing(behind, nginx, tmp_path):
    file = tmp_path / "secret-key"
    file.write_text(SECRET_KEY)
    (site,) = behind(RunningSite, SECRET_KEY="", SECRET_KEY_FILE=str(file))
    browser = nginx.browser()
    form = browser.get("/login")
    before = workers_of(site)

    file.write_text("short")
    site.process.send_signal(signal.SIGHUP)
    (refused,) = until(lambda: site.log("reload_refused"))
    assert refused["level"] == "error"
    assert refused["fault"].startswith("SECRET_KEY is wrong: at least 32 random characters")
    assert workers_of(site) == before
    assert browser.get("/login").status == 200

    file.write_text("another-signing-key-0123456789abcdefghij")
    site.process.send_signal(signal.SIGHUP)
    until_others_work(site, before)
    assert browser.submit(form, "ana", "taco-tuesday").status == 422, "the form of the former key is stale"
    assert browser.sign_in().status == 303
