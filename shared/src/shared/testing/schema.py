"""Holds migrations and declared tables together."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.ext.asyncio import create_async_engine

import shared.messaging.tables
import shared.records.tables
from shared.database.metadata import RECORDS

__all__ = ["differences", "shared"]


async def differences(url: str, metadata: MetaData) -> list[Any]:
    """What separates the migrated schema from the declared tables; a test holds it empty."""
    engine = create_async_engine(url)
    declared = MetaData(naming_convention=metadata.naming_convention)
    for table in (*RECORDS.tables.values(), *metadata.tables.values()):
        table.to_metadata(declared)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_compare, declared)
    finally:
        await engine.dispose()


def _compare(connection: Connection, declared: MetaData) -> list[Any]:
    options = {"compare_type": _other_type, "include_object": _is_ours}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), declared))


def _other_type(_context: object, _column: object, _declared: object, found: object, _type: object) -> bool | None:
    """The domain `fen` is a bigint with a rule; everything else is compared as usual."""
    return False if isinstance(found, DOMAIN) else None


def _is_ours(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return not (kind == "table" and name in {"shared_version", "alembic_version"})
