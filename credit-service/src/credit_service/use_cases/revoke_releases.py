"""A freeze, a supply stop or a lost prepayment takes live shipment releases back (CR-58)."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from shared.contracts.credit_account import ShipmentBlocked

from credit_service.storage.accounts import LockedAccount
from credit_service.storage.holds import end_releases, hold_of, issued_releases_of_customer, save_hold


async def revoke_releases(account: LockedAccount, reasons: list[dict[str, Any]], *, hold_id: UUID | None = None) -> None:
    """Revoke the ISSUED releases of the customer (or of one hold), free what they reserved, and tell each shipment."""
    session = account.work.session
    issued = await issued_releases_of_customer(session, account.party.customer_id)
    mine = [row for row in issued if hold_id in {None, row.hold_id}]
    freed: dict[UUID, int] = defaultdict(int)
    for row in mine:
        freed[row.hold_id] += row.amount_fen
        account.fact(ShipmentBlocked, order_ref=row.order_ref, shipment_ref=row.shipment_ref, reasons=reasons)
    await end_releases(session, [row.id for row in mine], "REVOKED")
    for touched, amount in freed.items():
        hold = await hold_of(session, touched)
        if hold is not None:
            await save_hold(session, hold.reserved(-amount))
