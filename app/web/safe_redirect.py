"""Where a guest may be sent after signing in: to a page of this site, and nowhere else.

ASVS 5.0 V3.7.2; RFC 9700, 4.11.
"""

import re

from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.web.access import route_of

# One slash, then only visible ASCII without backslashes. Browsers drop tabs and line ends from an address and read
# "\" as "/", so that "/<TAB>/host" and "/\host" would both leave this site.
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_LONGEST = 1000


def safe_next(target: str | None) -> str | None:
    """The target if somebody who has signed in may land there, otherwise None.

    :param target: what the browser sent, untrusted: it must be a page of this site that a link can open, and that
        makes sense right after a sign-in (``landing`` of its guard).
    """
    if not target or len(target) > _LONGEST or not _PATH.fullmatch(target):
        return None
    path = target.partition("#")[0].partition("?")[0]
    try:
        endpoint, _ = current_app.url_map.bind("").match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    return target if route_of(current_app, str(endpoint)).landing else None
