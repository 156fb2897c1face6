"""Every page in every state that a guest can meet, and how to get there: for checks of all of them, and for pictures."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BRANDS = {"olive": Path(__file__).parents[2] / "merchant", "neon": Path(__file__).parents[1] / "brands/neon"}
PASSWORD = "taco-tuesday"
TRIES = 2  # until a pause, on the sites that are visited


@dataclass(frozen=True)
class State:
    """A page in a state.

    :ivar reach: leads a browser that holds no cookies there
    """

    name: str
    status: int
    reach: Callable


STATES = []


def state(status):
    def add(reach):
        STATES.append(State(reach.__name__.replace("_", "-"), status, reach))
        return reach

    return add


class Visit:
    """One way through the site, in a page of a browser.

    :ivar answer: the last answer that was a page
    """

    def __init__(self, page, site):
        self.page, self._site = page, site
        self.answer = None
        page.on("response", self._note)

    def _note(self, response):
        if response.request.is_navigation_request() and response.status not in {303, 308}:
            self.answer = response

    def go(self, path):
        self.page.goto(self._site.url + path)

    def sign_in(self, username="ana", password=PASSWORD, path="/login"):
        self.go(path)
        self.page.locator("#username").fill(username)
        self.page.locator("#password").fill(password)
        self.submit()

    def sign_in_by_another_tab(self):
        """While the form stays open in this one."""
        fields = self.page.locator("main form").evaluate("form => Object.fromEntries(new FormData(form))")
        fields |= {"username": "ana", "password": PASSWORD}
        self.page.request.post(self.page.url, form=fields, max_redirects=0)  # its cookies are the browser's

    def submit(self):
        with self.page.expect_navigation():
            self.page.locator("main form button[type=submit]").click()

    def sign_out(self):
        with self.page.expect_navigation():
            self.page.locator("header form button").click()

    def send(self, path, data):
        """A form as no page of ours sends it, from our own address."""

        def change(route):
            headers = route.request.headers | {"content-type": "application/x-www-form-urlencoded"}
            route.continue_(method="POST", headers=headers, post_data=data)

        self.page.route(f"**{path}", change)
        self.go(path)
        self.page.unroute(f"**{path}")

    def send_from_elsewhere(self, path):
        """A form of another site's page that leads here."""
        form = f'<form method="post" action="{self._site.url}{path}"></form>'
        self.page.route("http://evil.example/", lambda route: route.fulfill(body=form, content_type="text/html"))
        self.page.goto("http://evil.example/")
        with self.page.expect_navigation():
            self.page.evaluate("document.forms[0].submit()")

    def forget_cookies(self, name=None):
        self.page.context.clear_cookies(name=name)

    def fail(self):
        """A page that fails for a reason that nobody has foreseen."""
        self.page.route("**/fails", lambda route: route.fulfill(status=500, body=self._site.page_of_failure()))
        self.go("/fails")
        self.page.unroute("**/fails")


# --- Signing in ---


@state(200)
def sign_in(visit):
    visit.go("/login")


@state(422)
def nothing_typed(visit):
    visit.go("/login")
    visit.submit()


@state(422)
def wrong_password(visit):
    visit.sign_in(password="wrong")


@state(422)
def too_long(visit):
    visit.sign_in(username="a" * 300)


@state(422)
def form_that_got_lost(visit):
    visit.go("/login")
    visit.page.evaluate("document.querySelector('[name=csrf_token]').value = 'old'")
    visit.page.locator("#username").fill("ana")
    visit.page.locator("#password").fill(PASSWORD)
    visit.submit()


@state(422)
def no_cookies(visit):
    visit.go("/login")
    for _ in range(2):
        visit.forget_cookies()
        visit.submit()


@state(422)
def somebody_else_in_another_tab(visit):
    visit.go("/login")
    visit.sign_in_by_another_tab()
    visit.page.locator("#username").fill("ben@example.com")
    visit.page.locator("#password").fill(PASSWORD)
    visit.submit()


@state(429)
def too_many_tries(visit):
    for _ in range(TRIES + 1):
        visit.sign_in(username="mallory", password="guess")


@state(503)
def paytronix_away_at_sign_in(visit):
    visit.sign_in(username="503")


@state(200)
def signed_out(visit):
    visit.sign_in()
    visit.sign_out()


@state(200)
def sign_in_ended(visit):
    visit.sign_in(username="refresh:code:invalid_grant")


@state(200)
def sign_in_lost(visit):
    visit.go("/login")
    visit.sign_in_by_another_tab()
    visit.forget_cookies("session")
    visit.go("/account")


# --- The account ---


@state(200)
def account(visit):
    visit.sign_in()


@state(200)
def account_with_long_names(visit):
    visit.sign_in("maximiliane.von-und-zu-hohenstein-uexkuell@long-names.example.com", "extra-long-noodles")


@state(200)
def account_without_anything(visit):
    visit.sign_in("ben@example.com", "soup-of-the-day")


@state(200)
def account_without_a_card(visit):
    visit.sign_in("nina", "just-a-salad")


@state(200)
def account_with_a_card_that_is_suspended(visit):
    visit.sign_in("sam@example.com", "cold-pizza")


@state(200)
def account_with_names_from_right_to_left(visit):
    visit.sign_in("layla@example.com", "falafel-friday")


@state(200)
def account_with_a_part_missing(visit):
    visit.sign_in("then:odd:rewardBalances")


@state(200)
def account_with_odd_amounts(visit):
    visit.sign_in("olga", "odd-soup")


@state(200)
def account_with_a_card_that_cannot_be_found(visit):
    visit.sign_in("balance:code:account_info.not_found")


@state(503)
def balances_away(visit):
    visit.sign_in("balance:503")


@state(503)
def paytronix_away(visit):
    visit.sign_in("then:503")


# --- Pages that are no page ---


@state(400)
def bad_request(visit):
    visit.sign_in()
    visit.send("/logout", "csrf_token=old")


@state(403)
def from_another_site(visit):
    visit.send_from_elsewhere("/login")


@state(404)
def not_found(visit):
    visit.go("/nothing-here")


@state(404)
def not_found_by_a_signed_in_guest(visit):
    visit.sign_in()
    visit.go("/nothing-here")


@state(405)
def not_to_be_opened(visit):
    visit.go("/logout")


@state(413)
def too_large(visit):
    visit.send("/login", "password=" + "x" * 20_000)


@state(500)
def our_fault(visit):
    visit.fail()
