"""What the worker process has to know of the application that it serves, be it the site or the console."""

from dataclasses import dataclass

from app.auth.refresh import TokenKeeper


@dataclass(frozen=True)
class WorkerContext:
    """Stands in an application's extensions as ``worker_context``.

    :ivar is_secure: browsers come over https
    :ivar is_behind_proxy: a balancer is to be given time when the instance ends
    :ivar tokens: what may have to be kept before the process ends
    """

    is_secure: bool
    is_behind_proxy: bool
    tokens: TokenKeeper | None = None
