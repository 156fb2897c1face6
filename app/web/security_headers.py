"""The headers that every answer carries (ASVS 5.0 V3.4; docs/decisions/0005-security-headers.md)."""

import hashlib
from base64 import b64encode
from pathlib import Path

from flask import Flask, Response, request

_STATIC = Path(__file__).parents[2] / "static"


def _integrity(script: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256((_STATIC / script).read_bytes()).digest()).decode()}"


# Our one script by its content, and not whatever comes from this host: the merchant's files come from it, too.
SCRIPT_INTEGRITY = _integrity("site.js")
CONSOLE_SCRIPT_INTEGRITY = _integrity("console/console.js")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        f"script-src '{SCRIPT_INTEGRITY}'",
        "img-src 'self' data:",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    )
)
# The console shows the guests' pages in frames, and its script asks for them.
CONSOLE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        f"script-src '{CONSOLE_SCRIPT_INTEGRITY}'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    )
)
# A name in which a hash of the content stands never means anything else.
KEPT_FOR_GOOD = "public, max-age=31536000, immutable"
KEPT_BRIEFLY = "public, max-age=5"
# For a file that somebody else has made, should it be opened as a page of its own.
FILE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "form-action 'none'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "sandbox",
    )
)
EVERYWHERE = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: browsers would then send "Origin: null" with our own forms, and of those that send no
    # Sec-Fetch-Site nobody could tell them from a stranger's.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), display-capture=(), fullscreen=(), geolocation=(), microphone=(), payment=(), usb=()"
    ),
}
HSTS = "max-age=31536000"  # of this host alone: what else the domain serves is not ours to decide


def of_pages(*, is_secure: bool, policy: str = CONTENT_SECURITY_POLICY) -> dict[str, str]:
    """The headers of an answer that says nothing else of itself, by name."""
    return EVERYWHERE | {"Content-Security-Policy": policy} | ({"Strict-Transport-Security": HSTS} if is_secure else {})


def init_app(app: Flask, *, is_secure: bool, trusts_proxy: bool, policy: str = CONTENT_SECURITY_POLICY) -> None:
    """Put the headers on every answer of the application.

    :param is_secure: guests come over https, and browsers shall never try anything else.
    :param trusts_proxy: a proxy in front says by which scheme a request came.
    :param policy: what pages may load and do (CSP), of those that say nothing else.
    """
    everywhere = of_pages(is_secure=is_secure, policy=policy).items()

    @app.after_request
    def add(response: Response) -> Response:
        headers = response.headers
        own = {name for name, _ in headers}
        missing = [header for header in everywhere if header[0] not in own]
        if trusts_proxy and request.scheme == "http" and request.environ.get("HTTP_X_FORWARDED_PROTO"):
            missing = [header for header in missing if header[0] != "Strict-Transport-Security"]
        if "Cache-Control" not in own:
            missing.append(("Cache-Control", "no-store"))
            missing.append(("Vary", "Accept-Language, Cookie"))  # the guest's choice of a language is in a cookie
        headers.extend(missing)
        return response
