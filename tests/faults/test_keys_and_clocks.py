"""New keys sign nobody out, and machines whose clocks differ work together."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from app.factory import create_app
from config import Settings
from tests.faults.guests import at_once
from tests.sites import ROOT, SECRET_KEY, browser_of, environment

NEW_KEY = "marker-new-signing-key-9876543210zyxwvu"


def test_a_new_key_with_the_old_one_as_fallback_signs_nobody_out_and_breaks_no_open_form(rig):
    server = rig.redis()
    (old,) = rig.start(1, store_url=server.url)
    guest = rig.signed_in()
    sign_out_token = guest.get("/account").form_token
    visitor = rig.guest()
    form = visitor.form()
    failing = rig.guest()
    for _ in range(9):
        assert failing.sign_in("ben@example.com", "wrong-marker-password").status == 422
    assert old.stop() == 0

    (new,) = rig.start(1, store_url=server.url, SECRET_KEY=NEW_KEY, SECRET_KEY_FALLBACKS=SECRET_KEY)
    for each in (guest, visitor):
        each.use(new.port)
    assert guest.get("/account").status == 200
    assert visitor.sign_in(form=form).status == 303
    assert visitor.get("/account").status == 200

    command = [sys.executable, "-m", "flask", "--app", "wsgi", "sessions", "end", "--guest", "ana"]
    environ = {"PATH": os.environ["PATH"]} | new.settings
    said = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=30, check=True)
    assert "2 sign-ins ended" in said.stdout
    assert guest.get("/account").status == 303
    assert visitor.get("/account").status == 303
    assert guest.sign_out(sign_out_token).status in {303, 400}


def test_a_form_signed_in_with_the_old_key_can_sign_out_under_the_new_one(rig):
    server = rig.redis()
    (old,) = rig.start(1, store_url=server.url)
    guest = rig.signed_in()
    token = guest.get("/account").form_token
    assert old.stop() == 0
    (new,) = rig.start(1, store_url=server.url, SECRET_KEY=NEW_KEY, SECRET_KEY_FALLBACKS=SECRET_KEY)
    guest.use(new.port)
    assert guest.sign_out(token).status == 303
    assert guest.session_id is None


@pytest.fixture
def machines(rig, tmp_path):
    """Two machines that share a Redis; the clock of the second one is a minute off."""
    url = rig.redis().url

    def make(off_by):
        app = create_app(Settings.from_env(environment(rig.sandbox, tmp_path, STORE_URL=url)))
        site = app.extensions["services"]

        def now():
            return datetime.now(UTC) + off_by

        for part in (site.sign_ins, site.tokens, site.paytronix):
            part._now = now
        made.append(site)
        return app

    made = []
    yield make
    for site in made:
        site.store.close()
        site.paytronix._transport.close()


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("off_by", [MINUTE, -MINUTE])
def test_machines_whose_clocks_differ_by_a_minute_share_a_sign_in_and_its_refreshes(rig, machines, off_by):
    here, there = browser_of(machines(timedelta())), browser_of(machines(off_by))
    rig.sandbox.switch(refresh_tokens="single-use")
    assert here.sign_in().status == 303
    there.set_cookie("session", here.cookies()["session"])
    for _ in range(2):
        for browser in (there, here):
            assert browser.get("/account").status == 200
    assert not rig.refreshes()
    for first, second in ((here, there), (there, here)):
        rig.sandbox.expire()
        rig.sandbox.clear_calls()
        for browser in (first, second, first, second):
            assert browser.get("/account").status == 200
        assert len(rig.refreshes()) == 1
    assert there.sign_out().status == 303
    assert here.get("/account").status == 303


@pytest.mark.parametrize("off_by", [MINUTE, -MINUTE])
def test_machines_whose_clocks_differ_renew_a_short_token_without_end_of_the_sign_in(rig, machines, off_by):
    here, there = browser_of(machines(timedelta())), browser_of(machines(off_by))
    rig.sandbox.switch(refresh_tokens="single-use", token_seconds=20)
    assert here.sign_in().status == 303
    there.set_cookie("session", here.cookies()["session"])
    for _ in range(5):
        answers = at_once(lambda browser: browser.get("/account"), [here, there])
        assert [answer.status for answer in answers] == [200, 200]
    assert len(rig.refreshes()) <= 2, "each machine renews what the other one has just renewed"
    assert {call["outcome"] for call in rig.refreshes()} <= {"success"}
