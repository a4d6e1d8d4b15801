"""What the gateway publishes: people, org units, delegations."""

from datetime import datetime
from uuid import UUID

from shared.contracts.event import Fact
from shared.contracts.fields import Shared200, on_wire

ALL = "ticket credit collection survey"


class UserChanged(Fact, type="gateway.user.changed.v1", aggregate="user", consumers=ALL):
    """A person's roles, unit or superior changed (G-05, G-06, G-09); the whole current state."""

    user_id: UUID
    display_name: str
    roles: list[str] = Shared200
    org_unit_id: UUID | None
    superior_id: UUID | None
    active: bool


class OrgUnitChanged(Fact, type="gateway.org_unit.changed.v1", aggregate="org_unit", consumers=ALL):
    """An org unit was made, moved or renamed (G-18); the whole current state."""

    org_unit_id: UUID
    parent_id: UUID | None
    unit_type: str = on_wire("type")
    name: str
    manager_id: UUID | None


class DelegationChanged(Fact, type="gateway.delegation.changed.v1", aggregate="delegation", consumers=ALL):
    """Permissions lent for a window, or taken back (G-07)."""

    delegation_id: UUID
    from_id: UUID
    to_id: UUID
    permissions: list[str] = Shared200
    valid_from: datetime
    valid_to: datetime
    revoked: bool
