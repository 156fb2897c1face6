"""Where a guest may be sent after signing in: to a page of this site, and nowhere else.

ASVS 5.0 V3.7.2; RFC 9700, 4.11.
"""

import re
from collections.abc import Set as AbstractSet

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect

# One slash, then only visible ASCII without backslashes. Browsers drop tabs and line ends from an address and read
# "\" as "/", so that "/<TAB>/host" and "/\host" would both leave this site.
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_LONGEST = 1000


# Pages that make no sense, or a loop, right after a sign-in.
NEVER_NEXT = frozenset(
    {"home.home", "login.show", "language.choose", "assets.static", "brand.file"}
    | {"health.healthz", "health.servez", "health.readyz"}
    | {"well_known.change_password", "well_known.file", "well_known.robots", "well_known.favicon"}
)


def safe_next(target: str | None, routes: Map, *, never: AbstractSet[str] = NEVER_NEXT) -> str | None:
    """The target if somebody who has signed in may land there, otherwise None.

    :param target: what the browser sent: untrusted.
    :param routes: the site's own pages; a target must be one of them that can be opened by a link.
    :param never: endpoints that are no target.
    """
    if not target or len(target) > _LONGEST or not _PATH.fullmatch(target):
        return None
    path = target.partition("#")[0].partition("?")[0]
    try:
        endpoint, _ = routes.bind("").match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    return None if endpoint in never else target
