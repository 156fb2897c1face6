"""The doctor, on installations that are in order and on broken ones: each fault is named rightly, with what to do."""

import io
import json
import logging
import os
import re
import signal
import ssl
import subprocess
import sys
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
import trustme

from app.doctor.history import check_history
from app.factory import create_app
from app.history import Database, Drafts, Revisions, draft_tag, migrate
from config import Settings
from tests.misbehaving import Misbehaving, answer, reply, silent, unreachable_port
from tests.proxies import Nginx
from tests.sites import ROOT, SECRET_KEY, RunningSite, environment
from tests.stores import free_ports
from tests.words_databases import prepare

MARKERS = ("marker-client-secret", "marker-redis-password", SECRET_KEY, "sandbox-secret")
REFUSAL = b'{"result":"failure","errorCode":"invalid_grant","errorMessage":"no"}'


@pytest.fixture
def examine(sandbox, tmp_path, monkeypatch):
    """A function that runs the doctor on settings; gives its exit code and findings. Nothing secret is in them.

    In this process, unless ``as_operators_do``: from the command line, where wrong settings keep the site from being made.
    """

    def run(*, json_too=True, as_operators_do=False, **changes):
        of_its_own = {
            "PATH": os.environ["PATH"],
            "MERCHANT_DIR": str(ROOT / "merchant"),
            "PUBLIC_URL": f"http://127.0.0.1:{free_ports(1)[0]}",
        }
        environ = environment(sandbox, tmp_path) | of_its_own | changes
        environ = {name: value for name, value in environ.items() if value is not None}
        options = ["doctor", *(["--json"] if json_too else [])]
        with monkeypatch.context() as patch:
            code, printed, more = (from_command_line if as_operators_do else in_process)(options, environ, patch)
        for marker in MARKERS:
            assert marker not in printed + more
        assert "Traceback" not in more
        return code, json.loads(printed) if json_too else printed

    return run


def in_process(options, environ, patch):
    """The exit code, what is printed, and what is logged."""
    for name, value in environ.items():
        patch.setenv(name, value)
    site = create_app(Settings.from_env().for_command())
    log = io.StringIO()
    logging.getLogger().handlers[0].setStream(log)
    ended = site.test_cli_runner().invoke(args=options)
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exc_info
    return ended.exit_code, ended.output, log.getvalue()


