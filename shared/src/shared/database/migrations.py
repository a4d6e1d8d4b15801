"""Brings a database to the newest schema: shared's stream of revisions, then the service's own."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.database.metadata import RECORDS

MIGRATION_LOCK = 0x5355495445  # "SUITE": two starts of one service migrate one after the other
SHARED_STREAM = ("shared.records", "shared_version")


async def migrate(url: str, package: str) -> None:
    """Run what is missing of shared's revisions and of `<package>.storage`'s, each stream in one transaction."""
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            await connection.run_sync(_upgrade, *SHARED_STREAM)
            await connection.run_sync(_upgrade, f"{package}.storage", "alembic_version")
    finally:
        await engine.dispose()


def run_sql(sql: str) -> None:
    """Run the statements of a revision, which are separated by blank lines (a function's body holds none)."""
    for statement in sql.strip().split("\n\n"):
        op.execute(statement.strip().rstrip(";"))


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
    options = {"compare_type": True, "include_object": _is_ours}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), declared))


def _is_ours(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return not (kind == "table" and name in {"shared_version", "alembic_version"})


def _upgrade(connection: Connection, package: str, version_table: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(str(files(package)), "migrations")))
    scripts = ScriptDirectory.from_config(config)
    with EnvironmentContext(
        config, scripts, fn=lambda now, _context: scripts._upgrade_revs("head", now)
    ) as environment:
        environment.configure(connection=connection, version_table=version_table)
        environment.run_migrations()
