"""The process that serves the metrics: begins with gunicorn's master, is started again if it dies, and ends with it.

A thread of the master would be in the middle of something whenever a worker is forked; a worker would show others'
counts only while it is alive and not busy.
"""

import atexit
import logging
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from app.observability import log
from app.settings.declaration import SettingsError
from config import set_metrics_folder

_TMPFS = Path("/dev/shm")  # noqa: S108 - counting must not wait for a disk; the folder in it is ours alone

LIVES_AT_LEAST_SECONDS = 5  # one that dies sooner is started again only so much later

Serve = Callable[[socket.socket, Path, Callable[[], bool]], None]


class MetricsProcess:
    """Where it listens, and the folder that it shares with the workers.

    :ivar folder: made for this instance; goes with it
    :raises SettingsError: nothing can listen there, or no folder can be written.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self._master, self._pid = os.getpid(), 0
        self._address, self._listener = address, _listen(address)
        self.folder = _new_folder()
        set_metrics_folder(self.folder)  # before anything of prometheus_client is imported, here or in a worker
        atexit.register(self._end)

    def start(self, serve: Serve) -> None:
        """Begin to serve.

        :param serve: takes the listener, the folder, and a function that says whether it is over.
        """
        self._serve, self._started_at = serve, time.monotonic()
        self._fork(pause_seconds=0)

    def start_again_if_gone(self) -> None:
        """Start it anew if it has died, for the master to call after it has reaped its children."""
        if not self._is_gone():
            return
        has_failed_at_once = time.monotonic() - self._started_at < LIVES_AT_LEAST_SECONDS
        try:
            self._listener = _listen(self._address)
        except SettingsError as error:  # somebody else listens there by now
            log.error("metrics_failed", problem=error.faults[0])
            self._pid = 0
            return
        log.error("metrics_restarted", todo="if it happens often: does the kernel end it for want of memory")
        self._started_at = time.monotonic()
        self._fork(pause_seconds=LIVES_AT_LEAST_SECONDS if has_failed_at_once else 0)

    def _is_gone(self) -> bool:
        if not self._pid:
            return False
        try:
            return os.waitpid(self._pid, os.WNOHANG)[0] != 0
        except ChildProcessError:  # gunicorn's master has reaped it
            return True

    def _fork(self, *, pause_seconds: float) -> None:
        self._pid = os.fork()
        if self._pid == 0:
            time.sleep(pause_seconds)
            self._live(self._serve)
        self._listener.close()  # or connections would wait in it for ever, should the process be killed

    def _live(self, serve: Serve) -> None:
        # Whoever ends the instance tells all its processes; this one goes on while the master does, to the last answer.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        code = 1
        try:
            serve(self._listener, self.folder, lambda: os.getppid() != self._master)
            code = 0
        except Exception:  # noqa: BLE001 - whatever it was, the log is where an operator looks for it
            log.exception("metrics_failed")
            logging.shutdown()
        finally:
            if os.getppid() != self._master:  # it was killed, and nobody else takes the folder away
                shutil.rmtree(self.folder, ignore_errors=True)
            os._exit(code)

    def _end(self) -> None:
        if os.getpid() != self._master:  # a worker, which inherits what is done at the end
            return
        if self._pid:
            try:
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)
            except (ProcessLookupError, ChildProcessError):  # it is gone, and the master has noticed
                pass
        shutil.rmtree(self.folder, ignore_errors=True)


_of_this_master: dict[int, MetricsProcess] = {}


def of_this_master(address: tuple[str, int]) -> MetricsProcess:
    """The one process of an instance: gunicorn reads its configuration again on SIGHUP.

    :raises SettingsError: see :class:`MetricsProcess`.
    """
    if os.getpid() not in _of_this_master:
        _of_this_master[os.getpid()] = MetricsProcess(address)
    return _of_this_master[os.getpid()]


def _listen(address: tuple[str, int]) -> socket.socket:
    try:
        family = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server(address, family=family)
    except socket.gaierror as error:
        raise SettingsError(["METRICS_ADDRESS is wrong: its host is not known."]) from error
    except OSError as error:
        reason = os.strerror(error.errno or 0)  # its own text repeats the address
        raise SettingsError([f"METRICS_ADDRESS is wrong: nothing can listen there ({reason})."]) from error
    listener.set_inheritable(False)
    return listener


def _new_folder() -> Path:
    try:
        parent = _TMPFS if os.access(_TMPFS, os.W_OK) else None
        return Path(tempfile.mkdtemp(prefix="guest-login-metrics-", dir=parent))
    except OSError as error:
        reason = error.strerror or "there is none"
        fault = f"METRICS_ADDRESS is set, but no folder can be written for what is counted ({reason}): set TMPDIR."
        raise SettingsError([fault]) from error
