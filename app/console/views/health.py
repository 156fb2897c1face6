"""``/healthz`` and ``/readyz``: for balancers. Bare, quick, under any host name, without a session."""

from flask import Blueprint, Response

from app.console.guards import public
from app.console.parts import console
from app.history import HistoryUnavailable
from app.serving import shutdown
from app.store import StoreUnavailable

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public(session=False, landing=False, logged=False, any_host=True)
def healthz() -> Response:
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
@public(session=False, landing=False, logged=False, any_host=True)
def readyz() -> Response:
    if shutdown.is_draining():
        return Response("ending\n", 503, mimetype="text/plain")
    try:
        console().store.ping()
        console().revisions.published()
    except StoreUnavailable:
        return Response("store\n", 503, mimetype="text/plain")
    except HistoryUnavailable:
        return Response("database\n", 503, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain")
