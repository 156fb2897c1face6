"""The rig: instances of the site under gunicorn, their store and their vendor, and what must hold for all of them."""

import contextlib
import os
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import redis
import requests

from app.auth.pseudonyms import Pseudonyms
from app.auth.sign_ins import SignIns
from app.store import open_store
from tests.faults import invariants
from tests.faults.guests import PUBLIC_URL, Guest
from tests.faults.proxy import Proxy
from tests.sandboxes import Sandbox
from tests.sites import SECRET_KEY, RunningSite, environment
from tests.stores import free_ports, redis_server


class Rig:
    """Everything that a test of races and faults runs; ``close`` checks what must hold after each of them.

    :ivar sandbox: the vendor of the good cases
    :ivar answers: every answer that any guest got
    """

    def __init__(self, sandbox, folder):
        self.sandbox, self.folder = sandbox, folder
        self.answers, self.sites, self.guests = [], [], []
        self.servers, self._sqlite_files = [], []
        self._collector = None
        self._running = contextlib.ExitStack()

    # --- what runs ---

    def redis(self, *options):
        """A Redis server of this test's own."""
        home = self.folder / f"redis-{len(self.servers)}"
        home.mkdir()
        server = self._running.enter_context(redis_server(home, *options))
        self.servers.append(server)
        return server

    def sqlite_url(self):
        path = self.folder / f"store-{len(self._sqlite_files)}" / "store.db"
        self._sqlite_files.append(path)
        return f"sqlite:///{path}"

    def proxy(self, port):
        proxy = Proxy(port)
        self._running.callback(proxy.stop)
        return proxy

    def vendor_proxy(self):
        """A proxy in front of the sandbox, and the base URL that leads through it."""
        authority, _, path = self.sandbox.base_url.removeprefix("http://").partition("/")
        proxy = self.proxy(int(authority.rpartition(":")[2]))
        return proxy, f"http://127.0.0.1:{proxy.port}/{path}"

    def use_sandbox(self, *options):
        """Have a sandbox of this test's own from now on."""
        self.sandbox = Sandbox(*options)
        self._running.callback(self.sandbox.stop)

    def watch(self, collector):
        """Have every instance that is started from now on count and trace what happens."""
        self._collector = collector

    def start(self, *workers, store_url=None, ready=True, options=(), within=(), **settings):
        """Start an instance for each number of workers, all alike.

        :param ready: wait until they are; otherwise until they live.
        :param options: of gunicorn's command line.
        :param within: as for RunningSite.
        """
        store_url = store_url or self.sqlite_url()
        settings = {"PUBLIC_URL": PUBLIC_URL, "STORE_URL": store_url} | settings
        environ = environment(self.sandbox, self.folder, **settings)

        def start(count, port):
            watched = {"METRICS_ADDRESS": f"127.0.0.1:{port}"} if self._collector else {}
            site_class = RunningSite if ready else _LivingSite
            return site_class(environ | watched, *options, workers=count, within=within)

        if self._collector:
            environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = self._collector.url
        with ThreadPoolExecutor() as pool:
            started = list(pool.map(start, workers, free_ports(len(workers))))
        for site in started:
            site.descriptors_at_start = max(invariants.descriptors(pid) for pid in site_workers(site))
        self.sites += started
        return started

    def guest(self, *sites, address=None):
        """A guest's browser; it uses all instances in turn unless some are named."""
        guest = Guest([site.port for site in sites or self.sites], self.answers, address=address)
        self.guests.append(guest)
        return guest

    def signed_in(self, *sites, username="ana", password="taco-tuesday"):
        guest = self.guest(*sites)
        answer = guest.sign_in(username, password)
        assert answer.status == 303, answer
        return guest

    # --- what can be asked ---

    def refreshes(self, **wanted):
        return self.sandbox.calls(grant="refresh_token", **wanted)

    def log(self, event):
        return [record for site in self.sites for record in site.log(event)]

    def sign_ins(self, store_url):
        """The sign-ins in the store, as the site itself reads them."""
        store = open_store(store_url)
        self._running.callback(store.close)
        return SignIns(store, Pseudonyms([SECRET_KEY]), idle_seconds=1800, max_seconds=86400, most_of_guest=20)

    # --- what must hold afterwards ---

    def close(self):
        with self._running:
            try:
                invariants.check_answers(self.answers)
                if self.sites:
                    invariants.check_password_calls(self.sandbox, self.answers)
                for site in self.sites:
                    invariants.check_descriptors(site, site_workers(site))
                stored = self._stored()
                counted = b"".join(_metrics(site) for site in self.sites)
            finally:
                with ThreadPoolExecutor() as pool:
                    codes = list(pool.map(_end, self.sites))
            assert not any(codes), f"an instance ended with {codes}"
            invariants.check_logs(self.sites)
            log = "".join(line for site in self.sites for line in site.output).encode()
            session_ids = {guest.session_id for guest in self.guests} | invariants.session_ids(self.answers)
            watched = counted + b"".join(self._collector.raw if self._collector else ())
            invariants.check_secrets(self.sandbox, session_ids - {None}, log=log + watched, store=stored)

    def _stored(self):
        content = b""
        for server in self.servers:
            with contextlib.suppress(redis.ConnectionError), server.client() as client:
                content += invariants.redis_content(client)
        for path in self._sqlite_files:
            content += b"".join(each.read_bytes() for each in path.parent.glob("store.db*"))
            if path.exists():
                _check_ends(path)
        return content


