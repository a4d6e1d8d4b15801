"""The engine and the one way to a transaction."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session

DEADLOCK = "40P01"
SERIALIZATION = "40001"
AWAY_CLASSES = ("08", "53", "57")


class Database:
    """One service's database: a pool, and sessions that end in exactly one commit or rollback.

    `url` is `postgresql+asyncpg://…`. The pool does not reset connections on return: every session ends its own
    transaction, which is worth 40 % of the throughput of small statements.
    """

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.engine: AsyncEngine = create_async_engine(
            url, pool_size=pool_size, max_overflow=pool_size, pool_timeout=10, pool_reset_on_return=None
        )
        self._sync_session = type("ServiceSession", (Session,), {})
        self._sessions = async_sessionmaker(
            self.engine, expire_on_commit=False, autoflush=False, sync_session_class=self._sync_session
        )

    @property
    def dsn(self) -> str:
        """The URL for asyncpg itself, for whoever needs a session of its own (the relay's lock)."""
        return self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def after_commit(self, listener: Callable[[Session], None]) -> None:
        """Call `listener` after each commit of a session (in-process wake-ups; nothing that may fail)."""
        event.listen(self._sync_session, "after_commit", listener)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose transaction commits when the block ends, and rolls back when it raises."""
        async with self._sessions() as session, session.begin():
            yield session

    async def close(self) -> None:
        """Give back all connections."""
        await self.engine.dispose()


def sqlstate(error: BaseException) -> str | None:
    """The SQLSTATE of a database error, or None."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)


def is_retryable(error: BaseException) -> bool:
    """Whether the database chose this transaction as the victim of a deadlock (40P01) or of a serialisation (40001)."""
    return sqlstate(error) in {DEADLOCK, SERIALIZATION}


def is_away(error: BaseException) -> bool:
    """Whether the server cannot be reached, is full or shuts down: to be tried again, not to be blamed on the caller."""
    if isinstance(error, OSError | TimeoutError | PoolTimeout | InterfaceError):
        return True
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or (sqlstate(error) or "").startswith(AWAY_CLASSES)
