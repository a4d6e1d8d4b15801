"""Cases, promises and pauses: rows to domain values and back."""

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from shared.contracts.event import Event
from shared.messaging.outbox import publish
from shared.records.scope import visible
from shared.records.work import Work
from shared.values.errors import Missing
from sqlalchemy import ColumnElement, Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from collection_service.domain.promise import Promise
from collection_service.domain.stage import Pause
from collection_service.storage.tables.cases import CASE, collection_case, pause, promise

Fact = TypeVar("Fact", bound=Event)


class LockedCase:
    """A case whose row this transaction holds; `row` follows every change, facts are published together."""

    def __init__(self, work: Work, row: Row[Any]) -> None:
        self.work, self.row = work, row
        self.facts: list[Event] = []

    async def change(self, **values: Any) -> None:
        """Store changes; the version goes up by one."""
        changed = {name: value for name, value in values.items() if self.row._mapping[name] != value}
        if changed:
            self.row = await _changed(self.work.session, self.row.id, changed)

    def fact(self, model: type[Fact], **values: Any) -> None:
        """A fact about this case, published when `announce` is called."""
        about = {"org_unit_id": self.row.org_unit_id, "customer_id": self.row.customer_id}
        if "case_id" in model.model_fields:
            about["case_id"] = self.row.id
        self.facts.append(model(**about, **values))

    async def announce(self) -> None:
        """Publish what was told, in order."""
        facts, self.facts = self.facts, []
        await publish(self.work, CASE, self.row.id, *facts, owner_id=self.row.collector_id)


def in_scope(work: Work) -> ColumnElement[bool]:
    """The cases that the caller may see."""
    return visible(work, collection_case.c.collector_id, collection_case.c.org_unit_id)


async def case_of(work: Work, case_id: UUID) -> Row[Any]:
    """One case. Errors: 404 outside the caller's scope."""
    row = (await work.session.execute(select(collection_case).where(collection_case.c.id == case_id, in_scope(work)))).first()
    if row is None:
        raise Missing
    return row


async def lock_case(work: Work, case_id: UUID) -> LockedCase:
    """The same, locked."""
    mine = select(collection_case).where(collection_case.c.id == case_id, in_scope(work)).with_for_update()
    row = (await work.session.execute(mine)).first()
    if row is None:
        raise Missing
    return LockedCase(work, row)


async def lock_open_case(work: Work, customer_id: UUID) -> LockedCase | None:
    """The customer's one open case, locked."""
    mine = select(collection_case).where(collection_case.c.customer_id == customer_id, collection_case.c.state != "CLOSED")
    row = (await work.session.execute(mine.with_for_update())).first()
    return LockedCase(work, row) if row else None


async def lock_last_case(work: Work, customer_id: UUID) -> LockedCase | None:
    """The customer's newest case, open or closed, locked."""
    mine = select(collection_case).where(collection_case.c.customer_id == customer_id)
    newest = mine.order_by(collection_case.c.opened_at.desc(), collection_case.c.id.desc()).limit(1)
    row = (await work.session.execute(newest.with_for_update())).first()
    return LockedCase(work, row) if row else None


async def add_case(session: AsyncSession, values: dict[str, Any]) -> Row[Any]:
    """Store a new case."""
    return (await session.execute(insert(collection_case).values(values).returning(collection_case))).one()


async def _changed(session: AsyncSession, case_id: UUID, values: dict[str, Any]) -> Row[Any]:
    changed = update(collection_case).where(collection_case.c.id == case_id)
    changed = changed.values(version=collection_case.c.version + 1, **values)
    return (await session.execute(changed.returning(collection_case))).one()


async def least_loaded(session: AsyncSession, collectors: Sequence[UUID]) -> UUID | None:
    """Of these collectors the one with the fewest open cases."""
    if not collectors:
        return None
    counted = select(collection_case.c.collector_id, func.count()).where(collection_case.c.state != "CLOSED")
    rows = await session.execute(counted.group_by(collection_case.c.collector_id))
    load = {row[0]: row[1] for row in rows}
    return min(collectors, key=lambda person: (load.get(person, 0), person))


async def add_promise(session: AsyncSession, values: dict[str, Any]) -> Row[Any]:
    """Store a new promise. Errors: `IntegrityError` when the case has an open one."""
    return (await session.execute(insert(promise).values(values).returning(promise))).one()


async def promises_of(session: AsyncSession, case_id: UUID) -> Sequence[Row[Any]]:
    """The promises of a case, oldest first."""
    return (await session.execute(select(promise).where(promise.c.case_id == case_id).order_by(promise.c.id))).all()


async def change_promise(session: AsyncSession, promise_id: UUID, **values: Any) -> Row[Any]:
    """Store what became of it."""
    changed = update(promise).where(promise.c.id == promise_id).values(values).returning(promise)
    return (await session.execute(changed)).one()


def promise_value(row: Row[Any]) -> Promise:
    """The row as the rules see it."""
    return Promise(row.id, row.amount_fen, row.promised_on, row.deadline_on, row.made_at, frozenset(row.receivable_ids), row.state)


async def add_pause(session: AsyncSession, values: dict[str, Any]) -> Row[Any]:
    """Store a new pause."""
    return (await session.execute(insert(pause).values(values).returning(pause))).one()


async def pauses_of(session: AsyncSession, case_id: UUID, *, ended: bool = False) -> Sequence[Row[Any]]:
    """The pauses that are not ended (while one awaits the supervisor it still counts)."""
    mine = select(pause).where(pause.c.case_id == case_id)
    mine = mine if ended else mine.where(pause.c.state != "ended")
    return (await session.execute(mine.order_by(pause.c.id))).all()


async def change_pause(session: AsyncSession, pause_id: UUID, **values: Any) -> Row[Any]:
    """Store what became of it."""
    return (await session.execute(update(pause).where(pause.c.id == pause_id).values(values).returning(pause))).one()


def pause_value(row: Row[Any], as_of: date) -> Pause:
    """The row as the rules see it; one that awaits its supervisor lasts until today."""
    last = max(row.to_on, as_of) if row.state == "awaiting_supervisor" else row.to_on
    return Pause(row.from_on, last, frozenset(row.receivable_ids), row.kind)


async def open_cases_of(session: AsyncSession, customer_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Customers of these that have an open case or an undecided promise."""
    mine = select(collection_case.c.customer_id).where(
        collection_case.c.customer_id.in_(customer_ids), collection_case.c.state != "CLOSED"
    )
    return (await session.scalars(mine.order_by(collection_case.c.customer_id))).all()
