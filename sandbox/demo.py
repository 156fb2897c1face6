"""``make run``: the simulated Paytronix, the site and the merchant's console, for a first look and for development.

With ``--link`` (``make link``) it only prints another link that opens the console.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from sandbox.switches import Switches

ROOT = Path(__file__).parents[1]
HOST, SITE_PORT, CONSOLE_PORT, PAYTRONIX_PORT = "127.0.0.1", 8000, 8001, 9000
READY_WITHIN_SECONDS = 20


def main() -> int:
    """Run all of it until one ends or this process is told to."""
    settings = _settings()
    if sys.argv[1:] == ["--link"]:
        print(_link(settings))
        return 0
    taken = [port for port in (SITE_PORT, CONSOLE_PORT, PAYTRONIX_PORT) if _answers(port)]
    if taken:
        print(
            f"Port {taken[0]} is in use on this machine. Stop what listens there, then try again.",
            file=sys.stderr,
        )
        return 1
    for name in ("SIGTERM", "SIGINT"):
        signal.signal(getattr(signal, name), lambda *_: sys.exit(0))
    link = _link(settings)  # makes the tables too, before the site looks for them
    processes = [
        subprocess.Popen([sys.executable, "-m", "sandbox", "--port", str(PAYTRONIX_PORT)], cwd=ROOT),
        *(
            subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--log-level", "warning", application], cwd=ROOT, env=settings
            )
            for application in ("wsgi:app", "wsgi:console")
        ),
    ]
    try:
        _wait_until_ready(processes)
        print(f"\nThe site is ready: http://{HOST}:{SITE_PORT}   (Ctrl-C stops it)", flush=True)
        print(f"The merchant's console: {link}", flush=True)
        print("That link opens it once, within 15 minutes; for another one: make link", flush=True)
        while all(process.poll() is None for process in processes):
            time.sleep(0.2)
        return 1
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait()


def _settings() -> dict[str, str]:
    """The environment of site and console. What is set already counts: that is how one tries another store, say."""
    switches = Switches()
    return {
        "PUBLIC_URL": f"http://{HOST}:{SITE_PORT}",
        "CONSOLE_URL": f"http://{HOST}:{CONSOLE_PORT}",
        "MESSAGES_URL": "sqlite:///instance/words.db",
        "SECRET_KEY": _key("demo-secret-key"),
        "CONSOLE_SECRET_KEY": _key("demo-console-key"),
        "PAYTRONIX_BASE_URL": f"http://{HOST}:{PAYTRONIX_PORT}/rest/25.33",
        "PAYTRONIX_MERCHANT_ID": str(switches.merchant_id),
        "PAYTRONIX_CLIENT_ID": switches.client_id,
        "PAYTRONIX_CLIENT_SECRET": switches.client_secret,
        "LOG_LEVEL": "warning",
    } | os.environ


def _link(settings: dict[str, str]) -> str:
    """A new link that signs somebody in to the console."""
    command = ["flask", "--app", "wsgi", "console", "link", "--name", "You", "--role", "publisher"]
    made = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=settings, capture_output=True, text=True, check=False
    )
    if made.returncode:
        sys.exit(made.stderr)
    return made.stdout.splitlines()[0]


def _wait_until_ready(processes: list[subprocess.Popen[bytes]]) -> None:
    give_up_at = time.monotonic() + READY_WITHIN_SECONDS
    while not all(_answers(port) for port in (PAYTRONIX_PORT, SITE_PORT, CONSOLE_PORT)):
        if any(process.poll() is not None for process in processes) or time.monotonic() > give_up_at:
            sys.exit("The site did not start; the lines above say why.")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), 0.2):
            return True
    except OSError:
        return False


def _key(name: str) -> str:
    """A key of this machine's own, kept so that open forms outlive a restart."""
    path = ROOT / "instance" / name
    if not path.exists() or path.stat().st_size < 64:  # whoever made it may have been stopped half-way
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(0o600)
        path.write_text(secrets.token_hex(32), encoding="ascii")
    return path.read_text(encoding="ascii")


if __name__ == "__main__":
    sys.exit(main())
