"""What this service reads: event to use case."""

from uuid import UUID

from shared.contracts.credit import CustomerBlock
from shared.contracts.credit_account import (
    DayClosed,
    PaymentApplied,
    PaymentReversed,
    ReceivableOverdue,
    ReceivableSixMonthsUnpaid,
    ReceivableState,
)
from shared.contracts.event import Event, Fact
from shared.contracts.gateway import OrgUnitChanged, UserChanged
from shared.messaging.envelope import Envelope
from shared.records.people import apply_unit, apply_user
from shared.records.sealing import keep_customer_key
from shared.records.work import Work

from collection_service.storage.copies import (
    keep_allocations,
    keep_customer,
    keep_item,
    keep_marker,
    reverse_allocations,
)
from collection_service.use_cases.follow_ledger import Debtor, follow_ledger

TOPICS = ("credit.events", "credit.keys", "gateway.events")


async def handle(work: Work, event: Fact, envelope: Envelope) -> None:
    """One event, in the transaction that the consumer opened."""
    match event:
        case UserChanged():
            await apply_user(work, event)
        case OrgUnitChanged():
            await apply_unit(work, event)
        case CustomerBlock():
            await keep_customer(work.session, event, envelope.partition)
        case ReceivableOverdue():
            await keep_item(work.session, event, envelope.aggregate_seq, overdue_since=event.as_of)
            await follow_ledger(work, _debtor(event), event.as_of)
        case ReceivableSixMonthsUnpaid():
            await keep_item(work.session, event, envelope.aggregate_seq, six_months_old=True)
        case ReceivableState():
            await keep_item(work.session, event, envelope.aggregate_seq)
            await follow_ledger(work, _debtor(event), work.day)
        case PaymentApplied():
            await keep_allocations(work.session, event, envelope.id)
        case PaymentReversed():
            await reverse_allocations(work.session, event.payment_id)
        case DayClosed():
            await keep_marker(work.session, envelope.partition, event.as_of)


async def handle_key(work: Work, key: str, value: bytes | None) -> None:
    """A customer's wrapped data key, or the tombstone of an erasure."""
    await keep_customer_key(work.session, UUID(key), value)


def _debtor(event: Event) -> Debtor:
    assert event.customer_id is not None
    return Debtor(event.customer_id, event.org_unit_id)
