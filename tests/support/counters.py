"""A little aggregate to publish about, and its events."""

from uuid import UUID

from shared.contracts.credit import LineRequested
from shared.database.engine import Database
from shared.messaging.outbox import publish
from shared.records.work import Work
from shared.testing.storage.tables import COUNTER, counter
from shared.values.ids import new_id
from sqlalchemy import insert, update

UNIT = UUID("0190f0b2-0000-7000-8000-000000000001")


def requested(customer_id: UUID, number: int) -> LineRequested:
    """The `number`-th fact about a counter."""
    return LineRequested(
        org_unit_id=UNIT,
        customer_id=customer_id,
        application_id=customer_id,
        kind="NEW",
        limit_fen=number,
        term_days=30,
    )


async def new_counter(work: Work, key: str | None = None) -> UUID:
    """A counter without events yet."""
    identifier = new_id()
    await work.session.execute(insert(counter).values(id=identifier, event_key=key or str(identifier)))
    return identifier


async def count_up(work: Work, identifier: UUID, number: int) -> None:
    """Change the state and announce it."""
    await work.session.execute(update(counter).where(counter.c.id == identifier).values(value=counter.c.value + 1))
    await publish(work, COUNTER, identifier, requested(identifier, number))


async def counted(database: Database, now: object, identifiers: list[UUID], times: int, first: int = 1) -> None:
    """Each counter goes up `times` times, each in a transaction of its own."""
    for number in range(first, first + times):
        for identifier in identifiers:
            async with database.transaction() as session:
                await count_up(Work(session, now), identifier, number)  # type: ignore[arg-type]
