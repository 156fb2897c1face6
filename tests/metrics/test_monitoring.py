"""What is shipped for Prometheus and Grafana, checked with Prometheus's own promtool and against what is really served."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "deploy" / "monitoring"
RULE_TESTS = Path(__file__).with_name("alerts.yml")
NAME = re.compile(r"\bguest_login_[a-z_]+")
LABELLED = re.compile(r"\b(guest_login_[a-z_]+)\{([^}]*)\}")


def promtool(*arguments):
    """Prometheus's own checks; what it says when something is wrong."""
    program = shutil.which("promtool")
    if program is None:
        pytest.fail("promtool is not installed. Install it with: apt-get install prometheus")
    ended = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def rules():
    """Name and expression of each alert, as they stand in the file."""
    text = (SHIPPED / "alerts.yml").read_text()
    found = re.findall(r"- alert: (\w+)\n +expr: (?:\|\n((?: {10}.*\n)+)|(.*)\n)", text)
    assert len(found) == text.count("- alert:")
    return {name: block or line for name, block, line in found}


def panels():
    """Title and expressions of each panel."""
    dashboard = json.loads((SHIPPED / "dashboard.json").read_text())
    return {
        panel["title"] + f" #{panel['id']}": [target["expr"] for target in panel["targets"]]
        for panel in dashboard["panels"]
        if panel["type"] != "row"
    }


def test_the_rules_and_the_sample_of_a_configuration_are_what_prometheus_reads():
    promtool("check", "rules", "--lint=all", "--lint-fatal", SHIPPED / "alerts.yml")
    promtool("check", "config", SHIPPED / "prometheus.yml")


def test_each_alert_fires_when_it_should_and_none_in_an_ordinary_hour():
    promtool("test", "rules", RULE_TESTS)
    text = (RULE_TESTS).read_text()
    for name in rules():
        assert f"{{ eval_time: 85m, alertname: {name} }}" in text, name
        assert f"- name: {name} fires" in text, name


def test_each_alert_leads_to_a_page_of_the_operations_manual():
    manual = (ROOT / "docs" / "operations.md").read_text()
    told = " ".join(re.findall(r"^\*Alerts:\* (.*?)\*?(?: \*Log|\n\n|\. \*)", manual, re.MULTILINE | re.DOTALL))
    assert {name for name in rules() if f"`{name}`" not in told} == set()


def test_every_expression_of_the_dashboard_is_one(tmp_path):
    lines = ["groups:", "  - name: dashboard", "    rules:"]
    for number, expression in enumerate(each for expressions in panels().values() for each in expressions):
        filled_in = expression.replace("$__rate_interval", "5m").replace("$instance", ".*")
        lines += [f"      - record: panel:number{number}", f"        expr: {json.dumps(filled_in)}"]
    (tmp_path / "dashboard.yml").write_text("\n".join(lines))
    promtool("check", "rules", tmp_path / "dashboard.yml")


def test_panels_do_not_lie_on_one_another():
    taken = {}
    for panel in json.loads((SHIPPED / "dashboard.json").read_text())["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert x < 24
                assert (x, y) not in taken, f"{panel['title']} is on top of {taken[x, y]}"
                taken[x, y] = panel["title"]


def test_what_alerts_and_dashboard_ask_for_is_served(run_watched, metrics, tmp_path):
    site = run_watched(MESSAGES_URL=f"sqlite:///{tmp_path}/words.db")
    site.browser().sign_in()
    assert site.browser().sign_in("503", "x").status == 503  # how pages ended is known when one has ended so
    (tmp_path / "served").write_text(metrics.text())
    served = {}
    for name, *labels in metrics.samples():
        for label, value in labels:
            served.setdefault(name, {}).setdefault(label, set()).add(value)
        served.setdefault(name, {})
    asked = {**rules(), **{title: " ".join(each) for title, each in panels().items()}}
    for where, expression in asked.items():
        for name in NAME.findall(expression):
            assert name in served, f"{where} asks for {name}"
        for name, matchers in LABELLED.findall(expression):
            for label, operator, value in re.findall(r'(\w+)(=~|!~|!=|=)"([^"]*)"', matchers):
                if label == "instance":
                    continue
                assert label in served[name], f"{where} asks {name} for its {label}"
                if operator in {"=", "=~"}:
                    for each in value.split("|"):
                        assert each in served[name][label], f"{where}: no {label} of {name} is {each}"


def test_the_metrics_are_what_prometheus_calls_well_formed(run_watched, metrics):
    run_watched().browser().sign_in()
    program = shutil.which("promtool")
    checked = subprocess.run(
        [program, "check", "metrics"], input=metrics.text(), capture_output=True, text=True, timeout=30, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
