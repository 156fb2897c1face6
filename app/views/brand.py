"""``/brand/…``: the merchant's look, under names that change with it, so that browsers may keep it for a year.

Workers take a change in a moment apart. So a page may name what another worker does not have yet, or no longer: then
browsers get what this worker has, and do not keep it.
"""

from functools import lru_cache

from flask import Blueprint, Response, abort, url_for

from app.auth.guards import public
from app.headers import FILE_POLICY, KEPT_BRIEFLY, KEPT_FOR_GOOD
from app.site import site

bp = Blueprint("brand", __name__)


@bp.get("/brand/<fingerprint>/<name>")
@public
def file(fingerprint: str, name: str) -> Response:
    asset = site().messages.current().look.assets.get(name.partition(".")[0])
    if asset is None:
        abort(404)
    answer = Response(asset.content, mimetype=asset.mimetype)
    answer.headers["Cache-Control"] = KEPT_FOR_GOOD if fingerprint == asset.fingerprint else KEPT_BRIEFLY
    answer.headers["Content-Security-Policy"] = FILE_POLICY  # the merchant's SVG is a picture and never a page
    return answer


def brand_url(name: str) -> str | None:
    """The address of a part of the look (``look``, ``icon``, ``logo``, ``background``); None if there is none."""
    asset = site().messages.current().look.assets.get(name)
    if asset is None:
        return None
    return _address(asset.fingerprint, name + asset.suffix)


@lru_cache(32)  # every page names three of them, and they hardly ever change
def _address(fingerprint: str, name: str) -> str:
    return url_for("brand.file", fingerprint=fingerprint, name=name)
