"""Every page in every state, in both brands and all languages: readable by everybody, at any size."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.browser.states import STATES, Visit

AXE = """only => axe.run({runOnly: only, resultTypes: ["violations"]}).then(found =>
  found.violations.map(each => `${each.id}: ${each.nodes.map(node => node.html).join(" and ")}`))"""
ALL_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 800}
LIGHT_AND_DARK = [(PHONE, "light", ALL_RULES), (DESK, "light", ALL_RULES), (PHONE, "dark", COLOURS)]
ALWAYS_DARK = [(PHONE, "light", ALL_RULES), (DESK, "dark", ALL_RULES)]
OTHER_WORDS = [(PHONE, "light", ALL_RULES)]
# What an eye would notice: something beside the page, or something smaller than a finger.
ODD = """() => {
  const faults = [], page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) faults.push("the page is wider than the screen");
  for (const each of document.querySelectorAll("a, button, input:not([type=hidden])")) {
    const box = each.getBoundingClientRect();
    if (box.width && Math.min(box.width, box.height) < 24) faults.push("too small for a finger: " + each.outerHTML);
  }
  return faults;
}"""


@pytest.mark.parametrize(
    ("brand", "language", "looks"),
    [("olive", "en", LIGHT_AND_DARK), ("neon", "ar", ALWAYS_DARK), ("olive", "es", OTHER_WORDS)],
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
        page.evaluate(AXE_SCRIPT)
        for size, scheme, rules in looks:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            found += page.evaluate(AXE, rules) + page.evaluate(ODD)
        faults += [f"{state.name}: {each}" for each in dict.fromkeys(found)]
    context.close()
    assert faults == []
