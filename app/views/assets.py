"""Static files under names that change with their content, so that browsers may keep them for a year.

While one release takes the place of another, a page of the one may name what an instance of the other has otherwise:
then browsers get what this one has, and do not keep it. A script of the other they do not run (its integrity stands
in the page), and pages work without.
"""

from flask import Blueprint, Response, abort, send_from_directory

from app.web.access import public
from app.web.security_headers import KEPT_BRIEFLY, KEPT_FOR_GOOD
from app.web.static_files import FINGERPRINTS, FOLDER

bp = Blueprint("assets", __name__)


@bp.get("/static/<fingerprint>/<path:name>")
@public(session=False, landing=False, logged=False)
def static(fingerprint: str, name: str) -> Response:
    if name not in FINGERPRINTS:
        abort(404)
    answer = send_from_directory(FOLDER, name)
    answer.headers["Cache-Control"] = KEPT_FOR_GOOD if fingerprint == FINGERPRINTS[name] else KEPT_BRIEFLY
    return answer
