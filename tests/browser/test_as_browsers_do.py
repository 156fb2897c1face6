"""What we take from how browsers behave, asked of a real one."""

import pytest

from config import Settings
from tests.browser.test_main_job import sign_in
from tests.test_config import GOOD


@pytest.mark.parametrize("policy", ["no-referrer", "same-origin, no-referrer", "strict-origin-when-cross-origin", None])
def test_guests_sign_in_whatever_a_proxy_adds_to_the_referrer_policy(chromium, run_site, policy):
    site = run_site(workers=1)
    page, sent = chromium.new_page(), []

    def add(route):
        if route.request.method == "GET" and policy:
            answer = route.fetch()
            route.fulfill(response=answer, headers=answer.headers | {"referrer-policy": policy})
        else:
            sent.append(route.request.all_headers())
            route.continue_()

    page.route("**/login", add)
    page.goto(f"{site.url}/login")
    sign_in(page)
    assert page.url == f"{site.url}/account"
    if policy and "no-referrer" in policy:
        assert sent[-1]["origin"] == "null", "this is what it is about"
    page.close()


def test_hosts_are_converted_as_this_browser_does(chromium):
    page = chromium.new_page()
    hosts = ["straße.example", "STRAẞE.example", "weißwurst-häusl.example", "ταβέρνας.example", "ΤΑΒΈΡΝΑ.example"]
    hosts += ["café.example", "日本。example", "ﬁsh.example", "Ⅷ.example", "xn--strae-oqa.example", "Bücher.EXAMPLE"]
    for host in hosts:
        theirs = page.evaluate("host => new URL('https://' + host).host", host)
        assert Settings.from_env(GOOD | {"PUBLIC_URL": f"https://{host}"}).public_url.netloc == theirs, host
    page.close()
