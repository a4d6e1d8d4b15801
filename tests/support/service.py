"""A service under test: its app on a fresh database, called over ASGI by principals of the test's own making."""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI
from shared.clock import Clock
from shared.database.engine import Database
from shared.messaging.ports import Bus
from shared.records.principal import Principal
from shared.settings import ServiceSettings
from shared.testing.tokens import TokenMint
from shared.web.authentication import KeySource
from shared.web.runtime import Runtime

KEY = base64.b64encode(bytes(range(32))).decode()


class Caller:
    """Calls one service as one principal."""

    def __init__(self, client: httpx.AsyncClient, mint: TokenMint, audience: str, principal: Principal) -> None:
        self._client, self._mint, self._audience, self.principal = client, mint, audience, principal

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One request with a fresh idempotency key unless the test gives one."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        fresh = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        all_headers = self._mint.headers(self.principal, self._audience) | fresh | given
        return await self._client.request(method, f"/api/v1{path}", json=body, headers=all_headers)

    async def post(self, path: str, body: Any = None, *, expect: int | None = None, **headers: str) -> Any:
        """POST; the answer's JSON, its status held to `expect` (any 2xx if left out)."""
        return _checked(await self.send("POST", path, {} if body is None else body, **headers), expect)

    async def get(self, path: str, *, expect: int | None = None) -> Any:
        """GET; the answer's JSON."""
        return _checked(await self.send("GET", path), expect)


def _checked(answer: httpx.Response, expect: int | None) -> Any:
    held = answer.is_success if expect is None else answer.status_code == expect
    assert held, f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


class ServiceUnderTest:
    """One app with its database, clock and client."""

    def __init__(self, app: FastAPI, client: httpx.AsyncClient, mint: TokenMint, clock: Clock, name: str) -> None:
        self.app, self.client, self.mint, self.clock, self.name = app, client, mint, clock, name

    @property
    def runtime(self) -> Runtime:
        """What the app's parts share."""
        runtime: Runtime = self.app.state.runtime
        return runtime

    @property
    def database(self) -> Database:
        """The service's database."""
        return self.runtime.database

    def caller(self, principal: Principal) -> Caller:
        """Somebody who calls the service."""
        return Caller(self.client, self.mint, self.name, principal)


class SilentBus:
    """A bus for services whose loops do not run in a test."""

    async def close(self) -> None:
        """Nothing to give back."""


@asynccontextmanager
async def service_under_test(
    create_app: Callable[..., FastAPI], settings: type[ServiceSettings], name: str, url: str, *,
    clock: Clock | None = None, bus: Bus | None = None, keys: KeySource | None = None, role: str = "api",
    mint: TokenMint | None = None,
) -> AsyncIterator[ServiceUnderTest]:  # fmt: skip
    """The app with its lifespan running; role `api` answers HTTP only."""
    mint, clock = mint or TokenMint(), clock or Clock(movable=True)
    values = {"database_url": url, "bus_url": "kafka://none:1", "key_encryption_key": KEY, "role": role, "pool_size": 20}
    app = create_app(settings(**values), clock=clock, bus=bus or SilentBus(), keys=keys or mint.keys)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://service", timeout=60)
    async with app.router.lifespan_context(app), client:
        yield ServiceUnderTest(app, client, mint, clock, name)
