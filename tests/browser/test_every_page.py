"""Every page in every state, in both brands and all languages: readable by everybody, at any size."""

import pytest

from tests.browser.accessibility import ALWAYS_DARK, LIGHT, LIGHT_AND_DARK, PHONE, faults_of
from tests.browser.states import STATES, Visit


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
