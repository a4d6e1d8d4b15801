"""Roles, permissions, scopes, bands and the separation of duties, from one versioned file (G-05, G-06, G-08)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

import yaml
from shared.records.principal import WIDTH, Grant, Scope
from shared.values.errors import Conflict, Invalid

OWN_IDENTITY = "identity:own"


@dataclass(frozen=True)
class RoleTable:
    """`grants[role][permission]` is the scope; `bands[permission][role]` the highest amount in fen; titles are (zh, en)."""

    version: int
    titles: Mapping[str, tuple[str, str]]
    grants: Mapping[str, Mapping[str, Scope]]
    bands: Mapping[str, Mapping[str, int]]
    separated: frozenset[frozenset[str]]

    def permissions(self) -> frozenset[str]:
        """Every permission that any role has."""
        return frozenset(permission for held in self.grants.values() for permission in held)

    def grants_of(self, roles: Iterable[str]) -> tuple[Grant, ...]:
        """The union of what the roles grant; of two scopes the wider one (G-06)."""
        held = frozenset(roles)
        widest: dict[str, Scope] = {OWN_IDENTITY: "own"}
        for role in sorted(held):
            for permission, scope in self.grants.get(role, {}).items():
                if permission not in widest or WIDTH[scope] > WIDTH[widest[permission]]:
                    widest[permission] = scope
        return tuple(Grant(permission, scope, roles=held) for permission, scope in widest.items())

    def check(self, roles: Iterable[str]) -> None:
        """Errors: 422 `ROLE_UNKNOWN`; 409 `SEPARATION_OF_DUTIES {roles}`."""
        held = frozenset(roles)
        unknown = held - self.titles.keys()
        if unknown:
            raise Invalid("ROLE_UNKNOWN", "no such role", roles=sorted(unknown))
        for pair in self.separated:
            if pair <= held:
                raise Conflict("SEPARATION_OF_DUTIES", "one person may not hold both", roles=sorted(pair))


def delegated(grants: Iterable[Grant], permissions: Iterable[str], giver: UUID, begin: datetime, end: datetime) -> list[Grant]:
    """What a delegation lends of the giver's own grants, for a window (G-07); nothing that he lacks himself."""
    wanted = frozenset(permissions)
    lendable = [grant for grant in grants if grant.permission in wanted and grant.on_behalf_of is None]
    return [Grant(grant.permission, grant.scope, giver, begin, end, grant.roles) for grant in lendable]


@cache
def role_table() -> RoleTable:
    """The shipped table."""
    return parse(yaml.safe_load((files("gateway") / "roles.yaml").read_text()))


def parse(document: Mapping[str, Any]) -> RoleTable:
    """Build the table: groups are spelled out. Errors: `KeyError` for a role that is not listed."""
    groups = {**document["groups"], "all_staff": document["all_staff"]}
    grants: dict[str, dict[str, Scope]] = {role: {} for role in document["roles"]}
    for permissions, scope, holders in document["grants"]:
        for role in _spelled(holders, groups):
            for permission in permissions:
                before = grants[role].get(permission)
                grants[role][permission] = scope if before is None or WIDTH[scope] > WIDTH[before] else before
    pairs = [pair for one, other in document["separation"] for pair in _pairs(one, other, groups)]
    titles = {role: (names[0], names[1]) for role, names in document["roles"].items()}
    return RoleTable(document["version"], titles, grants, document["bands"], frozenset(pairs))


def _spelled(names: Iterable[str], groups: Mapping[str, list[str]]) -> list[str]:
    return [role for name in names for role in groups.get(name, [name])]


def _pairs(one: str, other: str, groups: Mapping[str, list[str]]) -> list[frozenset[str]]:
    return [frozenset({left, right}) for left in _spelled([one], groups) for right in _spelled([other], groups)]
