"""Addresses of static files and of the merchant's brand, which change with their content (RFC 9111, 5.2: a year)."""

import hashlib
from functools import cache, lru_cache
from pathlib import Path

from flask import url_for

from app.messages import Catalogue

FOLDER = Path(__file__).parents[2] / "static"


def _fingerprints() -> dict[str, str]:
    files = (path for path in FOLDER.rglob("*") if path.is_file())
    return {path.relative_to(FOLDER).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in files}


FINGERPRINTS = _fingerprints()


@cache  # asked for on every page, and always the same
def static_url(name: str) -> str:
    """The address of a file of ``static/``.

    :raises KeyError: there is no such file.
    """
    return url_for("assets.static", fingerprint=FINGERPRINTS[name], name=name)


def brand_url(catalogue: Catalogue, name: str) -> str | None:
    """The address of a part of the theme (``look``, ``icon``, ``logo``, ``background``); None if there is none."""
    asset = catalogue.theme.assets.get(name)
    if asset is None:
        return None
    return _brand_address(asset.fingerprint, name + asset.suffix)


@lru_cache(32)  # every page names three of them, and they hardly ever change
def _brand_address(fingerprint: str, name: str) -> str:
    return url_for("brand.file", fingerprint=fingerprint, name=name)
