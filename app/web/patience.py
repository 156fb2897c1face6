"""WSGI middleware that bounds how long one request waits for the store in all."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from app.store import patience


def patient(wsgi_app: WSGIApplication) -> WSGIApplication:
    """The application, each of whose requests waits for the store only so long in all."""

    def with_patience(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with patience():
            return wsgi_app(environ, start_response)

    return with_patience
