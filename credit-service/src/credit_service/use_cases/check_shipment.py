"""The shipment check (CR-58): reserve and give a token, or refuse with all reasons."""

import secrets
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from shared.contracts.credit_account import ShipmentBlocked, ShipmentReleased
from shared.records.work import Work
from shared.values.errors import Conflict, Invalid
from shared.values.ids import new_id

from credit_service.domain.hold import Hold
from credit_service.domain.order_check import NO_EXEMPTION
from credit_service.domain.policy import POLICY
from credit_service.domain.shipment import ShipmentDecision, decide_shipment
from credit_service.storage.accounts import LockedAccount, bill_to, lock_account, read_account
from credit_service.storage.holds import (
    add_decision,
    add_release,
    end_releases,
    last_hold,
    releases_of,
    save_hold,
    token_hash,
)
from credit_service.storage.place_hold import Taking, take
from credit_service.storage.receivables import old_items
from credit_service.storage.standing import standing_of
from credit_service.use_cases.check_order import _plain
from credit_service.use_cases.use_override import exemption_of

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class ShipmentCheck:
    """What shall leave, in fen."""

    customer_id: UUID
    order_ref: str
    shipment_ref: str
    amount_fen: int
    dry_run: bool = False
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class ShipmentAnswer:
    """RELEASE with its token, or REFUSE with its reasons."""

    verdict: str
    decision_id: UUID
    shipment_ref: str
    amount_fen: int
    hold_id: UUID | None = None
    release_id: UUID | None = None
    token: str | None = None
    expires_at: datetime | None = None
    reasons: list[dict[str, Any]] = field(default_factory=list)


async def check_shipment(work: Work, asked: ShipmentCheck) -> ShipmentAnswer:
    """Decide under the account's lock. Errors: 404; 409 `SHIPMENT_POSTED`; 422 `AS_OF_NEEDS_DRY_RUN`."""
    if asked.as_of is not None and not asked.dry_run:
        raise Invalid("AS_OF_NEEDS_DRY_RUN", "no command takes a time from its caller")
    party = await bill_to(work, asked.customer_id)
    if asked.dry_run:
        account = LockedAccount(work, party, await read_account(work.session, party.customer_id))
        hold = await last_hold(work.session, party.customer_id, asked.order_ref)
        decision = await _decide(account, hold, asked, asked.as_of or work.day)
        return ShipmentAnswer(
            "REFUSE" if decision.reasons else "RELEASE",
            new_id(),
            asked.shipment_ref,
            asked.amount_fen,
            reasons=decision.reasons,
        )
    account = await lock_account(work, party)
    hold = await _end_earlier(account, await last_hold(work.session, party.customer_id, asked.order_ref), asked)
    decision = await _decide(account, hold, asked, work.day)
    answer = await _answer(account, hold, asked, decision)
    await _record(account, asked, answer)
    await account.announce()
    return answer


async def _decide(account: LockedAccount, hold: Hold | None, asked: ShipmentCheck, as_of: date) -> ShipmentDecision:
    session, customer_id = account.work.session, account.party.customer_id
    exemption = await exemption_of(account.work, hold.override_id) if hold else NO_EXEMPTION
    items = await old_items(session, customer_id, as_of)
    standing = await standing_of(session, customer_id)
    return decide_shipment(account.state, standing, hold, asked.amount_fen, items, as_of, POLICY, exemption)


async def _end_earlier(account: LockedAccount, hold: Hold | None, asked: ShipmentCheck) -> Hold | None:
    """A new check of the same shipment ends its ISSUED release, whatever the new verdict."""
    if hold is None:
        return None
    session = account.work.session
    if any(row.shipment_ref == asked.shipment_ref for row in await releases_of(session, hold.id, state="USED")):
        raise Conflict("SHIPMENT_POSTED", "this shipment has left already")
    earlier = [row for row in await releases_of(session, hold.id) if row.shipment_ref == asked.shipment_ref]
    if not earlier:
        return hold
    await end_releases(session, [row.id for row in earlier], "REVOKED")
    freed = hold.reserved(-sum(row.amount_fen for row in earlier))
    await save_hold(session, freed)
    return freed


async def _answer(account: LockedAccount, hold: Hold | None, asked: ShipmentCheck, decision: ShipmentDecision) -> ShipmentAnswer:
    if decision.reasons or hold is None:
        reasons = _plain(decision.reasons)
        account.fact(ShipmentBlocked, order_ref=asked.order_ref, shipment_ref=asked.shipment_ref, reasons=reasons)
        return ShipmentAnswer(
            "REFUSE",
            new_id(),
            asked.shipment_ref,
            asked.amount_fen,
            hold.id if hold else None,
            reasons=decision.reasons,
        )
    if decision.excess_fen:
        hold = await _grow(account, hold, decision.excess_fen)
    return await _issue(account, hold, asked)


async def _grow(account: LockedAccount, hold: Hold, excess_fen: int) -> Hold:
    day = account.work.day
    taken = await take(account.work.session, Taking(hold.customer_id, excess_fen, 0, 0, day, day, day))
    if taken is None:
        raise RuntimeError("the statement and the decision disagree about a locked account")
    account.state = taken
    return hold.grown(excess_fen)


async def _issue(account: LockedAccount, hold: Hold, asked: ShipmentCheck) -> ShipmentAnswer:
    work, token, release_id = account.work, secrets.token_urlsafe(TOKEN_BYTES), new_id()
    expires_at = work.now + POLICY.token_life
    await save_hold(work.session, hold.reserved(asked.amount_fen))
    await add_release(
        work.session,
        id=release_id,
        hold_id=hold.id,
        shipment_ref=asked.shipment_ref,
        amount_fen=asked.amount_fen,
        token_sha256=token_hash(token),
        released_by=work.actor.id,
        issued_at=work.now,
        expires_at=expires_at,
    )
    account.fact(
        ShipmentReleased,
        order_ref=asked.order_ref,
        shipment_ref=asked.shipment_ref,
        amount_fen=asked.amount_fen,
        released_by=work.actor.id,
    )
    return ShipmentAnswer("RELEASE", new_id(), asked.shipment_ref, asked.amount_fen, hold.id, release_id, token, expires_at)


async def _record(account: LockedAccount, asked: ShipmentCheck, answer: ShipmentAnswer) -> None:
    await add_decision(
        account.work.session,
        id=answer.decision_id,
        customer_id=account.party.customer_id,
        kind="SHIPMENT",
        order_ref=asked.order_ref,
        input={"shipment_ref": asked.shipment_ref, "amount_fen": asked.amount_fen},
        verdict=answer.verdict,
        reasons=_plain(answer.reasons),
        account=account.state.shown(),
        policy=POLICY.version,
        actor_id=account.work.actor.id,
        at=account.work.now,
    )
