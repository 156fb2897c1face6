"""Traces: what a collector is told, that no secret is in it, and that a collector in trouble troubles nobody."""

import socket
import subprocess
import sys
import time

import pytest
from opentelemetry.trace import StatusCode

from tests.sites import ROOT, environment


def every_page(collector):
    """Settings by which each page is traced."""
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_TRACES_SAMPLER": "always_on"}


def attributes(span):
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_a_page_is_a_trace_with_its_calls_and_operations_in_it(run_site, collector):
    site = run_site(workers=1, **every_page(collector), OTEL_SERVICE_NAME="olive")
    browser = site.browser()
    browser.sign_in()
    page = browser.get("/account")
    assert site.stop() == 0
    assert set(collector.paths) == {"/v1/traces"}
    spans = collector.spans()
    (account,) = [span for span in spans if span.name == "page account.show"]
    assert attributes(account)["http.response.status_code"] == 200
    assert attributes(account)["guest_login.request_id"] == page.headers["X-Request-ID"]
    assert account.parent_span_id == b""
    below = {span.name for span in spans if span.parent_span_id == account.span_id}
    assert {"paytronix guest/userInformation", "paytronix guest/accountInformation", "store get"} <= below
    for span in spans:
        if span.parent_span_id == account.span_id and span.name.startswith("paytronix"):
            assert span.trace_id == account.trace_id
            assert account.start_time_unix_nano <= span.start_time_unix_nano + 1_000_000
            assert span.end_time_unix_nano <= account.end_time_unix_nano + 1_000_000
    assert ("service.name", "olive") in collector.resources()
    assert not [span for span in spans if "readyz" in span.name or "static" in span.name]


def test_trouble_is_marked(run_site, collector):
    site = run_site(workers=1, **every_page(collector))
    assert site.browser().sign_in("503", "x").status == 503
    site.stop()
    by_name = {span.name: span for span in collector.spans()}
    assert by_name["paytronix oauth/requestGuestToken"].status.code == StatusCode.ERROR.value
    assert by_name["page login.submit"].status.code == StatusCode.ERROR.value
    assert by_name["page login.show"].status.code == StatusCode.UNSET.value


def test_nothing_is_passed_on_to_paytronix_and_nothing_taken_over_from_browsers(run_site, collector, sandbox):
    site = run_site(workers=1, **every_page(collector))
    foreign = "0af7651916cd43dd8448eb211c80319c"
    site.fetch("GET", "/login", headers={"traceparent": f"00-{foreign}-b7ad6b7169203331-01"})
    site.stop()
    (page,) = collector.spans()
    assert page.trace_id.hex() != foreign


def test_of_many_pages_a_share_is_traced_and_those_wholly(run_site, collector):
    site = run_site(workers=1, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    browser = site.browser()
    browser.sign_in()
    for _ in range(300):
        assert browser.session.get(f"{site.url}/account").status_code == 200
    site.stop()
    spans = collector.spans()
    pages = [span for span in spans if span.name == "page account.show"]
    assert 5 <= len(pages) <= 80  # of 300, one in ten; less or more comes about once in ten million runs
    for page in pages:
        assert "store get" in {span.name for span in spans if span.parent_span_id == page.span_id}


def test_the_operator_can_have_every_page_traced(run_site, collector):
    site = run_site(workers=1, **every_page(collector))
    for _ in range(200):
        site.fetch("GET", "/login")
    site.stop()
    assert len(collector.spans()) == 200


@pytest.mark.parametrize("trouble", ["refuses", "hangs"])
def test_a_collector_in_trouble_holds_up_neither_guests_nor_the_end(run_site, trouble):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if trouble == "hangs":
            listener.listen()
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        site = run_site(workers=1, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_TRACES_SAMPLER="always_on")
        browser = site.browser()
        began = time.monotonic()
        assert browser.sign_in().status == 303
        for _ in range(300):  # more spans than one batch takes
            assert browser.get("/account").status == 200
        assert time.monotonic() - began < 30
        began = time.monotonic()
        assert site.stop() == 0
        assert time.monotonic() - began < 10


def test_without_the_extra_the_start_says_what_to_install(sandbox, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'opentelemetry' else find(name, *rest)\n"
    )
    environ = environment(sandbox, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318")
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "wsgi:app"],
        cwd=ROOT,
        env=environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert "OpenTelemetry is not installed: pip install --require-hashes -r requirements-otel.lock" in ended.stderr
    assert "Traceback" not in ended.stderr
