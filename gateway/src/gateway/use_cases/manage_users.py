"""Users and service accounts: made, changed, given roles, taken off; every change is announced and audited."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.gateway import UserChanged
from shared.messaging.outbox import publish
from shared.records.audit import write_audit
from shared.records.people import apply_user
from shared.records.versions import check_version
from shared.records.work import Work
from shared.values.errors import Conflict, Forbidden, Invalid, Missing
from shared.values.ids import new_id
from sqlalchemy import Row, insert, select, update

from gateway.domain.roles import role_table
from gateway.identity.access import API_KEY_PREFIX
from gateway.identity.passwords import SHORTEST, hashed
from gateway.storage.people import add_user, change_user, revoke_families_of, unit_of, user_by_login, user_of
from gateway.storage.tables.identity import USER, api_key


@dataclass(frozen=True, slots=True)
class NewUser:
    """A person, or a service account (`kind` service, no password)."""

    login: str
    display_name: str
    roles: tuple[str, ...] = ()
    password: str | None = None
    kind: str = "user"
    org_unit_id: UUID | None = None
    superior_id: UUID | None = None


async def create_user(work: Work, new: NewUser) -> Row[Any]:
    """Errors: 409 `LOGIN_TAKEN`, `SEPARATION_OF_DUTIES`; 422 `PASSWORD_TOO_SHORT`, `ROLE_UNKNOWN`; 404 for an unknown unit."""
    role_table().check(new.roles)
    if new.kind == "user":
        check_password(new.password)
    if await user_by_login(work.session, new.login) is not None:
        raise Conflict("LOGIN_TAKEN", "somebody has this login")
    if new.org_unit_id is not None:
        await unit_of(work.session, new.org_unit_id)
    identifier = new_id()
    values = {
        "id": identifier,
        "event_key": str(identifier),
        "kind": new.kind,
        "login": new.login,
        "display_name": new.display_name,
        "password_hash": await hashed(new.password) if new.password else None,
        "roles": sorted(set(new.roles)),
        "org_unit_id": new.org_unit_id,
        "superior_id": new.superior_id,
        "created_at": work.now,
    }
    row = await add_user(work.session, values)
    await write_audit(work, "user", identifier, "create", after={"login": new.login, "roles": values["roles"]})
    await announce_user(work, row)
    return row


async def change_person(work: Work, user_id: UUID, version: int, changes: dict[str, Any]) -> Row[Any]:
    """Name, unit, superior. Errors: 404; 412 `VERSION_STALE`; 422 `OWN_SUPERIOR`."""
    row = await user_of(work.session, user_id, lock=True)
    check_version(row.version, version)
    if changes.get("superior_id") == user_id:
        raise Invalid("OWN_SUPERIOR", "nobody is his own superior")
    if changes.get("org_unit_id") is not None:
        await unit_of(work.session, changes["org_unit_id"])
    changed = await change_user(work.session, user_id, **changes)
    await write_audit(work, "user", user_id, "change", after={"changed": sorted(changes)})
    await announce_user(work, changed)
    return changed


async def assign_roles(work: Work, user_id: UUID, roles: list[str]) -> Row[Any]:
    """Replace the roles (一人兼任数职, G-06). Errors: 404; 403 `SELF_APPROVAL` for own roles; 409 `SEPARATION_OF_DUTIES`."""
    if user_id == work.actor.id:
        raise Forbidden("SELF_APPROVAL", "nobody assigns roles to himself")
    role_table().check(roles)
    row = await user_of(work.session, user_id, lock=True)
    changed = await change_user(work.session, user_id, roles=sorted(set(roles)))
    await write_audit(work, "user", user_id, "assign_roles", before={"roles": row.roles}, after={"roles": changed.roles})
    await announce_user(work, changed)
    return changed


async def deactivate(work: Work, user_id: UUID) -> Row[Any]:
    """All sign-ins end at once. Errors: 404; 403 `SELF_APPROVAL`."""
    if user_id == work.actor.id:
        raise Forbidden("SELF_APPROVAL", "nobody takes himself off")
    await user_of(work.session, user_id, lock=True)
    changed = await change_user(work.session, user_id, active=False)
    await revoke_families_of(work.session, user_id, work.now)
    await write_audit(work, "user", user_id, "deactivate")
    await announce_user(work, changed)
    return changed


async def set_password(work: Work, user_id: UUID, password: str) -> None:
    """A new password; all sign-ins end. Errors: 404; 422 `PASSWORD_TOO_SHORT`."""
    check_password(password)
    await user_of(work.session, user_id, lock=True)
    await change_user(work.session, user_id, password_hash=await hashed(password))
    await revoke_families_of(work.session, user_id, work.now)
    await write_audit(work, "user", user_id, "set_password")


async def create_key(work: Work, user_id: UUID, name: str, expires_at: datetime | None) -> tuple[Row[Any], str]:
    """An API key of a service account; the key itself is shown once. Errors: 404; 409 `NOT_A_SERVICE_ACCOUNT`."""
    owner = await user_of(work.session, user_id)
    if owner.kind != "service":
        raise Conflict("NOT_A_SERVICE_ACCOUNT", "people sign in; only service accounts have keys")
    key = API_KEY_PREFIX + secrets.token_urlsafe(32)
    values = {
        "id": new_id(),
        "user_id": user_id,
        "prefix": key[:10],
        "sha256": hashlib.sha256(key.encode()).digest(),
        "name": name,
        "created_at": work.now,
        "expires_at": expires_at,
    }
    row = (await work.session.execute(insert(api_key).values(values).returning(api_key))).one()
    await write_audit(work, "api_key", row.id, "create", after={"user_id": str(user_id), "prefix": row.prefix})
    return row, key


async def revoke_key(work: Work, key_id: UUID) -> Row[Any]:
    """Errors: 404."""
    known = (await work.session.execute(select(api_key).where(api_key.c.id == key_id).with_for_update())).first()
    if known is None:
        raise Missing
    changed = update(api_key).where(api_key.c.id == key_id).values(revoked_at=known.revoked_at or work.now).returning(api_key)
    await write_audit(work, "api_key", key_id, "revoke")
    return (await work.session.execute(changed)).one()


def check_password(password: str | None) -> None:
    """Errors: 422 `PASSWORD_TOO_SHORT`."""
    if password is None or len(password) < SHORTEST:
        raise Invalid("PASSWORD_TOO_SHORT", f"at least {SHORTEST} signs")


async def announce_user(work: Work, row: Row[Any]) -> None:
    """Tell every service, and the gateway's own copy."""
    fact = UserChanged(
        user_id=row.id,
        display_name=row.display_name,
        roles=row.roles,
        org_unit_id=row.org_unit_id,
        superior_id=row.superior_id,
        active=row.active,
    )
    await apply_user(work, fact)
    await publish(work, USER, row.id, fact)
