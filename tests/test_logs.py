"""Lines of the log: what each says, and what it never does."""

import json
import logging
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import jinja2
import msgspec
import pytest
import redis
import requests
import sqlalchemy as sa
import urllib3

from app.observability import log, logs
from app.paytronix import Reason, Refused, Token
from app.store import StoreUnavailable
from tests.sites import ROOT, browser_of, log_of


def test_each_thing_that_happens_is_one_record_with_what_an_operator_asks_for(make_site, sandbox):
    app = make_site(LOG_LEVEL="debug", LOGIN_FAILURES_PER_GUEST="1/1 hour")
    browser = browser_of(app)
    browser.sign_in()
    browser.get("/account")
    sandbox.expire()
    browser.get("/account")
    browser.sign_out()
    browser.post("/login", {"csrf_token": "stale", "username": "ana", "password": "x"})
    browser.sign_in("ben@example.com", "wrong")
    browser.sign_in("ben@example.com", "wrong")
    browser.sign_in("503", "x")
    browser.sign_in("code:never.heard-of", "x")
    wanted = {
        "login_ok": {"guest", "address", "request_id"},
        "token_refreshed": {"session", "address", "request_id"},
        "logout": {"guest", "address", "request_id"},
        "csrf_refused": {"reason", "address", "request_id"},
        "login_throttled": {"guest", "limit", "address", "request_id"},
        "login_unavailable": {"guest", "cause", "reason", "address", "request_id"},
        "words_missing": {"code", "address", "request_id"},
    }
    for event, fields in wanted.items():
        (record,) = log_of(app, event)
        assert fields | {"event", "level", "timestamp"} <= set(record), event
        assert record["timestamp"].endswith("Z")
    refused = log_of(app, "login_failed")
    assert [record["code"] for record in refused] == ["could_not_authenticate", "never.heard-of"]
    for record in log_of(app, "vendor_call"):
        assert {"operation", "outcome", "status", "seconds", "request_id"} <= set(record)
    for record in log_of(app, "request"):
        assert {"method", "path", "page", "status", "seconds", "address", "request_id"} <= set(record)
        json.dumps(record)


TOKEN = Token(access_token="marker", refresh_token="marker", ends_at=datetime.now(UTC), lifetime_seconds=1)


@pytest.mark.parametrize(
    "value",
    [
        "ana",
        'quotes " and \\ and /',
        "controls \0\t\n\x1b[31m\x7f",
        "jalapeño 健二 🌮",
        "\u202e\u2028\x9b31m",
        "half \ud83c",
        -1,
        2**80,
        0.1,
        True,
        None,
        Reason.DNS,
        ["a", {"b": 1}],
        b"bytes",
        Decimal("1.50"),
        TOKEN,
        (TOKEN,),
    ],
    ids=lambda value: type(value).__name__,  # workers that share the tests must give them the same names
)
def test_a_line_says_what_json_dumps_would_say_whatever_it_is_of(site, value):
    log.warning("words_missing", value=value)
    (line,) = [line for line in site.log.getvalue().splitlines() if "words_missing" in line]
    assert line.isascii()
    record = json.loads(line)
    assert line == json.dumps(record)
    assert record["value"] == json.loads(json.dumps(value, default=repr))
    assert list(record) == ["value", "event", "level", "timestamp"]
    assert "marker" not in line


CARD = "6000000000410017"


@pytest.mark.parametrize("number", [CARD[:13], CARD, CARD + "000"])
@pytest.mark.parametrize("text", ["{}", "card {} is no card", "{}\n{}", "a{}b"])
def test_a_card_number_in_a_text_is_cut_to_its_last_four_digits(site, number, text):
    text = text.format(number, number)
    log.warning("words_missing", code=text)
    logging.getLogger("a.library").warning("%s", text)
    logging.getLogger("a.library").warning(text)
    assert number not in site.log.getvalue()
    assert number[-5:] not in site.log.getvalue()
    assert site.log.getvalue().count(f"*{number[-4:]}") == 3 * text.count(number)


@pytest.mark.parametrize("name", ["password", "Access_Token", "COOKIE", "url", "username"])
def test_what_has_the_name_of_a_secret_is_not_told(site, name):
    log.warning("words_missing", **{name: "marker"})
    logging.getLogger("a.library").warning("oh", extra={name: "marker"})
    assert "marker" not in site.log.getvalue()


def test_an_error_is_told_by_its_kind_and_its_place(site):
    def fails():
        raise ValueError(f"marker {CARD}")

    try:
        fails()
    except ValueError as error:
        log.error("unexpected_error", exc_info=True)
        log.error("unexpected_error", exc_info=error)
        logging.getLogger("a.library").exception("oh")
    records = log_of(site)
    assert len(records) == 3
    for record in records:
        assert record["error"] == "ValueError"
        assert record["trace"].splitlines()[-1].endswith(" fails")
        assert "marker" not in json.dumps(record)


