"""What must hold after every test of races and faults, whatever it was about."""

import json
import os
import re
import time

import redis

from sandbox.tokens import ACCESS_PREFIX, REFRESH_PREFIX
from tests.expected_headers import EVERYWHERE
from tests.sites import SECRET_KEY
from tests.test_main_job import forms

SETTLE_SECONDS = 5
SPARE_DESCRIPTORS = 4
CONNECTIONS_TO_SQLITE, DESCRIPTORS_EACH = 64, 3
MARKERS = ("marker-password-é", "taco-tuesday", "wrong-marker-password")


def check_answers(answers):
    """Every answer has its headers; every failure is a page of ours that says when to come back."""
    for answer in answers:
        for name, value in EVERYWHERE.items():
            assert answer.headers.get_all(name) == [value], f"{answer}: {name}"
        assert answer.headers.get("X-Request-ID"), answer
        assert answer.headers.get("Content-Type"), answer
        assert "Cache-Control" in answer.headers, answer
        assert answer.status not in {500, 502, 504}, f"{answer}\n{answer.body[:500]}"
        if answer.status in {429, 503} and answer.path != "/readyz":
            assert int(answer.headers["Retry-After"]) >= 1, answer
        if answer.status >= 400 and answer.path != "/readyz":
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8", answer
            assert len(re.findall("<h1", answer.body)) == 1, answer
            assert re.search(r'<html lang="[a-z-]+" dir="(ltr|rtl)">', answer.body), answer


def check_password_calls(sandbox, answers):
    submits = [answer for answer in answers if (answer.method, answer.path) == ("POST", "/login")]
    assert len(sandbox.calls(grant="password")) <= len(submits)


def check_logs(sites):
    """Every line parses, and none tells of an error that nobody thought of."""
    for site in sites:
        for line in list(site.output):
            record = json.loads(line)
            assert record["event"] != "unexpected_error", record


def check_secrets(sandbox, session_ids, *, log, store):
    """No secret, in whatever form, in the log or in the store."""
    secrets = {*MARKERS, sandbox.client_secret, SECRET_KEY, ACCESS_PREFIX, REFRESH_PREFIX}
    for secret in secrets:
        for form in forms(secret):
            assert form not in log, f"{secret!r} is in the log"
            assert form not in store, f"{secret!r} is in the store"
    for session_id in session_ids:
        assert session_id.encode() not in log, "a session id is in the log"
        assert session_id.encode() not in store, "a session id is in the store"


def session_ids(answers):
    """All session ids that were ever given out."""
    lines = [line for answer in answers for line in answer.headers.get_all("Set-Cookie") or []]
    return {found[1] for line in lines if (found := re.match(r"session=([\w-]{43});", line))}


def redis_content(client):
    """All that a Redis server holds; fails on a key without an end."""
    content = b""
    for key in client.scan_iter(count=1000):
        try:
            seconds, kind = client.ttl(key), client.type(key)
            value = client.get(key) if kind == b"string" else client.dump(key)
        except redis.ResponseError:  # it ended between two commands
            continue
        assert seconds != -1, f"{key} has no end"
        content += key + (value or b"")
    return content


def descriptors(pid, *, kept_alive_too=False):
    """How many descriptors a process has open, connections that it keeps for its next call and SQLite left out."""
    connected_out = set() if kept_alive_too else _connected_out(pid)
    count = 0
    for number in _listed(pid):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{number}")
        except OSError:
            continue
        if target.startswith("socket:[") and target[8:-1] in connected_out:
            continue
        if "store.db" in target or (connected_out and target.startswith("anon_inode:")):
            continue  # libcurl has two anonymous ones beside each connection that it keeps
        count += 1
    return count


def check_descriptors(site, workers):
    """Descriptors are back to where they were, soon after the last answer."""
    give_up_at = time.monotonic() + SETTLE_SECONDS
    most = site.descriptors_at_start + SPARE_DESCRIPTORS
    while any(descriptors(pid) > most for pid in workers):
        now = [descriptors(pid) for pid in workers]
        assert time.monotonic() < give_up_at, f"descriptors were {site.descriptors_at_start} and are {now}"
        time.sleep(0.1)


def _listed(pid):
    try:
        return os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return []


def _connected_out(pid):
    """The inodes of sockets that this machine connected to a server of the rig: those whose own port listens nowhere."""
    try:
        with open(f"/proc/{pid}/net/tcp") as table:
            rows = [line.split() for line in table.readlines()[1:]]
    except OSError:
        return set()
    listening = {row[1].split(":")[1] for row in rows if row[3] == "0A"}
    return {row[9] for row in rows if row[3] != "0A" and row[1].split(":")[1] not in listening}
