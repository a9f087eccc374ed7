"""A line between two programs on loopback that is slow, far away, cut, or swallows everything."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

_BLOCK = 16 * 1024


class Line:
    """Knobs may be turned while bytes are under way.

    delay: seconds from here to there, each way. rate: bytes a second each way, None for no limit.
    down: new connections are refused. swallows: nothing goes through, and nobody is told.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.delay = 0.0
        self.rate: float | None = None
        self.down = False
        self.swallows = False
        self.port = 0
        self.passed = 0  # bytes both ways
        self.sent = 0  # of these, from here to there
        self.connections = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._free_at: dict[bool, float] = {True: 0.0, False: 0.0}

    # -- what tests do ----------------------------------------------------------------------------

    def cut(self) -> None:
        """Every connection that is open breaks off."""
        self._do(self._cut)

    def lose(self) -> None:
        """Cut, and gone until `find`."""
        self.down = True
        self.cut()

    def find(self) -> None:
        """The line is back."""
        self.down = self.swallows = False

    def _do(self, action: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(action(), self._loop).result(10)

    async def _cut(self) -> None:
        for writer in list(self._open):
            with contextlib.suppress(OSError):
                writer.transport.abort()

    # -- the line ---------------------------------------------------------------------------------

    async def _begin(self) -> asyncio.Server:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.down:
            writer.transport.abort()
            return
        self.connections += 1
        try:
            there_reader, there = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, there}
        try:
            await asyncio.gather(
                self._carry(reader, there, out=True),
                self._carry(there_reader, writer, out=False),
            )
        finally:
            for one in (writer, there):
                self._open.discard(one)
                with contextlib.suppress(OSError):
                    one.close()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, out: bool
    ) -> None:
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)

        async def deliver() -> None:
            while True:
                due, block = await waiting.get()
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                while self.swallows:  # noqa: ASYNC110 - set by another thread
                    await asyncio.sleep(0.05)
                if not block:
                    with contextlib.suppress(OSError):
                        writer.write_eof()
                    return
                writer.write(block)
                await writer.drain()
                self.passed += len(block)
                self.sent += len(block) if out else 0

        async def take() -> None:
            while True:
                block = await reader.read(_BLOCK)
                now = time.monotonic()
                if self.rate is not None:
                    begins = max(now, self._free_at[out])
                    self._free_at[out] = begins + len(block) / self.rate
                    await asyncio.sleep(self._free_at[out] - now)
                    now = time.monotonic()
                await waiting.put((now + self.delay, block))
                if not block:
                    return

        with contextlib.suppress(OSError):
            both = [asyncio.ensure_future(deliver()), asyncio.ensure_future(take())]
            try:
                await asyncio.gather(*both)
            finally:
                for one in both:
                    one.cancel()

    def run(self, ready: threading.Event, stop: asyncio.Event) -> None:
        async def serve() -> None:
            server = await self._begin()
            ready.set()
            await stop.wait()
            server.close()
            await self._cut()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0)

        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(lambda *_: None)  # broken connections are what it is for
        try:
            self._loop.run_until_complete(serve())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """A line to a server on loopback, for the length of a test."""
    line = Line(port)
    ready, stop = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=line.run, args=(ready, stop))
    thread.start()
    assert ready.wait(10)
    try:
        yield line
    finally:
        line._loop.call_soon_threadsafe(stop.set)
        thread.join()
