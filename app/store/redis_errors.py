"""What an error of Redis, or of the way to it, means: the reason for those who count, and what an operator can do."""

from redis import exceptions

from app.store.interface import Reason

_REASONS: list[tuple[type[Exception], Reason]] = [  # the first that fits
    (exceptions.TimeoutError, Reason.TIMEOUT),
    (exceptions.AuthenticationError, Reason.REFUSED),
    (exceptions.AuthorizationError, Reason.REFUSED),
    (exceptions.AuthenticationWrongNumberOfArgsError, Reason.REFUSED),
    (exceptions.NoPermissionError, Reason.REFUSED),
    (exceptions.ReadOnlyError, Reason.READONLY),
    (exceptions.OutOfMemoryError, Reason.FULL),
    (exceptions.ConnectionError, Reason.UNREACHABLE),
    (exceptions.ClusterDownError, Reason.UNREACHABLE),
]
# Redis 6.2 wraps what a script meets in a general error; some errors redis-py has no class for.
_WORDS = {
    "READONLY": Reason.READONLY,
    "MISCONF": Reason.READONLY,
    "NOREPLICAS": Reason.READONLY,
    "OOM": Reason.FULL,
    "NOPERM": Reason.REFUSED,
    "can't run this command": Reason.REFUSED,  # in a script
}
_CLUSTER = (exceptions.MovedError, exceptions.AskError, exceptions.ClusterCrossSlotError)
_WRITE_CLUSTER = "Write STORE_URL as redis+cluster://HOST:PORT,HOST:PORT, with some of the nodes."
_CLUSTER_DOWN = f"See with CLUSTER INFO whether nodes are down. Is STORE_URL redis://? {_WRITE_CLUSTER}"
_REMEDIES = {
    "certificate verify failed": (
        "Name the file of the authority that issued its certificate: ?ssl_ca_certs=/PATH/ca.pem at the end of "
        "STORE_URL. The host in STORE_URL must be a name that stands in the certificate."
    ),
    "No such file": "A file that STORE_URL names (a socket, ssl_ca_certs, ssl_certfile, ssl_keyfile) is not there.",
    "a Sentinel says": (
        "Sentinels may have a password of their own: ?sentinel_password=PASSWORD at the end of STORE_URL, and "
        "sentinel_username= if they have users."
    ),
    "Timeout connecting": (
        "A firewall in between, a server that is frozen, or rediss:// where no TLS is spoken: then write the port that "
        "does, or redis://."
    ),
    "Connection closed by server": "Does it expect TLS at this port? Then write rediss:// in place of redis://.",
    "reset by peer": "Does it expect TLS at this port? Then write rediss:// in place of redis://.",
}


def explain(error: exceptions.RedisError) -> tuple[Reason, str, str]:
    """Why the store is unavailable, in a word and in a few; and what to do, empty where the word says it all."""
    if isinstance(error, _CLUSTER):  # a Cluster is asked as one, and follows these
        return Reason.ERROR, "this server is a node of a Redis Cluster, and has a part of the keys", _WRITE_CLUSTER
    if type(error) is exceptions.ClusterDownError:  # and no kind of it, such as a replica that has lost its master
        return Reason.UNREACHABLE, f"a node of a Redis Cluster says: {error}"[:200], _CLUSTER_DOWN
    what = str(error)[:200]
    return _reason(error), what, next((remedy for word, remedy in _REMEDIES.items() if word in what), "")


def _reason(error: Exception) -> Reason:
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    return next((reason for word, reason in _WORDS.items() if word in str(error)), Reason.ERROR)
