"""The main job by HTTP under gunicorn, on both stores, and no secret left behind anywhere."""

import base64
import json
import time
import urllib.parse
from pathlib import Path

import pytest
import redis
import requests

from sandbox.tokens import ACCESS_PREFIX, REFRESH_PREFIX
from tests.stores import free_ports

PASSWORD = "marker-password-é"


@pytest.fixture(params=["sqlite", "redis"])
def store_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return request.getfixturevalue("redis_url")


def test_a_guest_signs_in_stays_signed_in_and_signs_out(run_site, sandbox, store_url):
    sandbox.switch(token_seconds=2, refresh_tokens="single-use")
    site = run_site(workers=3, STORE_URL=store_url)
    browser = site.browser()
    answer = browser.get("/account")
    assert browser.sign_in(path=answer.location).location == "/account"
    for _ in range(50):
        assert browser.get("/account").status == 200
    time.sleep(2.1)
    assert browser.get("/account").status == 200
    assert len(sandbox.calls("requestGuestToken", grant="refresh_token")) >= 1
    sandbox.expire()
    sandbox.revoke()
    answer = browser.get("/account")
    assert (answer.status, answer.location) == (303, "/login?next=/account")
    assert browser.sign_in(path=answer.location).location == "/account"
    assert browser.sign_out().status == 303
    assert browser.get("/account").status == 303
    assert site.stop() == 0


def forms(secret):
    """The forms in which a secret might be written down."""
    raw = secret.encode()
    yield from (raw, json.dumps(secret).encode()[1:-1], urllib.parse.quote(secret).encode(), raw.hex().encode())
    for offset in range(3):  # base64 of any place within a longer text
        encoded = base64.b64encode(b"\0" * offset + raw)
        yield encoded[4 * ((offset + 2) // 3) : -4]
        yield base64.urlsafe_b64encode(b"\0" * offset + raw)[4 * ((offset + 2) // 3) : -4]


def dump(store_url):
    """All that the store holds, as it stands there."""
    if store_url.startswith("sqlite"):
        folder = Path(store_url.removeprefix("sqlite:///")).parent
        return b"".join(path.read_bytes() for path in folder.glob("store.db*"))
    client = redis.Redis.from_url(store_url)
    content = b""
    for key in client.scan_iter():
        content += key + (client.dump(key) or b"")
        if client.type(key) == b"string":
            content += client.get(key)
        assert client.ttl(key) >= 0, f"{key} has no end"
    client.close()
    return content


def test_no_secret_is_left_behind_anywhere(run_site, sandbox, store_url, collector):
    metrics_address = f"127.0.0.1:{free_ports(1)[0]}"
    site = run_site(
        workers=2,
        STORE_URL=store_url,
        LOG_LEVEL="debug",
        METRICS_ADDRESS=metrics_address,
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_TRACES_SAMPLER="always_on",
    )
    browser = site.browser()
    seen, session_ids = b"", set()

    def visit(answer):
        nonlocal seen
        seen += (str(answer.headers) + answer.body).encode()
        session_ids.add(browser.cookies().get("session"))
        return answer

    visit(browser.sign_in("ana", PASSWORD))
    visit(browser.sign_in("ana", "taco-tuesday"))
    visit(browser.get("/account"))
    sandbox.expire()
    visit(browser.get("/account?q=marker-query"))
    for odd in ("then:503", "then:close", "refresh:503", "refresh:code:invalid_grant", "html", "close", "503"):
        other = site.browser()
        visit(other.sign_in(odd, PASSWORD))
        visit(other.get("/account"))
        session_ids.add(other.cookies().get("session"))
    stored = dump(store_url)
    assert visit(browser.sign_out()).status == 303
    measured = b"".join(
        requests.get(f"http://{metrics_address}/{page}", timeout=10).content for page in ("metrics", "readyz")
    )
    assert site.stop() == 0
    traced = b"".join(collector.raw)
    assert b"guest_login_sign_ins_total" in measured
    assert b"paytronix oauth/requestGuestToken" in traced
    log = "".join(site.output).encode()
    assert site.log("login_ok")
    assert site.log("token_refreshed")
    for line in site.output:
        json.loads(line)

    secrets = {PASSWORD, "taco-tuesday", sandbox.client_secret, site.settings["SECRET_KEY"]}
    secrets |= {ACCESS_PREFIX, REFRESH_PREFIX}
    secrets |= {session_id for session_id in session_ids if session_id}
    for secret in secrets:
        for form in forms(secret):
            assert form not in log, f"{secret!r} is in the log"
            assert form not in stored, f"{secret!r} is in the store"
            assert form not in measured, f"{secret!r} is in the metrics"
            assert form not in traced, f"{secret!r} is in the traces"
            if secret not in session_ids:
                assert form not in seen, f"{secret!r} is in a page"
    for told in (log, measured, traced):
        assert b"marker-query" not in told
        assert b"access_token=" not in told
        assert b"taco" not in told
    for told in (measured, traced):
        assert b"127.0.0.1" not in told.replace(metrics_address.encode(), b"")
        assert b"code:" not in told
    assert b"ana" not in [json.loads(line).get("guest", "").encode() for line in site.output]
