"""Delegations (主管不在时行使主管权力, G-07): permissions lent for a window."""

from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.gateway import DelegationChanged
from shared.messaging.outbox import publish
from shared.records.audit import write_audit
from shared.records.work import Work
from shared.values.errors import Forbidden, Invalid, Missing
from shared.values.ids import new_id
from sqlalchemy import Row, insert, select, update

from gateway.domain.roles import role_table
from gateway.storage.people import user_of
from gateway.storage.tables.identity import DELEGATION, delegation

ADMIN = "delegation:create"


async def create_delegation(
    work: Work,
    from_id: UUID,
    to_id: UUID,
    permissions: list[str],
    valid_from: datetime,
    valid_to: datetime,
    reason: str,
) -> Row[Any]:
    """By the absent person or an administrator. Errors: 403 `NOT_YOURS`; 404; 422 `DELEGATION_WINDOW`, `NOT_HELD {permissions}`."""
    if from_id != work.actor.id and work.actor.grant(ADMIN, work.now) is None:
        raise Forbidden("NOT_YOURS", "only one's own permissions can be lent")
    if from_id == to_id or not valid_from < valid_to or valid_to <= work.now:
        raise Invalid("DELEGATION_WINDOW", "to somebody else, for a window that is not over")
    giver, _ = await user_of(work.session, from_id), await user_of(work.session, to_id)
    held = {grant.permission for grant in role_table().grants_of(giver.roles)}
    lacking = sorted(set(permissions) - held)
    if lacking:
        raise Invalid("NOT_HELD", "nobody lends what he lacks", permissions=lacking)
    identifier = new_id()
    values = {
        "id": identifier,
        "event_key": str(identifier),
        "from_id": from_id,
        "to_id": to_id,
        "permissions": sorted(set(permissions)),
        "valid_from": valid_from,
        "valid_to": valid_to,
        "reason": reason,
        "created_by": work.actor.id,
    }
    row = (await work.session.execute(insert(delegation).values(values).returning(delegation))).one()
    await write_audit(work, "delegation", identifier, "create", after={"permissions": row.permissions}, reason=reason)
    await _announce(work, row)
    return row


async def revoke_delegation(work: Work, delegation_id: UUID) -> Row[Any]:
    """Errors: 404 when it is somebody else's."""
    known = (await work.session.execute(select(delegation).where(delegation.c.id == delegation_id).with_for_update())).first()
    admin = work.actor.grant(ADMIN, work.now) is not None
    if known is None or not (admin or work.actor.id in {known.from_id, known.created_by}):
        raise Missing
    changed = update(delegation).where(delegation.c.id == delegation_id).values(revoked_at=known.revoked_at or work.now)
    row = (await work.session.execute(changed.returning(delegation))).one()
    await write_audit(work, "delegation", delegation_id, "revoke")
    await _announce(work, row)
    return row


async def _announce(work: Work, row: Row[Any]) -> None:
    fact = DelegationChanged(
        delegation_id=row.id,
        from_id=row.from_id,
        to_id=row.to_id,
        permissions=row.permissions,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        revoked=row.revoked_at is not None,
    )
    await publish(work, DELEGATION, row.id, fact)
