"""What the script adds, what is left without it, and how the page is for those who use no mouse, no eyes, no pictures."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.states import BRANDS, PASSWORD, Visit
from tests.browser.test_main_job import sign_in
from tests.sites import RunningSite, environment


@pytest.fixture(scope="module")
def olive(_shared_sandbox, tmp_path_factory):
    """The sample's site, which all tests here share. It must be left running."""
    settings = environment(_shared_sandbox, tmp_path_factory.mktemp("olive"), MERCHANT_DIR=str(BRANDS["olive"]))
    del settings["PUBLIC_URL"]  # its own address
    site = RunningSite(settings, workers=1)
    yield site
    site.stop()


@pytest.fixture
def visit(chromium, olive, sandbox):
    """A guest's phone in front of the sample's site."""
    context = chromium.new_context(locale="en", viewport={"width": 390, "height": 844})
    yield Visit(context.new_page(), olive)
    context.close()


def password_calls(sandbox):
    return sandbox.calls("requestGuestToken", grant="password")


def test_the_password_can_be_shown_and_is_sent_as_a_password(visit, sandbox):
    visit.go("/login")
    page = visit.page
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Show password").click()
    assert page.locator("#password").get_attribute("type") == "text"
    assert page.evaluate("document.activeElement.id") == "password"
    page.get_by_role("button", name="Hide password").click()
    assert page.locator("#password").get_attribute("type") == "password"
    page.get_by_role("button", name="Show password").click()
    page.evaluate("document.forms[0].addEventListener('submit', () => { name = document.forms[0].password.type })")
    page.locator("#username").fill("ana")
    visit.submit()
    assert page.evaluate("name") == "password"
    assert page.url.endswith("/account")


def test_caps_lock_is_hinted_at_while_it_is_on(visit):
    visit.go("/login")
    page = visit.page
    press = """on => document.getElementById("password").dispatchEvent(
      new KeyboardEvent("keydown", {key: "a", modifierCapsLock: on}))"""
    page.locator("#password").focus()
    page.evaluate(press, True)
    assert page.get_by_text("Caps Lock is on.").is_visible()
    page.evaluate(press, False)
    assert not page.get_by_text("Caps Lock is on.").is_visible()


def test_a_double_click_sends_the_form_once_and_the_button_says_so(visit, sandbox):
    sandbox.clear_calls()
    visit.go("/login")
    page = visit.page
    page.locator("#username").fill("slow:2")
    page.locator("#password").fill(PASSWORD)
    sent = []
    page.on("request", lambda request: sent.append(request.method) if request.method == "POST" else None)
    button = page.get_by_role("button", name="Sign in", exact=True)
    shown = button.evaluate("each => { each.click(); each.click(); return [each.textContent, each.ariaDisabled]; }")
    assert shown == ["Signing in…", "true"]
    page.wait_for_url("**/account")
    assert sent == ["POST"]
    assert len(password_calls(sandbox)) == 1


def test_the_button_stays_pressed_while_the_browser_waits_and_says_when_it_takes_longer(visit, sandbox):
    visit.go("/login")
    page = visit.page
    page.clock.install()
    visit.go("/login")
    page.locator("#username").fill("ana")
    page.locator("#password").fill(PASSWORD)
    page.evaluate("document.forms[0].addEventListener('submit', event => event.preventDefault())")
    button, said = page.locator("main form button[type=submit]"), page.locator(".progress")
    assert said.get_attribute("aria-live") == "polite"
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))  # from here on only the test moves it
    button.click()
    assert said.inner_text() == "Signing in…"
    assert said.bounding_box()["height"] <= 1  # to be heard: the button shows it
    page.clock.fast_forward(3_500)
    assert said.inner_text() == "Signing in…"
    page.clock.fast_forward(1_000)
    assert said.inner_text() == "This is taking longer than usual. Please wait a moment."
    assert said.bounding_box()["height"] > 10
    page.clock.fast_forward(120_000)
    assert button.inner_text() == "Signing in…"
    assert button.get_attribute("aria-disabled") == "true"
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    assert button.inner_text() == "Sign in"
    assert button.get_attribute("aria-disabled") is None
    assert said.inner_text() == ""


def test_a_browser_that_the_guest_has_stopped_can_send_the_form_again(visit, sandbox):
    visit.go("/login")
    page = visit.page
    page.locator("#username").fill("slow:3")
    page.locator("#password").fill(PASSWORD)
    page.evaluate("""() => {
      window.stopped = new Promise(done => setTimeout(() => {
        const button = document.querySelector("main form button[type=submit]");
        const before = button.textContent;
        stop();
        setTimeout(() => done([before, button.textContent, button.ariaDisabled]), 100);
      }, 500));
      setTimeout(() => document.querySelector("main form button[type=submit]").click(), 0);
    }""")
    assert page.evaluate("stopped") == ["Signing in…", "Sign in", None]
    visit.submit()
    assert page.url.endswith("/account")


