"""The simulated Paytronix, the site and the merchant's console together: ``make run`` to look, ``make dev`` to develop.

With ``--link`` (``make link``) it only prints another link that opens the console.
"""

import argparse
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
HOST = "127.0.0.1"
READY_WITHIN_SECONDS = 20


def main() -> int:
    """Run all of it until one ends or this process is told to."""
    asked = _arguments()
    settings = _settings(asked)
    if asked.link:
        print(_link(settings))
        return 0
    ports = asked.paytronix_port, asked.port, asked.console_port
    taken = [port for port in ports if _answers(port)]
    if taken:
        print(
            f"Port {taken[0]} is in use on this machine. Stop what listens there, or name other ports: "
            "make run PORT=8100 CONSOLE_PORT=8101 PAYTRONIX_PORT=9100",
            file=sys.stderr,
        )
        return 1
    for name in ("SIGTERM", "SIGINT"):
        signal.signal(getattr(signal, name), lambda *_: sys.exit(0))
    link = _link(settings)  # makes the tables too, before the site looks for them
    serve = _under_flask if asked.debug else _under_gunicorn
    processes = [
        subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=settings)
        for command in (
            ("sandbox", "--port", str(asked.paytronix_port)),
            serve("wsgi:app", asked.port),
            serve("wsgi:console", asked.console_port),
        )
    ]
    try:
        _wait_until_ready(processes, ports)
        print(f"\nThe site is ready: http://{HOST}:{asked.port}   (Ctrl-C stops it)", flush=True)
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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox.demo", description="A site with a simulated Paytronix.")
    parser.add_argument("--port", type=int, default=8000, help="of the site")
    parser.add_argument("--console-port", type=int, default=8001)
    parser.add_argument("--paytronix-port", type=int, default=9000)
    parser.add_argument("--debug", action="store_true", help="reload changed code, and show Flask's debugger")
    parser.add_argument("--link", action="store_true", help="print another link that opens the console, and end")
    return parser.parse_args()


def _under_gunicorn(application: str, port: int) -> tuple[str, ...]:
    return "gunicorn", "--log-level", "warning", "--bind", f"{HOST}:{port}", application


def _under_flask(application: str, port: int) -> tuple[str, ...]:
    # Read once, at the start, as code is. Templates and the merchant's folder are read anew anyway.
    also = [*ROOT.glob("static/**/*.*"), *ROOT.glob("app/messages/builtin/*.toml")]
    watched = ("--extra-files", os.pathsep.join(map(str, also)))
    return "flask", "--app", application, "run", "--debug", "--host", HOST, "--port", str(port), *watched


def _settings(asked: argparse.Namespace) -> dict[str, str]:
    """The environment of site and console. What is set already counts: that is how one tries another store, say."""
    switches = Switches()
    return {
        "PUBLIC_URL": f"http://{HOST}:{asked.port}",
        "CONSOLE_URL": f"http://{HOST}:{asked.console_port}",
        "MESSAGES_URL": "sqlite:///instance/words.db",
        "SECRET_KEY": _key("demo-secret-key"),
        "CONSOLE_SECRET_KEY": _key("demo-console-key"),
        "PAYTRONIX_BASE_URL": f"http://{HOST}:{asked.paytronix_port}/rest/25.33",
        "PAYTRONIX_MERCHANT_ID": str(switches.merchant_id),
        "PAYTRONIX_CLIENT_ID": switches.client_id,
        "PAYTRONIX_CLIENT_SECRET": switches.client_secret,
        "LOG_LEVEL": "info" if asked.debug else "warning",
    } | os.environ


def _link(settings: dict[str, str]) -> str:
    """A new link that signs somebody in to the console."""
    command = ["flask", "--app", "wsgi", "console", "link", "--name", "Ana", "--role", "publisher"]
    made = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=settings, capture_output=True, text=True, check=False
    )
    if made.returncode:
        sys.exit(made.stderr)
    return made.stdout.splitlines()[0]


def _wait_until_ready(processes: list[subprocess.Popen[bytes]], ports: tuple[int, ...]) -> None:
    give_up_at = time.monotonic() + READY_WITHIN_SECONDS
    while not all(_answers(port) for port in ports):
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
