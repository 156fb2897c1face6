"""Every page in every state, in both brands and all languages: readable by everybody, at any size."""

from threading import Thread

import pytest
from flask import template_rendered
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.browser.accessibility import ALWAYS_DARK, LIGHT, LIGHT_AND_DARK, PHONE, faults_of
from tests.browser.conftest import Branded
from tests.browser.states import STATES, TRIES, Visit
from tests.pages.templates import pages_of_guests
from tests.sites import environment
from tests.stores import free_ports


@pytest.mark.parametrize(
    ("brand", "language", "looks"),
    [("olive", "en", LIGHT_AND_DARK), ("neon", "ar", ALWAYS_DARK), ("olive", "es", LIGHT)],
)
def test_every_state_of_every_page_is_accessible_light_and_dark_and_fits_a_small_phone(
    chromium, branded, brand, language, looks
):
    site, faults = branded(brand, language), []
    context = chromium.new_context(locale=language, viewport=PHONE, color_scheme="light")
    page = context.new_page()  # one for all states: a page of its own is a process of its own
    for state in STATES:
        context.clear_cookies()
        page.set_viewport_size(PHONE)
        page.emulate_media(color_scheme="light")
        complaints = []
        page.on("console", lambda message, to=complaints: to.append(message.text) if message.type == "error" else None)
        visit = Visit(page, site)
        state.reach(visit)
        assert visit.answer.status == state.status, state.name
        assert page.locator("html").get_attribute("lang") == language, state.name
        found = [text for text in complaints if "status of" not in text]  # which tells of the status, as it should
        found += faults_of(page, looks)
        faults += [f"{state.name}: {each}" for each in found]
    context.close()
    assert faults == []


class Quiet(WSGIRequestHandler):
    def log_request(self, code="-", size="-"):
        pass


@pytest.fixture
def site_of_this_process(make_site, sandbox, tmp_path):
    """The site in a thread, so that one can see which templates it renders."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    changes = {"PUBLIC_URL": url, "LOGIN_FAILURES_PER_GUEST": f"{TRIES}/15 minutes", "LOG_LEVEL": "error"}
    server = make_server("127.0.0.1", port, make_site(**changes), threaded=True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield Branded(url, "en", environment(sandbox, tmp_path, **changes))
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_page_has_a_state(chromium, site_of_this_process):
    forgotten = pages_of_guests()

    def note(_, template, **about):
        forgotten.discard(template.name)

    context = chromium.new_context()
    page = context.new_page()
    with template_rendered.connected_to(note):
        for state in STATES:
            if forgotten:
                context.clear_cookies()
                state.reach(Visit(page, site_of_this_process))
    context.close()
    assert not forgotten, f"tests/browser/states.py leads to no state of {', '.join(sorted(forgotten))}"
