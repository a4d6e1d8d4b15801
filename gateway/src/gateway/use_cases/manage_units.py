"""Org units (组织机构, G-18): a tree without cycles."""

from typing import Any
from uuid import UUID

from shared.contracts.gateway import OrgUnitChanged
from shared.messaging.outbox import publish
from shared.records.audit import write_audit
from shared.records.people import apply_unit
from shared.records.versions import check_version
from shared.records.work import Work
from shared.values.errors import Invalid
from shared.values.ids import new_id
from sqlalchemy import Row

from gateway.storage.people import add_unit, ancestors, change_unit, unit_of
from gateway.storage.tables.identity import UNIT


async def create_unit(work: Work, name: str, kind: str, parent_id: UUID | None, manager_id: UUID | None) -> Row[Any]:
    """Errors: 404 for an unknown parent."""
    if parent_id is not None:
        await unit_of(work.session, parent_id)
    identifier = new_id()
    values = {"id": identifier, "event_key": str(identifier), "name": name, "type": kind}
    row = await add_unit(work.session, values | {"parent_id": parent_id, "manager_id": manager_id})
    await write_audit(work, "org_unit", identifier, "create", after={"name": name, "type": kind})
    await _announce(work, row)
    return row


async def move_unit(work: Work, unit_id: UUID, version: int, changes: dict[str, Any]) -> Row[Any]:
    """Errors: 404; 412 `VERSION_STALE`; 422 `UNIT_CYCLE`."""
    row = await unit_of(work.session, unit_id)
    check_version(row.version, version)
    parent_id = changes.get("parent_id")
    if parent_id is not None:
        await unit_of(work.session, parent_id)
        if unit_id in await ancestors(work.session, parent_id):
            raise Invalid("UNIT_CYCLE", "a unit cannot lie below itself")
    changed = await change_unit(work.session, unit_id, **changes)
    await write_audit(work, "org_unit", unit_id, "change", after={"changed": sorted(changes)})
    await _announce(work, changed)
    return changed


async def _announce(work: Work, row: Row[Any]) -> None:
    fact = OrgUnitChanged(org_unit_id=row.id, parent_id=row.parent_id, unit_type=row.type, name=row.name, manager_id=row.manager_id)
    await apply_unit(work, fact)
    await publish(work, UNIT, row.id, fact)
