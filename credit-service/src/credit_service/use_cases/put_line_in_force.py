"""A line counts from now on, freezes and thaws; every change recomputes the gate under the account's lock."""

from typing import Any
from uuid import UUID

from shared.contracts.credit_account import LineEffective, LineFrozen, LineUnfrozen
from shared.records.audit import write_audit
from shared.records.work import Work
from shared.values.errors import Conflict, Missing
from shared.values.ids import new_id
from sqlalchemy import Row, insert, select, update

from credit_service.storage.accounts import LockedAccount, lock_account_of
from credit_service.storage.tables.file import customer
from credit_service.storage.tables.lines import line
from credit_service.use_cases.conclude import conclude
from credit_service.use_cases.revoke_releases import revoke_releases


async def put_line_in_force(work: Work, application: Row[Any]) -> Row[Any]:
    """One live line per customer: the new one replaces it; a lower limit may leave an excess (`limit_cut`)."""
    account = await lock_account_of(work, application.customer_id)
    session, customer_id = work.session, account.party.customer_id
    mine = (line.c.customer_id == customer_id) & (line.c.state != "CLOSED")
    frozen = await session.scalar(select(line.c.frozen_for).where(mine)) or []
    await session.execute(update(line).where(mine).values(state="CLOSED"))
    values = {
        "id": new_id(),
        "customer_id": customer_id,
        "application_id": application.id,
        "contract_id": application.contract_id,
        "kind": application.kind,
        "limit_fen": application.limit_fen,
        "term_days": application.term_days,
        "effective_from": work.day,
        "valid_until": application.valid_until,
        "state": "FROZEN" if frozen else "ACTIVE",
        "frozen_for": frozen,
        "created_at": work.now,
    }
    row = (await session.execute(insert(line).values(values).returning(line))).one()
    await session.execute(update(customer).where(customer.c.id == customer_id).values(managed=True))
    names = ("limit_fen", "term_days", "effective_from", "valid_until")
    account.fact(LineEffective, line_id=row.id, **{name: row._mapping[name] for name in names})
    cause = "exception" if application.kind == "EXCEPTION" else "limit_cut"
    await conclude(account, excess_cause=cause)
    return row


async def freeze_line(work: Work, line_id: UUID, reason: str) -> Row[Any]:
    """Stop the line for a reason; live shipment releases are revoked. Errors: 404; 409 `LINE_CLOSED`."""
    account, row = await _lock(work, line_id)
    reasons = sorted({*row.frozen_for, reason})
    changed = await _set(work, line_id, state="FROZEN", frozen_for=reasons)
    account.fact(LineFrozen, line_id=line_id, reasons=reasons)
    await revoke_releases(account, [{"code": "LINE_FROZEN", "reasons": reasons}])
    await conclude(account)
    await write_audit(work, "line", line_id, "freeze", reason=reason)
    return changed


async def unfreeze_line(work: Work, line_id: UUID, reason: str) -> Row[Any]:
    """Take one reason away; the line counts again when none is left. Errors: 404; 409 `LINE_CLOSED`, `NOT_FROZEN_FOR`."""
    account, row = await _lock(work, line_id)
    if reason not in row.frozen_for:
        raise Conflict("NOT_FROZEN_FOR", "the line is not frozen for this reason", reasons=row.frozen_for)
    left = [kept for kept in row.frozen_for if kept != reason]
    changed = await _set(work, line_id, state="FROZEN" if left else "ACTIVE", frozen_for=left)
    account.fact(LineUnfrozen, line_id=line_id, reasons=left)
    await conclude(account)
    await write_audit(work, "line", line_id, "unfreeze", reason=reason)
    return changed


async def _lock(work: Work, line_id: UUID) -> tuple[LockedAccount, Row[Any]]:
    known = (await work.session.execute(select(line).where(line.c.id == line_id))).first()
    if known is None:
        raise Missing
    account = await lock_account_of(work, known.customer_id)
    row = (await work.session.execute(select(line).where(line.c.id == line_id))).one()
    if row.state == "CLOSED":
        raise Conflict("LINE_CLOSED", "the line is closed")
    return account, row


async def _set(work: Work, line_id: UUID, **values: Any) -> Row[Any]:
    changed = update(line).where(line.c.id == line_id).values(values).returning(line)
    return (await work.session.execute(changed)).one()
