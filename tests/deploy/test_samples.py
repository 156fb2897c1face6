"""What is in deploy/ for systemd, containers and Kubernetes: valid by its own rules, and true of this site."""

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from config import ConsoleSettings, Settings
from tests.sites import ROOT, RunningSite, environment

DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "systemd" / "guest-login.service"
CONTAINER = DEPLOY / "container"
CONSOLE_UNIT = UNIT.with_name("guest-console.service")
KUBERNETES = sorted((DEPLOY / "kubernetes").rglob("*.yaml"))
SECRETS = {
    "SECRET_KEY": "a-signing-key-0123456789abcdefghij",
    "SECRET_KEY_FALLBACKS": "",
    "CONSOLE_SECRET_KEY": "another-key-0123456789abcdefghijkl",
    "PAYTRONIX_CLIENT_ID": "an-id",
    "PAYTRONIX_CLIENT_SECRET": "a-secret",
    "STORE_URL": "redis://:a-password@redis:6379/0",
    "MESSAGES_URL": "postgresql://words:a-password@10.0.0.6/words",
}


def tool(name):
    """A program that came with the development dependencies, or the system."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.fail(f"{name} is not installed. 'make test' installs all that the tests need.")
    return found


def run(*command):
    done = subprocess.run([tool(command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def lines_of(path):
    """Settings as NAME=VALUE lines have them."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def unit_values(name, unit=UNIT):
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)


def documents(path):
    return list(yaml.safe_load_all(path.read_text()))


def kubernetes(kind, name="guest-login"):
    (found,) = [
        each
        for path in KUBERNETES
        for each in documents(path)
        if each["kind"] == kind and each["metadata"]["name"] == name
    ]
    return found


def pod(name="guest-login"):
    return kubernetes("Deployment", name)["spec"]["template"]["spec"]


def compose(file="compose.yaml"):
    return yaml.safe_load((CONTAINER / file).read_text())


def settings_for_systemd(unit=UNIT):
    return lines_of(DEPLOY / "settings.env") | dict(each.split("=", 1) for each in unit_values("Environment", unit))


def settings_in_image():
    (line,) = re.findall(r"^ENV (.*)$", (CONTAINER / "Dockerfile").read_text(), re.MULTILINE)
    return dict(each.split("=", 1) for each in line.split())


def settings_for_compose():
    return settings_in_image() | lines_of(DEPLOY / "settings.env") | compose()["services"]["site-a"]["environment"]


def settings_for_kubernetes():
    given = kubernetes("ConfigMap", "guest-login-settings")["data"]
    return settings_in_image() | given | {each["name"]: each["value"] for each in pod()["containers"][0]["env"]}


def console_for_systemd():
    return settings_for_systemd(CONSOLE_UNIT) | lines_of(DEPLOY / "console.env")


def console_for_compose():
    given = settings_in_image() | lines_of(DEPLOY / "settings.env") | lines_of(DEPLOY / "console.env")
    del given["MESSAGES_URL"]  # as the compose file says
    return given | compose("compose.console.yaml")["services"]["console"]["environment"]


def console_for_kubernetes():
    given = kubernetes("ConfigMap", "guest-console-settings")["data"]
    of_container = pod("guest-console")["containers"][0]["env"]
    return settings_in_image() | given | {each["name"]: each["value"] for each in of_container}


def with_secrets(settings, tmp_path):
    """The settings with files behind those that name one."""
    for name in [name for name in settings if name.endswith("_FILE")]:
        secret = name.removesuffix("_FILE")
        assert settings[name].endswith(secret.lower().replace("_", "-"))
        (tmp_path / secret).write_text(SECRETS[secret] + "\n")
        settings[name] = str(tmp_path / secret)
    return settings


@pytest.mark.parametrize("given", [console_for_systemd, console_for_compose, console_for_kubernetes])
def test_the_console_is_told_where_the_site_is_so_that_it_sees_that_the_hosts_differ(given):
    assert given()["PUBLIC_URL"] == "https://rewards.example.com"


@pytest.mark.parametrize("given", [console_for_systemd, console_for_compose, console_for_kubernetes])
def test_the_settings_of_the_console_are_whole_and_right_and_without_paytronix_secrets(given, tmp_path):
    settings = with_secrets(given(), tmp_path)
    found = ConsoleSettings.from_env(settings)
    assert str(found.console_url) == "https://words.example.com"
    assert found.trusted_proxy_hops == 1
    assert not found.is_read_only
    assert found.merchant_dir != ROOT / "merchant"
    assert found.console_secret_key
    assert not [name for name in settings if name.startswith(("PAYTRONIX_CLIENT", "SECRET_KEY"))], "they are the site's"


def test_the_sample_of_an_identity_provider_is_whole(tmp_path):
    lines = re.findall(r"^# (CONSOLE_\w+=.*)$", (DEPLOY / "console.env").read_text(), re.MULTILINE)
    given = dict(line.split("=", 1) for line in lines)
    secret = {"CONSOLE_OIDC_CLIENT_SECRET": "as docs/operations.md says"}
    found = ConsoleSettings.from_env(with_secrets(console_for_systemd(), tmp_path) | given | secret)
    assert found.console_oidc_issuer
    assert found.console_publishers


