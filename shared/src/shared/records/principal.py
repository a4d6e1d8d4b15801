"""Who acts, and what he may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.values.errors import Forbidden

Scope = Literal["own", "team", "unit", "all"]
WIDTH: dict[Scope, int] = {"own": 0, "team": 1, "unit": 2, "all": 3}


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission with its scope; a delegated one names whom it stands for and when it holds (G-07)."""

    permission: str
    scope: Scope
    on_behalf_of: UUID | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    roles: frozenset[str] = frozenset()

    def holds_at(self, now: datetime) -> bool:
        """Whether `now` lies in the window: `not_before` ≤ now < `expires_at`."""
        begun = self.not_before is None or self.not_before <= now
        return begun and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of a command: a person, a service account, or the suite itself."""

    id: UUID
    name: str
    roles: frozenset[str] = frozenset()
    org_unit_id: UUID | None = None
    grants: tuple[Grant, ...] = ()

    def grant(self, permission: str, now: datetime) -> Grant | None:
        """The widest grant of `permission` that holds at `now`; an own one before a delegated one."""
        held = [grant for grant in self.grants if grant.permission == permission and grant.holds_at(now)]
        return max(held, key=lambda grant: (WIDTH[grant.scope], grant.on_behalf_of is None), default=None)

    def require(self, permission: str, now: datetime) -> Grant:
        """The grant of `permission`. Errors: 403 `PERMISSION_MISSING`."""
        grant = self.grant(permission, now)
        if grant is None:
            raise Forbidden("PERMISSION_MISSING", f"this needs the permission {permission}", permission=permission)
        return grant


def everything(permissions: Iterable[str]) -> tuple[Grant, ...]:
    """Grants of scope `all`, for the suite's own actors and for tests."""
    return tuple(Grant(permission, "all") for permission in permissions)


SYSTEM = Principal(UUID(int=0), "system", roles=frozenset({"system"}))
