"""What the console is for, as a marketing person does it in a browser, with guests beside in browsers of their own."""

import time

import pytest
from playwright.sync_api import expect

from config import ROOT
from tests.browser.conftest import PHONE
from tests.sites import RunningSite, environment
from tests.stores import until

CODE = "guest.locked"
WORDS = {"en": "Your account is resting. Ring us to wake it.", "es": "Su cuenta descansa. Llámenos para despertarla."}
LIVE_WITHIN_SECONDS = 5
expect.set_options(timeout=30_000)  # browser, console and workers share the machine with other tests
ALL_WORKERS = 40  # answers on connections of their own: more than enough to have met each of three workers


class Journey:
    """The staff's browser and the guests' ones.

    :ivar page: of the staff, at the size of a phone
    """

    def __init__(self, browser, console, sites):
        self._browser, self._console, self._sites = browser, console, sites
        self.page = browser.new_context(viewport=PHONE).new_page()

    def sign_in(self):
        self.page.goto(self._console.link("Ana", "publisher"))
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_text("Ana, publisher")).to_be_visible()

    def open(self, name):
        self.page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()

    def write_words(self):
        """From the inbox to a draft in two languages, seen on the page that guests get before it is saved."""
        begin = self.page.get_by_role("link", name=f"Write words for {CODE}")
        until(lambda: self.open("Inbox") or begin.count())  # a worker tells what guests met a moment later
        begin.click()
        for language, text in WORDS.items():
            self.page.fill(f"#text-{language}", text)
            frame = self.page.frame_locator(f"#frame-{language}-light-phone")
            expect(frame.get_by_text(text)).to_be_visible()
        self.page.get_by_role("button", name="Save in the draft").click()
        expect(self.page.get_by_text("Saved in the draft")).to_be_visible()

    def publish(self):
        self.open("Publish")
        for text in WORDS.values():
            expect(self.page.get_by_text(text)).to_be_visible()
        self.page.fill("#comment", "Guests ring us about this one")
        self.page.get_by_role("button", name="Publish now").click()
        expect(self.page.get_by_role("main")).to_contain_text("Revision 1")

    def roll_back(self):
        """To what guests read before anything was published."""
        self.open("History")
        self.page.get_by_role("link", name="The folder alone").click()
        self.page.get_by_role("button", name="Roll back").click()
        expect(self.page.get_by_role("main")).to_contain_text("Revision 2")

    def guests_read(self, text, language="en"):
        """In every worker of every instance, from five seconds after it was published on at the latest."""
        published_at = time.monotonic()
        while True:
            looked_at = time.monotonic()
            if all(self._reads(site, language, text) for site in self._sites for _ in range(3)):
                break
            assert looked_at < published_at + LIVE_WITHIN_SECONDS, f"guests do not read {text!r}"
            time.sleep(0.1)
        time.sleep(max(published_at + LIVE_WITHIN_SECONDS - time.monotonic(), 0))
        assert all(self._reads(site, language, text) for site in self._sites for _ in range(ALL_WORKERS))

    def _reads(self, site, language, text):
        return text in refused(site, language).text

    def a_guest_sees(self, text, language):
        """A guest in a browser of their own."""
        context = self._browser.new_context(viewport=PHONE, locale=language)
        page = context.new_page()
        page.goto(f"{self._sites[0].url}/login")
        page.fill("#username", f"code:{CODE}")
        page.fill("#password", "whatever it was")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text(text)
        context.close()


def refused(site, language="en"):
    """The page of a guest whose sign-in is refused with the code, on a connection of its own."""
    answer = site.browser().sign_in(f"code:{CODE}", "whatever it was", Accept_Language=language)
    assert answer.status == 422, answer
    return answer


@pytest.fixture
def begin(chromium, run_console, sandbox, tmp_path):
    """A function that starts instances of the site, and a console beside them with the same words and store."""
    sites, journeys = [], []

    def start(*workers, **settings):
        settings = {
            "MERCHANT_DIR": str(ROOT / "merchant"),
            "STORE_URL": f"sqlite:///{tmp_path}/store.db",
            "LOGIN_FAILURES_PER_GUEST": "100000/1 minute",
            "LOGIN_FAILURES_PER_ADDRESS": "100000/1 minute",
            "MESSAGES_URL": f"sqlite:///{tmp_path}/messages.db",
        } | settings
        console = run_console(**{name: settings[name] for name in ("MERCHANT_DIR", "STORE_URL", "MESSAGES_URL")})
        given = environment(sandbox, tmp_path) | settings
        del given["PUBLIC_URL"]
        sites.extend(RunningSite(given, workers=count) for count in workers)
        journeys.append(Journey(chromium, console, sites))
        return journeys[-1]

    yield start
    for each in journeys:
        each.page.context.close()
    for each in sites:
        each.stop()


def test_a_code_gets_words_that_guests_read_and_that_can_be_taken_back(begin):
    journey = begin(3)
    before = refused(journey._sites[0])
    assert WORDS["en"] not in before.text
    journey.sign_in()
    journey.write_words()
    assert WORDS["en"] not in refused(journey._sites[0]).text, "a draft is nobody's business"
    journey.publish()
    for language, text in WORDS.items():
        journey.guests_read(text, language)
        journey.a_guest_sees(text, language)
    journey.roll_back()
    journey.guests_read("That username and password don’t match")
    journey.a_guest_sees("That username and password don’t match", "en")


def test_two_machines_share_the_words_and_read_on_while_postgresql_is_away(begin, own_postgres):
    journey = begin(2, 2, MESSAGES_URL=own_postgres.url)
    refused(journey._sites[0])
    journey.sign_in()
    journey.write_words()
    journey.publish()
    journey.guests_read(WORDS["en"])
    own_postgres.stop()
    for _ in range(3):
        journey.guests_read(WORDS["en"])
    journey.page.goto(journey._console.url)
    expect(journey.page.get_by_role("heading", level=1)).to_contain_text("cannot be reached")
    own_postgres.start()
    journey.page.goto(journey._console.url)
    expect(journey.page.get_by_role("heading", level=1)).to_contain_text("What guests of")
    journey.roll_back()
    journey.guests_read("That username and password don’t match")