@pytest.mark.parametrize("given", [settings_for_systemd, settings_for_compose, settings_for_kubernetes])
def test_no_sample_gives_the_site_the_key_of_the_console(given):
    assert not [name for name in given() if name.startswith("CONSOLE_")]


def test_the_sites_secrets_do_not_hold_the_key_of_the_console():
    (folder,) = unit_values("LoadCredential")
    assert folder == "secrets:/etc/guest-login/secrets"  # all of it
    of_console = dict(each.split(":", 1) for each in unit_values("LoadCredential", CONSOLE_UNIT))
    assert not of_console["console-secret-key"].startswith("/etc/guest-login/secrets/")
    assert "console-secret-key" not in compose("compose.console.yaml")["services"]["site-a"]["secrets"]
    assert pod()["volumes"][0]["secret"]["secretName"] != pod("guest-console")["volumes"][0]["secret"]["secretName"]


def test_the_site_is_told_of_the_same_words_as_the_console(tmp_path):
    with_words = settings_for_compose() | compose("compose.console.yaml")["services"]["site-a"]["environment"]
    (tmp_path / "compose").mkdir()
    found = Settings.from_env(with_secrets(with_words, tmp_path / "compose"))
    assert found.messages_url.reveal() == SECRETS["MESSAGES_URL"]
    on_one_machine = settings_for_systemd() | lines_of(DEPLOY / "console.env")
    found = Settings.from_env(with_secrets(on_one_machine, tmp_path))
    assert found.messages_url.reveal() == "sqlite:////var/lib/guest-login/words.db"


@pytest.mark.parametrize("given", [settings_for_systemd, settings_for_compose, settings_for_kubernetes])
def test_the_settings_of_each_way_to_deploy_are_whole_and_right(given, tmp_path):
    settings = with_secrets(given(), tmp_path)
    found = Settings.from_env(settings)
    assert str(found.public_url) == "https://rewards.example.com"
    assert found.trusted_proxy_hops == 1
    assert found.merchant_dir != ROOT / "merchant", "a release would bring its own words"
    assert {"SECRET_KEY_FILE", "PAYTRONIX_CLIENT_SECRET_FILE"} <= set(settings), "secrets are in no environment"


def gunicorn_seconds(name):
    """A limit as gunicorn.conf.py sets it when nothing else is said."""
    environ = {"PATH": os.environ["PATH"], "PUBLIC_URL": "https://a.example", "PAYTRONIX_MERCHANT_ID": "1"}
    environ |= {"PAYTRONIX_BASE_URL": "https://b.example/rest/25.33"} | SECRETS
    said = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--print-config", "wsgi:app"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(re.search(rf"^{name}\s*= (\d+)$", said.stdout, re.MULTILINE)[1])


def test_nobody_kills_the_site_before_it_has_finished():
    graceful_seconds = gunicorn_seconds("graceful_timeout")
    (unit_seconds,) = unit_values("TimeoutStopSec")
    assert int(unit_seconds.removesuffix("s")) > 2 * graceful_seconds, "a reload may be under way"
    assert int(compose()["services"]["site-a"]["stop_grace_period"].removesuffix("s")) > graceful_seconds
    assert pod()["terminationGracePeriodSeconds"] > graceful_seconds


