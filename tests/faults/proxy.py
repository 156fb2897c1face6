"""A TCP proxy on loopback that delays, freezes, cuts and heals: what networks do to connections."""

import asyncio
import contextlib
import socket
import threading

WAIT_SECONDS = 5


class Proxy:
    """Passes bytes to a port of loopback, until it is told otherwise.

    :ivar port: where it listens, before and after a cut
    """

    def __init__(self, target_port):
        self._target_port = target_port
        self._delay_seconds = 0.0
        self._loses_answers = False
        self._writers = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._passing = asyncio.Event()
        self._passing.set()
        self._server = self._do(self._listen())

    def lead_to(self, port):
        """Lead new connections to another server, as the address of a group does after a fail-over; old ones stay."""
        self._target_port = port

    def delay(self, seconds):
        """Let each piece of an answer wait so long."""
        self._delay_seconds = seconds

    def freeze(self):
        """Stay connected, take new connections, and pass nothing on."""
        self._loop.call_soon_threadsafe(self._passing.clear)

    def lose_answers(self):
        """Pass requests on, and break the connection when its answer comes."""
        self._loses_answers = True

    def cut(self):
        """Break every connection and refuse new ones."""
        self._do(self._close())

    def heal(self):
        """Pass everything on again, also what was frozen."""
        self._delay_seconds, self._loses_answers = 0.0, False
        self._loop.call_soon_threadsafe(self._passing.set)
        if self._server is None:
            self._server = self._do(self._listen())

    def stop(self):
        self.cut()
        self._do(self._forget_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_SECONDS)
        self._loop.close()

    def _do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_SECONDS)

    async def _listen(self):
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        return await asyncio.start_server(self._serve, sock=self._listener, backlog=1024)

    async def _close(self):
        if self._server is not None:
            self._server.close()
            self._server = self._listener = None
        for writer in list(self._writers):
            writer.transport.abort()

    async def _forget_tasks(self):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(far_writer)
        await asyncio.gather(
            self._pass(reader, far_writer, is_answer=False), self._pass(far_reader, writer, is_answer=True)
        )
        for each in (writer, far_writer):
            each.transport.abort()
            self._writers.discard(each)

    async def _pass(self, reader, writer, *, is_answer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._passing.wait()
                if is_answer and self._loses_answers:
                    writer.transport.abort()
                    return
                if is_answer and self._delay_seconds:
                    await asyncio.sleep(self._delay_seconds)
                writer.write(data)
                await writer.drain()
        writer.transport.abort() if self._loses_answers else writer.close()
