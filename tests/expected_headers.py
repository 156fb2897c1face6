"""The headers that answers must have, word for word: what is taken out of the code fails here."""

import base64
import hashlib
from pathlib import Path

_STATIC = Path(__file__).parents[1] / "static"


def _script(name):
    return base64.b64encode(hashlib.sha256((_STATIC / name).read_bytes()).digest()).decode()


EVERYWHERE = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; "
        f"script-src 'sha256-{_script('site.js')}'; "
        "img-src 'self' data:; font-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), display-capture=(), fullscreen=(), geolocation=(), microphone=(), payment=(), usb=()"
    ),
}
HSTS = "max-age=31536000"
CONSOLE_POLICY = (
    "default-src 'none'; style-src 'self'; "
    f"script-src 'sha256-{_script('console/console.js')}'; "
    "img-src 'self' data:; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "object-src 'none'; frame-ancestors 'none'"
)
FILE_POLICY = (
    "default-src 'none'; form-action 'none'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; sandbox"
)
