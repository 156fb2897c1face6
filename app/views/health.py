"""``/healthz``, ``/servez`` and ``/readyz``: for balancers. Bare, quick, under any host name, without a session."""

from flask import Blueprint, Response

from app.services import services
from app.serving import shutdown
from app.store import StoreUnavailable
from app.web.access import public

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public(session=False, landing=False, logged=False, any_host=True)
def healthz() -> Response:
    return Response("ok\n", mimetype="text/plain")


@bp.get("/servez")
@public(session=False, landing=False, logged=False, any_host=True)
def servez() -> Response:
    """Whether guests are to be sent to this instance: until it is told to end, also while the shared store is away.

    The store is away for all instances at once, and each of them still has the form and the merchant's words.
    """
    if shutdown.is_draining():
        return Response("ending\n", 503, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
@public(session=False, landing=False, logged=False, any_host=True)
def readyz() -> Response:
    if shutdown.is_draining():
        return Response("ending\n", 503, mimetype="text/plain")
    try:
        services().store.ping()
    except StoreUnavailable:
        return Response("store\n", 503, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain")
