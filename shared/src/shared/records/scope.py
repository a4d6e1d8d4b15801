"""What a caller may see: own, team, unit or all, as a condition on a row's owner and org unit (G-18)."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, true

from shared.records.principal import Grant, Principal
from shared.records.tables import org_unit, person
from shared.records.work import Work


def visible(work: Work, owner: ColumnElement[Any], unit: ColumnElement[Any]) -> ColumnElement[bool]:
    """The rows inside the scope of the grant under which `work` runs; without a grant (jobs, consumers) all."""
    return true() if work.grant is None else within(work.actor, work.grant, owner, unit)


def within(actor: Principal, grant: Grant, owner: ColumnElement[Any], unit: ColumnElement[Any]) -> ColumnElement[bool]:
    """The rows inside one grant. Under a delegation the delegator's ownership counts, not the delegate's."""
    holder = grant.on_behalf_of or actor.id
    match grant.scope:
        case "all":
            return true()
        case "unit":
            return or_(owner == holder, unit == actor.org_unit_id, unit.in_(_subtree(actor.org_unit_id)))
        case "team":
            subordinates = select(person.c.id).where(person.c.superior_id == holder)
            return or_(owner == holder, owner.in_(subordinates))
        case "own":
            return owner == holder


def _subtree(root: UUID | None) -> Select[tuple[UUID]]:
    """The unit and everything below it; a unit whose event has not arrived yet still counts itself."""
    tree = select(org_unit.c.id).where(org_unit.c.id == root).cte("subtree", recursive=True)
    tree = tree.union(select(org_unit.c.id).join(tree, org_unit.c.parent_id == tree.c.id))
    return select(tree.c.id)