def test_a_browser_that_does_not_tell_when_it_was_stopped_is_given_a_minute(visit):
    page = visit.page
    page.add_init_script("delete window.navigation")
    page.clock.install()
    visit.go("/login")
    page.evaluate("document.forms[0].addEventListener('submit', event => event.preventDefault())")
    button = page.locator("main form button[type=submit]")
    button.click()
    page.clock.fast_forward(50_000)
    assert button.inner_text() == "Signing in…"
    page.clock.fast_forward(11_000)
    assert button.inner_text() == "Sign in"


def test_a_form_without_a_button_costs_the_page_none_of_its_comfort(visit):
    page, wrong = visit.page, []
    page.on("pageerror", lambda error: wrong.append(error))  # noqa: PLW0108 - Playwright writes into what it is given
    page.route("**/login", with_a_bare_form)
    visit.go("/login")
    assert page.get_by_role("button", name="Show password").is_visible()
    page.evaluate("document.forms[0].requestSubmit()")
    assert wrong == []


def with_a_bare_form(route):
    answer = route.fetch()
    route.fulfill(
        response=answer, body=answer.text().replace("<main>", '<main><form action="#"><input name="q"></form>')
    )


def test_a_choice_of_language_keeps_what_was_typed_and_sends_no_password(visit, sandbox):
    visit.sign_in(password="wrong", path="/login?next=/account?table%3D7")
    sandbox.clear_calls()
    page, sent = visit.page, []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    page.locator("#password").fill("marker-password")
    page.get_by_role("button", name="Español").click()
    assert page.get_by_role("alert").is_visible()
    assert page.locator("html").get_attribute("lang") == "es"
    assert page.locator("#username").input_value() == "ana"
    assert page.locator("#password").input_value() == ""
    assert "marker-password" not in "".join(sent)
    assert sandbox.calls() == []
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")  # the first button of the form is still the one that signs in
    page.wait_for_url("**/account?table=7")


def test_the_button_comes_back_with_a_page_that_the_browser_has_kept(visit):
    visit.go("/login")
    page = visit.page
    page.evaluate("document.forms[0].addEventListener('submit', event => event.preventDefault())")
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_role("button", name="Signing in…").count() == 1
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    assert page.get_by_role("button", name="Sign in", exact=True).get_attribute("aria-disabled") is None


def test_a_private_page_out_of_the_back_forward_cache_is_asked_for_again(visit):
    visit.sign_in()
    page = visit.page
    with page.expect_navigation():
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    assert page.url.endswith("/account")


def test_after_signing_out_back_shows_nothing_private_forward_neither(visit):
    visit.sign_in()
    page = visit.page
    page.reload()
    visit.sign_out()
    for move in (page.go_back, page.go_back, page.go_forward, page.go_forward):
        move()
        page.wait_for_load_state()
        assert "1,250" not in page.content()
        assert "Ana" not in page.content()


def test_the_summary_of_errors_has_the_focus_and_leads_to_the_fields(visit):
    visit.go("/login")
    visit.submit()
    page = visit.page
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    page.get_by_role("link", name="Please enter your password.").click()
    assert page.evaluate("document.activeElement.id") == "password"
    assert page.title().startswith("Error: ")
    described = page.locator("#username").get_attribute("aria-describedby")
    assert page.locator(f"#{described}").inner_text() == "Please fill in “Username”."


def test_the_main_job_is_done_with_the_keyboard_alone(visit):
    visit.go("/login")
    page = visit.page

    def tab_to(name):
        for _ in range(12):
            page.keyboard.press("Tab")
            focused = page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"the focus cannot be seen on {focused}"
            if focused == name:
                return
        raise AssertionError(f"there is no way to {name}")

    tab_to("username")
    page.keyboard.type("ana")
    tab_to("password")
    page.keyboard.type(PASSWORD)
    tab_to("Sign in")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.endswith("/account")
    tab_to("Sign out")
    with page.expect_navigation():
        page.keyboard.press("Space")
    assert page.url.endswith("/login")


