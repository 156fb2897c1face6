"""The metrics as an operator meets them: one process beside the workers, which ends with the master."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.faults.rig import children, metrics_process, site_workers
from tests.sites import ROOT, environment
from tests.stores import free_ports, until

SHARED = re.compile(r"/\S*/guest-login-metrics-\w+")


def folder_of(site):
    """Where its workers count, as one that has counted has it in memory."""
    site.browser().get("/login")
    found = [SHARED.search(Path(f"/proc/{pid}/maps").read_text()) for pid in children(site)]
    (folder,) = {Path(each[0]) for each in found if each}
    return folder


def test_all_workers_are_counted_as_one(run_watched, metrics):
    site = run_watched(workers=3, LOG_LEVEL="error")

    def visit(number):
        browser = site.browser()
        assert browser.sign_in().status == 303
        assert browser.get("/account").status == 200
        return browser

    with ThreadPoolExecutor(6) as pool:
        browsers = list(pool.map(visit, range(12)))
    assert site.browser().sign_in("ana", "wrong").status == 422
    assert site.browser().sign_in("code:never.heard-of", "x").status == 422
    assert browsers[0].sign_out().status == 303
    samples = metrics.samples()

    def value(name, **labels):
        return samples[f"guest_login_{name}", *sorted(labels.items())]

    assert value("sign_ins_total", outcome="ok", code="") == 12
    assert value("sign_ins_total", outcome="refused", code="could_not_authenticate") == 1
    assert value("sign_ins_total", outcome="refused", code="other") == 1
    assert value("events_total", event="words_missing") == 1
    assert value("sign_ins_ended_total", reason="signed_out") == 1
    assert value("vendor_calls_total", operation="oauth/requestGuestToken", outcome="success") == 12
    assert value("vendor_calls_total", operation="guest/userInformation", outcome="success") == 12
    assert value("vendor_call_seconds_count", operation="guest/accountInformation") == 13
    assert value("request_seconds_count", page="login.submit", status="3xx") == 12
    assert value("vendor_calls_under_way") == 0
    assert value("vendor_calls_limit") == 3 * 252
    assert value("store_up") == 1
    assert value("words_faults") == 1, "there is no folder"
    assert "never.heard-of" not in metrics.text()


def test_sign_ins_alive_are_counted_on_every_engine_and_asked_for_now_and_then_only(
    run_watched, metrics, store_url, monkeypatch
):
    site = run_watched(STORE_URL=store_url)
    for _ in range(3):
        assert site.browser().sign_in().status == 303
    assert metrics.value("sign_ins_alive") == 3
    assert site.browser().sign_in().status == 303
    assert metrics.value("sign_ins_alive") == 3, "the store is asked at every scrape"


def test_calls_under_way_are_seen_while_they_are(run_watched, metrics, sandbox):
    site = run_watched(workers=2)
    sandbox.switch(delay_seconds=4)
    with ThreadPoolExecutor(3) as pool:
        under_way = [pool.submit(site.browser().sign_in) for _ in range(3)]
        until(lambda: metrics.value("vendor_calls_under_way") == 3)
        assert {each.result().status for each in under_way} == {303}
    assert metrics.value("vendor_calls_under_way") == 0


def test_throttles_refreshes_and_waits_are_counted(run_watched, metrics, sandbox):
    site = run_watched(workers=2, LOGIN_FAILURES_PER_GUEST="2/1 hour")
    browser = site.browser()
    for status in (422, 422, 429):
        assert browser.sign_in("ben@example.com", "wrong").status == status
    browser.sign_in()
    sandbox.switch(delay_seconds=0.3)
    session = browser.session

    def page(_):
        return requests.get(f"{site.url}/account", cookies=session.cookies, timeout=20, allow_redirects=False)

    rounds = 0
    while not metrics.samples()["guest_login_lease_wait_seconds_count", ("lease", "refresh")]:
        rounds += 1  # one worker may take all connections, and then nobody waits for another one's lease
        assert rounds < 20
        sandbox.expire()
        with ThreadPoolExecutor(8) as pool:
            assert {each.status_code for each in pool.map(page, range(8))} == {200}
    sandbox.switch(delay_seconds=0)
    sandbox.expire()
    sandbox.revoke()
    assert browser.get("/account").status == 303
    samples = metrics.samples()
    assert samples["guest_login_throttled_total", ("limit", "guest")] == 1
    assert samples["guest_login_sign_ins_total", ("code", ""), ("outcome", "throttled")] == 1
    assert samples["guest_login_refreshes_total", ("outcome", "renewed")] == rounds
    assert samples["guest_login_refreshes_total", ("outcome", "refused")] == 1
    assert samples["guest_login_sign_ins_ended_total", ("reason", "refresh_refused")] == 1
    assert samples["guest_login_lease_wait_seconds_count", ("lease", "refresh")] >= 1


def test_what_workers_counted_stays_when_they_are_replaced_and_their_files_do_not(run_watched, metrics):
    site = run_watched(workers=2)
    folder = folder_of(site)
    for _ in range(4):
        assert site.browser().sign_in().status == 303
    for _ in range(3):
        former = set(site_workers(site))
        site.process.send_signal(signal.SIGHUP)
        until(lambda former=former: len(site_workers(site)) == 2 and former.isdisjoint(site_workers(site)))
    assert site.browser().sign_in().status == 303
    until(lambda: metrics.value("sign_ins_total", outcome="ok", code="") == 5)
    until(lambda: metrics.value("vendor_calls_limit") == 2 * 252)
    numbers = {path.stem.rpartition("_")[2] for path in folder.glob("*.db")}
    assert numbers <= {"1", "2", "3", "4"}, "a reload has two more for a while"
    assert metrics.value("request_seconds_count", page="login.submit", status="3xx") == 5
    assert metrics.value("request_seconds_bucket", page="login.submit", status="3xx", le="+Inf") == 5


def test_a_worker_that_is_killed_in_the_middle_of_a_call_is_not_counted_as_calling_for_ever(
    run_watched, metrics, sandbox
):
    site = run_watched(workers=1)
    (worker,) = site_workers(site)
    sandbox.switch(delay_seconds=3)
    with ThreadPoolExecutor(1) as pool:
        lost = pool.submit(site.browser().sign_in)
        until(lambda: metrics.value("vendor_calls_under_way") == 1)
        os.kill(worker, signal.SIGKILL)
        with pytest.raises(requests.ConnectionError):
            lost.result()
    until(lambda: metrics.value("vendor_calls_under_way") == 0)


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_it_ends_with_the_master_and_leaves_neither_listener_nor_folder(run_watched, metrics, with_signal):
    site = run_watched()
    folder = folder_of(site)
    assert folder.is_dir()
    process = metrics_process(site)
    site.stop(with_signal)

    def gone():
        return not Path(f"/proc/{process}").exists() or "\nState:\tZ" in Path(f"/proc/{process}/status").read_text()

    until(gone, seconds=3)
    assert not folder.exists()
    with socket.create_server(("127.0.0.1", int(metrics.address.rpartition(":")[2]))):
        pass


def test_one_that_is_killed_is_started_again_and_has_lost_no_count(run_watched, metrics):
    site = run_watched(workers=2)
    assert site.browser().sign_in().status == 303
    assert metrics.value("sign_ins_total", outcome="ok", code="") == 1
    for _ in range(2):  # the second one dies young, and is started again all the same
        former = metrics_process(site)
        os.kill(former, signal.SIGKILL)
        until(lambda former=former: metrics_process(site) not in {None, former}, seconds=30)
        until(lambda: metrics.value("sign_ins_total", outcome="ok", code="") == 1, seconds=30)
    assert [line["event"] for line in site.log()].count("metrics_restarted") == 2
    assert site.browser().sign_in().status == 303
    assert metrics.value("sign_ins_total", outcome="ok", code="") == 2
    assert len(site_workers(site)) == 2


def test_one_whose_address_somebody_else_has_taken_is_told_and_the_site_goes_on(run_watched, metrics):
    site = run_watched(workers=1)
    host, _, port = metrics.address.rpartition(":")
    process = metrics_process(site)
    os.kill(site.process.pid, signal.SIGSTOP)  # so that the address is taken before the master looks
    os.kill(process, signal.SIGKILL)
    until(lambda: "\nState:\tZ" in Path(f"/proc/{process}/status").read_text())
    try:
        taken = socket.create_server((host, int(port)))
    finally:
        os.kill(site.process.pid, signal.SIGCONT)
    with taken:
        until(lambda: [line for line in site.log() if line["event"] == "metrics_failed"], seconds=30)
        assert site.browser().sign_in().status == 303


def test_it_serves_until_the_last_answer_of_an_instance_that_is_told_to_end(run_watched, metrics, sandbox):
    site = run_watched()
    process = metrics_process(site)
    sandbox.switch(delay_seconds=5)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(site.browser().sign_in)
        until(lambda: metrics.value("vendor_calls_under_way") == 1)
        for pid in (site.process.pid, process):  # as systemd does: it tells all processes of a service
            os.kill(pid, signal.SIGTERM)
        until(lambda: metrics.fetch("/readyz").json()["ending"] is True)
        assert metrics.fetch("/readyz").status_code == 503
        assert metrics.value("vendor_calls_under_way") == 1
        assert slow.result().status == 303


def test_readiness_says_what_is_wrong_with_the_merchants_files_and_the_store(run_watched, metrics, own_redis, tmp_path):
    words = tmp_path / "words"
    (words / "messages").mkdir(parents=True)
    (words / "merchant.toml").write_text('name = "Olive"\n')
    (words / "messages" / "en.toml").write_text("[paytronix]\nlocked = 7\n")
    with own_redis.client() as client:
        client.config_set("requirepass", "marker-password")
    run_watched(MERCHANT_DIR=str(words), STORE_URL=f"redis://:marker-password@{own_redis.address}/0")
    assert metrics.fetch("/readyz").status_code == 200
    with own_redis.client() as client:
        client.execute_command("AUTH", "marker-password")
        client.config_set("requirepass", "another")
        client.client_kill_filter(_type="normal", skipme=True)
    detail = metrics.fetch("/readyz")
    assert detail.status_code == 503
    assert (detail.json()["ready"], detail.json()["store"]["reason"]) == (False, "refused")
    assert own_redis.address in detail.json()["store"]["problem"]
    assert "marker-password" not in detail.text
    (fault,) = detail.json()["words"]
    assert (fault["file"], fault["line"]) == ("messages/en.toml", 2)
    assert fault["instead"]
    assert metrics.value("words_faults") == 1
    assert metrics.value("store_up") == 0
    assert metrics.value("sign_ins_alive") is None
    (words / "messages" / "en.toml").write_text('[paytronix]\nlocked = "Locked."\n')
    until(lambda: not metrics.fetch("/readyz").json()["words"])


def start(sandbox, tmp_path, **changes):
    """A start that is expected to fail."""
    environ = environment(sandbox, tmp_path, **changes)
    return subprocess.run(
        [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{free_ports(1)[0]}", "wsgi:app"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_an_address_that_is_taken_stops_the_start_with_one_clear_line(sandbox, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = start(sandbox, tmp_path, METRICS_ADDRESS=f"127.0.0.1:{taken.getsockname()[1]}")
    assert ended.returncode == 1
    assert "METRICS_ADDRESS is wrong: nothing can listen there (Address already in use)." in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_folder_that_cannot_be_written_stops_the_start_with_one_clear_line(sandbox, tmp_path):
    # Nobody, not even root, can make a folder there; the test's own preamble takes the other places away.
    hide = tmp_path / "sitecustomize.py"
    hide.write_text(
        "import os, tempfile\n"
        "tempfile._candidate_tempdir_list = lambda: ['/proc/nowhere']\n"
        "access = os.access\n"
        "os.access = lambda path, *more, **options: str(path) != '/dev/shm' and access(path, *more, **options)\n"
    )
    ended = start(sandbox, tmp_path, METRICS_ADDRESS=f"127.0.0.1:{free_ports(1)[0]}", PYTHONPATH=str(tmp_path))
    assert ended.returncode == 1
    assert "no folder can be written for what is counted" in ended.stderr
    assert "set TMPDIR" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_an_address_there_is_no_process_no_folder_and_nothing_is_imported(run_site):
    site = run_site(workers=1)
    site.browser().sign_in()
    (worker,) = children(site)
    assert "guest-login-metrics" not in Path(f"/proc/{worker}/maps").read_text()
    # redis-py imports the API of OpenTelemetry where it is installed; the exporter is ours to leave alone.
    ours = "'prometheus', 'opentelemetry.exporter', 'app.observability.traces', 'app.observability.metrics.instruments', 'app.observability.metrics.exposition'"
    asked = f"import sys, wsgi; wsgi.app; print([name for name in sys.modules if name.startswith(({ours}))])"
    imported = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, env=site.settings, capture_output=True, text=True, check=True
    )
    assert imported.stdout.splitlines()[-1] == "[]"


def test_only_two_pages_are_served_and_they_name_no_software(run_watched, metrics):
    run_watched()
    assert metrics.fetch("/").status_code == 404
    assert metrics.fetch("/../wsgi.py").status_code == 404
    for path in ("/", "/metrics", "/readyz"):
        assert "Server" not in metrics.fetch(path).headers


def test_a_caller_who_says_nothing_keeps_nobody_else_waiting(run_watched, metrics):
    run_watched()
    host, _, port = metrics.address.partition(":")
    with socket.create_connection((host, int(port))), socket.create_connection((host, int(port))):
        began = time.monotonic()
        metrics.text()
        assert time.monotonic() - began < 4
