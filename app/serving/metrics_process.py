"""What the metrics process serves: the workers' counts, and what its own store and messages tell."""

from collections.abc import Callable
from pathlib import Path
from socket import socket

from app.messages import Messages
from app.services import make_published, make_sign_ins
from app.serving import shutdown
from app.store import open_store
from config import Settings


def serve_metrics(settings: Settings, listener: socket, folder: Path, is_over: Callable[[], bool]) -> None:
    """Answer who asks for the metrics, until it is over.

    :param listener: where it is asked.
    :param folder: where the workers count.
    :param is_over: whether it is to end.
    """
    from app.observability.metrics.exposition import Overview, serve  # noqa: PLC0415 - only this process needs it

    store, published = open_store(settings.store_url.reveal()), make_published(settings)
    messages = Messages(settings.merchant_dir, published=published.current if published else None)
    count_sign_ins = make_sign_ins(settings, store).count
    overview = Overview(store, count_sign_ins, messages, published, is_draining=shutdown.is_draining)
    serve(listener, folder, overview, is_over)
