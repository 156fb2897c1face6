"""``/healthz``, ``/servez`` and ``/readyz``: for balancers. Bare, quick, under any host name, without a session."""

from flask import Blueprint, Response

from app import ending
from app.auth.guards import public
from app.site import site
from app.store import StoreUnavailable

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
def healthz() -> Response:
    return Response("ok\n", mimetype="text/plain")


@bp.get("/servez")
@public
def servez() -> Response:
    """Whether guests are to be sent to this instance: until it is told to end, also while the shared store is away.

    The store is away for all instances at once, and each of them still has the form and the merchant's words.
    """
    if ending.has_begun():
        return Response("ending\n", 503, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
@public
def readyz() -> Response:
    if ending.has_begun():
        return Response("ending\n", 503, mimetype="text/plain")
    try:
        site().store.ping()
    except StoreUnavailable:
        return Response("store\n", 503, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain")
