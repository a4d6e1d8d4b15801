"""The one-process suite: the service's app is called directly."""

import logging

from starlette.types import ASGIApp, Message, Receive, Send

from gateway.proxy.ports import Forward

log = logging.getLogger(__name__)


class AsgiUpstream:
    """Calls an ASGI app of this process."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def forward(self, request: Forward, receive: Receive, send: Send) -> None:
        """The app answers 500 itself when it fails; its exception is logged here and goes no further."""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": request.path.decode("latin-1"),
            "raw_path": request.path,
            "query_string": request.query,
            "root_path": "",
            "headers": list(request.headers),
            "client": request.client,
            "server": ("suite", 80),
            "state": {},
        }
        try:
            await self._app(scope, receive, _without_body(send) if request.method == "HEAD" else send)
        except Exception:
            log.exception("the app failed", extra={"path": scope["path"]})

    async def close(self) -> None:
        """Nothing to give back."""


def _without_body(send: Send) -> Send:
    """An answer to HEAD has headers only."""

    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_head
