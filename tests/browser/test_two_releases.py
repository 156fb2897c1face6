"""A rolling upgrade: the page is of one release, and an instance of the other is asked for what it names."""

import re

import pytest

from tests.browser.test_main_job import sign_in


@pytest.mark.parametrize("has_other_script", [True, False])
def test_a_page_of_another_release_has_its_style_and_signs_in(chromium, run_site, has_other_script):
    site = run_site(workers=1)
    page = chromium.new_page()
    troubles = []
    page.on("console", lambda told: troubles.append(told.text) if told.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))

    def of_other_release(route):
        """The page as another release makes it: other fingerprints, and its own script perhaps."""
        if route.request.method != "GET":
            route.continue_()
            return
        answer = route.fetch()
        body = re.sub(r"/static/[0-9a-f]{12}/", "/static/0123456789ab/", answer.text())
        headers = dict(answer.headers)
        if has_other_script:
            own = re.search(r'integrity="(sha256-[^"]+)"', body)[1]
            other = "sha256-" + "A" * 43 + "="
            body = body.replace(own, other)
            headers["content-security-policy"] = headers["content-security-policy"].replace(own, other)
        route.fulfill(response=answer, body=body, headers=headers)

    page.route("**/login", of_other_release)
    with page.expect_response("**/site.css") as style, page.expect_response("**/site.js") as script:
        page.goto(f"{site.url}/login")
    assert (style.value.status, script.value.status) == (200, 200)
    assert "/static/0123456789ab/" in style.value.url
    assert page.evaluate("getComputedStyle(document.querySelector('button')).borderTopLeftRadius") != "0px"
    sign_in(page)
    assert page.url == f"{site.url}/account"
    assert "Ana" in page.get_by_role("heading", level=1).inner_text()
    if has_other_script:
        assert len(troubles) == 1, troubles
        assert "integrity" in troubles[0], "its script alone is not run"
    else:
        assert troubles == []
    page.close()
