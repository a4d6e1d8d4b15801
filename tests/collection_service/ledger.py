"""A little ledger that tells collection-service what credit-service would: per customer one contiguous sequence."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from shared.contracts.credit import ContactPersonBlock, ContactPointBlock, CustomerCreated
from shared.contracts.credit_account import (
    AllocationLine,
    PaymentApplied,
    PaymentReversed,
    ReceivableBalanceChanged,
    ReceivableCreated,
    ReceivableOverdue,
    ReversedLine,
)
from shared.contracts.event import Event
from shared.messaging.envelope import Stamp, encode_headers, unpack_headers
from shared.messaging.outbox import payload_of
from shared.messaging.ports import IncomingRecord, partition_of
from shared.records.work import Work
from shared.values.ids import new_id

UNIT = UUID("0190f0b2-0000-7000-8000-0000000000a1")


class Ledger:
    """Makes the records of one customer, in the order of his account."""

    def __init__(self, work: Work, ring: Any) -> None:
        self.work, self.ring = work, ring
        self.customer = new_id()
        self.person, self.point = new_id(), new_id()
        self.open: dict[UUID, list[int]] = {}
        self.due: dict[UUID, date] = {}
        self.paid: dict[UUID, list[tuple[UUID, int]]] = {}
        self.records: list[IncomingRecord] = []
        self.seqs = {"customer": 0, "account": 0}

    def tell(self, event: Event, aggregate: str = "account") -> IncomingRecord:
        """One record with the next sequence number of its aggregate."""
        self.seqs[aggregate] += 1
        stamp = Stamp(new_id(), self.customer, self.seqs[aggregate])
        headers = dict(unpack_headers(encode_headers(self.work, event, stamp)))
        key = str(self.customer)
        record = IncomingRecord("credit.events", partition_of(key), len(self.records), key, payload_of(event), headers)
        self.records.append(record)
        return record

    def created(self, seal: Any, **more: Any) -> IncomingRecord:
        """The customer with one verified contact person."""
        point = ContactPointBlock(
            contact_point_id=self.point, kind="MOBILE", value=seal.seal("13800001234"), verified_at=self.work.now, source="x"
        )
        person = ContactPersonBlock(
            person_id=self.person, role="FINANCE", name=seal.seal("王芳"), contact_points=[point], language="zh-CN", birthday=None,
            preferred_channel=None, opted_out=[],
        )  # fmt: skip
        block: dict[str, Any] = {
            "number": "K000001", "name": seal.seal("甲"), "legal_form": "company", "customer_type": "dealer", "status": "active",
            "customer_class": None, "service_level": None, "key_account": False, "account_manager_id": None, "owner_id": None,
            "bill_to_id": self.customer, "persons": [person],
        } | more  # fmt: skip
        return self.tell(CustomerCreated(org_unit_id=UNIT, customer_id=self.customer, **block), "customer")

    def receivable(self, fen: int, due_on: date) -> UUID:
        """A new debt."""
        identifier = new_id()
        self.open[identifier], self.due[identifier] = [fen, fen], due_on
        self.tell(ReceivableCreated(**self._state(identifier)))
        return identifier

    def overdue(self, identifier: UUID, as_of: date) -> None:
        """The close announces it."""
        self.tell(ReceivableOverdue(as_of=as_of, dpd=(as_of - self.due[identifier]).days, **self._state(identifier)))

    def pay(self, identifier: UUID, fen: int, value_date: date, posted_at: datetime | None = None) -> UUID:
        """Money that settles (a part of) one item."""
        payment = uuid4()
        self.open[identifier][1] -= fen
        self.paid[payment] = [(identifier, fen)]
        line = AllocationLine(
            receivable_id=identifier, component="PRINCIPAL", amount_fen=fen, open_fen_after=self.open[identifier][1]
        )
        posted = posted_at or self.work.now + timedelta(minutes=1)
        self.tell(
            PaymentApplied(
                org_unit_id=UNIT, customer_id=self.customer, payment_id=payment, value_date=value_date, posted_at=posted,
                amount_fen=fen, allocations=[line], on_account_fen=0,
            )
        )  # fmt: skip
        self.tell(ReceivableBalanceChanged(cause="payment", cause_id=payment, **self._state(identifier)))
        return payment

    def bounce(self, payment: UUID, value_date: date) -> None:
        """The payment is taken back."""
        lines = []
        for identifier, fen in self.paid.pop(payment):
            self.open[identifier][1] += fen
            lines.append(ReversedLine(receivable_id=identifier, amount_fen=fen, open_fen_after=self.open[identifier][1]))
        self.tell(
            PaymentReversed(
                org_unit_id=UNIT, customer_id=self.customer, payment_id=payment, value_date=value_date, reason="bounced",
                allocations=lines, on_account_fen=0,
            )
        )  # fmt: skip
        for line in lines:
            self.tell(ReceivableBalanceChanged(cause="reversal", cause_id=payment, **self._state(line.receivable_id)))

    def _state(self, identifier: UUID) -> dict[str, Any]:
        amount, still = self.open[identifier]
        return {
            "org_unit_id": UNIT, "customer_id": self.customer, "receivable_id": identifier, "ref": f"AR-{identifier.hex[-6:]}",
            "kind": "trade", "amount_fen": amount, "open_fen": still, "disputed_fen": 0, "shipped_on": date(2026, 3, 3),
            "due_on": self.due[identifier], "order_ref": "SO",
        }  # fmt: skip
