"""The audit trail: append-only rows of the business transaction, sealed into a hash chain afterwards (G-13)."""

import hashlib
import json
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.records.tables import audit, audit_seal
from shared.records.work import Work

GENESIS = bytes(32)
SEAL_AT_ONCE = 1000


async def write_audit(
    work: Work,
    entity: str,
    entity_id: UUID,
    action: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Who did what to which entity; values must be JSON and never personal."""
    delegator = work.grant.on_behalf_of if work.grant else None
    row = {
        "at": work.now,
        "actor_id": work.actor.id,
        "on_behalf_of": delegator,
        "correlation_id": work.trace.correlation_id,
        "entity": entity,
        "entity_id": entity_id,
        "action": action,
        "before": before,
        "after": after,
        "reason": reason,
    }
    await work.session.execute(insert(audit).values(row))


async def seal_audit(session: AsyncSession) -> int:
    """Seal the rows that are not sealed yet, in order; returns how many. Runs alone: the caller's timer is one row."""
    last = (await session.execute(select(audit_seal).order_by(audit_seal.c.audit_id.desc()).limit(1))).first()
    previous, after = (last.sha256, last.audit_id) if last else (GENESIS, 0)
    fresh = (await session.execute(_rows_after(after).limit(SEAL_AT_ONCE))).all()
    for row in fresh:
        previous = _digest(previous, row)
        await session.execute(insert(audit_seal).values(audit_id=row.id, sha256=previous))
    return len(fresh)


async def broken_seal(session: AsyncSession) -> int | None:
    """The id of the first sealed row whose content no longer matches the chain, or None."""
    previous = GENESIS
    joined = select(audit, audit_seal.c.sha256).join(audit, audit.c.id == audit_seal.c.audit_id).order_by(audit.c.id)
    async for row in await session.stream(joined):
        previous = _digest(previous, row)
        if previous != row.sha256:
            return int(row.id)
    return None


def _rows_after(position: int) -> Any:
    return select(audit).where(audit.c.id > position).order_by(audit.c.id)


def _digest(previous: bytes, row: Row[Any]) -> bytes:
    content = {column.name: row._mapping[column] for column in audit.columns}
    content["at"] = row.at.isoformat()
    text = json.dumps(content, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(previous + text.encode()).digest()
