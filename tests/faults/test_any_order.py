"""Events in any order: what a guest, a second browser, an operator, Paytronix and time may do, checked against a model."""

import threading
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from app.auth import refresh
from tests.sites import browser_of
from tests.stores import until

GUESTS = {"ana": "taco-tuesday", "ben@example.com": "soup-of-the-day"}
BROWSERS = st.integers(0, 2)
NEXTS = {
    "/account": "/account",
    "": "/account",
    "/logout": "/account",
    "//evil.example": "/account",
    "https://evil.example/account": "/account",
    "/\\evil.example": "/account",
    "/login?next=/login": "/account",
    "/account?tab=1": "/account?tab=1",
}


@dataclass
class Known:
    """What the model knows of the sign-in of one browser."""

    guest: str
    session_id: str
    token_is_good: bool = True
    refresh_token_is_good: bool = True


@pytest.fixture
def machine(make_site, sandbox, monkeypatch):  # noqa: C901 - the whole of a class is within it
    """The state machine's class, over one application for all examples."""
    monkeypatch.setattr(refresh, "FAILURE_REMEMBERED_SECONDS", 0.001)
    site = make_site(LOGIN_FAILURES_PER_GUEST="9999/1 second", LOGIN_FAILURES_PER_ADDRESS="9999/1 second")
    secret = sandbox.client_secret

    class AnyOrder(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            sandbox.reset()
            sandbox.switch(refresh_tokens="single-use")
            site.extensions["services"].sign_ins.end_all()
            self.browsers = [browser_of(site) for _ in range(3)]
            self.known = [None, None, None]
            self.ended = []
            self.is_away = False

        @rule(number=BROWSERS, guest=st.sampled_from(sorted(GUESTS)), onward=st.sampled_from(sorted(NEXTS)))
        def sign_in(self, number, guest, onward):
            browser = self.browsers[number]
            form = browser.get("/login")
            if self.known[number]:
                assert (form.status, form.location) == (303, "/account")
                return
            answer = browser.post(
                "/login", form.fields | {"username": guest, "password": GUESTS[guest], "next": onward}
            )
            if self.is_away:
                assert answer.status == 503
                return
            assert (answer.status, answer.location) == (303, NEXTS[onward])
            self.known[number] = Known(guest, browser.cookies()["session"])

        @rule(number=BROWSERS)
        def wrong_password(self, number):
            if self.known[number]:
                return
            answer = self.browsers[number].sign_in("ana", "wrong")
            assert answer.status == (503 if self.is_away else 422)

        @rule(number=BROWSERS)
        def page(self, number):
            known, before = self.known[number], len(sandbox.calls(grant="refresh_token"))
            answer = self.browsers[number].get("/account")
            spent = len(sandbox.calls(grant="refresh_token")) - before
            if known is None:
                assert (answer.status, spent) == (303, 0)
            elif self.is_away:
                assert answer.status == 503
            elif known.token_is_good:
                assert (answer.status, spent) == (200, 0)
            elif known.refresh_token_is_good:
                assert (answer.status, spent) == (200, 1)
                known.token_is_good = True
            else:
                assert (answer.status, spent) == (303, 1)
                self._end(number)

        @rule(number=BROWSERS)
        def sign_out(self, number):
            known, browser = self.known[number], self.browsers[number]
            if known is None or self.is_away or not known.token_is_good:
                return
            assert browser.sign_out().location == "/login"
            self._end(number)

        @rule(number=BROWSERS)
        def sign_out_during_a_refresh(self, number):
            known, browser = self.known[number], self.browsers[number]
            if known is None or self.is_away or not known.token_is_good:
                return
            token = browser.get("/account").fields["csrf_token"]
            sandbox.expire(known.guest)
            self._mark(known.guest, token_is_good=False)
            tab = browser_of(site)
            tab.set_cookie("session", known.session_id)
            before = len(sandbox.calls(grant="refresh_token"))
            sandbox.switch(delay_seconds=0.03)
            answers = []
            page = threading.Thread(target=lambda: answers.append(tab.get("/account")))
            page.start()
            if known.refresh_token_is_good:
                until(lambda: len(sandbox.calls(grant="refresh_token")) > before)
            assert browser.post("/logout", {"csrf_token": token}).status == 303
            page.join(20)
            sandbox.switch(delay_seconds=0)
            assert answers[0].status in {200, 303}
            self._end(number)

        @rule(guest=st.sampled_from(sorted(GUESTS)))
        def expire(self, guest):
            sandbox.expire(guest)
            self._mark(guest, token_is_good=False)

        @rule(guest=st.sampled_from(sorted(GUESTS)))
        def revoke(self, guest):
            sandbox.revoke(guest)
            self._mark(guest, refresh_token_is_good=False)

        @rule()
        def go_away_or_come_back(self):
            self.is_away = not self.is_away
            sandbox.switch(client_secret="changed-at-the-vendor" if self.is_away else secret)

        @rule(guest=st.sampled_from(sorted(GUESTS)))
        def operator_ends_a_guest(self, guest):
            ended = site.extensions["services"].sign_ins.end_guest(guest)
            wanted = [number for number, known in enumerate(self.known) if known and known.guest == guest]
            assert ended == len(wanted)
            for number in wanted:
                self._end(number)

        @invariant()
        def what_has_ended_stays_so(self):
            for session_id in self.ended[-3:]:
                tab = browser_of(site)
                tab.set_cookie("session", session_id)
                assert tab.get("/account").status == 303

        @invariant()
        def no_refresh_token_is_spent_twice(self):
            refused = [call for call in sandbox.calls(grant="refresh_token") if call["outcome"] == "invalid_grant"]
            assert len(refused) <= self.refused_rightly

        def _mark(self, guest, **facts):
            for known in self.known:
                if known and known.guest == guest:
                    vars(known).update(facts)

        def _end(self, number):
            known = self.known[number]
            self.refused_rightly += not known.refresh_token_is_good
            self.ended.append(known.session_id)
            self.known[number] = None

        refused_rightly = 0

    return AnyOrder


def run(machine, *, examples):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


def test_no_order_of_events_breaks_a_promise(machine):
    run(machine, examples=30)
