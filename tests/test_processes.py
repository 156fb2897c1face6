"""What the processes of an instance hold in memory, and what they share."""

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.faults.rig import children
from tests.sites import ROOT, environment
from tests.stores import free_ports

# Of commands, of tools for developers, and of tests: a process that serves guests has no use for any of it.
NOT_TO_SERVE = (
    *("app.commands.doctor", "app.commands.messages", "app.commands.preview", "app.commands.sessions"),
    *("app.doctor.checks", "app.messages.check", "app.messages.listing"),
    *("app.commands.console", "app.console", "app.history", "sqlalchemy", "alembic", "authlib"),
    *("unittest", "doctest", "pydoc", "pdb", "pytest", "multiprocessing", "sandbox"),
)


def run(code, settings):
    """What some code prints as JSON in a process of its own."""
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def test_a_site_that_serves_loads_nothing_that_only_commands_and_developers_need(sandbox, tmp_path):
    loaded = run(
        "import json, sys, wsgi; wsgi.app; print(json.dumps(list(sys.modules)))", environment(sandbox, tmp_path)
    )
    assert "app.views.account" in loaded
    assert not set(NOT_TO_SERVE) & set(loaded)


def test_only_a_site_with_a_database_of_words_loads_what_reads_it(sandbox, tmp_path):
    code = "import json, sys, wsgi; wsgi.app; print(json.dumps(list(sys.modules)))"
    settings = environment(sandbox, tmp_path)
    without = set(run(code, settings))
    loaded = set(run(code, settings | {"MESSAGES_URL": f"sqlite:///{tmp_path}/words.db"}))
    assert {name.partition(".")[0] for name in loaded - without} > {"sqlalchemy"}
    assert {"app.history.live", "app.history"} <= loaded - without
    # What changes tables, and the driver of the other engine, are for nobody who reads.
    assert not {"alembic", "psycopg", "app.console", "authlib", "tomli_w"} & loaded


def test_the_configuration_sets_what_it_imports_apart_from_garbage_and_leaves_the_collector_on(sandbox, tmp_path):
    code = (
        "import gc, json, runpy\n"
        "for _ in range(2):  # the second time is SIGHUP\n"
        "    runpy.run_path('gunicorn.conf.py')\n"
        "    print(json.dumps([gc.isenabled(), gc.get_freeze_count()]))"
    )
    is_on, set_apart = run(code, environment(sandbox, tmp_path))
    assert is_on
    assert set_apart > 50_000


def memory_of(pid):
    """Kilobytes that a process has written to: what is its own, and what it shares with its kin."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return {name: int(re.search(rf"{name}_Dirty: +([0-9]+)", text)[1]) for name in ("Private", "Shared")}


def test_workers_and_the_metrics_process_share_most_of_what_they_hold(run_site):
    site = run_site(workers=2, METRICS_ADDRESS=f"127.0.0.1:{free_ports(1)[0]}")
    assert len(children(site)) == 3
    for pid in children(site):
        held = memory_of(pid)
        assert held["Private"] < 0.55 * held["Shared"], held


def test_an_application_that_would_be_made_before_the_fork_is_refused(sandbox, tmp_path):
    command = [sys.executable, "-m", "gunicorn", "--preload", "--bind", "127.0.0.1:0", "wsgi:app"]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment(sandbox, tmp_path), capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert "gunicorn's --preload (preload_app) is on" in ended.stderr
    assert "Traceback" not in ended.stderr
