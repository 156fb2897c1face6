"""What programs look for at fixed addresses, and the merchant's files that they may find there."""

import json
import os

import pytest

from app.messages.check import check
from app.messages.well_known import LARGEST_BYTES
from tests.expected_headers import FILE_POLICY
from tests.sites import browser_of

ASSOCIATION = {"webcredentials": {"apps": ["ABCDE12345.com.example.olive"]}}
LINKS = [{"relation": ["delegate_permission/common.get_login_creds"], "target": {"namespace": "web"}}]
SECURITY = "# Write to us\nContact: mailto:security@example.com\nExpires: 2027-12-31T00:00:00Z\n"
ADDRESS = "https://olive.example.com/change"


@pytest.fixture
def folder(tmp_path):
    """A merchant's folder."""
    home = tmp_path / "merchant"
    (home / "well-known").mkdir(parents=True)
    (home / "messages").mkdir()
    (home / "merchant.toml").write_text(f'name = "Olive"\n[links]\nforgot_password = "{ADDRESS}"\n')
    (home / "messages" / "en.toml").write_text('[site]\nsigned_out = "Bye from {merchant}."\n')
    return home


@pytest.fixture
def open_site(make_site, folder):
    """A function that gives a browser in front of a site with that folder as it is now."""
    return lambda **changes: browser_of(make_site(MERCHANT_DIR=str(folder), **changes))


def write(folder, name, content):
    (folder / "well-known" / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def test_password_managers_are_led_to_the_merchants_page(open_site, browser):
    answer = open_site().get("/.well-known/change-password")
    assert (answer.status, answer.location) == (303, ADDRESS)
    assert "Set-Cookie" not in answer.headers
    without_one = browser.get("/.well-known/change-password")
    assert (without_one.status, without_one.location) == (303, "/login")


def test_a_telephone_number_is_no_page_to_change_a_password_on(open_site, folder):
    (folder / "merchant.toml").write_text('name = "Olive"\n[links]\nforgot_password = "tel:+15550100199"\n')
    assert open_site().get("/.well-known/change-password").location == "/login"


def test_what_is_not_there_is_404_so_that_managers_believe_the_rest(open_site):
    assert (
        open_site().get("/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200").status == 404
    )


def test_robots_may_look_at_the_sign_in_page_alone(browser):
    answer = browser.get("/robots.txt")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert "Disallow: /account\n" in answer.body
    assert "Set-Cookie" not in answer.headers


def test_browsers_that_ask_for_the_icon_by_its_old_name_get_it(browser):
    answer = browser.get("/favicon.ico")
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, "image/svg+xml")
    assert answer.headers["Content-Security-Policy"] == FILE_POLICY
    assert "<svg" in answer.body


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("apple-app-site-association", json.dumps(ASSOCIATION), "application/json"),
        ("assetlinks.json", json.dumps(LINKS), "application/json"),
        ("security.txt", SECURITY, "text/plain; charset=utf-8"),
    ],
)
def test_the_merchants_files_are_served_as_they_are_without_a_session(open_site, folder, name, content, kind):
    write(folder, name, content)
    answer = open_site().get(f"/.well-known/{name}")
    assert (answer.status, answer.headers["Content-Type"], answer.body) == (200, kind, content)
    assert answer.headers["Cache-Control"] == "public, max-age=5"
    assert answer.headers["Content-Security-Policy"] == FILE_POLICY
    assert "Set-Cookie" not in answer.headers
    assert check(folder).errors == ()


@pytest.mark.parametrize(
    "path", ["merchant.toml", "..%2fmerchant.toml", "index.html", "SECURITY.TXT", "a/security.txt", ""]
)
def test_no_other_file_is_served(open_site, folder, path):
    write(folder, "index.html", "<script>alert(1)</script>")
    write(folder, "SECURITY.TXT", SECURITY)
    assert open_site().get(f"/.well-known/{path}").status == 404


def test_a_file_without_a_folder_is_not_there(browser):
    assert browser.get("/.well-known/security.txt").status == 404


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("assetlinks.json", "[{]", "no JSON"),
        ("assetlinks.json", "[" * 100_000, "no JSON"),
        ("apple-app-site-association", b"\xff\xfe", "no JSON"),
        ("apple-app-site-association", " " * (LARGEST_BYTES + 1), "larger than 128 KB"),
        ("security.txt", "Write to us.\n", "Contact:"),
        ("assetlinks.txt", "[]", "does not serve a file of this name"),
    ],
)
def test_the_check_says_what_is_wrong_with_them(open_site, folder, name, content, problem):
    write(folder, name, content)
    (fault,) = check(folder).errors
    assert fault.file == f"well-known/{name}"
    assert problem in fault.description
    assert fault.suggestion
    assert open_site().get(f"/.well-known/{name}").status == 404


def test_a_pipe_in_place_of_a_file_stops_nobody(open_site, folder):
    os.mkfifo(folder / "well-known" / "security.txt")
    (fault,) = check(folder).errors
    assert "no ordinary file" in fault.description
    assert open_site().get("/.well-known/security.txt").status == 404


def test_changes_are_taken_in_and_what_was_last_good_stays(make_site, folder):
    site = make_site(MERCHANT_DIR=str(folder))
    messages, browser = site.extensions["services"].messages, browser_of(site)

    def served():
        messages.poll()
        answer = browser.get("/.well-known/assetlinks.json")
        return answer.body if answer.status == 200 else answer.status

    assert served() == 404
    write(folder, "assetlinks.json", "[]")
    assert served() == "[]"
    write(folder, "assetlinks.json", "[1]")
    assert served() == "[1]"
    write(folder, "assetlinks.json", "[1")
    assert served() == "[1]"
    (folder / "well-known" / "assetlinks.json").unlink()
    assert served() == 404


def test_guests_are_not_led_to_any_of_them_after_signing_in(browser):
    for path in ("/robots.txt", "/favicon.ico", "/.well-known/change-password", "/.well-known/security.txt"):
        assert browser.get(f"/login?next={path}").fields["next"] == ""
