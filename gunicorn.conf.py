"""How gunicorn serves the site (``wsgi:app``) and the console (``wsgi:console``).

Anything here can be overridden on its command line.
"""

import gc
import resource
import socket
import sys
from functools import partial
from pathlib import Path
from threading import Thread

gc.disable()  # nothing of what is imported ever becomes garbage, and to look for it takes a tenth of the start

from app.observability import log
from app.observability.metrics import process as metrics_process
from app.services import make_published
from app.serving import shutdown
from app.serving.debugger import refuse_debugger_for_others
from app.serving.metrics_process import serve_metrics
from app.serving.preload import preload
from app.serving.worker import DESCRIPTORS, DRAIN_SECONDS
from app.settings.declaration import SettingsError
from config import (
    CONSOLE_THREADS,
    THREADS,
    THREADS_KEPT_FREE,
    ConsoleSettings,
    Settings,
    check_extras,
    offer_default,
    workers_wanted,
)

refuse_debugger_for_others()
is_console = "wsgi:console" in sys.argv
name = "console" if is_console else "site"

gc.freeze()  # a process that looked through it later would write to every page of it, and share none any more
gc.enable()

try:
    settings = (ConsoleSettings if is_console else Settings).from_env()
    check_extras(settings)
    workers = 1 if is_console else workers_wanted()  # a few people, and WEB_CONCURRENCY is about the guests
    metrics_address = None if is_console else settings.metrics_address
    metrics = metrics_process.of_this_master(metrics_address) if metrics_address else None
except SettingsError as error:
    sys.exit(str(error))  # here, and not in a worker, which would be started again for ever

call_seconds = 10 if is_console else int(settings.paytronix_total_seconds)  # of whoever is asked during a sign-in

bind = "127.0.0.1:8001" if is_console else "127.0.0.1:8000"
worker_class = "app.serving.worker.Worker"
threads = CONSOLE_THREADS if is_console else THREADS
timeout = call_seconds + 30  # the worker's heartbeat, not a limit for a request
graceful_timeout = DRAIN_SECONDS + call_seconds * 2 + 5  # a sign-in under way may finish
keepalive = 75  # longer than the proxy keeps its end, so that it is never ours that closes first
max_requests = 100_000 if workers > 1 else 0  # one that is alone has nobody who serves while it is replaced
max_requests_jitter = 20_000
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - heartbeats must not wait for a disk
control_socket_disable = True
forwarded_allow_ips = ""  # TRUSTED_PROXY_HOPS alone decides whose forwarding headers count
forwarder_headers = ""
secure_scheme_headers = {}
limit_request_line = 8190  # the most that gunicorn knows; advertisers put thousands of characters behind an address
limit_request_fields = 60
limit_request_field_size = 32 * 1024  # as nginx.conf: app/web/access.py takes half of it in cookies, and says so
logger_class = "app.observability.logs.GunicornLogger"
loglevel = settings.log_level
accesslog = None  # the application logs each request itself, without query strings


def on_starting(server):
    if server.cfg.preload_app:
        sys.exit(
            "gunicorn's --preload (preload_app) is on: after a reload workers would go on with the former settings and "
            "secrets, and they would share locks and connections. Leave it out: what can be shared is read ahead."
        )
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if not is_console:
        offer_default("PAYTRONIX_MAX_CALLS", max(server.cfg.threads - THREADS_KEPT_FREE, 1))
        make_published(settings)  # for what it loads; it opens nothing
    preload(counts=metrics is not None)
    gc.freeze()
    if metrics:
        start_metrics(server)
    end, renew_workers = server.handle_term, server.handle_hup

    def begin_to_end():
        shutdown.start_draining()  # before any worker hears of it
        log.info(f"{name}_ending", drain_seconds=DRAIN_SECONDS if settings.trusted_proxy_hops else 0)
        end()

    def renew_workers_if_they_could_start():
        try:
            type(settings).from_env()  # what is in the files of NAME_FILE may have changed
        except SettingsError as error:
            for fault in error.faults:
                log.error("reload_refused", fault=fault)
        else:
            renew_workers()

    server.handle_term = begin_to_end
    server.handle_hup = renew_workers_if_they_could_start


def start_metrics(server):
    metrics.start(partial(serve_metrics, settings))
    reap_children = server.handle_chld

    def reap_children_and_start_metrics_again():
        reap_children()
        metrics.start_again_if_gone()

    server.handle_chld = server.handle_cld = reap_children_and_start_metrics_again  # Linux has two names for it


def pre_fork(server, worker):
    if metrics:
        worker.number = counting().free_number([each.number for each in server.WORKERS.values()])


def post_fork(server, worker):
    if metrics:
        counting().count_as(worker.number)


def child_exit(server, worker):
    if metrics:
        counting().mark_dead(worker.number)


def counting():
    from app.observability.metrics import workers  # noqa: PLC0415 - loads prometheus_client

    return workers


def post_worker_init(worker):
    if is_console:  # beside whoever comes first, who would wait a third of a second for it
        Thread(target=worker.wsgi.extensions["console"].workspace.get_ready, daemon=True).start()


def when_ready(server):
    if not settings.trusted_proxy_hops and any(each.sock.family is socket.AF_UNIX for each in server.LISTENERS):
        sys.exit(
            f"The {name} cannot start: it listens at a unix socket, which tells no addresses, and TRUSTED_PROXY_HOPS "
            "is 0. All guests would share one limit for refused sign-ins. Set TRUSTED_PROXY_HOPS to the number of "
            "proxies in front, and have them set X-Forwarded-For; or listen at an address (--bind 127.0.0.1:8000)."
        )
    log.info(f"{name}_started", workers=server.cfg.workers)


def on_exit(server):
    log.info(f"{name}_ended")
