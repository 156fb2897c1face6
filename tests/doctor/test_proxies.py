"""What the doctor says of proxies: each fault is named rightly, and what it advises works."""

import re
import signal
from contextlib import ExitStack

import pytest

from tests.doctor.conftest import faults, findings, the_fault
from tests.misbehaving import Misbehaving, answer, reply
from tests.proxies import Nginx
from tests.sites import RunningSite, environment
from tests.stores import free_ports

# --- PUBLIC_URL and the proxy ---


class Proxied(Nginx):
    """nginx from the sample, with some of its lines changed."""

    def __init__(self, folder, changes):
        super().__init__(folder)
        self.changes = changes

    def _configuration(self, site_ports):
        text = super()._configuration(site_ports)
        for before, after in self.changes.items():
            assert before in text, before
            text = text.replace(before, after)
        return text


@pytest.fixture
def examine_behind_nginx(examine, sandbox, tmp_path):
    """A function that puts nginx, with lines changed, in front of the site and runs the doctor."""
    running = ExitStack()

    def run(*, site=None, doctor=None, with_site=True, changes=None):
        home = tmp_path / "nginx"
        home.mkdir()
        nginx = Proxied(home, changes or {})
        settings = nginx.settings_of_site | (site or {})
        ports = free_ports(1)
        if with_site:
            behind = RunningSite(environment(sandbox, tmp_path, **settings), workers=1)
            running.callback(behind.stop, signal.SIGQUIT)
            ports = [behind.port]
        nginx.start(*ports)
        running.callback(nginx.stop)  # killed, it would leave its workers behind
        return examine(SSL_CERT_FILE=nginx.authority, **(settings | (doctor or {})))

    with running:
        yield run


def test_the_sample_of_nginx_is_in_order(examine_behind_nginx):
    found = examine_behind_nginx()
    assert faults(found) == []
    assert "TRUSTED_PROXY_HOPS is 1, and so many proxies are there" in findings(found, "ok", "proxy")


def test_a_proxy_that_is_not_trusted(examine_behind_nginx):
    named = the_fault(examine_behind_nginx(site={"TRUSTED_PROXY_HOPS": "0"}))
    assert "1 proxy has written down an address, and TRUSTED_PROXY_HOPS is 0" in named
    assert "every guest seems to come from 127.0.0.1" in named


def test_more_proxies_trusted_than_there_are(examine_behind_nginx):
    named = the_fault(examine_behind_nginx(site={"TRUSTED_PROXY_HOPS": "2"}))
    assert "1 proxy has written down an address, and TRUSTED_PROXY_HOPS is 2" in named


def test_a_proxy_that_changes_the_host(examine_behind_nginx):
    changes = {
        "proxy_set_header Host $http_host;": "proxy_set_header Host inner.example;",
        "proxy_set_header X-Forwarded-Host $http_host;": 'proxy_set_header X-Forwarded-Host "";',
    }
    assert "the site sees the host 'inner.example'" in the_fault(examine_behind_nginx(changes=changes))


@pytest.mark.parametrize(
    ("scheme", "named"),
    [
        ("http", "the proxy says that guests come by http, and PUBLIC_URL says https"),
        ('""', "the proxy does not say by which scheme guests come"),
    ],
)
def test_a_proxy_that_says_the_wrong_scheme_or_none(examine_behind_nginx, scheme, named):
    changes = {"proxy_set_header X-Forwarded-Proto $scheme;": f"proxy_set_header X-Forwarded-Proto {scheme};"}
    assert the_fault(examine_behind_nginx(changes=changes)) == f"proxy: {named}"


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (
            "add_header Strict-Transport-Security 'max-age=31536000' always;",
            "Strict-Transport-Security is sent 2 times",
        ),
        ("add_header Referrer-Policy no-referrer always;", "Referrer-Policy is sent 2 times, also as 'no-referrer'"),
        (
            "proxy_hide_header Referrer-Policy; add_header Referrer-Policy no-referrer always;",
            "Referrer-Policy arrives as 'no-referrer', and the site sends 'same-origin'",
        ),
        ("proxy_hide_header X-Frame-Options;", "X-Frame-Options is missing"),
        ("proxy_hide_header Cross-Origin-Opener-Policy;", "Cross-Origin-Opener-Policy is missing"),
        (
            "proxy_hide_header Cache-Control; add_header Cache-Control 'public, max-age=60';",
            "Cache-Control arrives as 'public, max-age=60', and the site sends 'no-store'",
        ),
    ],
)
def test_a_proxy_that_adds_takes_away_or_changes_any_header(examine_behind_nginx, line, named):
    limit = "proxy_next_upstream_timeout 10s;"
    assert the_fault(examine_behind_nginx(changes={limit: f"{limit} {line}"})) == f"proxy: {named}"


def test_a_longer_promise_of_https_may_be_meant_so(examine_behind_nginx):
    limit = "proxy_next_upstream_timeout 10s;"
    of_its_own = "proxy_hide_header Strict-Transport-Security; add_header Strict-Transport-Security 'max-age=63072000';"
    found = examine_behind_nginx(changes={limit: f"{limit} {of_its_own}"})
    assert faults(found) == []
    (told,) = findings(found, "note", "proxy")
    assert "Strict-Transport-Security arrives as 'max-age=63072000'" in told


