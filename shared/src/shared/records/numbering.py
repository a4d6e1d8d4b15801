"""Numbers that people read, gap-free: the counter is a row of the business transaction (G-25)."""

from datetime import date

from sqlalchemy import literal_column
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.records.tables import numbering


async def next_number(session: AsyncSession, series: str, day: date | None = None, *, yearly: bool = False) -> str:
    """The next number of a series: `T20260930-000123` by day, `TS2026-000001` by year, `K000077` without a period.

    The counter's row stays locked until the transaction ends, so a rolled-back creation leaves no gap.
    """
    period = "" if day is None else f"{day:%Y}" if yearly else f"{day:%Y%m%d}"
    counted = insert(numbering).values(series=series, period=period, last=1)
    counted = counted.on_conflict_do_update(index_elements=["series", "period"], set_={"last": numbering.c.last + 1})
    last = await session.scalar(counted.returning(literal_column("numbering.last")))
    return f"{series}{period}{'-' if period else ''}{last:06d}"
