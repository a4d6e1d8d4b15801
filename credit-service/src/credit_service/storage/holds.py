"""Holds, releases and decisions: rows to domain values and back."""

import hashlib
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from credit_service.domain.hold import LIVE, Hold
from credit_service.storage.tables.orders import decision, hold, release

COLUMNS = [hold.c[field.name] for field in fields(Hold)]


async def add_hold(session: AsyncSession, new: Hold) -> None:
    """Store a new hold. Errors: `IntegrityError` when the order has a living one."""
    await session.execute(insert(hold).values({name: getattr(new, name) for name in Hold.__slots__}))


async def save_hold(session: AsyncSession, changed: Hold) -> None:
    """Store what became of a hold (the account's lock protects it)."""
    values = {name: getattr(changed, name) for name in Hold.__slots__ if name != "id"}
    await session.execute(update(hold).where(hold.c.id == changed.id).values(values))


async def hold_of(session: AsyncSession, hold_id: UUID) -> Hold | None:
    """One hold."""
    row = (await session.execute(select(*COLUMNS).where(hold.c.id == hold_id))).first()
    return Hold(*row) if row else None


async def last_hold(session: AsyncSession, customer_id: UUID, order_ref: str) -> Hold | None:
    """The order's living hold, else its newest one."""
    mine = select(*COLUMNS).where(hold.c.customer_id == customer_id, hold.c.order_ref == order_ref)
    row = (await session.execute(mine.order_by(hold.c.state.in_(LIVE).desc(), hold.c.id.desc()).limit(1))).first()
    return Hold(*row) if row else None


async def expired_holds(session: AsyncSession, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Candidates of the sweep, read without locks: hold id and customer id."""
    due = select(hold.c.id, hold.c.customer_id).where(hold.c.state.in_(LIVE), hold.c.expires_at <= now)
    return [(row[0], row[1]) for row in await session.execute(due.order_by(hold.c.expires_at).limit(limit))]


def token_hash(token: str) -> bytes:
    """What of a release token is stored."""
    return hashlib.sha256(token.encode()).digest()


async def add_release(session: AsyncSession, **values: Any) -> None:
    """Store an ISSUED release."""
    await session.execute(insert(release).values(state="ISSUED", **values))


async def releases_of(session: AsyncSession, hold_id: UUID, *, state: str = "ISSUED") -> list[Row[Any]]:
    """The releases of a hold in one state."""
    found = select(release).where(release.c.hold_id == hold_id, release.c.state == state).order_by(release.c.id)
    return list((await session.execute(found)).all())


async def release_by_token(session: AsyncSession, token: str) -> Row[Any] | None:
    """A release and its hold's customer and order, by its token."""
    joined = select(release, hold.c.customer_id, hold.c.order_ref).join(hold, hold.c.id == release.c.hold_id)
    return (await session.execute(joined.where(release.c.token_sha256 == token_hash(token)))).first()


async def use_release(session: AsyncSession, release_id: UUID, now: datetime) -> bool:
    """Decide the single use: True for the one who was first and in time."""
    live = (release.c.id == release_id) & (release.c.state == "ISSUED") & (release.c.expires_at > now)
    used = await session.execute(update(release).where(live).values(state="USED").returning(release.c.id))
    return used.first() is not None


async def end_releases(session: AsyncSession, ids: list[UUID], state: str) -> None:
    """EXPIRED or REVOKED."""
    await session.execute(update(release).where(release.c.id.in_(ids)).values(state=state))


async def issued_releases_of_customer(session: AsyncSession, customer_id: UUID) -> list[Row[Any]]:
    """All ISSUED releases of a customer with their order, for a freeze."""
    joined = select(release, hold.c.order_ref).join(hold, hold.c.id == release.c.hold_id)
    mine = joined.where(hold.c.customer_id == customer_id, release.c.state == "ISSUED")
    return list((await session.execute(mine.order_by(release.c.id))).all())


async def lapsed_releases(session: AsyncSession, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Candidates of the sweep: hold id and customer id of releases past their time."""
    joined = select(hold.c.id, hold.c.customer_id).join(release, hold.c.id == release.c.hold_id)
    due = joined.where(release.c.state == "ISSUED", release.c.expires_at <= now).distinct().limit(limit)
    return [(row[0], row[1]) for row in await session.execute(due)]


async def add_decision(session: AsyncSession, **values: Any) -> None:
    """The audit row of a check; immutable."""
    await session.execute(insert(decision).values(values))
