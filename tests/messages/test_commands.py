"""``messages list``, ``preview`` and ``seen``, and which settings they need: none."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.messages.listing import list_messages
from tests.sites import browser_of

ROOT = Path(__file__).parents[2]


def flask(*arguments, **environment):
    """A command as a person types it, with nothing in the environment but this."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_words_are_checked_listed_and_previewed_without_any_setting(folder, tmp_path):
    folder.merchant('name = "Olive"\nlanguages = ["en"]').english("[site]\nbusy = “Full.”")
    checked = flask("messages", "check", folder.path, "--json", STORE_URL=f"sqlite:///{tmp_path}/none.db")
    assert (checked.returncode, checked.stdout[0], checked.stderr) == (1, "{", "")
    assert flask("messages", "list", folder.path).returncode == 0
    assert flask("messages", "preview", folder.path, "--out", tmp_path / "out").returncode == 0
    assert not (tmp_path / "none.db").exists()


def test_the_other_commands_and_a_wrong_setting_still_stop_at_the_settings():
    for command in (["doctor"], ["sessions", "end", "--guest", "messages"]):
        refused = flask(*command)
        assert refused.returncode == 1
        assert "PAYTRONIX_BASE_URL is missing" in refused.stderr
    for name, value in (("LOG_LEVEL", "loud"), ("STORE_URL", "redis://:x@h:99999999/0"), ("SECRET_KEY", "short")):
        refused = flask("messages", "check", **{name: value})
        assert refused.returncode == 1
        assert refused.stderr.startswith("The site cannot start: one setting is wrong.")
        assert f"{name} is wrong" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_codes_seen_are_in_a_store_so_they_need_the_settings():
    refused = flask("messages", "seen")
    assert refused.returncode == 1
    assert "PUBLIC_URL is missing" in refused.stderr


def test_a_server_does_not_start_without_settings_whatever_it_is_called():
    started = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv.append('messages'); import wsgi; wsgi.app"],
        cwd=ROOT,
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert started.returncode == 1
    assert "PUBLIC_URL is missing" in started.stderr


def test_the_list_says_where_each_sentence_comes_from_and_what_is_missing(folder, make_site):
    folder.merchant('name = "Olive"\nlanguages = ["en", "es"]\nphone = "123 456"')
    folder.english('[paytronix]\n"a.b" = "Mine"\n[site]\nthrottled = "Wait {minutes} or ring {phone}"')
    app = make_site(MERCHANT_DIR=str(folder.path))
    text = app.test_cli_runner().invoke(args=["messages", "list"]).output
    assert "[paytronix] a.b\n  en  Mine  (yours, messages/en.toml:2)\n" in text
    assert "  es  Mine  (yours, messages/en.toml:2; MISSING in es, read in en)\n" in text
    assert "  en  Wait {minutes} or ring 123 456  (yours, messages/en.toml:4)\n" in text
    assert "[login] button\n  en  Sign in  (built-in)\n  es  Iniciar sesión  (built-in)\n" in text
    assert text.endswith("4 of them yours; 2 missing in a language.\n")


def test_the_list_has_every_code_and_text_of_every_language(folder):
    folder.merchant('name = "Olive"\nlanguages = ["en", "ar"]').write("messages/ar.toml", '[paytronix]\n"x.*" = "س"')
    catalogue = folder.catalogue()
    found = {(line.section, line.name, line.language): line for line in list_messages(catalogue)}
    assert ("paytronix", "x.*", "ar") in found
    assert found["", "default", "ar"].is_missing
    assert not found["paytronix", "x.*", "ar"].is_missing
    assert all(line.message.text for line in found.values())
    assert len(found) % 2 == 0


