"""collection-service on a database of the test module's own, fed by a little ledger."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest_asyncio
from collection_service import consumers
from collection_service.app import create_app
from collection_service.settings import Settings
from collection_service.storage.tables.cases import collection_case
from shared.clock import Clock
from shared.messaging.ports import IncomingRecord
from shared.messaging.tables import outbox
from shared.messaging.wave import Handlers, handle_wave
from shared.records.principal import Scope
from shared.records.sealing import make_customer_key, seal_of
from shared.records.work import Work
from shared.testing.postgres_server import PostgresServer
from shared.testing.tokens import somebody
from sqlalchemy import select

from tests.collection_service.ledger import UNIT, Ledger
from tests.support.service import Caller, ServiceUnderTest, service_under_test

SHANGHAI = ZoneInfo("Asia/Shanghai")
COLLECTOR: dict[str, Scope] = {
    "case:read": "own",
    "contact:check": "own",
    "attempt:record": "own",
    "promise:record": "own",
    "customer:reveal": "own",
}
MANAGER: dict[str, Scope] = {
    "case:read": "all", "contact:check": "all", "attempt:record": "all", "promise:record": "all", "case:assign": "all", "case:pause": "all",
    "case:resume": "all", "promise:cancel": "all", "close:run": "all",
}  # fmt: skip


@dataclass
class Desk:
    """The service, its collector and manager, and the ledger's voice."""

    service: ServiceUnderTest
    collector: Caller
    manager: Caller

    def at(self, text: str) -> None:
        """Move business time (of Shanghai) forward."""
        self.service.clock.move_to(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI))

    async def ledger(self, **more: Any) -> Ledger:
        """A customer whose first record is delivered already."""
        async with self.service.database.transaction() as session:
            work = Work(session, self.service.clock.now())
            made = Ledger(work, self.service.runtime.ring)
            await make_customer_key(session, self.service.runtime.ring, made.customer)
            made.created(await seal_of(session, self.service.runtime.ring, made.customer), **more)
        made.work = replace(work, session=None)  # type: ignore[arg-type]
        await self.deliver(*made.records)
        return made

    async def deliver(self, *records: IncomingRecord) -> None:
        """Hand records to the consumer, each in a transaction of its own."""
        for record in records:
            async with self.service.database.transaction() as session:
                handlers = Handlers(consumers.handle, consumers.handle_key)
                await handle_wave(session, self.service.clock, handlers, [record])

    async def overdue_case(self, fen: int = 10_000_000, due_on: date = date(2026, 5, 2)) -> tuple[Ledger, UUID, str]:
        """A customer with one overdue item and the collector's case."""
        ledger = await self.ledger()
        seen = len(ledger.records)
        receivable = ledger.receivable(fen, due_on)
        ledger.overdue(receivable, date(2026, 5, 6))
        await self.deliver(*ledger.records[seen:])
        case = await self.case_of(ledger.customer)
        await self.manager.post(f"/collection-cases/{case}/assign", {"collector_id": str(self.collector.principal.id)})
        return ledger, receivable, case

    async def case_of(self, customer: UUID) -> str:
        """The customer's newest case."""
        async with self.service.database.transaction() as session:
            found = (
                select(collection_case.c.id)
                .where(collection_case.c.customer_id == customer)
                .order_by(collection_case.c.opened_at.desc())
            )
            return str(await session.scalar(found.limit(1)))

    async def events(self, case: str) -> list[str]:
        """What was announced about a case, in order."""
        async with self.service.database.transaction() as session:
            mine = select(outbox.c.type).where(outbox.c.aggregate_id == UUID(case)).order_by(outbox.c.position)
            return [name.removesuffix(".v1").removeprefix("collection.") for name in await session.scalars(mine)]

    def wish(self, ledger: Ledger, case: str, **more: Any) -> dict[str, Any]:
        """A call with its script."""
        return {
            "case_id": case, "contact_person_id": str(ledger.person), "contact_point_id": str(ledger.point), "channel": "CALL",
            "template_version": "call-1",
        } | more  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(postgres: PostgresServer) -> AsyncIterator[Desk]:
    """The service at 10:00 on a working day."""
    url = await postgres.service_database("collection_service")
    start = datetime(2026, 5, 7, 10, 0, tzinfo=SHANGHAI)
    clock = Clock(start - datetime.now(UTC), movable=True)
    async with service_under_test(create_app, Settings, "collection", url, clock=clock) as service:
        collector = service.caller(somebody(COLLECTOR, unit=UNIT, roles=("collector",)))
        yield Desk(service, collector, service.caller(somebody(MANAGER, unit=UNIT, roles=("collection_manager",))))
    await postgres.drop(url)
