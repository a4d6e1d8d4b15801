"""Users, units, API keys, refresh tokens and delegations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.records.principal import Grant, Principal
from shared.values.errors import Missing
from sqlalchemy import Row, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.domain.roles import delegated, role_table
from gateway.storage.tables.identity import api_key, delegation, login_failure, refresh_token, unit, user


async def identity_of_user(session: AsyncSession, user_id: UUID, family_id: UUID) -> Principal | None:
    """The active user whose sign-in is not revoked."""
    revoked = select(refresh_token.c.id).where(refresh_token.c.family_id == family_id, refresh_token.c.revoked_at.is_not(None))
    if await session.scalar(revoked.limit(1)) is not None:
        return None
    row = (await session.execute(select(user).where(user.c.id == user_id, user.c.active))).first()
    return await _principal(session, row) if row else None


async def identity_of_key(session: AsyncSession, digest: bytes, now: datetime) -> Principal | None:
    """The active service account whose key is alive."""
    alive = api_key.c.revoked_at.is_(None) & or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > now)
    joined = select(user).join(api_key, api_key.c.user_id == user.c.id)
    row = (await session.execute(joined.where(api_key.c.sha256 == digest, alive, user.c.active))).first()
    return await _principal(session, row) if row else None


async def _principal(session: AsyncSession, row: Row[Any]) -> Principal:
    own = role_table().grants_of(row.roles)
    lent = await _lent(session, row.id)
    return Principal(row.id, row.display_name, frozenset(row.roles), row.org_unit_id, own + tuple(lent))


async def _lent(session: AsyncSession, user_id: UUID) -> list[Grant]:
    """What others have lent; the windows are checked at use, by whoever uses them."""
    joined = select(delegation, user.c.roles).join(user, user.c.id == delegation.c.from_id)
    alive = joined.where(delegation.c.to_id == user_id, delegation.c.revoked_at.is_(None), user.c.active)
    return [
        grant
        for row in await session.execute(alive)
        for grant in delegated(role_table().grants_of(row.roles), row.permissions, row.from_id, row.valid_from, row.valid_to)
    ]


async def user_of(session: AsyncSession, user_id: UUID, *, lock: bool = False) -> Row[Any]:
    """One user. Errors: 404."""
    one = select(user).where(user.c.id == user_id)
    row = (await session.execute(one.with_for_update() if lock else one)).first()
    if row is None:
        raise Missing
    return row


async def user_by_login(session: AsyncSession, login: str) -> Row[Any] | None:
    """The user of a login, active or not."""
    return (await session.execute(select(user).where(user.c.login == login))).first()


async def add_user(session: AsyncSession, values: dict[str, Any]) -> Row[Any]:
    """Store a new user. Errors: `IntegrityError` when the login is taken."""
    return (await session.execute(insert(user).values(values).returning(user))).one()


async def change_user(session: AsyncSession, user_id: UUID, **values: Any) -> Row[Any]:
    """Store changes; the version goes up by one."""
    changed = update(user).where(user.c.id == user_id).values(version=user.c.version + 1, **values).returning(user)
    return (await session.execute(changed)).one()


async def unit_of(session: AsyncSession, unit_id: UUID) -> Row[Any]:
    """One org unit. Errors: 404."""
    row = (await session.execute(select(unit).where(unit.c.id == unit_id))).first()
    if row is None:
        raise Missing(detail="no such org unit")
    return row


async def add_unit(session: AsyncSession, values: dict[str, Any]) -> Row[Any]:
    """Store a new unit."""
    return (await session.execute(insert(unit).values(values).returning(unit))).one()


async def change_unit(session: AsyncSession, unit_id: UUID, **values: Any) -> Row[Any]:
    """Store changes; the version goes up by one."""
    changed = update(unit).where(unit.c.id == unit_id).values(version=unit.c.version + 1, **values).returning(unit)
    return (await session.execute(changed)).one()


async def ancestors(session: AsyncSession, unit_id: UUID) -> Sequence[UUID]:
    """A unit and everything above it."""
    tree = select(unit.c.id, unit.c.parent_id).where(unit.c.id == unit_id).cte("above", recursive=True)
    tree = tree.union(select(unit.c.id, unit.c.parent_id).join(tree, unit.c.id == tree.c.parent_id))
    return (await session.scalars(select(tree.c.id))).all()


async def add_refresh(session: AsyncSession, values: dict[str, Any]) -> None:
    """Store a refresh token's hash."""
    await session.execute(insert(refresh_token).values(values))


async def lock_refresh(session: AsyncSession, digest: bytes) -> Row[Any] | None:
    """A refresh token by its hash, locked: of two users of one token the second sees the first."""
    one = select(refresh_token).where(refresh_token.c.sha256 == digest).with_for_update()
    return (await session.execute(one)).first()


async def spend_refresh(session: AsyncSession, token_id: UUID, now: datetime) -> None:
    """It was used."""
    await session.execute(update(refresh_token).where(refresh_token.c.id == token_id).values(used_at=now))


async def revoke_family(session: AsyncSession, family_id: UUID, now: datetime) -> None:
    """Sign-out, or a refresh token that was used twice: the whole family ends."""
    await session.execute(update(refresh_token).where(refresh_token.c.family_id == family_id).values(revoked_at=now))


async def revoke_families_of(session: AsyncSession, user_id: UUID, now: datetime) -> None:
    """Every sign-in of a user ends."""
    mine = (refresh_token.c.user_id == user_id) & refresh_token.c.revoked_at.is_(None)
    await session.execute(update(refresh_token).where(mine).values(revoked_at=now))


async def failures_of(session: AsyncSession, who: str) -> Row[Any] | None:
    """How often somebody failed to sign in lately."""
    return (await session.execute(select(login_failure).where(login_failure.c.who == who))).first()


async def note_failure(session: AsyncSession, who: str, count: int, now: datetime) -> None:
    """Remember a failed sign-in."""
    row = {"who": who, "failures": count, "last_at": now}
    await session.execute(upsert(login_failure).values(row).on_conflict_do_update(index_elements=["who"], set_=row))
