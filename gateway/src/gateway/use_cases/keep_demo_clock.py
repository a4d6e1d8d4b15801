"""A demo suite's business time survives its restart: it never goes back."""

from datetime import timedelta

from shared.records.work import Work
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.storage.tables.feed import demo_clock

THE_CLOCK = 1


async def keep_demo_clock(work: Work, offset: timedelta) -> None:
    """Remember how far business time is ahead."""
    row = {"id": THE_CLOCK, "offset_ms": int(offset / timedelta(milliseconds=1))}
    await work.session.execute(insert(demo_clock).values(row).on_conflict_do_update(index_elements=["id"], set_=row))


async def kept_offset(session: AsyncSession) -> timedelta | None:
    """How far it was ahead, or None in a fresh suite."""
    stored = await session.scalar(select(demo_clock.c.offset_ms).where(demo_clock.c.id == THE_CLOCK))
    return None if stored is None else timedelta(milliseconds=stored)