def told_of(site, raise_it):
    try:
        raise_it()
    except Exception as error:
        log.error("unexpected_error", exc_info=error)
    return log_of(site, "unexpected_error")[-1]


@pytest.mark.parametrize(
    ("raise_it", "message"),
    [
        (StoreUnavailable, "__init__() missing"),
        (
            lambda: jinja2.Environment(undefined=jinja2.StrictUndefined).from_string("{{ a.b }}").render(),
            "'a' is undefin",
        ),
        (lambda: None.points, "'NoneType' object has no attribute 'points'"),
        (lambda: Refused.no_such_name, "no_such_name"),
    ],
    ids=["a wrong call", "a template's name", "an attribute", "an attribute of a class"],
)
def test_a_fault_of_the_program_is_told_in_its_own_words(site, raise_it, message):
    assert message in told_of(site, raise_it)["error_message"]


def test_an_error_of_ours_is_told_in_its_words_without_card_numbers_and_not_at_length(site):
    def refused():
        raise Refused("guest/login", f"{CARD} " + "x" * 1000)

    message = told_of(site, refused)["error_message"]
    assert message.startswith(f"guest/login: {'*' * 12}{CARD[-4:]} xxx")
    assert len(message) == 201


@pytest.mark.parametrize(
    "error",
    [
        *(requests.ConnectionError("marker"), urllib3.exceptions.HTTPError("marker"), redis.RedisError("marker")),
        *(msgspec.ValidationError("marker"), sa.exc.ArgumentError("marker"), sqlite3.OperationalError("marker")),
        *(ValueError("marker"), KeyError("marker"), OSError("marker"), RuntimeError("marker")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_library_says_of_an_error_is_not_told(site, error):
    def fails():
        raise error

    assert "error_message" not in told_of(site, fails)
    assert "marker" not in site.log.getvalue()


def test_of_our_own_files_the_line_is_told_where_an_error_came_from(site):
    where = told_of(site, lambda: logs.configure(None))["trace"].splitlines()[-1]
    assert where.endswith(" configure: root.setLevel(level.upper())")


def test_a_long_text_is_cut(site):
    log.warning("words_missing", code="x" * 1000)
    assert len(log_of(site)[-1]["code"]) == 201


def test_what_is_inside_of_a_value_is_cleaned_like_the_value(site):
    log.warning("words_missing", about={"password": "marker-a", "numbers": [CARD, (CARD,)], "ok": "b"})
    (record,) = log_of(site, "words_missing")
    assert record["about"] == {"password": "***", "numbers": ["*" * 12 + CARD[-4:], ["*" * 12 + CARD[-4:]]], "ok": "b"}


class Unwritable:
    def __repr__(self):
        raise RuntimeError("marker")


class Endless(list):
    """Refers to itself."""

    def __init__(self):
        self.append(self)


@pytest.mark.parametrize(
    "value", [10**5000, Unwritable(), [Unwritable()], Endless()], ids=lambda value: type(value).__name__
)
def test_what_cannot_be_written_costs_its_values_and_not_the_line(site, value):
    log.warning("words_missing", code="x", value=value)
    (record,) = log_of(site, "words_missing")
    assert record["not_written"] == "code, event, value"
    assert record["level"] == "warning"


def test_a_faulty_record_of_a_library_is_printed_nowhere(site, capsys):
    logging.getLogger("a.library").warning("%d", "marker-argument")
    assert "marker" not in capsys.readouterr().err + site.log.getvalue()


FORKS_WHILE_IT_WRITES = """
import logging, os, threading, time
from app.observability import log_writer
log_writer.LAST_LINES_SECONDS = 30  # the parent writes all the time
lines = log_writer.LogQueue()
def write():
    while True:
        lines.emit(logging.makeLogRecord({"msg": "parent"}))
        time.sleep(0)
threading.Thread(target=write, daemon=True).start()
for number in range(100):
    child = os.fork()
    if child == 0:
        lines.emit(logging.makeLogRecord({"msg": f"child {number}"}))
        lines.flush()
        os._exit(0)
    os.waitpid(child, 0)
os._exit(0)
"""


def test_a_process_that_is_forked_while_others_log_writes_its_own_lines_once():
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKS_WHILE_IT_WRITES],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    lines = [line for line in told.stdout.splitlines() if line.startswith("child")]
    assert lines == [f"child {number}" for number in range(100)]
