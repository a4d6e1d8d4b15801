"""Brings a database to the newest schema: shared's stream of revisions, then the service's own."""

from importlib.resources import files
from pathlib import Path

from alembic import op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

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


def _upgrade(connection: Connection, package: str, version_table: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(str(files(package)), "migrations")))
    scripts = ScriptDirectory.from_config(config)
    with EnvironmentContext(config, scripts, fn=lambda now, _context: scripts._upgrade_revs("head", now)) as environment:
        environment.configure(connection=connection, version_table=version_table)
        environment.run_migrations()
