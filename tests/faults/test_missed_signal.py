"""A worker that is forked in the very moment in which the instance is told to end does not hear of it."""

import os
import signal

from flask import Flask
from gunicorn.config import Config
from gunicorn.workers.gthread import ThreadWorker

from app.serving import shutdown
from app.serving.worker import Worker
from app.serving.worker_context import WorkerContext


def test_it_sees_at_its_next_beat_that_the_instance_ends(monkeypatch):
    heard = []
    monkeypatch.setattr(ThreadWorker, "notify", lambda _: None)
    monkeypatch.setattr(ThreadWorker, "handle_exit", lambda _, sig, frame: heard.append(sig))
    worker = Worker(1, os.getppid(), [], None, 30, Config(), None)
    worker.wsgi = Flask("site")
    worker.wsgi.extensions["worker_context"] = WorkerContext(is_secure=False, is_behind_proxy=False)
    worker.notify()
    assert heard == []
    monkeypatch.setattr(shutdown, "is_draining", lambda: True)
    worker.notify()
    worker.notify()
    assert heard == [signal.SIGTERM]
    worker.tmp.close()
