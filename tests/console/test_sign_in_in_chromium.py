"""Signing in as staff really do it: a click on the link, in a real browser, with script and without."""

from tests.browser.conftest import PHONE


def test_a_click_on_the_link_and_one_key_open_the_console(chromium, run_console):
    console = run_console()
    context = chromium.new_context(viewport=PHONE)
    page = context.new_page()
    link = console.link()
    page.goto(link)
    assert page.evaluate("location.href") == f"{console.url}/sign-in", "the secret is out of address and history"
    assert page.get_by_text("Your link is filled in").is_visible()
    page.keyboard.press("Enter")
    page.get_by_text("Ana, publisher").wait_for()
    assert page.evaluate("document.cookie") == ""
    context.close()


def test_a_link_that_somebody_opens_who_is_signed_in_leaves_no_secret_in_the_address(chromium, run_console):
    console = run_console()
    context = chromium.new_context()
    page = context.new_page()
    for _ in range(2):
        page.goto("about:blank")
        page.goto(console.link())
        if page.get_by_text("Your link is filled in").is_visible():
            page.keyboard.press("Enter")
        page.get_by_text("Ana, publisher").wait_for()
    assert page.url == f"{console.url}/#main"
    context.close()


def test_a_link_that_comes_while_the_page_is_open_is_taken_too(chromium, run_console):
    console = run_console()
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{console.url}/sign-in")
    page.goto(console.link())  # only the fragment differs, so nothing is loaded
    page.get_by_text("Your link is filled in").wait_for()
    page.get_by_role("button", name="Sign in").dblclick()
    page.get_by_text("Ana, publisher").wait_for()
    context.close()


def test_without_script_the_link_is_pasted(chromium, run_console):
    console = run_console()
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = context.new_page()
    link = console.link()
    page.goto(link)
    page.keyboard.press("Tab")  # the skip link
    page.keyboard.press("Tab")
    page.keyboard.type(link)
    page.keyboard.press("Enter")
    page.get_by_text("Ana, publisher").wait_for()
    context.close()