# --- systemd ---


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    for unit in [*UNIT.parent.glob("guest-*.service"), *UNIT.parent.glob("guest-*.socket")]:
        text = unit.read_text().replace("/opt/guest-login/current/.venv/bin/gunicorn", sys.executable)
        (tmp_path / unit.name).write_text(text)
    code, said = run("systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir())))
    assert (code, said) == (0, "")


@pytest.mark.parametrize("unit", [UNIT, CONSOLE_UNIT], ids=lambda unit: unit.name)
def test_systemd_counts_the_services_among_the_well_confined(unit):
    code, said = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=15", str(unit))
    assert code == 0, said
    assert f"Overall exposure level for {unit.name}: 1.2 OK" in said


@pytest.mark.parametrize("unit", [UNIT, CONSOLE_UNIT], ids=lambda unit: unit.name)
def test_a_process_that_crashes_leaves_no_passwords_on_a_disk(unit):
    assert unit_values("LimitCORE", unit) == ["0"]


def test_the_command_of_operators_is_a_sound_script():
    code, said = run("sh", "-n", str(UNIT.with_suffix("")))
    assert (code, said) == (0, "")


# --- containers ---


def test_the_container_file_is_clean():
    assert run("hadolint", str(CONTAINER / "Dockerfile")) == (0, "")


@pytest.mark.parametrize("file", ["compose.yaml", "compose.console.yaml"])
def test_the_compose_files_are_valid(file):
    path = str(CONTAINER / file)
    code, said = run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", path)
    assert code == 0, said


def image_folder(tmp_path):
    """The files that the image gets, laid out as there, by the COPY lines of the container file."""
    site, ignored = tmp_path / "site", (CONTAINER / "Dockerfile.dockerignore").read_text().splitlines()
    site.mkdir()
    for line in re.findall(r"^COPY (?!--from)(.*)$", (CONTAINER / "Dockerfile").read_text(), re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            assert f"!{source}" in ignored, f"{source} would not get to the builder"
            inside = tmp_path / target[1:] if target.startswith("/") else site / target
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, inside, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, inside)
    return site


def test_what_is_copied_into_the_image_is_enough_to_sign_in(sandbox, tmp_path, monkeypatch):
    folder = image_folder(tmp_path)
    monkeypatch.setattr("tests.sites.ROOT", folder)
    settings = environment(sandbox, tmp_path) | {"MERCHANT_DIR": str(tmp_path / "merchant")}
    del settings["PUBLIC_URL"]
    site = RunningSite(settings, workers=1)
    try:
        browser = site.browser()
        assert browser.sign_in().status == 303
        account = browser.get("/account")
        assert account.status == 200
        styles = [link for link in account.read.links if ".css" in link]
        assert {site.fetch("GET", link).status_code for link in styles} == {200}
        assert health_check(site.port) == 0
    finally:
        site.stop()
    assert health_check(site.port) != 0


def health_check(port):
    """The exit code of the image's own health check, asked at this port."""
    (words,) = re.findall(r"HEALTHCHECK .*\n +CMD (\[.*\])$", (CONTAINER / "Dockerfile").read_text(), re.MULTILINE)
    program, *arguments = json.loads(words)
    assert program == "python"
    assert "8000" in arguments[1]
    command = [sys.executable, arguments[0], arguments[1].replace("8000", str(port))]
    return subprocess.run(command, capture_output=True, check=False).returncode


# --- Kubernetes ---


@pytest.mark.parametrize("path", KUBERNETES, ids=lambda path: path.name)
def test_each_manifest_is_valid(path):
    code, said = run("kubernetes-validate", "--strict", str(path))
    assert code == 0, said
    assert said.count(" passed for resource ") == len(documents(path))


def test_everything_of_the_console_in_kubernetes_speaks_of_the_same_instance():
    labels = kubernetes("Deployment", "guest-console")["spec"]["template"]["metadata"]["labels"]
    assert kubernetes("Deployment", "guest-console")["spec"]["selector"]["matchLabels"] == labels
    assert kubernetes("Service", "guest-console")["spec"]["selector"] == labels
    policy = kubernetes("NetworkPolicy", "guest-console")["spec"]
    assert policy["podSelector"]["matchLabels"] == labels
    (port,) = pod("guest-console")["containers"][0]["ports"]
    assert kubernetes("Service", "guest-console")["spec"]["ports"][0]["targetPort"] == port["name"]
    assert [each["port"] for rule in policy["ingress"] for each in rule["ports"]] == [port["containerPort"]]
    assert pod("guest-console")["containers"][0]["securityContext"] == pod()["containers"][0]["securityContext"]
    secrets = [each["key"] for each in pod("guest-console")["volumes"][0]["secret"]["items"]]
    of_files = [each["value"] for each in pod("guest-console")["containers"][0]["env"]]
    assert [path.rpartition("/")[2] for path in of_files] == secrets


def test_everything_in_kubernetes_speaks_of_the_same_instances():
    labels = kubernetes("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert kubernetes("Deployment")["spec"]["selector"]["matchLabels"] == labels
    assert kubernetes("Service")["spec"]["selector"] == labels
    assert kubernetes("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert kubernetes("NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels
    ports = {each["name"]: each["containerPort"] for each in pod()["containers"][0]["ports"]}
    assert kubernetes("Service")["spec"]["ports"][0]["targetPort"] in ports
    allowed = [port["port"] for rule in kubernetes("NetworkPolicy")["spec"]["ingress"] for port in rule["ports"]]
    assert sorted(allowed) == sorted(ports.values())


def test_the_words_for_kubernetes_are_without_fault_and_mounted_where_they_are_read(tmp_path):
    data = kubernetes("ConfigMap", "guest-login-words")["data"]
    (volume,) = [each for each in pod()["volumes"] if each["name"] == "words"]
    for item in volume["projected"]["sources"][0]["configMap"]["items"]:
        path = tmp_path / item["path"]
        path.parent.mkdir(exist_ok=True)
        path.write_text(data[item["key"]])
    assert set(tomllib.loads(data["merchant.toml"])["languages"]) == {
        path.stem for path in (tmp_path / "messages").iterdir()
    }
    assert run("flask", "--app", "wsgi", "messages", "check", str(tmp_path))[0] == 0
    (mount,) = [each for each in pod()["containers"][0]["volumeMounts"] if each["name"] == "words"]
    assert mount["mountPath"] == settings_in_image()["MERCHANT_DIR"]


def test_the_probes_ask_pages_that_are_there(site):
    container = pod()["containers"][0]
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        path = container[probe]["httpGet"]["path"]
        assert site.test_client().get(path, headers={"Host": "10.1.2.3:8000"}).status_code == http.client.OK
