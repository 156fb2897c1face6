"""A transport adapter for requests over libcurl, which bounds a whole call and sends nothing twice by itself."""

import io
import os
import select
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from app.paytronix.errors import Reason
from app.paytronix.tls import certificate_trouble, handshake_trouble

os.environ.pop("SSLKEYLOGFILE", None)  # libcurl would write the keys of calls there; it looks when it is imported
import pycurl

LONGEST_HEAD_BYTES = 65_536
IDLE_SECONDS = 20  # a kept-alive connection whose last call is older may be closing at the other end: make a new one
_NONE = -1  # a socket
# CURLOPT_QUICK_EXIT, for which pycurl has no name: a look-up that hangs is left to its thread, which ends when the
# look-up does. Without it the call would wait for that thread, however long.
_QUICK_EXIT = 322

_REASONS = {
    pycurl.E_COULDNT_RESOLVE_HOST: Reason.DNS,
    pycurl.E_COULDNT_CONNECT: Reason.CONNECTION_REFUSED,
    pycurl.E_SSL_CONNECT_ERROR: Reason.TLS,
    pycurl.E_PEER_FAILED_VERIFICATION: Reason.TLS,
    pycurl.E_SSL_CACERT_BADFILE: Reason.TLS,
    pycurl.E_GOT_NOTHING: Reason.CLOSED,
    pycurl.E_SEND_ERROR: Reason.CLOSED,
    pycurl.E_RECV_ERROR: Reason.CLOSED,
    pycurl.E_PARTIAL_FILE: Reason.CLOSED,
    pycurl.E_SEND_FAIL_REWIND: Reason.CLOSED,  # the connection ended, and the body was not to be sent again
}  # all others: Reason.PROTOCOL


