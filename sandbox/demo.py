"""``make run``: the simulated Paytronix and the site under gunicorn together, for a first look and for development."""

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
HOST, SITE_PORT, PAYTRONIX_PORT = "127.0.0.1", 8000, 9000
READY_WITHIN_SECONDS = 20


def main() -> int:
    """Run both until one of them ends or this process is told to."""
    taken = [port for port in (SITE_PORT, PAYTRONIX_PORT) if _answers(port)]
    if taken:
        print(
            f"Port {taken[0]} is in use on this machine. Stop what listens there, then try again.",
            file=sys.stderr,
        )
        return 1
    switches = Switches()
    settings = {
        "PUBLIC_URL": f"http://{HOST}:{SITE_PORT}",
        "SECRET_KEY": _secret_key(),
        "PAYTRONIX_BASE_URL": f"http://{HOST}:{PAYTRONIX_PORT}/rest/25.33",
        "PAYTRONIX_MERCHANT_ID": str(switches.merchant_id),
        "PAYTRONIX_CLIENT_ID": switches.client_id,
        "PAYTRONIX_CLIENT_SECRET": switches.client_secret,
        "LOG_LEVEL": "warning",
    }
    for name in ("SIGTERM", "SIGINT"):
        signal.signal(getattr(signal, name), lambda *_: sys.exit(0))
    paytronix = subprocess.Popen([sys.executable, "-m", "sandbox", "--port", str(PAYTRONIX_PORT)], cwd=ROOT)
    site = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--log-level", "warning", "wsgi:app"],
        cwd=ROOT,
        env=settings | os.environ,  # what is set already counts: that is how one tries another store, say
    )
    try:
        _wait_until_ready(paytronix, site)
        print(f"\nThe site is ready: http://{HOST}:{SITE_PORT}   (Ctrl-C stops it)", flush=True)
        while paytronix.poll() is None and site.poll() is None:
            time.sleep(0.2)
        return 1
    finally:
        for process in (site, paytronix):
            process.terminate()
        for process in (site, paytronix):
            process.wait()


def _wait_until_ready(*processes: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + READY_WITHIN_SECONDS
    while not (_answers(PAYTRONIX_PORT) and _answers(SITE_PORT)):
        if any(process.poll() is not None for process in processes) or time.monotonic() > give_up_at:
            sys.exit("The site did not start; the lines above say why.")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), 0.2):
            return True
    except OSError:
        return False


def _secret_key() -> str:
    """A key of this machine's own, kept so that open forms outlive a restart."""
    path = ROOT / "instance" / "demo-secret-key"
    if not path.exists() or path.stat().st_size < 64:  # whoever made it may have been stopped half-way
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(0o600)
        path.write_text(secrets.token_hex(32), encoding="ascii")
    return path.read_text(encoding="ascii")


if __name__ == "__main__":
    sys.exit(main())
