"""docs/operations.md for one machine, typed into a fresh systemd while a guest is signed in. Part of ``make soak``.

The machine is a container of systemd-nspawn over this machine's own files, without a network: what apt-get would install
is there, wheels are laid ready, and the simulated Paytronix stands in for the real one. Everything else is real.
"""

import os
import re
import shutil
import subprocess

import pytest
import trustme

from tests.sites import ROOT

GUIDE = ROOT / "docs" / "operations.md"
HOST = "rewards.example.com"
CONSOLE_HOST = "words.example.com"
LONGEST_SECONDS = 600
NEEDED = {
    "systemd-nspawn": "systemd-container",
    "unshare": "util-linux",
    "nginx": "nginx-light",
    "curl": "curl",
    "git": "git",
}
SIGNED_IN = "/opt/guest-login/current/.venv/bin/python /root/guest.py still"

# What a person does between the commands: behind the block of the guide that holds the words.
BY_HAND = {
    "touch secret-key-fallbacks": """
        echo sandbox-client > paytronix-client-id
        echo sandbox-secret > paytronix-client-secret
        sed -i 's,https://m777777.api.example.com,http://127.0.0.1:9000,' /etc/guest-login/settings.env
        # One guest signs in again and again from one address here.
        echo 'LOGIN_FAILURES_PER_ADDRESS=10000/15 minutes' >> /etc/guest-login/settings.env
        systemd-run --quiet --unit=paytronix --working-directory=/opt/guest-login/releases/1.0.0 \
            /opt/guest-login/releases/1.0.0/.venv/bin/python -m sandbox --port 9000
        sleep 2
    """,
    "--head https://": f"""
        /opt/guest-login/current/.venv/bin/python /root/guest.py in
        systemd-run --quiet --unit=guest --setenv=REQUESTS_CA_BUNDLE=/root/authority.pem \
            /opt/guest-login/releases/1.0.0/.venv/bin/python /root/guest.py for-ever
        systemctl reload guest-login
        sleep 3
        systemd-analyze security --no-pager guest-login | tail -1
        {SIGNED_IN}
    """,
    "--unit=guest-login --output=cat --lines=20": """
        journalctl --namespace=guest-login --unit=guest-login --output=cat --no-pager | grep --quiet login_ok
        mv /etc/guest-login/secrets /etc/guest-login/secrets.away
        guest-login doctor 2> /root/said && exit 1
        mv /etc/guest-login/secrets.away /etc/guest-login/secrets
        grep --quiet 'the command did not run' /root/said
        grep --quiet -i 'credentials' /root/said
    """,
    "cp deploy/nginx-console.conf": f"""
        curl --silent --fail https://{CONSOLE_HOST}/sign-in | grep --quiet 'Words for guests'
        guest-login messages export /tmp/exported
        test -s /tmp/exported/merchant.toml
        guest-login messages export exported && exit 1
        guest-login console link --name "Ben Example" | grep --quiet "^https://{CONSOLE_HOST}/sign-in#"
        systemd-analyze security --no-pager guest-console | tail -1
        {SIGNED_IN}
    """,
    # It offers the provider's way in; then it goes again, since what follows is about an instance without a console.
    "console-oidc-client-secret": f"""
        echo client-secret > console-oidc-client-secret
        sed -i 's/^# CONSOLE_/CONSOLE_/' /etc/guest-login/settings.env
        systemctl restart guest-console
        curl --silent --fail https://{CONSOLE_HOST}/sign-in | grep --quiet '/sign-in/provider'
        systemctl disable --now guest-console.service guest-console.socket
        rm /etc/nginx/guest-console.conf
        sed -i '/^MESSAGES_URL=/d; /^CONSOLE_/d' /etc/guest-login/settings.env
        systemctl restart guest-login
        systemctl reload nginx
        {SIGNED_IN}
    """,
    "releases/1.1.0/deploy/systemd/guest-login doctor": f"""
        curl --silent https://{HOST}/login | grep --quiet 'release 1.1.0'
        {SIGNED_IN}
    """,
    "ln -sfn releases/1.0.0 /opt/guest-login/current\n  cp": f"""
        curl --silent https://{HOST}/login | grep 'release 1.1.0' && exit 1
        {SIGNED_IN}
    """,
    "cp secret-key secret-key-fallbacks": SIGNED_IN,
    "PRAGMA integrity_check": SIGNED_IN,
    # An incident: the settings are broken, the site is restarted, and guests go on coming.
    "uniq --count || true": """
        test "$(systemctl show --property=NRestarts --value guest-login)" = 0
        systemctl stop guest
        systemctl --quiet is-failed guest && exit 1
        sed -i.good 's,PUBLIC_URL=.*,PUBLIC_URL=nonsense,' /etc/guest-login/settings.env
        systemctl restart guest-login && exit 1
        for number in $(seq 20); do curl --silent --max-time 1 http://127.0.0.1:8000/healthz || sleep 1; done
    """,
    "--lines=30": """
        journalctl --namespace=guest-login --unit=guest-login --output=cat --no-pager | grep --quiet 'PUBLIC_URL is wrong'
        mv /etc/guest-login/settings.env.good /etc/guest-login/settings.env
    """,
    "systemctl reset-failed": SIGNED_IN,
}
AT_THE_END = """
    guest-login sessions end --guest ana
    /opt/guest-login/current/.venv/bin/python /root/guest.py out
    echo "ALL WAS DONE"
"""