class NoReply(requests.ConnectionError):
    """There is no whole reply. Holds nothing of libcurl's texts, which may quote a URL.

    :ivar reason: why
    :ivar detail: more of it, in our own words
    """

    def __init__(self, reason: Reason, detail: str | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.detail = detail


class _Idle(NamedTuple):
    """A handle that no call is using, with the socket of its connection.

    :ivar used_at: a moment of the monotonic clock
    """

    handle: pycurl.Curl
    socket: int
    used_at: float


class CurlAdapter(BaseAdapter):
    """Makes requests over kept-alive connections, whose peers are always verified with TLS 1.2 or later.

    For any number of threads. Each takes an idle handle of libcurl, with the one connection that it keeps, or makes
    one: a handle belongs to one thread at a time. Follows no redirect, asks no proxy and reads no netrc.

    :param ca_bundle: file of the certificate authorities to trust
    :param longest_reply_bytes: a reply whose body is longer is not read to its end
    :raises FileNotFoundError: there is no such file of authorities.
    """

    def __init__(self, *, ca_bundle: str, longest_reply_bytes: int, idle_seconds: float = IDLE_SECONDS) -> None:
        super().__init__()
        with Path(ca_bundle).open("rb"):
            pass
        self._options: Mapping[int, object] = {
            pycurl.NOSIGNAL: 1,  # signals are for the main thread alone
            _QUICK_EXIT: 1,
            pycurl.PROXY: "",  # none, whatever the environment says
            pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
            pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
            pycurl.CAINFO: ca_bundle,
            pycurl.SSLVERSION: pycurl.SSLVERSION_TLSv1_2,  # or later
            pycurl.MAXCONNECTS: 1,
            pycurl.MAXFILESIZE: longest_reply_bytes,
            pycurl.PATH_AS_IS: 1,
        }
        self._longest_reply_bytes = longest_reply_bytes
        self._idle_seconds = idle_seconds
        self._idle: deque[_Idle] = deque()  # the one that was used last is used next

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        *_: Any,
        **__: Any,
    ) -> requests.Response:
        """Make the call, and read the whole reply.

        :param stream: makes no difference: the body has been read when this returns.
        :param timeout: seconds for look-up, TCP and TLS of a new connection; seconds for the whole call. None is no
            limit, and one number is for both.
        :raises NoReply: there is no whole reply.
        """
        connect_seconds, total_seconds = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        handle = self._idle_handle() or pycurl.Curl()
        for option, value in self._options.items():
            handle.setopt(option, value)
        handle.setopt(pycurl.CONNECTTIMEOUT_MS, int((connect_seconds or 0) * 1000))
        handle.setopt(pycurl.TIMEOUT_MS, int((total_seconds or 0) * 1000))
        handle.setopt(pycurl.URL, request.url)
        # libcurl would ask whether a long body is welcome, and wait a second for the answer.
        handle.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in request.headers.items()] + ["Expect:"])
        if request.method == "POST":
            # From a function that cannot go back, libcurl cannot send a body for a second time: it does so by itself
            # where a kept-alive connection turns out to be closed, and the body may be a password.
            handle.setopt(pycurl.POST, 1)
            content = cast(bytes, request.body or b"")
            handle.setopt(pycurl.POSTFIELDSIZE, len(content))
            handle.setopt(pycurl.READFUNCTION, io.BytesIO(content).read)
        head, body = _Head(), io.BytesIO()
        handle.setopt(pycurl.HEADERFUNCTION, head.take)
        handle.setopt(pycurl.WRITEDATA, body)
        failure = None
        try:
            handle.perform()
            response = _response(request, handle.getinfo(pycurl.RESPONSE_CODE), head, body)
        except pycurl.error as error:
            failure = self._failure(handle, *error.args)
        if failure is None and not head.is_whole:
            failure = NoReply(Reason.CLOSED)
        if failure is not None:
            handle.close()  # no other call may meet the rest of this reply
            raise failure
        self._keep(handle)
        return response

    def close(self) -> None:
        """Close the connections that no call is using."""
        while idle := _taken(self._idle.pop):
            idle.handle.close()

    def _keep(self, handle: pycurl.Curl) -> None:
        """Keep a handle for the next call, and close what has been idle for long: a connection with TLS takes 1 MB."""
        idle = _Idle(handle, handle.getinfo(pycurl.ACTIVESOCKET), time.monotonic())
        if idle.socket == _NONE:  # the other end wants no other call on this connection
            handle.close()
            return
        handle.reset()  # keeps the connection, and nothing of what was sent
        self._idle.append(idle)
        while (oldest := _taken(self._idle.popleft)) and oldest.used_at < idle.used_at - self._idle_seconds:
            oldest.handle.close()
        if oldest:
            self._idle.appendleft(oldest)

    def _idle_handle(self) -> pycurl.Curl | None:
        """A handle that has a connection on which nothing waits, or none.

        What waits is the end of the connection or a reply that nobody has asked for, which libcurl would take for the
        next one.
        """
        while idle := _taken(self._idle.pop):
            poll = select.poll()
            poll.register(idle.socket, select.POLLIN)
            if idle.used_at > time.monotonic() - self._idle_seconds and not poll.poll(0):
                return idle.handle
            idle.handle.close()
        return None

    def _failure(self, handle: pycurl.Curl, code: int, text: str) -> NoReply:
        reason = _REASONS.get(code, Reason.PROTOCOL)
        if code == pycurl.E_OPERATION_TIMEDOUT:
            if handle.getinfo(pycurl.REQUEST_SIZE):  # bytes sent
                return NoReply(Reason.TIMEOUT)
            return NoReply(Reason.CONNECT_TIMEOUT if handle.getinfo(pycurl.NAMELOOKUP_TIME) else Reason.DNS)
        if code == pycurl.E_FILESIZE_EXCEEDED:
            return NoReply(Reason.PROTOCOL, f"a reply of more than {self._longest_reply_bytes} bytes")
        if code == pycurl.E_PEER_FAILED_VERIFICATION:
            return NoReply(reason, certificate_trouble(handle.getinfo(pycurl.SSL_VERIFYRESULT)))
        if reason is Reason.TLS:
            return NoReply(reason, handshake_trouble(text))
        return NoReply(reason)


def _taken(take: Callable[[], _Idle]) -> _Idle | None:
    try:
        return take()
    except IndexError:  # another thread may have taken the last one just now
        return None


class _Head:
    """The head of a reply, as libcurl hands it over line by line.

    :ivar is_whole: its last line has come: libcurl takes a head that breaks off for a whole one
    """

    def __init__(self) -> None:
        self.fields: CaseInsensitiveDict[str] = CaseInsensitiveDict()
        self.is_whole = False
        self._bytes = 0

    def take(self, line: bytes) -> int | None:
        """Take the next line in. Anything but None makes libcurl give up."""
        self._bytes += len(line)
        if self._bytes > LONGEST_HEAD_BYTES:
            return 0
        if line.startswith(b"HTTP/"):  # of the reply, or of what came ahead of it, such as 100
            self.fields, self.is_whole = CaseInsensitiveDict(), False
        elif not line.strip():
            self.is_whole = True
        elif not self.is_whole:  # else it belongs to the end of a body in chunks
            name, _, value = line.decode("latin-1").partition(":")
            former = self.fields.get(name)
            self.fields[name] = value.strip() if former is None else f"{former}, {value.strip()}"
        return None


def _response(request: requests.PreparedRequest, status: int, head: _Head, body: io.BytesIO) -> requests.Response:
    response = requests.Response()
    response.request, response.status_code, response.headers = request, status, head.fields
    head.fields.pop("Location", None)  # Session.send reads it even where it may not follow, and fails over an odd one
    body.seek(0)
    response.raw = body
    return response