class _LivingSite(RunningSite):
    """An instance that counts as started before it is ready."""

    def start(self):
        self.ready_path = "/healthz"
        super().start()
        self.ready_path = "/readyz"


def _metrics(site):
    """What the metrics of an instance tell, if it is watched."""
    address = site.settings.get("METRICS_ADDRESS")
    if not address or site.process.poll() is not None:
        return b""
    return requests.get(f"http://{address}/metrics", timeout=30).content


def _end(site):
    """End an instance in order; at once if it would first wait for a balancer, and then without its last words."""
    if "TRUSTED_PROXY_HOPS" not in site.settings:
        return site.stop()
    said = list(site.output)
    code = site.stop(signal.SIGINT)
    site.output = said
    return code


def _check_ends(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        for table in ("records", "counters", "leases"):
            assert db.execute(f"SELECT count(*) FROM {table} WHERE ends_at IS NULL").fetchone() == (0,)


def site_workers(site):
    """The process ids of an instance's workers."""
    return [pid for pid in children(site) if pid != metrics_process(site)]


def metrics_process(site):
    """The child of an instance that listens at its metrics' address, if there is one."""
    port = int(site.settings.get("METRICS_ADDRESS", ":0").rpartition(":")[2])
    for pid in children(site) if port else ():
        with contextlib.suppress(OSError):  # it ends just now
            table = [row.split() for row in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
            inodes = {row[9] for row in table if row[1].endswith(f":{port:04X}") and row[3] == "0A"}
            if any(os.readlink(file).strip("socket:[]") in inodes for file in Path(f"/proc/{pid}/fd").iterdir()):
                return pid
    return None


def children(site):
    """The process ids of what an instance's master has started."""
    if site.process.poll() is not None:
        return []
    pids = Path(f"/proc/{site.process.pid}/task/{site.process.pid}/children").read_text().split()
    return [int(pid) for pid in pids if _lives(pid)]


def _lives(pid):
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def guests_file(folder, count):
    """A file of guests for the sandbox: ``guest-7`` is called ``Name7x`` and has the password ``password-of-7``."""
    path = Path(folder) / "guests.toml"
    path.write_text(
        "\n".join(
            f'[[guests]]\naccount_id = {500000 + number}\nusername = "guest-{number}"\n'
            f'password = "password-of-{number}"\nabout = "one of many"\nenrolled = 2024-01-01\n'
            f'[guests.fields]\nfirstName = "Name{number}x"\n'
            f'[guests.card]\nnumber = "{6100000000000000 + number}"\npoints = "{1000 + number}"\n'
            for number in range(count)
        )
    )
    return path
