"""``sessions count`` and ``sessions end``, as an operator types them beside a running site, on every engine."""

import contextlib
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from app.auth.pseudonyms import Pseudonyms
from app.auth.sign_ins import SignIns, Tokens
from app.factory import create_app
from app.paytronix import Token
from app.store import open_store
from config import Settings
from tests.sites import ROOT, SECRET_KEY


@pytest.fixture(params=["sqlite", "redis", "sentinel", "cluster"])
def store_url(request):
    """The URL of an empty store of each engine in turn."""
    return request.getfixturevalue(f"{request.param}_url")


def sessions(site, *arguments):
    """What the command prints with the settings of a running site: typed by an operator on SQLite, run in this process
    on the other engines."""
    if site.settings["STORE_URL"].startswith("sqlite"):
        ended = typed(site, *arguments)
        code, printed, more = ended.returncode, ended.stdout, ended.stderr
    else:
        app = create_app(Settings.from_env(site.settings).for_command())
        ended = app.test_cli_runner().invoke(args=["sessions", *arguments])
        code, printed, more = ended.exit_code, ended.stdout, ended.stderr
    assert (code, more) == (0, "")
    return printed


def typed(site, *arguments):
    """The command as an operator types it, with the settings of a running site."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "sessions", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | site.settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_guests_are_counted_and_signed_out_while_the_site_runs(run_site, store_url):
    site = run_site(workers=1, STORE_URL=store_url)
    assert sessions(site, "count") == "0\n"
    ana, ana_again, ben = site.browser(), site.browser(), site.browser()
    for browser in (ana, ana_again):
        assert browser.sign_in().status == 303
    assert ben.sign_in("ben@example.com", "soup-of-the-day").status == 303
    assert sessions(site, "count") == "3\n"
    assert ana_again.sign_out().status == 303
    assert sessions(site, "count") == "2\n"
    assert sessions(site, "end", "--guest", " \u202aANA\u202c") == "1 sign-in ended.\n"
    assert ana.get("/account").location == "/login?next=/account"
    assert ben.get("/account").status == 200
    assert sessions(site, "end", "--all") == "1 sign-in ended.\n"
    assert ben.get("/account").location == "/login?next=/account"
    assert sessions(site, "count") == "0\n"


def test_a_guest_is_found_under_a_former_key_too(run_site, store_url):
    run_site(workers=1, STORE_URL=store_url).browser().sign_in()
    site = run_site(
        workers=1,
        STORE_URL=store_url,
        SECRET_KEY="a-new-key-of-more-than-32-characters",
        SECRET_KEY_FALLBACKS=SECRET_KEY,
    )
    assert sessions(site, "end", "--guest", "ana") == "1 sign-in ended.\n"


def test_a_store_that_is_away_is_said_to_be_so(run_site, own_redis):
    with own_redis.client() as client:
        client.config_set("requirepass", "marker-redis-password")
    site = run_site(STORE_URL=f"redis://:marker-redis-password@{own_redis.address}/0", workers=1)
    own_redis.stop()
    for arguments in (["count"], ["end", "--all"], ["end", "--guest", "ana"]):
        ended = typed(site, *arguments)
        assert ended.returncode == 1
        assert f"Redis at {own_redis.address} is unavailable" in ended.stderr
        assert "marker-redis-password" not in ended.stderr
        assert "Traceback" not in ended.stderr


def sign_ins_of(store):
    return SignIns(store, Pseudonyms([SECRET_KEY]), idle_seconds=1800, max_seconds=86_400, most_of_guest=20)


def begin(sign_ins, username):
    ends_at = datetime.now(UTC) + timedelta(seconds=1800)
    token = Token(access_token="access", refresh_token="refresh", ends_at=ends_at, lifetime_seconds=1800)
    sign_ins.keep(sign_ins.new({"username": username}, Tokens.of(token, margin_seconds=30)))


def test_ending_one_guest_s_sign_ins_looks_at_no_other_s(own_redis):
    sign_ins = sign_ins_of(open_store(own_redis.url))
    with own_redis.client() as client:

        def commands(work):
            client.config_resetstat()
            assert work() == 2
            return {name: about["calls"] for name, about in client.info("commandstats").items()}

        begin(sign_ins, "ana")
        begin(sign_ins, "ana")
        among_none = commands(lambda: sign_ins.end_guest("ana"))
        for number in range(300):
            begin(sign_ins, f"guest-{number}")
        begin(sign_ins, "ben")
        begin(sign_ins, "ben")
        among_many = commands(lambda: sign_ins.end_guest("ben"))
        assert among_many == among_none
        assert sign_ins.count() == 300
        client.config_resetstat()
        assert sign_ins.end_all() == 300
        used = set(client.info("commandstats"))
    assert not used & {"cmdstat_keys", "cmdstat_scan", "cmdstat_flushdb"}, "it must leave alone what is not its own"


def test_in_a_file_they_are_found_by_an_index(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    begin(sign_ins_of(store), "ana")
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as db:
        for statement in (
            "DELETE FROM records WHERE owner = 'ana'",
            "SELECT count(*) FROM records WHERE owner IS NOT NULL AND ends_at > 5",
        ):
            ((_, _, _, plan),) = db.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
            assert plan.startswith("SEARCH records USING")
            assert "INDEX records_by_owner" in plan


def test_many_sign_ins_that_ended_at_once_hold_nobody_up(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    sign_ins = sign_ins_of(store)
    begin(sign_ins, "ana")
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as db, db:
        trigger = db.execute("SELECT sql FROM sqlite_master WHERE name = 'records_clear'").fetchone()[0]
        db.execute("DROP TRIGGER records_clear")
        rows = ((f"s:{{{number}}}", b"x" * 300, "guest", 1000 + number) for number in range(50_000))
        db.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", rows)
        db.execute(trigger)
    for number in range(200):
        begin(sign_ins, f"guest-{number}")
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as db:
        left = db.execute("SELECT count(*) FROM records WHERE ends_at < 100000").fetchone()[0]
    assert left == 50_000 - 200 * 2 * 4, "each new row clears four away"
    assert sign_ins.count() == 201