class _Addresses(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag in {"link", "iframe"}:
            self.found.append(given.get("href") or given.get("src"))


def test_the_preview_is_files_that_need_no_server(folder, make_site, tmp_path):
    folder.merchant('name = "O & T"\nlanguages = ["en", "ar"]').english('[paytronix]\n"a:b*<c>/../d" = "Wild <b>"')
    folder.write("messages/ar.toml", '[paytronix]\n"a.b" = "خطأ"')
    out = tmp_path / "preview"
    app = make_site(MERCHANT_DIR=str(folder.path))
    result = app.test_cli_runner().invoke(args=["messages", "preview", "--out", str(out)])
    assert result.exit_code == 0, result.output
    pages = sorted(out.glob("[0-9]*.html"))
    assert f"{len(pages)} pages written" in result.output
    for page in pages:
        for address in _Addresses(page.read_text(encoding="utf-8")).found:
            assert (out / address).is_file()
    sheet = (out / "index.html").read_text(encoding="utf-8")
    assert "O &amp; T" in sheet
    assert {address for address in _Addresses(sheet).found if address.endswith(".html")} == {
        page.name for page in pages
    }
    assert "a:b*&lt;c&gt;/../d" in sheet
    wild = next(page for page in pages if "-en-a-b-c-..-d" in page.name)
    assert "<p>Wild &lt;b&gt;</p>" in wild.read_text(encoding="utf-8")
    arabic = next(page for page in pages if page.name.endswith("-ar-a.b.html")).read_text(encoding="utf-8")
    assert '<html lang="ar" dir="rtl">' in arabic
    assert "<p>خطأ</p>" in arabic


def test_every_code_and_every_text_of_a_page_is_in_the_preview_in_every_language(folder, make_site, tmp_path):
    app = make_site(MERCHANT_DIR=str(folder.path))
    app.test_cli_runner().invoke(args=["messages", "preview", "--out", str(tmp_path / "out")])
    captions = re.findall(r'">(\w\w)  ([^<]+)</a>', (tmp_path / "out/index.html").read_text(encoding="utf-8"))
    expected = {
        (line.language, line.name)
        for line in list_messages(folder.catalogue())
        if line.section in {"", "paytronix", "site"} and line.name != "wrong_address"
    }
    assert expected <= set(captions)
    assert {("en", "sign-in"), ("es", "sign-in")} <= set(captions)


def test_the_preview_shows_the_account_its_codes_and_notices_of_any_time_and_its_links_stay_in_it(
    folder, make_site, tmp_path
):
    folder.merchant('name = "Olive"\nlanguages = ["en", "es"]')
    folder.write(
        "notices.toml",
        "[gone]\nuntil = 2020-01-01T00:00:00Z\ntext.en = 'Was'\n"
        "[coming]\nfrom = 2090-01-01T00:00:00Z\nuntil = 2091-01-01T00:00:00Z\ntext.en = 'Will be'\n",
    )
    app, out = make_site(MERCHANT_DIR=str(folder.path)), tmp_path / "out"
    assert app.test_cli_runner().invoke(args=["messages", "preview", "--out", str(out)]).exit_code == 0
    sheet = (out / "index.html").read_text(encoding="utf-8")
    assert "notice gone (over)" in sheet
    assert "notice coming (from 2090-01-01)" in sheet
    pages = {page.name.partition("-en-")[2]: page for page in out.glob("*-en-*.html")}
    assert "Free dessert" in pages["account.html"].read_text(encoding="utf-8")
    assert "No rewards yet" in pages["account-without-anything.html"].read_text(encoding="utf-8")
    assert "Hello, Ana" in pages["user_info.not_found.html"].read_text(encoding="utf-8")
    for page in out.glob("[0-9]*.html"):
        for address in re.findall(r'<a [^>]*href="([^"#]+)"', page.read_text(encoding="utf-8")):
            assert (out / address).is_file(), address


def test_a_preview_that_cannot_be_written_says_so(folder, make_site, tmp_path):
    site = make_site(MERCHANT_DIR=str(folder.path))
    (tmp_path / "file").write_text("")
    result = site.test_cli_runner().invoke(args=["messages", "preview", "--out", str(tmp_path / "file/out")])
    assert result.exit_code == 1
    assert "cannot be written" in result.output


def test_seen_shows_unknown_codes_first_with_paytronixs_text(site, browser):
    for username in ("ana", "code:guest.locked", "code:guest.locked"):
        browser.sign_in(username, "x")
    site.extensions["services"].codes_seen.write()
    text = site.test_cli_runner().invoke(args=["messages", "seen"]).output
    first, second, *_ = text.splitlines()
    assert re.fullmatch(r"guest\.locked  NO WORDS, 2 times, \d{4}-\d\d-\d\d", first)
    assert second.startswith("  Paytronix says: ")
    assert "could_not_authenticate  has words, once, " in text
    assert text.endswith("2 codes in the last 40 days, 1 without words.\n")


def test_a_preview_of_no_folder_ends_with_1_and_one_of_a_faulty_folder_says_so(folder, make_site, tmp_path):
    runner = make_site(MERCHANT_DIR=str(folder.path)).test_cli_runner()
    none = runner.invoke(args=["messages", "preview", str(tmp_path / "none"), "--out", str(tmp_path / "out")])
    assert (none.exit_code, "There is no folder" in none.output) == (1, True)
    assert not (tmp_path / "out").exists()
    folder.english("[site]\nbusy = “Full.”\nno_card = 5")
    faulty = runner.invoke(args=["messages", "preview", str(folder.path), "--out", str(tmp_path / "out")])
    assert (faulty.exit_code, "1 thing is wrong" in faulty.output) == (0, True)


@pytest.mark.parametrize("command", ["check", "list", "preview", "seen"])
def test_every_command_explains_itself(site, command):
    result = site.test_cli_runner().invoke(args=["messages", command, "--help"])
    assert result.exit_code == 0
    assert browser_of(site).get("/login").status == 200