def from_command_line(options, environ, _):
    """The exit code, what is printed, and what else is told."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *options]
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def faults(found):
    """The faults among the findings, as area: what; each says what to do."""
    code, report = found
    listed = [each for each in report["findings"] if each["level"] == "fault"]
    assert code == (1 if listed else 0)
    assert report["ok"] is not bool(listed)
    assert all(each["todo"] for each in report["findings"] if each["level"] != "ok")
    return [f"{each['area']}: {each['what']}" for each in listed]


def the_fault(found):
    named = faults(found)
    assert len(named) == 1, named
    (only,) = named
    return only


def findings(found, level, area):
    return [each["what"] for each in found[1]["findings"] if (each["level"], each["area"]) == (level, area)]


# --- In order ---


def test_an_installation_in_order_has_no_fault(examine, run_site):
    site = run_site()
    found = examine(PUBLIC_URL=site.url)
    assert faults(found) == []
    assert "TRUSTED_PROXY_HOPS is 0, and so many proxies are there" in findings(found, "ok", "proxy")
    assert "this machine's clock agrees with Paytronix's" in findings(found, "ok", "paytronix")
    (unproven,) = findings(found, "note", "paytronix")
    assert "not proven" in unproven


def test_it_signs_nobody_in_and_makes_one_call(examine, sandbox):
    examine()
    (call,) = sandbox.calls()
    assert (call["operation"], call["grant"]) == ("requestGuestToken", "refresh_token")


def test_settings_are_shown_with_their_source_and_secrets_are_not(examine, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("marker-client-secret\n")
    found = examine(
        PAYTRONIX_CLIENT_SECRET=None,
        PAYTRONIX_CLIENT_SECRET_FILE=str(secret),
        STORE_URL="redis://:marker-redis-password@127.0.0.1:1/0",
        PAYTRONIX_CREDENTIALS_IN_BODY="yes",
    )
    shown = findings(found, "ok", "settings")
    assert "SECRET_KEY = *** (environment)" in shown
    assert "PAYTRONIX_CLIENT_SECRET = *** (file that PAYTRONIX_CLIENT_SECRET_FILE names)" in shown
    assert "STORE_URL = redis://127.0.0.1:1/0 (environment)" in shown
    assert "SESSION_IDLE_SECONDS = 1800 (default)" in shown
    assert "PAYTRONIX_CREDENTIALS_IN_BODY = true (environment)" in shown
    assert len(shown) > 20


def test_for_a_person_it_prints_lines_with_what_to_do(examine):
    code, text = examine(json_too=False, as_operators_do=True, STORE_URL="redis://127.0.0.1:1/0")
    assert code == 1
    assert "FAULT store: Redis at 127.0.0.1:1 is unavailable (unreachable)" in text
    assert "\n      Check STORE_URL" in text
    assert text.endswith("1 fault found.\n")


# --- Settings ---


def test_settings_that_are_missing_or_wrong_are_all_named(examine):
    found = examine(as_operators_do=True, PAYTRONIX_MERCHANT_ID=None, PUBLIC_URL="rewards.example.com")
    named = faults(found)
    assert len(named) == 2
    assert any("PAYTRONIX_MERCHANT_ID is missing" in each for each in named)
    assert any("PUBLIC_URL is wrong" in each for each in named)


def test_a_console_that_could_not_start(examine):
    named = faults(
        examine(
            CONSOLE_URL="http://words.example.com",
            CONSOLE_OIDC_ISSUER="https://login.example.com",
            CONSOLE_EDITORS="foo",
            CONSOLE_OIDC_CLIENT_SECRET="marker-client-secret",
        )
    )
    assert len(named) == 2
    assert any("CONSOLE_URL is wrong" in each for each in named)
    assert any("CONSOLE_EDITORS is wrong" in each for each in named)


def test_settings_of_the_console_are_shown_too(examine):
    found = examine(
        CONSOLE_URL="https://words.example.com",
        CONSOLE_OIDC_ISSUER="https://login.example.com",
        CONSOLE_OIDC_CLIENT_ID="guest-words",
        CONSOLE_OIDC_CLIENT_SECRET="marker-client-secret",
        CONSOLE_EDITORS="@example.com",
    )
    assert faults(found) == []
    shown = findings(found, "ok", "settings")
    assert "CONSOLE_URL = https://words.example.com (environment)" in shown
    assert "CONSOLE_OIDC_CLIENT_SECRET = *** (environment)" in shown
    assert "CONSOLE_IDLE_SECONDS = 900 (default)" in shown
    assert len(shown) == len({each.partition(" ")[0] for each in shown}), "a setting is shown twice"


def test_a_console_without_a_key_of_its_own_is_told(examine):
    found = findings(examine(CONSOLE_URL="https://words.example.com"), "note", "settings")
    assert found == ["CONSOLE_SECRET_KEY is not set, so whoever takes over the site can sign in to the console"]
    own = {"CONSOLE_SECRET_KEY": "marker-client-secret-0123456789abcdef"}
    assert findings(examine(CONSOLE_URL="https://words.example.com", **own), "note", "settings") == []
    (same,) = faults(examine(CONSOLE_URL="https://words.example.com", CONSOLE_SECRET_KEY=SECRET_KEY))
    assert "CONSOLE_SECRET_KEY is wrong: it is SECRET_KEY" in same


def test_limits_that_do_not_go_together(examine):
    named = faults(examine(SESSION_IDLE_SECONDS="100", SESSION_MAX_SECONDS="60", PAYTRONIX_CONNECT_SECONDS="11"))
    assert [each.partition(" is longer")[0] for each in named] == [
        "settings: SESSION_IDLE_SECONDS",
        "settings: PAYTRONIX_CONNECT_SECONDS",
    ]


def test_metrics_for_all_the_world(examine):
    found = examine(METRICS_ADDRESS="0.0.0.0:8002")
    assert findings(found, "note", "settings") == ["METRICS_ADDRESS is open on every network of this machine"]


# --- Store ---


def test_a_store_that_is_down(examine):
    assert "is unavailable (unreachable)" in the_fault(examine(STORE_URL="redis://127.0.0.1:1/0"))


def test_a_store_that_refuses_the_password(examine, own_redis):
    with own_redis.client() as client:
        client.config_set("requirepass", "another")
    found = examine(STORE_URL=f"redis://:marker-redis-password@{own_redis.address}/0")
    assert "is unavailable (refused)" in the_fault(found)


def test_a_store_that_may_only_be_read(examine, own_redis):
    with own_redis.client() as client:
        client.config_set("min-replicas-to-write", "1")
    assert "is unavailable (readonly)" in the_fault(examine(STORE_URL=own_redis.url))


def test_a_store_that_drops_records_of_its_choice(examine, own_redis):
    with own_redis.client() as client:
        client.config_set("maxmemory", "100mb")
        client.config_set("maxmemory-policy", "allkeys-lru")
    found = examine(STORE_URL=own_redis.url)
    assert the_fault(found) == "store: drops records of its choice when its memory is full (allkeys-lru)"
    assert "keeps nothing over its restart, as far as one can see" in findings(found, "note", "store")


def test_a_store_whose_access_list_keeps_it_from_saying_how_it_is_set_up(examine, own_redis):
    with own_redis.client() as client:
        client.execute_command(
            "ACL", "SETUSER", "site", "on", ">marker-redis-password", "~guest-login:*", "+@all", "-info"
        )
    found = examine(STORE_URL=f"redis://site:marker-redis-password@{own_redis.address}/0")
    assert faults(found) == []
    assert any("does not say how it is set up" in each for each in findings(found, "note", "store"))


def test_a_node_of_a_cluster_at_a_plain_url(examine, cluster_url, shared_cluster):
    found = examine(STORE_URL=shared_cluster.nodes[1].url)
    assert "this server is a node of a Redis Cluster" in the_fault(found)
    (todo,) = [each["todo"] for each in found[1]["findings"] if each["level"] == "fault"]
    assert "redis+cluster://HOST:PORT,HOST:PORT" in todo
    assert faults(examine(STORE_URL=cluster_url)) == []


def test_a_right_that_a_sign_in_needs(examine, own_redis):
    rights = ["~guest-login:*", "+@read", "+@write", "+eval", "+info"]  # and not +time
    with own_redis.client() as client:
        client.execute_command("ACL", "SETUSER", "site", "on", ">marker-redis-password", *rights)
    found = examine(STORE_URL=f"redis://site:marker-redis-password@{own_redis.address}/0")
    assert "is unavailable (refused)" in the_fault(found)
    assert any("access list" in each["todo"] for each in found[1]["findings"])


def test_a_file_that_cannot_be_made(examine):
    found = examine(STORE_URL="sqlite:////proc/nowhere/store.db")
    assert the_fault(found).startswith("store: The store in /proc/nowhere/store.db")


# --- Words ---


def test_words_with_a_fault(examine, tmp_path):
    folder = tmp_path / "words"
    (folder / "messages").mkdir(parents=True)
    (folder / "merchant.toml").write_text('name = "Olive"\n')
    (folder / "messages" / "en.toml").write_text("[paytronix]\nlocked = 7\n")
    assert the_fault(examine(MERCHANT_DIR=str(folder))) == 'words: words/messages/en.toml, line 2: "locked" is no text.'


# --- Paytronix ---


def test_a_name_that_nobody_knows(examine):
    found = examine(PAYTRONIX_BASE_URL="https://m777777.paytronix.invalid/rest/25.33")
    assert the_fault(found) == "paytronix: the name m777777.paytronix.invalid is not known"


def test_a_firewall_that_lets_nothing_out(examine):
    with unreachable_port() as port:
        found = examine(PAYTRONIX_BASE_URL=f"http://127.0.0.1:{port}/rest/25.33", PAYTRONIX_CONNECT_SECONDS="0.5")
    assert "paytronix: no connection to 127.0.0.1" in the_fault(found)


def test_a_certificate_that_is_not_accepted(examine):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with Misbehaving(silent, tls=context) as server:
        found = examine(PAYTRONIX_BASE_URL=f"{server.origin}/rest/25.33")
    assert the_fault(found).startswith("paytronix: localhost answers, but nobody knows the authority that has signed")


def test_credentials_that_paytronix_refuses(examine):
    found = examine(PAYTRONIX_CLIENT_SECRET="marker-client-secret")
    assert "paytronix: refuses the integration credentials" in the_fault(found)
    assert any("PAYTRONIX_CLIENT_SECRET" in each["todo"] for each in found[1]["findings"])


def test_a_release_that_is_not_there(examine, sandbox):
    base_url = sandbox.base_url.replace("/rest/", "/rest/nothing-here/x")
    found = examine(PAYTRONIX_BASE_URL=base_url)
    assert "does not know the token call at this address (HTTP 404" in the_fault(found)


def test_a_merchant_id_that_is_another_s(examine):
    found = examine(PAYTRONIX_MERCHANT_ID="1")
    assert "for a reason that the site does not know (HTTP 200, code invalid_request)" in the_fault(found)


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    "body",
    [
        b'{"result":"failed","errorCode":"system.error","errorMessage":"internal"}',
        b'{"result":"failed","errorMessage":"internal"}',
        b'{"result":"failure","errorCode":"oauth.system_error","errorMessage":"internal"}',
    ],
)
def test_a_paytronix_that_fails_itself(examine, status, body):
    with Misbehaving(answer(reply(body, status))) as server:
        found = examine(PAYTRONIX_BASE_URL=f"{server.origin}/rest/25.33")
    assert f"is reached, and answers that it has failed itself (HTTP {status}, code " in the_fault(found)


@pytest.mark.parametrize("code", ["feature_disabled", "invalid_merchant"])
def test_an_integration_that_is_not_set_up(examine, code):
    body = f'{{"result":"failure","errorCode":"{code}"}}'.encode()
    with Misbehaving(answer(reply(body))) as server:
        found = examine(PAYTRONIX_BASE_URL=f"{server.origin}/rest/25.33")
    assert f"says that this integration is not set up for the token call (HTTP 200, code {code})" in the_fault(found)
    assert any("PAYTRONIX_MERCHANT_ID" in each["todo"] for each in found[1]["findings"])


def test_a_maintenance_page_in_place_of_paytronix(examine):
    with Misbehaving(answer(reply(b"<html>soon", Content_Type="text/html"))) as server:
        found = examine(PAYTRONIX_BASE_URL=f"{server.origin}/rest/25.33")
    assert "does not answer the token call as agreed: protocol (HTTP 200" in the_fault(found)


@pytest.mark.parametrize(("apart", "words"), [(timedelta(minutes=-10), "ahead of"), (timedelta(hours=1), "behind")])
def test_a_clock_that_is_wrong(examine, apart, words):
    date = format_datetime((datetime.now(UTC) + apart), usegmt=True)
    with Misbehaving(answer(reply(REFUSAL, Date=date))) as server:
        found = examine(PAYTRONIX_BASE_URL=f"{server.origin}/rest/25.33")
    assert f"seconds {words} Paytronix's" in the_fault(found)


# --- What is published ---


@pytest.fixture
def history(tmp_path):
    """A history of the words."""
    url = f"sqlite:///{tmp_path}/words.db"
    with closing(prepare(url)) as database:
        yield SimpleNamespace(url=url, revisions=Revisions(database), drafts=Drafts(database))


def test_without_a_database_the_folder_alone_counts(examine):
    assert findings(examine(), "ok", "history") == ["MESSAGES_URL is not set: guests read the folder alone"]


def test_what_guests_read_and_what_waits_is_told(examine, history, tmp_path):
    found = examine(MESSAGES_URL=history.url)
    assert faults(found) == []
    assert "nothing is published: guests read the folder alone" in findings(found, "ok", "history")
    good = {("messages/en.toml", "site", "busy"): {"text": "Full.", "title": None, "link": None}}
    history.revisions.publish_changes(good, by="Ana", comment="x", seen=0)
    history.drafts.save_all({("merchant.toml", "name"): "Thyme"}, by="Ana", is_publisher=True)
    seen = draft_tag({("merchant.toml", "name"): "Thyme"})
    history.revisions.publish(by="Ana", comment="x", seen=seen, at=datetime.now(UTC) + timedelta(days=1))
    found = examine(MESSAGES_URL=history.url)
    assert faults(found) == []
    place, reads, fine, waits = findings(found, "ok", "history")
    assert place.startswith(f"SQLite in {tmp_path}/words.db answers in ")
    assert reads.startswith("guests read revision 1, of 2")
    assert fine == "no faults in what is published"
    assert waits.startswith("revision 2 waits until ")


def test_faults_in_what_is_published_are_told(examine, history):
    history.revisions.publish_changes({("merchant.toml", "phone"): "none"}, by="Ana", comment="x", seen=0)
    named = the_fault(examine(MESSAGES_URL=history.url))
    assert named == "history: revision 1, merchant.toml: This is no telephone number."


def test_a_database_that_is_new_or_away(examine, tmp_path):
    with closing(Database(f"sqlite:///{tmp_path}/new.db")) as database:
        migrate(database)
        migrate(database, "base")
    assert "lacks tables" in the_fault(examine(MESSAGES_URL=f"sqlite:///{tmp_path}/new.db"))
    away = "postgresql://words:marker-redis-password@127.0.0.1:1/words?options=marker-client-secret"
    found = examine(MESSAGES_URL=away)
    assert "history: PostgreSQL at 127.0.0.1/words: " in the_fault(found)
    assert "MESSAGES_URL = *** (environment)" in findings(found, "ok", "settings")


def test_a_server_whose_clock_is_wrong(monkeypatch, make_site, history):
    site = make_site(MESSAGES_URL=history.url).extensions["services"]
    monkeypatch.setattr(Database, "seconds_ahead", lambda self: -40.0)
    told = [each.what for each in check_history(site) if each.level == "fault"]
    assert told == ["this machine's clock is 40 seconds behind the database's"]


def test_a_real_postgresql(make_site, postgres_url):
    with closing(Database(postgres_url)) as database:
        migrate(database)
        assert abs(database.seconds_ahead()) < 5
    found = list(check_history(make_site(MESSAGES_URL=postgres_url).extensions["services"]))
    (may_write,) = [each for each in found if each.level != "ok"]
    assert may_write.level == "note"
    assert may_write.what == "this user of it may write too, so whoever takes over the site can publish"
    assert may_write.todo.startswith("Give the site a user that may only read")
    assert found[0].what.startswith("PostgreSQL at ")


def test_a_user_of_the_database_that_may_only_read(make_site, shared_postgres, postgres_url):
    database = postgres_url.rpartition("/")[2]
    with closing(Database(postgres_url)) as of_owner:
        migrate(of_owner)
    with shared_postgres.connect(database) as administrator:
        administrator.execute(f"CREATE ROLE {database}_reader LOGIN PASSWORD 'x'")
        administrator.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {database}_reader")
    url = f"postgresql://{database}_reader:x@{postgres_url.partition('@')[2]}"
    found = list(check_history(make_site(MESSAGES_URL=url).extensions["services"]))
    assert {each.level for each in found} == {"ok"}
    assert "this user of it may only read: whoever takes over the site can publish nothing" in [e.what for e in found]


def test_a_file_that_site_and_console_share_is_told(examine, history):
    (told,) = findings(examine(MESSAGES_URL=history.url), "note", "history")
    assert told == "this user of it may write too, so whoever takes over the site can publish"


# --- PUBLIC_URL and the proxy ---


class Proxied(Nginx):
    """nginx from the sample, with some of its lines changed."""

    def __init__(self, folder, changes):
        super().__init__(folder)
        self.changes = changes

    def _configuration(self, site_ports):
        text = super()._configuration(site_ports)
        for before, after in self.changes.items():
            assert before in text, before
            text = text.replace(before, after)
        return text


@pytest.fixture
def examine_behind_nginx(examine, sandbox, tmp_path):
    """A function that puts nginx, with lines changed, in front of the site and runs the doctor."""
    running = ExitStack()

    def run(*, site=None, doctor=None, with_site=True, changes=None):
        home = tmp_path / "nginx"
        home.mkdir()
        nginx = Proxied(home, changes or {})
        settings = nginx.settings_of_site | (site or {})
        ports = free_ports(1)
        if with_site:
            behind = RunningSite(environment(sandbox, tmp_path, **settings), workers=1)
            running.callback(behind.stop, signal.SIGQUIT)
            ports = [behind.port]
        nginx.start(*ports)
        running.callback(nginx.stop)  # killed, it would leave its workers behind
        return examine(SSL_CERT_FILE=nginx.authority, **(settings | (doctor or {})))

    with running:
        yield run


def test_the_sample_of_nginx_is_in_order(examine_behind_nginx):
    found = examine_behind_nginx()
    assert faults(found) == []
    assert "TRUSTED_PROXY_HOPS is 1, and so many proxies are there" in findings(found, "ok", "proxy")


def test_a_proxy_that_is_not_trusted(examine_behind_nginx):
    named = the_fault(examine_behind_nginx(site={"TRUSTED_PROXY_HOPS": "0"}))
    assert "1 proxy has written down an address, and TRUSTED_PROXY_HOPS is 0" in named
    assert "every guest seems to come from 127.0.0.1" in named


def test_more_proxies_trusted_than_there_are(examine_behind_nginx):
    named = the_fault(examine_behind_nginx(site={"TRUSTED_PROXY_HOPS": "2"}))
    assert "1 proxy has written down an address, and TRUSTED_PROXY_HOPS is 2" in named


def test_a_proxy_that_changes_the_host(examine_behind_nginx):
    changes = {
        "proxy_set_header Host $http_host;": "proxy_set_header Host inner.example;",
        "proxy_set_header X-Forwarded-Host $http_host;": 'proxy_set_header X-Forwarded-Host "";',
    }
    assert "the site sees the host 'inner.example'" in the_fault(examine_behind_nginx(changes=changes))


def test_a_proxy_that_says_the_wrong_scheme(examine_behind_nginx):
    changes = {"proxy_set_header X-Forwarded-Proto $scheme;": "proxy_set_header X-Forwarded-Proto http;"}
    named = the_fault(examine_behind_nginx(changes=changes))
    assert named == "proxy: the proxy says that guests come by http, and PUBLIC_URL says https"


def test_a_proxy_that_does_not_say_the_scheme(examine_behind_nginx):
    changes = {"proxy_set_header X-Forwarded-Proto $scheme;": 'proxy_set_header X-Forwarded-Proto "";'}
    named = the_fault(examine_behind_nginx(changes=changes))
    assert named == "proxy: the proxy does not say by which scheme guests come"


def test_a_proxy_that_doubles_a_header(examine_behind_nginx):
    limit = "proxy_next_upstream_timeout 10s;"
    doubled = limit + " add_header Strict-Transport-Security 'max-age=31536000' always;"
    named = the_fault(examine_behind_nginx(changes={limit: doubled}))
    assert named == "proxy: Strict-Transport-Security is sent 2 times"


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("add_header Referrer-Policy no-referrer always;", "Referrer-Policy is sent 2 times, also as 'no-referrer'"),
        (
            "proxy_hide_header Referrer-Policy; add_header Referrer-Policy no-referrer always;",
            "Referrer-Policy arrives as 'no-referrer', and the site sends 'same-origin'",
        ),
        ("proxy_hide_header X-Frame-Options;", "X-Frame-Options is missing"),
        ("proxy_hide_header Cross-Origin-Opener-Policy;", "Cross-Origin-Opener-Policy is missing"),
        (
            "proxy_hide_header Cache-Control; add_header Cache-Control 'public, max-age=60';",
            "Cache-Control arrives as 'public, max-age=60', and the site sends 'no-store'",
        ),
    ],
)
def test_a_proxy_that_adds_takes_away_or_changes_any_header(examine_behind_nginx, line, named):
    limit = "proxy_next_upstream_timeout 10s;"
    assert the_fault(examine_behind_nginx(changes={limit: f"{limit} {line}"})) == f"proxy: {named}"


def test_a_longer_promise_of_https_may_be_meant_so(examine_behind_nginx):
    limit = "proxy_next_upstream_timeout 10s;"
    of_its_own = "proxy_hide_header Strict-Transport-Security; add_header Strict-Transport-Security 'max-age=63072000';"
    found = examine_behind_nginx(changes={limit: f"{limit} {of_its_own}"})
    assert faults(found) == []
    (told,) = findings(found, "note", "proxy")
    assert "Strict-Transport-Security arrives as 'max-age=63072000'" in told


def test_a_proxy_that_writes_no_address_is_to_write_one(examine_behind_nginx):
    changes = {"proxy_set_header X-Forwarded-For $remote_addr;": 'proxy_set_header X-Forwarded-For "";'}
    found = examine_behind_nginx(changes=changes)
    assert "no proxy has written down an address, and TRUSTED_PROXY_HOPS is 1" in the_fault(found)
    (todo,) = [each["todo"] for each in found[1]["findings"] if each["level"] == "fault"]
    assert "Have the proxy set X-Forwarded-For" in todo


def test_a_proxy_that_writes_what_is_no_address(examine_behind_nginx):
    changes = {"proxy_set_header X-Forwarded-For $remote_addr;": "proxy_set_header X-Forwarded-For unknown;"}
    assert "writes 'unknown' into X-Forwarded-For, which is no address" in the_fault(
        examine_behind_nginx(changes=changes)
    )


def test_a_port_behind_the_address_is_no_harm(examine_behind_nginx):
    before = "proxy_set_header X-Forwarded-For $remote_addr;"
    changes = {before: "proxy_set_header X-Forwarded-For $remote_addr:$remote_port;"}
    assert faults(examine_behind_nginx(changes=changes)) == []


@pytest.mark.parametrize("scheme", ["$http_x_forwarded_proto", "https"])
def test_what_it_says_of_two_proxies_works_when_it_is_done(examine, sandbox, tmp_path, scheme):
    """Guests, nginx with TLS, nginx that appends to X-Forwarded-For and has one scheme, site."""
    homes = [tmp_path / name for name in ("outer", "inner")]
    for home in homes:
        home.mkdir()
    outer, inner = Nginx(homes[0]), SecondNginx(homes[1], scheme)
    with ExitStack() as running:

        def start(hops):
            settings = outer.settings_of_site | {"TRUSTED_PROXY_HOPS": hops}
            site = RunningSite(environment(sandbox, tmp_path, **settings), "--bind", f"127.0.0.1:{port}", workers=1)
            running.callback(site.stop, signal.SIGQUIT)
            return site, examine(SSL_CERT_FILE=outer.authority, **settings)

        (port,) = free_ports(1)
        running.callback(outer.stop)
        running.callback(inner.stop)
        inner.start(port)
        outer.start(inner.https_port)
        site, found = start("1")
        assert "2 proxies have written down an address, and TRUSTED_PROXY_HOPS is 1" in the_fault(found)
        (todo,) = [each["todo"] for each in found[1]["findings"] if each["level"] == "fault"]
        hops = re.search(r"Set TRUSTED_PROXY_HOPS to (\d+)", todo)[1]
        site.stop(signal.SIGQUIT)
        site, found = start(hops)
        assert faults(found) == []
        assert outer.browser(address="127.0.0.7").sign_in().status == 303
        assert site.log("login_ok")[0]["address"] == "127.0.0.7"


class SecondNginx(Nginx):
    """A proxy behind another one, in its plainest form."""

    def __init__(self, folder, scheme):
        super().__init__(folder)
        self.scheme = scheme

    def _configuration(self, site_ports):
        return (
            f"pid {self.folder}/nginx.pid; error_log {self.folder}/log/error.log crit; events {{}}\n"
            "http { access_log off; server {\n"
            f"listen 127.0.0.1:{self.https_port};\n"
            "location / {\n"
            f"proxy_pass http://127.0.0.1:{site_ports[0]};\n"
            "proxy_set_header Host $http_host;\n"
            "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
            f"proxy_set_header X-Forwarded-Proto {self.scheme};\n"
            "} } }\n"
        )


def test_a_site_with_another_key(examine_behind_nginx):
    found = examine_behind_nginx(doctor={"SECRET_KEY": "another-key-of-at-least-32-characters"})
    assert "leads to a site with another SECRET_KEY" in the_fault(found)


def test_a_proxy_that_does_not_reach_the_site(examine_behind_nginx):
    assert "the proxy does not reach the site" in the_fault(examine_behind_nginx(with_site=False))


def test_a_certificate_that_browsers_would_not_accept(examine, tmp_path, sandbox):
    home = tmp_path / "nginx"
    home.mkdir()
    nginx = Nginx(home)
    nginx.start(*free_ports(1))
    try:
        found = examine(**nginx.settings_of_site)
    finally:
        nginx.stop()
    assert "has a certificate that browsers do not accept" in the_fault(found)


def test_another_site_at_the_public_url(examine):
    with Misbehaving(answer(reply(b"<h1>It works!</h1>", Content_Type="text/html"))) as server:
        assert "leads to something else than this site (HTTP 200)" in the_fault(examine(PUBLIC_URL=server.origin))


def test_a_public_url_that_is_not_up_yet_is_no_fault(examine):
    found = examine(PUBLIC_URL=f"http://127.0.0.1:{free_ports(1)[0]}")
    assert faults(found) == []
    assert len(findings(found, "note", "proxy")) == 1


# --- What the site tells ---


def test_the_site_tells_nobody_but_the_doctor_what_it_sees(run_site):
    site = run_site(workers=1)
    plain = site.fetch("GET", "/login")
    for question in ("x", "", "what do you see?"):
        told = site.fetch("GET", "/login", headers={"X-Doctor": question})
        assert (told.status_code, told.headers["Content-Type"]) == (200, plain.headers["Content-Type"])
