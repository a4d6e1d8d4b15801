"""The people of a small company, and the steps that most tests of credit-service begin with."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from credit_service.storage import invariants
from shared.messaging.tables import outbox
from shared.records.principal import Scope
from shared.testing.tokens import somebody
from shared.values.calendar import add_months
from sqlalchemy import select

from tests.support.service import Caller, ServiceUnderTest

UNIT = UUID("0190f0b2-0000-7000-8000-0000000000a1")
OTHER_UNIT = UUID("0190f0b2-0000-7000-8000-0000000000b2")

PERMISSIONS: dict[str, dict[str, Scope]] = {
    "market_manager": {"customer:read": "unit", "customer:write": "all", "line:propose": "all", "account:read": "all",
                       "ledger:read": "all", "override:request": "all", "order_check:run": "all", "signal:decide": "all"},
    "sales_vp": {"customer:read": "unit", "line:review_sales": "all", "account:read": "all"},
    "finance_head": {"customer:read": "unit", "line:review_finance": "all", "account:read": "all", "ledger:read": "all",
                     "payment:confirm": "all", "receivable:post_unreleased": "all", "receivable:post": "all", "close:run": "all",
                     "shipment_check:run": "all", "signal:decide": "all"},
    "finance_vp": {"customer:read": "unit", "line:approve": "all", "override:approve": "all", "account:read": "all"},
    "general_manager": {"customer:read": "unit", "line:approve": "all", "override:approve": "all", "account:read": "all"},
    "accountant": {"customer:read": "unit", "receivable:post": "all", "payment:post": "all", "payment:propose_reversal": "all",
                   "payment:propose_refund": "all", "ledger:read": "all", "account:read": "all", "shipment_check:run": "all"},
    "erp": {"order_check:run": "all", "shipment_check:run": "all", "receivable:post": "all", "payment:post": "all"},
    "account_manager": {"customer:read": "unit", "customer:write": "own", "customer:pii": "own"},
}  # fmt: skip


@dataclass
class House:
    """The service and its people; every role is one person unless a test asks for more."""

    service: ServiceUnderTest
    people: dict[str, Caller]

    def __getattr__(self, role: str) -> Caller:
        if role.startswith("_") or role not in PERMISSIONS:
            raise AttributeError(role)
        if role not in self.people:
            self.people[role] = self.another(role)
        return self.people[role]

    def another(self, role: str, unit: UUID = UNIT) -> Caller:
        """One more person with a role."""
        return self.service.caller(somebody(PERMISSIONS[role], unit=unit, roles=(role,)))

    @property
    def today(self) -> date:
        """The business day."""
        return self.service.clock.today()

    def later(self, **delta: int) -> None:
        """Move business time forward."""
        self.service.clock.move_to(self.service.clock.now() + timedelta(**delta))

    async def customer(self, **changes: Any) -> str:
        """A customer of our unit."""
        number = uuid4().int % 10**8
        body = {
            "name": f"客户{number}", "phone": f"138{number:08d}", "address": "深圳市福田区华强北路1号", "category": "家电",
            "type": "dealer", "legal_form": "company",
        } | changes  # fmt: skip
        return str((await self.market_manager.post("/customers", body, expect=201))["id"])

    async def contract(self, customer: str, *, until: date | None = None) -> str:
        """An effective contract."""
        body = {
            "customer_id": customer, "valid_from": str(self.today), "valid_until": str(until or add_months(self.today, 24)),
            "term_days": 60, "clauses": ["price", "payment"],
        }  # fmt: skip
        contract = (await self.market_manager.post("/contracts", body, expect=201))["id"]
        for clause in ("price", "payment"):
            await self.market_manager.post(f"/contracts/{contract}/review", {"clause": clause, "result": "pass"})
        await self.market_manager.post(f"/contracts/{contract}/make-effective")
        return str(contract)

    async def application(self, customer: str, limit_fen: int, **changes: Any) -> str:
        """A submitted application."""
        body = {
            "customer_id": customer, "kind": "UNRATED", "limit_fen": limit_fen, "term_days": 60,
            "valid_until": str(add_months(self.today, 12)), "contract_id": changes.get("contract_id") or await self.contract(customer),
        } | changes  # fmt: skip
        application = (await self.market_manager.post("/line-applications", body, expect=201))["id"]
        await self.market_manager.post(f"/line-applications/{application}/submit")
        return str(application)

    async def reviewed(self, application: str) -> None:
        """Through sales and finance."""
        await self.sales_vp.post(f"/line-applications/{application}/review-sales", {})
        opinion = {"funds": "ok", "profit": "ok", "assets": "ok"}
        await self.finance_head.post(f"/line-applications/{application}/review-finance", opinion)

    async def with_line(self, limit_fen: int = 50_000_000, **changes: Any) -> str:
        """A customer with a line in force."""
        customer = await self.customer()
        application = await self.application(customer, limit_fen, **changes)
        await self.reviewed(application)
        await self.general_manager.post(f"/line-applications/{application}/approve", {})
        return customer

    async def order(self, customer: str, ref: str, amount: int, **more: Any) -> dict[str, Any]:
        """An order check of the ERP."""
        body = {"customer_id": customer, "order_ref": ref, "amount_fen": amount} | more
        return await self.erp.post("/order-checks", body, expect=200)  # type: ignore[no-any-return]

    async def release(self, customer: str, ref: str, shipment: str, amount: int) -> dict[str, Any]:
        """A shipment check."""
        body = {"customer_id": customer, "order_ref": ref, "shipment_ref": shipment, "amount_fen": amount}
        return await self.erp.post("/shipment-checks", body, expect=200)  # type: ignore[no-any-return]

    async def shipped(self, customer: str, ref: str, amount: int) -> dict[str, Any]:
        """Ordered, released, shipped and posted."""
        assert (await self.order(customer, ref, amount))["verdict"] == "APPROVED"
        token = (await self.release(customer, ref, f"DN-{ref}", amount))["token"]
        return await self.erp.post("/receivables", {"token": token, "shipped_on": str(self.today)}, expect=201)  # type: ignore[no-any-return]

    async def pay(self, customer: str, amount: int, **more: Any) -> dict[str, Any]:
        """A receipt of today."""
        body = {
            "customer_id": customer, "payer_type": "customer", "amount_fen": amount, "value_date": str(self.today),
            "bank_account": "6222", "serial": str(uuid4()),
        } | more  # fmt: skip
        return await self.accountant.post("/payments", body, expect=201)  # type: ignore[no-any-return]

    async def reverse(self, payment: str) -> dict[str, Any]:
        """Proposed by the accountant, confirmed by the finance head."""
        await self.accountant.post(f"/payments/{payment}/reverse", {"reason": "bounced"}, expect=202)
        return await self.finance_head.post(f"/payments/{payment}/confirm", {})  # type: ignore[no-any-return]

    async def account(self, customer: str) -> dict[str, Any]:
        """The account as the finance head sees it."""
        return await self.finance_head.get(f"/accounts/{customer}")  # type: ignore[no-any-return]

    async def events(self, customer: str, *, aggregate: str = "account") -> list[str]:
        """The types of all events of the customer's aggregate, in order."""
        async with self.service.database.transaction() as session:
            mine = select(outbox.c.type).where(outbox.c.aggregate_id == UUID(customer), outbox.c.aggregate_type == aggregate)
            return [name.removesuffix(".v1") for name in await session.scalars(mine.order_by(outbox.c.position))]

    async def assert_sound(self, customer: str | None = None) -> None:
        """Every invariant holds."""
        async with self.service.database.transaction() as session:
            found = await invariants.broken(session, UUID(customer) if customer else None)
        assert {name: rows for name, rows in found.items() if rows} == {}


def codes(answer: dict[str, Any]) -> list[str]:
    """The reason codes of a check."""
    return [reason["code"] for reason in answer["reasons"]]
