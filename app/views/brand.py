"""``/brand/…``: the merchant's look, under names that change with it, so that browsers may keep it for a year.

Workers take a change in a moment apart. So a page may name what another worker does not have yet, or no longer: then
browsers get what this worker has, and do not keep it.
"""

from flask import Blueprint, Response, abort

from app.services import services
from app.web.access import public
from app.web.security_headers import FILE_POLICY, KEPT_BRIEFLY, KEPT_FOR_GOOD

bp = Blueprint("brand", __name__)


@bp.get("/brand/<fingerprint>/<name>")
@public(session=False, landing=False)
def file(fingerprint: str, name: str) -> Response:
    asset = services().messages.current().theme.assets.get(name.partition(".")[0])
    if asset is None:
        abort(404)
    answer = Response(asset.content, mimetype=asset.mimetype)
    answer.headers["Cache-Control"] = KEPT_FOR_GOOD if fingerprint == asset.fingerprint else KEPT_BRIEFLY
    answer.headers["Content-Security-Policy"] = FILE_POLICY  # the merchant's SVG is a picture and never a page
    return answer
