"""The distributed suite: a pooled HTTP/1.1 client on httptools, streaming both ways."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httptools
from starlette.types import Receive, Send

from gateway.proxy.ports import Forward, UpstreamDown

CHUNK = 64 * 1024
CONNECT_S = 2.0
IDLE = 64
BROKEN = (OSError, asyncio.IncompleteReadError, httptools.HttpParserError, TimeoutError)


@dataclass
class _Answer:
    """What the parser has seen of one response."""

    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    chunks: deque[bytes] = field(default_factory=deque)
    complete: bool = False
    headed: bool = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.headed = True

    def on_body(self, body: bytes) -> None:
        self.chunks.append(body)

    def on_message_complete(self) -> None:
        self.complete = True


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @property
    def is_stale(self) -> bool:
        return self.reader.at_eof() or self.writer.is_closing()

    def close(self) -> None:
        with suppress(OSError):
            self.writer.close()


class PooledUpstream:
    """Keeps idle connections; one that the other side has closed is never used again."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: deque[_Connection] = deque()

    async def forward(self, request: Forward, receive: Receive, send: Send) -> None:
        """Stream the body up and the answer down. Errors: `UpstreamDown`."""
        try:
            connection = await self._connect()
            reusable = await self._exchange(connection, request, receive, send)
        except BROKEN as error:
            raise UpstreamDown(repr(error)) from error
        if reusable and len(self._idle) < IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    async def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().close()

    async def _connect(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_stale:
                return connection
            connection.close()
        opening = asyncio.open_connection(self._host, self._port, limit=CHUNK * 4)
        return _Connection(*await asyncio.wait_for(opening, CONNECT_S))

    async def _exchange(self, connection: _Connection, request: Forward, receive: Receive, send: Send) -> bool:
        """Body and answer at the same time: an early refusal ends the upload."""
        uploading = asyncio.create_task(_upload(connection.writer, request, receive))
        try:
            keep = await _download(connection, request.method, send, uploading)
        except BaseException:
            uploading.cancel()
            connection.close()
            raise
        finished = uploading.done() and not uploading.cancelled() and uploading.exception() is None
        if not finished:
            uploading.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await uploading
        return keep and finished


async def _upload(writer: asyncio.StreamWriter, request: Forward, receive: Receive) -> None:
    sized = any(name == b"content-length" for name, _ in request.headers)
    chunked = not sized and any(name == b"transfer-encoding" for name, _ in request.headers)
    writer.write(_head(request, chunked))
    async for piece in _pieces(receive) if sized or chunked else _nothing():
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        await writer.drain()
    if chunked:
        writer.write(b"0\r\n\r\n")
    await writer.drain()


def _head(request: Forward, chunked: bool) -> bytes:
    target = request.path + (b"?" + request.query if request.query else b"")
    lines = [request.method.encode() + b" " + target + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in request.headers if name != b"transfer-encoding"]
    if chunked:
        lines.append(b"transfer-encoding: chunked")
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the caller has left")
        more = message.get("more_body", False)
        if message.get("body"):
            yield message["body"]


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


async def _download(connection: _Connection, method: str, send: Send, uploading: asyncio.Task[None]) -> bool:
    """Pass the answer on; True when the connection may be used again."""
    answer = _Answer()
    parser = httptools.HttpResponseParser(answer)
    started = False
    while not answer.complete:
        data = await connection.reader.read(CHUNK)
        if uploading.done() and uploading.exception() and not data:
            raise ConnectionResetError("the upload broke off")
        if not data:
            _ended(answer, started)
            break
        parser.feed_data(data)
        if answer.headed and not started:
            started = True
            await _start(parser, answer, send)
            if method == "HEAD" or parser.get_status_code() in {204, 304}:
                answer.complete = True
        while answer.chunks:
            await send({"type": "http.response.body", "body": answer.chunks.popleft(), "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    return bool(answer.complete and parser.should_keep_alive())


def _ended(answer: _Answer, started: bool) -> None:
    """The other side closed: fine only for a body that ends with the connection."""
    bounded = any(name in {b"content-length", b"transfer-encoding"} for name, _ in answer.headers)
    if not started or bounded:
        raise ConnectionResetError("the answer broke off")


async def _start(parser: Any, answer: _Answer, send: Send) -> None:
    start = {"type": "http.response.start", "status": parser.get_status_code(), "headers": answer.headers}
    await send(start)
