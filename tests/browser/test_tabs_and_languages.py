"""Two tabs, and a language that is chosen in the middle of it: in a browser with script and without."""

from tests.browser.test_main_job import sign_in


def test_the_older_form_leads_on_the_guest_who_has_signed_in_in_another_tab(page, run_site, sandbox):
    site = run_site(workers=1)
    page.goto(f"{site.url}/login?next=/account?table%3D7")
    other = page.context.new_page()
    other.goto(f"{site.url}/login")
    sign_in(other)
    sandbox.clear_calls()
    sign_in(page)
    assert page.url == f"{site.url}/account?table=7"
    assert sandbox.calls(grant="password") == []


def test_somebody_else_reads_who_is_signed_in_goes_on_or_signs_out(page, run_site):
    site = run_site(workers=1)
    page.goto(f"{site.url}/login")
    other = page.context.new_page()
    other.goto(f"{site.url}/login")
    sign_in(other)
    sign_in(page, "ben@example.com", "soup-of-the-day")
    assert page.get_by_text("You’re signed in as Ana.").is_visible()
    page.get_by_role("link", name="Carry on").click()
    assert "Ana" in page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, "ben@example.com", "soup-of-the-day")
    assert "Ben" in page.get_by_role("heading", level=1).inner_text()


def test_a_language_is_chosen_on_a_form_that_is_half_filled_in(page, run_site, sandbox):
    site = run_site(workers=1)
    page.goto(f"{site.url}/login?next=/account?table%3D7")
    sign_in(page, password="wrong")
    sandbox.clear_calls()
    page.get_by_label("Username").fill("ana\u202c")
    page.get_by_label("Password", exact=True).fill("half-a-pass")
    page.get_by_role("button", name="Español").click()
    assert page.locator("html").get_attribute("lang") == "es"
    assert page.get_by_role("alert").is_visible()
    assert page.get_by_label("Nombre de usuario").input_value() == "ana"
    assert page.get_by_label("Contraseña", exact=True).input_value() == ""
    assert sandbox.calls() == []
    page.get_by_label("Contraseña", exact=True).fill("taco-tuesday")
    page.keyboard.press("Enter")  # its first button is still the one that signs in
    page.wait_for_url(f"{site.url}/account?table=7")
