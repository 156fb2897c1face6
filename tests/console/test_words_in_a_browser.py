"""Words, inbox and one entry in a real Chromium: for everybody, with and without script, checked as somebody types."""

import pytest
from playwright.sync_api import expect

from app.store import open_store
from app.usage import UsageCounter
from config import ROOT
from tests.browser.accessibility import DESK, PHONE, faults_of
from tests.console.words import address

PAGES = {
    "/": "words",
    "/?words=nothing-fits": "words without any",
    "/?state=built-in": "some of the words",
    "/inbox": "inbox",
    address("paytronix", "user_info.not_found"): "a code",
    address("account", "no_rewards"): "a label",
    address("site", "wrong_address"): "an entry on no page",
}
TYPED = "Fresh words that nobody has saved."
GROUND = "() => getComputedStyle(document.body).backgroundColor"


@pytest.fixture
def served(run_console):
    """A running console with a code in its inbox."""
    console = run_console(MERCHANT_DIR=str(ROOT / "merchant"))
    store = open_store(console.settings["STORE_URL"])
    codes = UsageCounter(store)
    codes.note("guest.locked", has_words=False, vendor_text="Account locked")
    codes.write()
    store.close()
    return console


def test_every_page_is_accessible_and_fits_light_and_dark(served, open_page):
    page, faults = open_page(viewport=PHONE), []
    for path, name in PAGES.items():
        page.goto(served.url + path)
        for each in page.locator("summary").all():
            each.click()
        found = [each for each in faults_of(page) if 'class="unseen"' not in each and "look at all" not in each]
        faults += [f"{name}: {each}" for each in found]
    assert faults == []


def frame(page, scheme, language="en", screen="phone"):
    """What stands in a frame, once it is shown."""
    page.check(f"#{scheme}")
    page.check(f"#{screen}")
    held = page.wait_for_selector(f"#frame-{language}-{scheme}-{screen}")
    held.scroll_into_view_if_needed()
    inner = held.content_frame()
    inner.wait_for_selector("h1")
    return inner


def test_checks_and_pages_follow_what_is_typed(served, open_page):
    page = open_page(viewport=DESK)
    page.goto(served.url + address("paytronix", "user_info.not_found"))
    page.fill("#text-en", "Ring {fone}.")
    page.wait_for_selector("#findings-en >> text=Did you mean {phone}?")
    assert "Something is wrong" in page.inner_text("#said")
    page.fill("#text-en", TYPED)
    page.wait_for_selector("#findings-en:not(:has(.errors))", state="attached")
    frame(page, "light")
    expect(page.frame_locator("#frame-en-light-phone").get_by_text(TYPED)).to_be_visible(timeout=30_000)
    assert page.input_value("#text-en") == TYPED
    assert "Fresh words" not in page.evaluate("() => fetch('/').then(answer => answer.text())")


@pytest.mark.parametrize("device", ["light", "dark"])
def test_both_schemes_are_shown_whatever_the_device_is_set_to(served, open_page, device):
    page = open_page(viewport=DESK, color_scheme=device)
    page.goto(served.url + address("site", "busy"))
    grounds = [
        frame(page, scheme, screen=screen).evaluate(GROUND)
        for scheme in ("light", "dark")
        for screen in ("phone", "desk")
    ]
    assert grounds[0] == grounds[1] == "rgb(241, 237, 223)"
    assert grounds[2] == grounds[3] != grounds[0]


def test_frames_have_the_width_of_a_phone_and_of_a_desktop(served, open_page):
    page = open_page(viewport=DESK)
    page.goto(served.url + address("site", "busy"))
    widths = [frame(page, "light", screen=screen).evaluate("() => innerWidth") for screen in ("phone", "desk")]
    assert widths == [390, 1280]


def test_it_works_without_script(served, open_page):
    page = open_page(viewport=PHONE, java_script_enabled=False)
    page.goto(f"{served.url}/inbox")
    page.click("text=Write words")
    page.fill("#text-en", TYPED)
    with page.expect_navigation():
        page.click("text=Check and preview")
    assert TYPED in frame(page, "dark").inner_text("main")
    page.click(".actions button[value=save]")
    page.wait_for_selector("text=Saved in the draft")


def test_it_works_with_keys_alone_and_no_key_gets_lost_in_a_frame(served, open_page):
    page = open_page(viewport=DESK)
    page.goto(served.url + address("site", "busy"))
    page.focus("#text-en")
    page.keyboard.type("Typed by hand.")
    visited = []
    for _ in range(40):
        page.keyboard.press("Tab")
        visited.append(page.evaluate("() => document.activeElement.value ?? document.activeElement.localName"))
        if visited[-1] == "save":
            break
    assert visited[-1] == "save"
    assert "iframe" not in visited
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Saved in the draft")
    page.focus("#light")
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement.localName") != "iframe"
