"""G-24: one body over both upstreams: streaming both ways, early answers, reuse, breaking off."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn
from gateway.proxy.asgi_upstream import AsgiUpstream
from gateway.proxy.pooled_upstream import PooledUpstream
from gateway.proxy.ports import Forward, Upstream, UpstreamDown
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route


async def echo(request: Request) -> Response:
    body = await request.body()
    seen = {"method": request.method, "path": request.scope["raw_path"].decode(), "query": request.scope["query_string"].decode(),
            "size": len(body), "x": request.headers.get("x-test")}  # fmt: skip
    return JSONResponse(seen, 201, {"x-answer": "yes"})


async def slow_stream(_request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        for number in range(5):
            yield b"%d" % number * 1000
            await asyncio.sleep(0.02)

    return StreamingResponse(chunks())


async def early(_request: Request) -> Response:
    return PlainTextResponse("no, thanks", 413)


async def empty(_request: Request) -> Response:
    return Response(status_code=204)


APP = Starlette(
    routes=[
        Route("/echo/{rest:path}", echo, methods=["GET", "POST", "HEAD"]),
        Route("/stream", slow_stream),
        Route("/early", early, methods=["POST"]),
        Route("/empty", empty),
    ]
)


@pytest.fixture(params=["asgi", "pooled"])
async def upstream(request: pytest.FixtureRequest) -> AsyncIterator[Upstream]:
    if request.param == "asgi":
        yield AsgiUpstream(APP)
        return
    server = uvicorn.Server(uvicorn.Config(APP, port=0, log_level="error"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    pooled = PooledUpstream("127.0.0.1", server.servers[0].sockets[0].getsockname()[1])
    yield pooled
    await pooled.close()
    server.should_exit = True
    await serving


class Exchange:
    """One request with its pieces, and everything that came back."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces, self.sent = list(pieces), list[dict[str, Any]]()

    async def receive(self) -> dict[str, Any]:
        if self.pieces:
            return {"type": "http.request", "body": self.pieces.pop(0), "more_body": bool(self.pieces)}
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(dict(message))

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])

    def header(self, name: bytes) -> bytes | None:
        return next((value for key, value in self.sent[0]["headers"] if key.lower() == name), None)


def forward(path: bytes, method: str = "GET", query: bytes = b"", **headers: str) -> Forward:
    listed = [(b"host", b"x"), *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())]
    return Forward(method, path, query, listed)


async def test_path_query_headers_and_body_arrive_as_they_were(upstream: Upstream) -> None:
    """G-01: exactly the string that was matched, percent signs included."""
    exchange = Exchange(b"a" * 70_000, b"b" * 70_000)
    asked = forward(b"/echo/a%20b", "POST", b"q=%E4%B8%AD&r=1%2B1", content_length="140000", x_test="yes")
    await asyncio.wait_for(upstream.forward(asked, exchange.receive, exchange.send), 10)
    assert (exchange.status, exchange.header(b"x-answer")) == (201, b"yes")
    expected = b'{"method":"POST","path":"/echo/a%20b","query":"q=%E4%B8%AD&r=1%2B1","size":140000,"x":"yes"}'
    assert exchange.body == expected


async def test_a_body_without_a_length_is_streamed(upstream: Upstream) -> None:
    """Design §6: chunked up, never buffered."""
    exchange = Exchange(b"a" * 10, b"b" * 20, b"")
    await asyncio.wait_for(
        upstream.forward(forward(b"/echo/", "POST", transfer_encoding="chunked"), exchange.receive, exchange.send), 10
    )
    assert b'"size":30' in exchange.body


async def test_an_answer_is_passed_on_piece_by_piece(upstream: Upstream) -> None:
    """Design §6: streams pass through."""
    exchange = Exchange(b"")
    await asyncio.wait_for(upstream.forward(forward(b"/stream"), exchange.receive, exchange.send), 10)
    assert exchange.body == b"".join(b"%d" % number * 1000 for number in range(5))
    assert sum(bool(message.get("body")) for message in exchange.sent[1:]) >= 4


@pytest.mark.parametrize(("method", "path", "status"), [("HEAD", b"/echo/", 201), ("GET", b"/empty", 204)])
async def test_answers_without_a_body_end(upstream: Upstream, method: str, path: bytes, status: int) -> None:
    exchange = Exchange(b"")
    await asyncio.wait_for(upstream.forward(forward(path, method), exchange.receive, exchange.send), 10)
    assert (exchange.status, exchange.body) == (status, b"")


async def test_many_in_a_row_and_at_once(upstream: Upstream) -> None:
    """Connections are used again and never mixed up."""

    async def one(number: int) -> bool:
        exchange = Exchange(b"")
        await upstream.forward(forward(b"/echo/", query=b"n=%d" % number), exchange.receive, exchange.send)
        return f'"query":"n={number}"'.encode() in exchange.body

    for _ in range(3):
        assert all(await asyncio.gather(*(one(number) for number in range(20))))


async def test_an_early_refusal_ends_the_upload(upstream: Upstream) -> None:
    """The answer comes although the caller never finishes."""
    exchange = Exchange(b"x" * 1000)
    exchange.pieces.append(b"y")
    endless = forward(b"/early", "POST", content_length="100000000")
    await asyncio.wait_for(upstream.forward(endless, exchange.receive, exchange.send), 10)
    assert (exchange.status, exchange.body) == (413, b"no, thanks")


async def raw_server(answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]) -> tuple[asyncio.Server, PooledUpstream]:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    return server, PooledUpstream("127.0.0.1", server.sockets[0].getsockname()[1])


@pytest.mark.parametrize(
    ("written", "started"),
    [(b"", False), (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", True), (b"nonsense\r\n\r\n", False)],
)
async def test_an_upstream_that_breaks_off_is_down(written: bytes, started: bool) -> None:
    """G-24: before the first byte, in the middle, or with nonsense."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(written)
        await writer.drain()
        writer.close()

    server, upstream = await raw_server(answer)
    exchange = Exchange(b"")
    with pytest.raises(UpstreamDown):
        await asyncio.wait_for(upstream.forward(forward(b"/"), exchange.receive, exchange.send), 10)
    assert bool(exchange.sent) == started
    server.close()


async def test_nobody_listening_is_down() -> None:
    """G-24."""
    exchange = Exchange(b"")
    with pytest.raises(UpstreamDown):
        await PooledUpstream("127.0.0.1", 1).forward(forward(b"/"), exchange.receive, exchange.send)
