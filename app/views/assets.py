"""Static files under names that change with their content, so that browsers may keep them for a year.

While one release takes the place of another, a page of the one may name what an instance of the other has otherwise:
then browsers get what this one has, and do not keep it. A script of the other they do not run (its integrity stands
in the page), and pages work without.
"""

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, send_from_directory, url_for

from app.auth.guards import public
from app.headers import KEPT_BRIEFLY, KEPT_FOR_GOOD

FOLDER = Path(__file__).parents[2] / "static"

bp = Blueprint("assets", __name__)


def _fingerprints() -> dict[str, str]:
    files = (path for path in FOLDER.rglob("*") if path.is_file())
    return {path.relative_to(FOLDER).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in files}


FINGERPRINTS = _fingerprints()


@bp.get("/static/<fingerprint>/<path:name>")
@public
def static(fingerprint: str, name: str) -> Response:
    if name not in FINGERPRINTS:
        abort(404)
    answer = send_from_directory(FOLDER, name)
    answer.headers["Cache-Control"] = KEPT_FOR_GOOD if fingerprint == FINGERPRINTS[name] else KEPT_BRIEFLY
    return answer


@cache  # asked for on every page, and always the same
def static_url(name: str) -> str:
    """The address of a file of ``static/``.

    :raises KeyError: there is no such file.
    """
    return url_for("assets.static", fingerprint=FINGERPRINTS[name], name=name)