def test_a_proxy_that_writes_no_address_is_to_write_one(examine_behind_nginx):
    changes = {"proxy_set_header X-Forwarded-For $remote_addr;": 'proxy_set_header X-Forwarded-For "";'}
    found = examine_behind_nginx(changes=changes)
    assert "no proxy has written down an address, and TRUSTED_PROXY_HOPS is 1" in the_fault(found)
    (todo,) = [each["todo"] for each in found[1]["findings"] if each["level"] == "fault"]
    assert "Have the proxy set X-Forwarded-For" in todo


def test_a_proxy_that_writes_what_is_no_address(examine_behind_nginx):
    changes = {"proxy_set_header X-Forwarded-For $remote_addr;": "proxy_set_header X-Forwarded-For unknown;"}
    assert "writes 'unknown' into X-Forwarded-For, which is no address" in the_fault(
        examine_behind_nginx(changes=changes)
    )


def test_a_port_behind_the_address_is_no_harm(examine_behind_nginx):
    before = "proxy_set_header X-Forwarded-For $remote_addr;"
    changes = {before: "proxy_set_header X-Forwarded-For $remote_addr:$remote_port;"}
    assert faults(examine_behind_nginx(changes=changes)) == []


@pytest.mark.parametrize("scheme", ["$http_x_forwarded_proto", "https"])
def test_what_it_says_of_two_proxies_works_when_it_is_done(examine, sandbox, tmp_path, scheme):
    """Guests, nginx with TLS, nginx that appends to X-Forwarded-For and has one scheme, site."""
    homes = [tmp_path / name for name in ("outer", "inner")]
    for home in homes:
        home.mkdir()
    outer, inner = Nginx(homes[0]), SecondNginx(homes[1], scheme)
    with ExitStack() as running:

        def start(hops):
            settings = outer.settings_of_site | {"TRUSTED_PROXY_HOPS": hops}
            site = RunningSite(environment(sandbox, tmp_path, **settings), "--bind", f"127.0.0.1:{port}", workers=1)
            running.callback(site.stop, signal.SIGQUIT)
            return site, examine(SSL_CERT_FILE=outer.authority, **settings)

        (port,) = free_ports(1)
        running.callback(outer.stop)
        running.callback(inner.stop)
        inner.start(port)
        outer.start(inner.https_port)
        site, found = start("1")
        assert "2 proxies have written down an address, and TRUSTED_PROXY_HOPS is 1" in the_fault(found)
        (todo,) = [each["todo"] for each in found[1]["findings"] if each["level"] == "fault"]
        hops = re.search(r"Set TRUSTED_PROXY_HOPS to (\d+)", todo)[1]
        site.stop(signal.SIGQUIT)
        site, found = start(hops)
        assert faults(found) == []
        assert outer.browser(address="127.0.0.7").sign_in().status == 303
        assert site.log("login_ok")[0]["address"] == "127.0.0.7"


class SecondNginx(Nginx):
    """A proxy behind another one, in its plainest form."""

    def __init__(self, folder, scheme):
        super().__init__(folder)
        self.scheme = scheme

    def _configuration(self, site_ports):
        return (
            f"pid {self.folder}/nginx.pid; error_log {self.folder}/log/error.log crit; events {{}}\n"
            "http { access_log off; server {\n"
            f"listen 127.0.0.1:{self.https_port};\n"
            "location / {\n"
            f"proxy_pass http://127.0.0.1:{site_ports[0]};\n"
            "proxy_set_header Host $http_host;\n"
            "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
            f"proxy_set_header X-Forwarded-Proto {self.scheme};\n"
            "} } }\n"
        )


def test_a_site_with_another_key(examine_behind_nginx):
    found = examine_behind_nginx(doctor={"SECRET_KEY": "another-key-of-at-least-32-characters"})
    assert "leads to a site with another SECRET_KEY" in the_fault(found)


def test_a_proxy_that_does_not_reach_the_site(examine_behind_nginx):
    assert "the proxy does not reach the site" in the_fault(examine_behind_nginx(with_site=False))


def test_a_certificate_that_browsers_would_not_accept(examine, tmp_path, sandbox):
    home = tmp_path / "nginx"
    home.mkdir()
    nginx = Nginx(home)
    nginx.start(*free_ports(1))
    try:
        found = examine(**nginx.settings_of_site)
    finally:
        nginx.stop()
    assert "has a certificate that browsers do not accept" in the_fault(found)


def test_another_site_at_the_public_url(examine):
    with Misbehaving(answer(reply(b"<h1>It works!</h1>", Content_Type="text/html"))) as server:
        assert "leads to something else than this site (HTTP 200)" in the_fault(examine(PUBLIC_URL=server.origin))


def test_a_public_url_that_is_not_up_yet_is_no_fault(examine):
    found = examine(PUBLIC_URL=f"http://127.0.0.1:{free_ports(1)[0]}")
    assert faults(found) == []
    assert len(findings(found, "note", "proxy")) == 1


# --- What the site tells ---


def test_the_site_tells_nobody_but_the_doctor_what_it_sees(run_site):
    site = run_site(workers=1)
    plain = site.fetch("GET", "/login")
    for question in ("x", "", "what do you see?"):
        told = site.fetch("GET", "/login", headers={"X-Doctor": question})
        assert (told.status_code, told.headers["Content-Type"]) == (200, plain.headers["Content-Type"])
