"""The main job as a guest does it: in a browser, through gunicorn, with a Paytronix that answers over HTTP."""

import time

TOKEN_SECONDS = 2


def sign_in(page, username="ana", password="taco-tuesday"):
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def refreshes(sandbox):
    return sandbox.calls("requestGuestToken", grant="refresh_token")


def test_a_guest_signs_in_stays_signed_in_is_sent_back_and_signs_out(page, run_site, sandbox):
    sandbox.switch(token_seconds=TOKEN_SECONDS)
    site = run_site()

    page.goto(f"{site.url}/account?table=7")
    assert "/login" in page.url
    sign_in(page, password="wrong")
    assert page.title().startswith("Error")
    assert page.get_by_role("alert").is_visible()
    assert page.get_by_label("Username").input_value() == "ana"
    assert page.get_by_label("Password").input_value() == ""

    sign_in(page)
    assert page.url == f"{site.url}/account?table=7"
    assert "Ana" in page.get_by_role("heading", level=1).inner_text()
    assert page.get_by_text("1,250").is_visible()

    time.sleep(TOKEN_SECONDS + 0.2)
    page.reload()
    assert page.get_by_text("1,250").is_visible()
    assert len(refreshes(sandbox)) == 1

    sandbox.expire()
    sandbox.revoke()
    page.reload()
    assert "/login" in page.url
    assert page.get_by_role("status").is_visible()

    sign_in(page)
    assert page.url == f"{site.url}/account?table=7"

    page.get_by_role("button", name="Sign out").click()
    assert page.url == f"{site.url}/login"
    assert page.get_by_role("status").is_visible()
    page.go_back()
    assert "Ana" not in page.content()
    assert "1,250" not in page.content()
    page.goto(f"{site.url}/account")
    assert "/login" in page.url
    assert page.context.cookies() == [] or all(c["name"] != "session" for c in page.context.cookies())


def test_pages_keep_nothing_in_the_browser_but_their_cookie(chromium, run_site):
    site = run_site(workers=1)
    context = chromium.new_context()
    page = context.new_page()
    page.goto(site.url)
    sign_in(page)
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert page.evaluate("indexedDB.databases().then(found => found.length)") == 0
    assert [cookie["name"] for cookie in context.cookies()] == ["session"]
    context.close()


def test_a_paste_lands_whole(chromium, run_site):
    site = run_site(workers=1)
    page = chromium.new_page()
    page.goto(site.url)
    long_password = "x" * 200
    page.get_by_label("Password").focus()
    page.keyboard.insert_text(long_password)
    assert page.get_by_label("Password").input_value() == long_password
    page.close()
