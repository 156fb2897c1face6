"""Guests with browsers: each has a connection that is kept alive, cookies, and fills in forms as they were shown.

``python load.py`` reads one task as JSON from standard input and prints what it measured as JSON. Its guests ask on
until the task's time or number is up; with a rate they come when it is their turn, however slow the site is. Needs the
standard library; uses uvloop if it is there. Answers that are not what the guest came for are counted apart, and more
than one in ten ends the run: a site that fails fast must not look fast.
"""

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

try:
    from uvloop import run
except ImportError:
    from asyncio import run

PATIENCE_SECONDS = 30.0
COMING_IN, TRIES = 16, 5
INPUT, ATTRIBUTE = re.compile(rb"<input ([^>]*)>"), re.compile(rb'([a-z-]+)="([^"]*)"')
SIGNED_IN = b"Free taco"  # on everybody's page for a signed-in guest, and on no other


class Failed(Exception):
    """The site did not do what it was measured for."""


@dataclass
class Answer:
    """One answer of the site."""

    status: int
    head: bytes
    body: bytes
    seconds: float


class Connection(asyncio.Protocol):
    """A connection to the site, one request at a time. Opened anew when the site has closed it."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._waiting: asyncio.Future[tuple[int, bytes, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Failed("the site closed a connection with a request on it"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._received[:end])
        length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
        if length is not None:
            body = bytes(self._received[end + 4 :])
            if len(body) < int(length[1]):
                return
        elif b"chunked" in head.lower():
            body = bytes(self._received[end + 4 :])  # nobody here minds the marks between the chunks
            if not body.endswith(b"0\r\n\r\n"):
                return
        else:
            body = b""
        self._received.clear()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result((int(head[9:12]), head, body))

    async def ask(self, port: int, request: bytes) -> Answer:
        """Send a request and wait for the whole answer."""
        loop = asyncio.get_running_loop()
        started = time.perf_counter()
        if self._transport is None or self._transport.is_closing():
            await loop.create_connection(lambda: self, "127.0.0.1", port)
        self._waiting = loop.create_future()
        self._transport.write(request)  # type: ignore[union-attr]
        async with asyncio.timeout(PATIENCE_SECONDS):
            status, head, body = await self._waiting
        return Answer(status, head, body, time.perf_counter() - started)


@dataclass
class Guest:
    """One guest's browser in front of a site.

    :ivar headers: what every request carries besides cookies
    :ivar form_headers: what a form that is sent carries besides
    """

    port: int
    headers: bytes
    form_headers: bytes
    number: int
    connection: Connection = field(default_factory=Connection)
    cookies: dict[bytes, bytes] = field(default_factory=dict)

    async def get(self, path: str) -> Answer:
        return self._keep(await self.connection.ask(self.port, self._request(b"GET", path, b"")))

    async def post(self, path: str, fields: dict[str, str]) -> Answer:
        body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in fields.items()).encode()
        return self._keep(await self.connection.ask(self.port, self._request(b"POST", path, body)))

    def _request(self, method: bytes, path: str, body: bytes) -> bytes:
        lines = [method + b" " + path.encode() + b" HTTP/1.1", self.headers]
        if self.cookies:
            lines.append(b"Cookie: " + b"; ".join(b"=".join(cookie) for cookie in self.cookies.items()))
        if method == b"POST":
            lines.append(self.form_headers)
            lines.append(b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d" % len(body))
        return b"\r\n".join([*lines, b"", body])

    def _keep(self, answer: Answer) -> Answer:
        for name, value, rest in re.findall(rb"(?i)\r\nset-cookie: *([^=]+)=([^;\r]*)([^\r]*)", answer.head):
            if b"max-age=0" in rest.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    async def sign_in(self) -> tuple[Answer, Answer]:
        """As somebody who has never been here: the form, and the form sent. Both answers."""
        self.cookies.clear()
        form = await self.get("/login")
        inputs = [dict(ATTRIBUTE.findall(each)) for each in INPUT.findall(form.body)]
        hidden = [each for each in inputs if each.get(b"type") == b"hidden"]
        fields = {each[b"name"].decode(): each.get(b"value", b"").decode() for each in hidden}
        _expect(form, 200, b"password")
        # Each time another guest: the site counts what is under way for one and the same.
        username = f"{self.number:08}@example.com"
        sent = await self.post("/login", fields | {"username": username, "password": "taco-tuesday"})
        if sent.status not in {302, 303}:
            raise Failed(f"POST /login was answered with {sent.status}")
        return form, sent

    async def account(self) -> Answer:
        """The signed-in page."""
        page = await self.get("/account")
        _expect(page, 200, SIGNED_IN)
        return page


async def _come_in(guest: Guest, few_at_once: asyncio.Semaphore) -> None:
    async with few_at_once:
        for tries_left in range(TRIES, -1, -1):
            try:
                await guest.sign_in()
                await guest.account()
            except Failed:
                if not tries_left:
                    raise
            else:
                return


def _lines(headers: dict[str, str]) -> bytes:
    return "\r\n".join(f"{name}: {value}" for name, value in headers.items()).encode()


def _expect(answer: Answer, status: int, text: bytes) -> None:
    if answer.status != status or text not in answer.body:
        raise Failed(f"an answer had the status {answer.status} and {len(answer.body)} bytes, without {text.decode()}")


class Run:
    """One task: who asks for what, until when, and how long each answer took."""

    def __init__(self, task: dict[str, Any]) -> None:
        self._task = task
        headers, form_headers = _lines(task["headers"]), _lines(task["form_headers"])
        self._guests = [Guest(task["port"], headers, form_headers, number) for number in range(task["guests"])]
        self._times: dict[str, list[float]] = {"form": [], "submit": [], "page": []}
        self._done = self._begun = self._failed = 0

    async def run(self) -> dict[str, Any]:
        """Do it, and give what was measured, in seconds."""
        if self._task["work"] == "page":
            few_at_once = asyncio.Semaphore(COMING_IN)  # signing in is not what is measured here
            async with asyncio.TaskGroup() as group:
                for guest in self._guests:
                    group.create_task(_come_in(guest, few_at_once))
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        started = time.perf_counter()
        self._started = started
        async with asyncio.TaskGroup() as group:
            for guest in self._guests:
                group.create_task(self._live(guest))
        seconds = time.perf_counter() - started
        times = {name: sorted(each) for name, each in self._times.items() if each}
        return {"seconds": seconds, "done": self._done, "failed": self._failed, "times": times}

    async def _live(self, guest: Guest) -> None:
        count, seconds, rate = self._task.get("count"), self._task.get("seconds"), self._task.get("rate")
        while (not count or self._begun < count) and (not seconds or time.perf_counter() - self._started < seconds):
            turn, self._begun = self._begun, self._begun + 1
            if rate:
                due_at = self._started + turn / rate
                await asyncio.sleep(max(0.0, due_at - time.perf_counter()))
            try:
                await self._once(guest)
                self._done += 1
            except Failed:
                self._failed += 1
                if self._failed > 20 + self._begun / 10:
                    raise

    async def _once(self, guest: Guest) -> None:
        if self._task["work"] == "page":
            self._times["page"].append((await guest.account()).seconds)
        else:
            guest.number += len(self._guests)
            form, sent = await guest.sign_in()
            self._times["form"].append(form.seconds)
            self._times["submit"].append(sent.seconds)


if __name__ == "__main__":
    print(json.dumps(run(Run(json.loads(sys.stdin.readline())).run())))
