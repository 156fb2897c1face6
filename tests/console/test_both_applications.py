"""Site and console side by side: same store, same SECRET_KEY, and neither takes the other's sessions for its own."""

import json
import re
import subprocess
import sys
import time

import pytest

from tests.console.conftest import CONSOLE_URL, console_environment, sign_in
from tests.sites import ROOT, browser_of, environment
from tests.words_databases import prepare


@pytest.fixture
def both(make_site, make_console):
    return make_site(), make_console()


def test_a_guests_session_is_worth_nothing_on_the_console(both):
    site, console = both
    guest = browser_of(site)
    guest.sign_in()
    assert guest.get("/account").status == 200
    values = guest.cookies().values()
    assert values
    for value in values:
        client = console.test_client()
        client.set_cookie("console", value, domain="127.0.0.1")
        assert client.get("/").location.startswith("/sign-in")


def test_a_console_session_is_worth_nothing_on_the_site(both):
    site, console = both
    client = sign_in(console)
    session_id = client.get_cookie("console", domain="127.0.0.1").value
    assert len(session_id) == 43
    for name in ("session", "visit", "signed_in"):
        guest = browser_of(site)
        guest.set_cookie(name, session_id)
        assert guest.get("/account").location.startswith("/login")


def test_the_site_has_none_of_the_consoles_pages_and_the_other_way_round(both):
    site, console = both
    of_site = {rule.rule for rule in site.url_map.iter_rules()}
    of_console = {rule.rule for rule in console.url_map.iter_rules()}
    files = {"/static/<fingerprint>/<path:name>", "/brand/<fingerprint>/<name>"}  # previews name them as pages do
    assert of_site & of_console == {"/", "/healthz", "/readyz"} | files


def modules(code, settings):
    ended = subprocess.run(
        [sys.executable, "-c", f"import json, sys, wsgi; {code}; print(json.dumps(list(sys.modules)))"],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return set(json.loads(ended.stdout.splitlines()[-1]))


def test_neither_makes_the_other(sandbox, tmp_path):
    of_site = modules("wsgi.app", environment(sandbox, tmp_path))
    assert not [name for name in of_site if name.startswith(("app.console", "app.history", "sqlalchemy", "authlib"))]
    of_console = modules("wsgi.console", console_environment(tmp_path))
    assert "app.console" in of_console


@pytest.mark.parametrize("application", ["app", "console"])
def test_wrong_settings_are_told_by_name_and_whose_they_are(application):
    code = f"import wsgi; wsgi.{application}"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={}, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    whose, missing = {"app": ("site", "PUBLIC_URL"), "console": ("console", "CONSOLE_URL")}[application]
    assert ended.stderr.startswith(f"The {whose} cannot start")
    assert f"{missing} is missing" in ended.stderr
    assert "SECRET_KEY is missing" in ended.stderr


def flask(settings, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_prints_a_link_that_opens_the_console(make_console, tmp_path):
    """On a machine that has only the console's settings."""
    app = make_console()
    made = flask(console_environment(tmp_path), "console", "link", "--name", "Ana", "--role", "publisher")
    assert made.returncode == 0, made.stderr
    (link,) = made.stdout.splitlines()
    assert link.startswith(f"{CONSOLE_URL}/sign-in#")
    assert link.partition("#")[2] not in made.stderr
    client = app.test_client()
    assert client.send("/sign-in", {"link": link}).status_code == 303
    assert "Ana, publisher" in client.get("/").text


def test_the_command_says_what_is_wrong(tmp_path, sandbox):
    without = flask(environment(sandbox, tmp_path), "console", "link", "--name", "Ana")
    assert without.returncode == 1
    assert "CONSOLE_URL is missing" in without.stderr
    assert "Traceback" not in without.stderr
    prepare(f"sqlite:///{tmp_path}/messages.db")
    blank = flask(console_environment(tmp_path), "console", "link", "--name", " ")
    assert blank.returncode == 2
    assert "--name" in blank.stderr


def test_other_commands_need_nothing_of_the_console(sandbox, tmp_path):
    counted = flask(environment(sandbox, tmp_path), "sessions", "count")
    assert (counted.returncode, counted.stdout) == (0, "0\n")


def test_gunicorn_serves_the_console_with_the_sites_configuration(run_console):
    console = run_console()
    client = console.session()
    page = client.get(f"{console.url}/sign-in")
    assert page.status_code == 200
    assert client.get(f"{console.url}/", allow_redirects=False).status_code == 303
    refused = client.get(console.url, headers={"Transfer-Encoding": "nonsense"})
    assert refused.status_code in {400, 501}
    assert console.log("console_started")[0]["workers"] == 1
    assert not console.log("site_started")
    began = time.monotonic()
    assert console.stop() == 0
    assert time.monotonic() - began < 15  # 25 if it hung
    assert console.log("console_ended")


def test_no_line_of_nginx_gunicorn_or_the_console_holds_a_link(run_console, nginx):
    console = run_console(LOG_LEVEL="debug", TRUSTED_PROXY_HOPS="1", CONSOLE_URL=nginx.url)
    nginx.start(console.port)
    link = f"{nginx.url}/sign-in#{console.link().partition('#')[2]}"
    client = nginx.session()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(link).text)[1]
    answer = client.post(
        f"{nginx.url}/sign-in",
        data={"csrf_token": token, "link": link},
        headers={"Referer": f"{nginx.url}/sign-in"},  # browsers leave the fragment out
        allow_redirects=False,
    )
    assert answer.status_code == 303, answer.text
    assert "Ana, publisher" in client.get(f"{nginx.url}/").text
    assert console.log("staff_signed_in")
    written = "".join(console.output) + nginx.access_log() + (nginx.folder / "stderr.log").read_text()
    assert '"path":"/sign-in"' in written
    assert link.partition("#")[2][:8] not in written
