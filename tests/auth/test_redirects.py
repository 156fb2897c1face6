"""``next`` leads to a page of this site and nowhere else, as a browser reads it."""

from urllib.parse import quote, urljoin, urlsplit

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.web import safe_redirect
from app.web.access import public

SITE = Flask("site")
for path, endpoint, method, guard in (
    ("/account", "account.show", "GET", public()),
    ("/menu/<name>", "menu", "GET", public()),
    ("/login", "login.show", "GET", public(landing=False)),
    ("/logout", "logout.submit", "POST", public()),
    ("/", "home.home", "GET", public(landing=False)),
):
    SITE.add_url_rule(path, endpoint, guard(lambda **_: ""), methods=[method])
HOSTILE = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\\evil.example",
    "\\\\evil.example",
    "%2f%2fevil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/account\r\nSet-Cookie: x=1",
    "/account\0",
    "account",
    "",
    "/login",
    "/login?next=/login",
    "/logout",
    "/",
    "/nowhere",
    "/account/../logout",
    "//account",
    "/account" + "x" * 2000,
    "/ménu",
]


def safe_next(target):
    with SITE.app_context():
        return safe_redirect.safe_next(target)


@pytest.mark.parametrize("target", HOSTILE)
def test_hostile_targets_lead_nowhere(target):
    assert safe_next(target) is None


@pytest.mark.parametrize("target", ["/account", "/account?a=1&b=%2F%2Fevil.example", "/menu/tacos", "/account#x"])
def test_pages_of_this_site_are_kept_as_they_are(target):
    assert safe_next(target) == target


def as_a_browser_reads(target):
    """The host that a browser goes to: it drops tabs and line ends and reads a backslash as a slash."""
    cleaned = target.strip("".join(map(chr, range(33)))).replace("\t", "").replace("\n", "").replace("\r", "")
    path, question, query = cleaned.partition("?")
    return urlsplit(urljoin("https://site.example/login", path.replace("\\", "/") + question + query)).netloc


PIECES = st.sampled_from(
    ["/", "\\", "\t", "\n", "\r", "account", "menu", "evil.example", ":", "@", "?", "#", "..", "%2f", "é", " ", "\0"]
)


@given(st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=30))
def test_whatever_is_let_through_stays_on_this_host(target):
    allowed = safe_next(target)
    assert allowed is None or as_a_browser_reads(allowed) == "site.example"


@given(st.lists(PIECES, max_size=6).map("".join))
def test_a_target_is_either_kept_or_dropped_but_never_altered(target):
    assert safe_next(target) in {None, target}


@pytest.mark.parametrize("target", HOSTILE)
@pytest.mark.parametrize("place", ["address", "field"])
def test_the_browser_is_sent_to_this_site_only(browser, target, place):
    path = "/login?next=" + quote(target) if place == "address" else "/login"
    form = browser.get(path)
    fields = form.fields | {"username": "ana", "password": "taco-tuesday"}
    if place == "field":
        fields["next"] = target
    answer = browser.post("/login", fields)
    assert answer.location == "/account" or (answer.status == 422 and "\0" in target)
