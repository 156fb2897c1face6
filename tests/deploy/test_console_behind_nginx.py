"""The console behind nginx, by the samples: beside the site, under a host name of its own."""

import http.client
import re
import signal
import ssl
from pathlib import Path

import pytest

from tests.console.conftest import RunningConsole, console_environment
from tests.proxies import SAMPLE, Nginx
from tests.sites import RunningSite, environment

CONSOLE_HOST = "words.localhost"


class BehindNginx:
    """nginx with a site and a console behind it, asked for either host name without a look-up."""

    def __init__(self, folder, sandbox):
        (folder / "nginx").mkdir()
        self.nginx = Nginx(folder / "nginx")
        self.site = RunningSite(environment(sandbox, folder, **self.nginx.settings_of_site), workers=1)
        self.console_netloc = f"{CONSOLE_HOST}:{self.nginx.https_port}"
        url = f"https://{self.console_netloc}"
        prepared = console_environment(folder, CONSOLE_URL=url, TRUSTED_PROXY_HOPS="1")
        self.console = RunningConsole(prepared)
        sample = SAMPLE.with_name("nginx-console.conf").read_text()
        for pattern, replacement in [
            (r" *listen \[::\]:.*\n", ""),
            (r"listen 443\b", f"listen 127.0.0.1:{self.nginx.https_port}"),
            (r"listen 80\b", f"listen 127.0.0.1:{self.nginx.http_port}"),
            (r"/etc/ssl/\S+\.(pem|key);", f"{self.nginx.folder}/server.pem;"),
            (r"127\.0\.0\.1:8001", f"127.0.0.1:{self.console.port}"),
            (r"https://words\.example\.com\$", f"{url}$"),
            (r"words\.example\.com", CONSOLE_HOST),
        ]:
            sample, count = re.subn(pattern, replacement, sample)
            assert count, pattern
        (self.nginx.folder / "guest-console.conf").write_text(sample)
        self.nginx.start(self.site.port)

    def ask(self, method, path, *, host=None, body=None, headers=None):
        """An answer over HTTPS, with its body as text."""
        netloc = host or self.console_netloc
        unverified = ssl._create_unverified_context()  # the certificate is for one name, and both servers have it
        connection = http.client.HTTPSConnection("127.0.0.1", self.nginx.https_port, timeout=20, context=unverified)
        sock = self.nginx_socket(unverified, netloc.partition(":")[0])
        connection.sock = sock
        connection.request(method, path, body=body, headers={"Host": netloc, **(headers or {})})
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        connection.close()
        return answer

    def nginx_socket(self, context, name):
        import socket

        return context.wrap_socket(
            socket.create_connection(("127.0.0.1", self.nginx.https_port), 20), server_hostname=name
        )

    def stop(self):
        self.nginx.stop()
        self.console.stop(signal.SIGQUIT)
        self.site.stop(signal.SIGQUIT)


@pytest.fixture(scope="module")
def both(_shared_sandbox, tmp_path_factory):
    _shared_sandbox.reset()
    running = BehindNginx(tmp_path_factory.mktemp("both"), _shared_sandbox)
    yield running
    running.stop()


def test_each_host_name_leads_to_its_own_application(both):
    page = both.ask("GET", "/sign-in")
    assert (page.status, "Words for guests" in page.text) == (200, True)
    guests = f"localhost:{both.nginx.https_port}"
    assert both.ask("GET", "/login", host=guests).status == 200
    assert both.ask("GET", "/sign-in", host=guests).status == 404
    assert both.ask("GET", "/login").status == 404
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized"):
        both.ask("GET", "/sign-in", host="elsewhere.example")


def test_its_headers_are_its_own_and_none_is_doubled(both):
    page = both.ask("GET", "/sign-in")
    for name in ("Content-Security-Policy", "Strict-Transport-Security", "X-Content-Type-Options", "Cache-Control"):
        assert len(page.headers.get_all(name)) == 1, name
    assert "script-src" in page.headers["Content-Security-Policy"]
    style = re.search(r'href="(/static/[^"]+\.css)"', page.text)[1]
    packed = both.ask("GET", style, headers={"Accept-Encoding": "identity"})
    assert packed.status == 200
    assert both.ask("GET", "/sign-in", headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] is None


def test_whoever_watches_asks_it_directly(both):
    for path in ("/healthz", "/readyz"):
        assert both.ask("GET", path).status == 404
        assert both.console.fetch("GET", path).status_code == 200


def test_what_is_too_large_is_refused_by_the_console_in_its_own_words_and_beyond_that_by_nginx(both):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    mine = both.ask("POST", "/sign-in", body=b"x=" + b"a" * 1_500_000, headers=form)
    assert mine.status == 413, mine.text + "".join(both.console.output)[-3000:]
    assert (mine.status, "Words for guests" in mine.text) == (413, True)
    nginxs = both.ask("POST", "/sign-in", body=b"x=" + b"a" * 2_500_000, headers=form)
    assert (nginxs.status, "That was too much" in nginxs.text) == (413, True)


def test_plain_http_leads_to_https_and_takes_no_form(both):
    for method, status in (("GET", 301), ("POST", 403)):
        connection = http.client.HTTPConnection("127.0.0.1", both.nginx.http_port, timeout=20)
        connection.request(method, "/sign-in", headers={"Host": f"{CONSOLE_HOST}:{both.nginx.http_port}"})
        answer = connection.getresponse()
        assert answer.status == status
        if status == 301:
            assert answer.headers["Location"] == f"https://{both.console_netloc}/sign-in"
        connection.close()


def test_the_samples_say_the_same_where_they_should():
    """What a proxy must set, and never pass on, is the same for both."""
    set_by = [
        sorted(re.findall(r"proxy_set_header (.*?);", Path(sample).read_text()))
        for sample in (SAMPLE, SAMPLE.with_name("nginx-console.conf"))
    ]
    assert set_by[0] == set_by[1]