GUEST = f"""
import json, os, re, sys, time
import requests

JAR, session = "/root/cookies", requests.Session()
URL = "https://{HOST}"


def account():
    return session.get(URL + "/account", allow_redirects=False, timeout=60).status_code


def sign_in(username, password):
    token = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', session.get(URL + "/login", timeout=60).text)[1]
    form = {{"csrf_token": token, "next": "", "username": username, "password": password}}
    answer = session.post(URL + "/login", form, allow_redirects=False, timeout=60)
    assert answer.status_code == 303, answer.status_code


match sys.argv[1]:
    case "in":
        sign_in("ana", "taco-tuesday")
        assert account() == 200
        open(JAR, "w").write(json.dumps(session.cookies.get_dict()))
    case "for-ever":
        while True:
            session.cookies.clear()
            sign_in("ben@example.com", "soup-of-the-day")  # whose surplus sign-ins end, and not ana's
            for _ in range(10):
                assert account() == 200
                time.sleep(0.02)
    case wanted:
        session.cookies.update(json.load(open(JAR)))
        assert account() == {{"still": 200, "out": 303}}[wanted], account()
"""

TARGET = """
[Unit]
Requires=basic.target
Wants=rehearsal.service
After=basic.target
"""
SERVICE = """
[Unit]
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
ExecStart=/bin/bash /root/rehearsal.sh
StandardOutput=file:/result/said
StandardError=inherit
Environment=HOME=/root PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 PIP_FIND_LINKS=/srv/wheels
Environment=CURL_CA_BUNDLE=/root/authority.pem REQUESTS_CA_BUNDLE=/root/authority.pem
"""
# Both mounts are seen by these processes alone, and go with them.
BOOT = """
mount -t tmpfs -o size=2g tmpfs "$1" && mkdir "$1/work" "$1/root" && cp -a "$2" "$1/upper" &&
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root" &&
exec systemd-nspawn --quiet --directory="$1/root" --register=no --keep-unit --private-network --resolv-conf=off \
    --bind="$3:/result" --boot systemd.unit=rehearsal.target
"""

# As every machine trusts whoever has issued a real certificate: doctor looks at it, too.
TRUST = "cp /root/authority.pem /usr/local/share/ca-certificates/rehearsal.crt && update-ca-certificates >/dev/null"
COPY_CHECKOUT = (
    "git ls-files --cached --others --exclude-standard -z"
    ' | tar --create --null --files-from=- | tar --extract --no-same-owner --directory="$1"'
)


def script():
    """All blocks of the guide in their order, each with what is done by hand behind it."""
    blocks = re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    by_hand, parts = dict(BY_HAND), ["set -euxo pipefail", f"echo 127.0.0.1 {HOST} {CONSOLE_HOST} >> /etc/hosts", TRUST]
    for block in blocks:
        parts.append(block)
        parts += [by_hand.pop(words) for words in list(by_hand) if words in block]
    assert not by_hand, f"the guide no longer has {sorted(by_hand)}"
    return "\n".join([*parts, AT_THE_END])


def lay_out(folder, tmp_path):
    """What is on the machine before the first command."""
    for name in ("root", "srv/wheels", "etc/systemd/system", "etc/ssl/certs", "etc/ssl/private", "usr/local/bin"):
        (folder / name).mkdir(parents=True)
    for release in ("1.0.0", "1.1.0"):
        home = folder / "opt/guest-login/releases" / release
        home.mkdir(parents=True)
        subprocess.run(["sh", "-c", COPY_CHECKOUT, "sh", home], cwd=ROOT, check=True)
    with open(home / "templates" / "base.html", "a") as page:
        page.write("<!-- release 1.1.0 -->\n")
    download = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "-r",
        ROOT / "requirements-console.lock",
    ]
    subprocess.run(["/usr/bin/python3", "-m", "venv", tmp_path / "venv"], check=True)  # the Python of that machine
    subprocess.run([tmp_path / "venv/bin/python", *download, "--dest", folder / "srv/wheels"], check=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "root/authority.pem")
    for host in (HOST, CONSOLE_HOST):
        certificate = authority.issue_cert(host)
        certificate.private_key_pem.write_to_path(folder / f"etc/ssl/private/{host}.key")
        certificate.cert_chain_pems[0].write_to_path(folder / f"etc/ssl/certs/{host}.pem")
    apt_get = folder / "usr/local/bin/apt-get"
    apt_get.write_text("#!/bin/sh\n")
    apt_get.chmod(0o755)
    (folder / "root/guest.py").write_text(GUEST)
    (folder / "root/rehearsal.sh").write_text(script())
    (folder / "etc/systemd/system/rehearsal.target").write_text(TARGET)
    (folder / "etc/systemd/system/rehearsal.service").write_text(SERVICE)


def test_the_guide_for_operators_works_word_for_word_and_loses_no_request(tmp_path):
    if os.geteuid() != 0:
        pytest.fail("systemd can only be started by root here: run this as root, on Debian.")
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    if missing:
        pytest.fail(f"Install what is missing: apt-get install {' '.join(missing)}")
    laid, result, mounts = (tmp_path / name for name in ("laid", "result", "mounts"))
    for folder in (laid, result, mounts):
        folder.mkdir()
    lay_out(laid, tmp_path)
    boot = subprocess.run(
        ["unshare", "--mount", "sh", "-c", BOOT, "sh", mounts, laid, result],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS,
    )
    said = (result / "said").read_text() if (result / "said").exists() else boot.stdout + boot.stderr
    assert said.rstrip().endswith("ALL WAS DONE"), said[-3000:]
    for service in ("guest-login", "guest-console"):
        assert f"Overall exposure level for {service}.service: 1." in said