def test_a_screen_reader_hears_the_form_in_this_order(visit):
    visit.go("/login")
    visit.submit()
    assert (
        visit.page.locator("body").aria_snapshot()
        == """\
- banner:
  - paragraph:
    - img "Olive & Thyme"
- main:
  - heading "Welcome back" [level=1]
  - alert "We couldn’t sign you in":
    - heading "We couldn’t sign you in" [level=2]
    - list:
      - listitem:
        - link "Please fill in “Username”.":
          - /url: "#username"
      - listitem:
        - link "Please enter your password.":
          - /url: "#password"
  - text: Username
  - paragraph: Please fill in “Username”.
  - textbox "Username" [invalid]
  - text: Password
  - button "Show password"
  - paragraph: Please enter your password.
  - textbox "Password" [invalid]
  - paragraph
  - button "Sign in"
  - paragraph
  - navigation "More help":
    - list:
      - listitem:
        - link "Forgot your password?":
          - /url: https://olive-and-thyme.example.com/forgot-password
      - listitem:
        - link "Join the table club":
          - /url: https://olive-and-thyme.example.com/join
      - listitem:
        - link "Ring us":
          - /url: tel:+442079460123
- contentinfo:
  - navigation "Language":
    - list:
      - listitem: English
      - listitem:
        - button "Español"\
"""
    )


def test_a_screen_reader_hears_the_account_in_this_order(visit):
    visit.sign_in()
    heard = visit.page.locator("body").aria_snapshot()
    heard = re.sub(r"(until) \w+ \d+, \d{4}", r"\1 …", heard)
    for before, after in [
        ('button "Sign out"', 'heading "Hello, Ana" [level=1]'),
        ('heading "Hello, Ana" [level=1]', 'heading "Points" [level=2]'),
        ('heading "Points" [level=2]', "listitem: 1,250"),
        ("listitem: 1,250", 'heading "Rewards" [level=2]'),
        ("listitem: Free taco 2 1 until … 1 until …", 'heading "Balance" [level=2]'),
        ("listitem: Gift card £25.50", 'heading "Your level" [level=2]'),
        ("paragraph: Gold", 'heading "Your card" [level=2]'),
        ('heading "Your card" [level=2]', "•••• 0017"),
    ]:
        assert heard.index(before) < heard.index(after)


@pytest.mark.parametrize("without", ["**/*.css", "**/*.{svg,png,jpg,webp}", "**/*.js"])
def test_the_main_job_is_done_without_styles_pictures_or_script(visit, without):
    page = visit.page
    page.route(without, lambda route: route.abort())
    visit.go("/login")
    sign_in(page)
    assert "Hello, Ana" in page.get_by_role("heading", level=1).inner_text()
    assert page.get_by_text("1,250").is_visible()
    visit.sign_out()
    assert page.get_by_text("signed out").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_visit_weighs_little_takes_one_round_and_moves_nothing(chromium, branded, scheme):
    site = branded("olive", "en")
    context = chromium.new_context(locale="en", viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    answers = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - Playwright writes into what it is given
    page.add_init_script("""window.shift = 0; new PerformanceObserver(list => {
      for (const each of list.getEntries()) window.shift += each.value;
    }).observe({type: "layout-shift", buffered: true})""")
    page.goto(f"{site.url}/login", wait_until="networkidle")
    assert page.evaluate("shift") == 0
    sizes = {answer.url.rpartition("/")[2]: len(answer.body()) for answer in answers if "icon" not in answer.url}
    assert sizes.keys() == {"login", "look.css", "site.css", "site.js", "logo.svg", "background.svg"}
    assert sum(sizes.values()) <= 30 * 1024, sizes
    assert all(answer.url.startswith(site.url) for answer in answers)
    for answer in answers:
        if not answer.url.endswith("/login"):
            assert "immutable" in answer.headers["cache-control"]
            assert "set-cookie" not in answer.headers
    page.goto(f"{site.url}/login", wait_until="networkidle")
    assert page.evaluate("shift") == 0
    context.close()


def test_with_400_percent_zoom_or_large_letters_nothing_is_cut_off(visit):
    visit.sign_in()
    page = visit.page
    for size in ({"width": 320, "height": 256}, {"width": 390, "height": 844}):
        page.set_viewport_size(size)
        for font_size in ("16px", "32px"):
            page.evaluate("size => document.documentElement.style.setProperty('font-size', size)", font_size)
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
            assert page.get_by_role("button", name="Sign out").is_visible()


def test_forced_colours_leave_every_control_its_edge(visit):
    visit.page.emulate_media(forced_colors="active")
    visit.go("/login")
    for control in ("#username", "#password", "main form button[type=submit]"):
        width = visit.page.locator(control).evaluate("each => getComputedStyle(each).borderTopWidth")
        assert float(width.removesuffix("px")) >= 1


def test_nothing_moves_for_those_who_do_not_want_it(visit):
    visit.page.emulate_media(reduced_motion="reduce")
    visit.go("/login")
    for control in ("a", "button"):
        moves = visit.page.locator(control).last.evaluate("each => getComputedStyle(each).transitionDuration")
        assert moves in {"0s", ""}


def test_on_paper_there_is_what_a_guest_has_and_no_button(visit):
    visit.sign_in()
    visit.page.emulate_media(media="print")
    assert visit.page.get_by_text("1,250").is_visible()
    assert not visit.page.get_by_role("button", name="Sign out").is_visible()
