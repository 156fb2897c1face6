"""Pictures of every page in every state, in both brands, small and wide, light and dark: ``make screenshots``.

Not collected with the tests, whose names begin with ``test_``: it is run by its file's name.
"""

from pathlib import Path

import pytest

from tests.browser.states import STATES, Visit

OUT = Path(__file__).parents[2] / "screenshots"
LOOKS = [("olive", "en"), ("neon", "ar")]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
@pytest.mark.parametrize(("brand", "language"), LOOKS)
def test_take_pictures(chromium, branded, brand, language, state):
    context = chromium.new_context(locale=language, viewport={"width": 320, "height": 640})
    page = context.new_page()
    visit = Visit(page, branded(brand, language))
    state.reach(visit)
    assert visit.answer.status == state.status
    for width, height in ((320, 640), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            folder = OUT / brand / f"{width}-{scheme}"
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{state.name}.png", full_page=True)
    context.close()
