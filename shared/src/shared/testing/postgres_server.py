"""The PostgreSQL that tests run on, and databases made from templates."""

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from shared.database.embedded_postgres import EmbeddedPostgres, start_embedded_postgres
from shared.database.migrations import migrate
from shared.values.ids import new_id

FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "300"}


@dataclass
class PostgresServer:
    """A throw-away server of our own, or one that exists; `where` says which."""

    admin_url: str
    where: str
    own: EmbeddedPostgres | None = None
    templates: dict[str, str] = field(default_factory=dict)

    async def empty_database(self) -> str:
        """A fresh database; returns its `postgresql+asyncpg://` URL."""
        return self._url(await self._create(""))

    async def service_database(self, package: str) -> str:
        """A fresh database with the newest schema of a service, copied from a template that is migrated once."""
        if package not in self.templates:
            template = await self._create("")
            await migrate(self._url(template), package)
            self.templates[package] = template
        return self._url(await self._create(f'TEMPLATE "{self.templates[package]}"'))

    async def drop(self, url: str) -> None:
        """Remove a database that a test is done with."""
        await self._execute(f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)')

    async def stop(self) -> None:
        """End our own server."""
        if self.own is not None:
            await self.own.stop()

    async def _create(self, options: str) -> str:
        name = f"test_{new_id().hex[-12:]}"
        await self._execute(f'CREATE DATABASE "{name}" {options}')
        return name

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _url(self, name: str) -> str:
        parts = urlsplit(self.admin_url)
        return parts._replace(scheme="postgresql+asyncpg", path=f"/{name}").geturl()


async def start_postgres() -> PostgresServer:
    """`TEST_POSTGRES_URL`, else installed binaries, else the wheel's; always a real server."""
    existing = os.environ.get("TEST_POSTGRES_URL")
    if existing:
        return PostgresServer(existing, f"PostgreSQL at {urlsplit(existing).hostname} (TEST_POSTGRES_URL)")
    folder = Path(tempfile.mkdtemp(prefix="suite-test-"))
    folder.chmod(0o755)
    own = await start_embedded_postgres(folder, lambda text: None, settings=FAST)
    return PostgresServer(own.admin_url, own.where, own)
