"""Processes of a measurement: started on a core of their own, watched for what they use, ended without a trace."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PEERS_PYTHON = HERE / "peers" / ".venv" / "bin" / "python"
SITE_PYTHON = HERE / ".venv" / "bin" / "python"  # with what the site is shipped with, and no tools of ours
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
START_SECONDS = 20.0
CORES = sorted(os.sched_getaffinity(0))
SITE_CORE, OTHER_CORES = CORES[:1], CORES[1:] or CORES  # the contestant's, and that of everything around it


class Process:
    """A process and its children.

    :param cores: on which it may run
    :param output: where its standard output goes; a real file, because a log costs what it costs
    """

    def __init__(
        self,
        command: Sequence[object],
        *,
        cores: Sequence[int],
        output: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self._output = output
        self.started_at = time.perf_counter()
        with output.open("ab") as file:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder or HERE,
                env={"PATH": os.environ["PATH"]} | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                preexec_fn=lambda: os.sched_setaffinity(0, cores),
            )

    def wait_until(self, port: int, path: str | None = None) -> float:
        """Wait until it listens, or answers 200 at a path; seconds since its start."""
        while time.perf_counter() - self.started_at < START_SECONDS:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
                if path is None:
                    return time.perf_counter() - self.started_at
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
                if b" 200 " in connection.recv(1024)[:20]:
                    return time.perf_counter() - self.started_at
            time.sleep(0.005)
        raise RuntimeError(f"a process did not start:\n{self._output.read_text()[-2000:]}")

    def cpu_seconds(self) -> float:
        """User and system time of the process and all that it started, so far."""
        return sum(_cpu_seconds(pid) for pid in self._tree())

    def memory_bytes(self) -> list[int]:
        """Of each process, without what another one already counts (PSS); the parent first."""
        return [size for size in map(_memory_bytes, self._tree()) if size]

    def stop(self) -> None:
        """End it and wait for its end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT if "redis" not in str(self._process.args[0]) else signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            for pid in self._tree()[::-1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait(10)

    def _tree(self) -> list[int]:
        pids = [self._process.pid]
        for pid in pids:  # grows meanwhile
            with contextlib.suppress(OSError):
                for task in Path(f"/proc/{pid}/task").iterdir():
                    pids += map(int, (task / "children").read_text().split())
        return pids


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def _memory_bytes(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(*command: object, **about: Any) -> Iterator[Process]:
    """A process for the length of a block."""
    process = Process(command, **about)
    try:
        yield process
    finally:
        process.stop()


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """An empty folder for the length of a block."""
    path = Path(tempfile.mkdtemp(prefix="guest-login-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Redis:
    """A Redis server that keeps nothing on disk, on a socket and on TCP."""

    def __init__(self, home: Path, *options: object) -> None:
        program = shutil.which("redis-server")
        if program is None:
            sys.exit("redis-server is not installed. Install it with: apt-get install redis-server")
        self.port, self.socket = free_port(), home / "redis.sock"
        self.unix_url, self.tcp_url = f"unix://{self.socket}", f"redis://127.0.0.1:{self.port}/0"
        listens = ["--port", self.port, "--bind", "127.0.0.1", "--unixsocket", self.socket, "--dir", home]
        keeps_nothing = ["--save", "", "--appendonly", "no"]
        self.process = Process(
            [program, *listens, *keeps_nothing, *options], cores=OTHER_CORES, output=home / "redis.log"
        )
        self.process.wait_until(self.port)


@contextlib.contextmanager
def redis(home: Path, *options: object) -> Iterator[Redis]:
    """A Redis server for the length of a block."""
    server = Redis(home, *options)
    try:
        yield server
    finally:
        server.process.stop()


@contextlib.contextmanager
def vendor(home: Path, *, delay_seconds: float = 0.0) -> Iterator[str]:
    """The stand-in for Paytronix, for the length of a block: where it is."""
    port = free_port()
    command = [PEERS_PYTHON, HERE / "vendor.py", port, delay_seconds]
    with running(*command, cores=OTHER_CORES, output=home / "vendor.log") as process:
        process.wait_until(port)
        yield f"http://127.0.0.1:{port}"


class Load:
    """A load generator that is ready to begin; its guests are signed in if pages are what it asks for.

    :param task: as ``load.py`` reads it
    """

    def __init__(self, **task: Any) -> None:
        self._process = subprocess.Popen(
            [str(PEERS_PYTHON), str(HERE / "load.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, OTHER_CORES),
        )
        self._say(json.dumps(task))
        self._hear()

    def go(self) -> dict[str, Any]:
        """Begin, and wait for what was measured."""
        self._say("go")
        measured = json.loads(self._hear())
        self._process.wait(10)
        return measured

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the load ended with {self._process.wait(10)}; its errors stand above")
        return line
