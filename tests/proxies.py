"""nginx for tests: the sample in deploy/, with only its paths, ports and host name changed, as a process on loopback."""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest
import requests
import trustme

from tests.sites import Browser, Page
from tests.stores import free_ports

SAMPLE = Path(__file__).parents[1] / "deploy" / "nginx.conf"
HOST = "localhost"
START_SECONDS = 30


class Nginx:
    """nginx from the sample, in front of instances of the site.

    :ivar url: what PUBLIC_URL is to be; known before the start, because the site has to know it first
    :ivar plain_url: where plain HTTP is answered
    :ivar settings_of_site: what the site has to be told
    """

    def __init__(self, folder):
        self.folder = folder
        self.https_port, self.http_port = free_ports(2)
        self.url, self.plain_url = f"https://{HOST}:{self.https_port}", f"http://{HOST}:{self.http_port}"
        self.settings_of_site = {"PUBLIC_URL": self.url, "TRUSTED_PROXY_HOPS": "1"}
        self.process = None
        self.more = ""  # lines for its "http" block
        (folder / "log").mkdir()
        authority = trustme.CA()
        self.authority = str(folder / "authority.pem")
        authority.cert_pem.write_to_path(self.authority)
        authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))

    def start(self, *site_ports):
        """Start it in front of instances at these ports."""
        program = shutil.which("nginx")
        if program is None:
            pytest.fail("nginx is not installed. Install it with: apt-get install nginx-light")
        (self.folder / "nginx.conf").write_text(self._configuration(site_ports))
        # Its workers would be "nobody" if we are root, and could not enter a test's folder.
        about = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
        with open(self.folder / "stderr.log", "ab") as stderr:
            self.process = subprocess.Popen(
                [program, "-p", self.folder, "-e", "stderr", "-c", self.folder / "nginx.conf", "-g", about],
                stdout=stderr,
                stderr=stderr,
            )
        give_up_at = time.monotonic() + START_SECONDS
        while not self._listens():
            if time.monotonic() > give_up_at or self.process.poll() is not None:
                self.stop()
                pytest.fail("nginx did not start:\n" + (self.folder / "stderr.log").read_text())
            time.sleep(0.02)
        return self

    def _configuration(self, site_ports):
        text = SAMPLE.read_text()
        servers = "".join(rf"        server 127.0.0.1:{port}\1;{os.linesep}" for port in site_ports)
        for pattern, replacement in [
            (r" *server 127\.0\.0\.1:8000( [^;]*);\n", servers),
            (r" *listen \[::\]:.*\n", ""),  # not every machine has the other loopback
            (r"listen 443\b", f"listen 127.0.0.1:{self.https_port}"),
            (r"listen 80\b", f"listen 127.0.0.1:{self.http_port}"),
            (r"/etc/ssl/\S+\.(pem|key);", f"{self.folder}/server.pem;"),
            (r"https://rewards\.example\.com\$", rf"{self.url}$"),
            (r"rewards\.example\.com", HOST),
            (r"/var/log/nginx/", f"{self.folder}/log/"),
            (r"/run/nginx\.pid", f"{self.folder}/nginx.pid"),
            (r"/etc/nginx/", f"{self.folder}/"),
            (r"worker_processes auto", "worker_processes 2"),  # several, however small the machine
            (
                r"http \{\n",
                f"http {{\n{self.more}"
                + "".join(
                    f"    {kind}_temp_path {self.folder}/{kind};\n"
                    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
                ),
            ),
        ]:
            text, count = re.subn(pattern, replacement, text)
            assert count, f"the sample has no {pattern} any more"
        return text

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.https_port), 1).close()
        except OSError:
            return False
        return True

    def stop(self):
        """End it at once."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(START_SECONDS)

    @property
    def memory_kb(self):
        """What all its processes have in memory."""
        return sum(map(memory_kb, pids_of(self)))

    def access_log(self):
        """What it has written about requests, as text."""
        return (self.folder / "log" / "access.log").read_text()

    def session(self, *, address="127.0.0.1"):
        """A client of its own that trusts the certificate.

        :param address: the loopback address that it comes from
        """
        session = requests.Session()
        session.trust_env = False
        session.verify = self.authority
        session.mount("https://", _FromAddress(address))
        return session

    def browser(self, *, address="127.0.0.1"):
        """A guest's browser of its own."""
        session = self.session(address=address)

        def fetch(method, path, data, headers):
            headers = {name.replace("_", "-"): value for name, value in headers.items()}
            answer = session.request(
                method, self.url + path, data=data, headers=headers, timeout=60, allow_redirects=False
            )
            return Page(answer.status_code, answer.headers, answer.text)

        browser = Browser(fetch)
        browser.session = session
        browser.cookies = session.cookies.get_dict
        return browser

    def connect(self, *, server_name=HOST):
        """A TLS connection, for requests that no client would send."""
        context = ssl.create_default_context(cafile=self.authority)
        return context.wrap_socket(
            socket.create_connection(("127.0.0.1", self.https_port), START_SECONDS), server_hostname=server_name
        )

    def connect_plain(self):
        """A connection for plain HTTP."""
        return socket.create_connection(("127.0.0.1", self.http_port), START_SECONDS)


class _FromAddress(requests.adapters.HTTPAdapter):
    """Guests have addresses of their own."""

    def __init__(self, address):
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, source_address=(self._address, 0), **kwargs)


def pids_of(server):
    """The process of a server and those that it has started."""
    pid = server.process.pid
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def memory_kb(pid):
    """The memory that a process has of its own or shares, in kB."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


@pytest.fixture
def nginx(tmp_path):
    """nginx, not started yet: first the site needs its ``settings_of_site``."""
    folder = tmp_path / "nginx"
    folder.mkdir()
    nginx = Nginx(folder)
    yield nginx
    nginx.stop()
